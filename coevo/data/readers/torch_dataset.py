"""Pictures and labels of a dataset of torch's kind, which is read once: whatever has numbered items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from coevo.errors import DataError

PICTURES, LABELS = ("image", "img", "pixel_values"), ("label", "labels", "class")


def is_torch_dataset(data: Any) -> bool:
    """Whether data is a dataset of torch's kind: a `Dataset`, or another object with a length and numbered items."""
    if isinstance(data, Dataset):
        return True
    arrays = (list, tuple, str, Mapping, np.ndarray, Tensor)
    return not isinstance(data, arrays) and hasattr(data, "__getitem__") and hasattr(data, "__len__")


def read_torch_dataset(dataset: Any) -> tuple[Any, Any]:
    """All pictures of a dataset and their labels, or None; random transforms are applied once.

    Args:
        dataset: its items are a picture, a pair (picture, label), or a dict with an `image` and perhaps a `label`. A
            picture is a tensor [C, H, W], an array [H, W] or [H, W, C], or a Pillow image; all of one size.

    Raises:
        DataError: it has no items, one cannot be read, or they are no pictures of one size.
    """
    if isinstance(dataset, TensorDataset):
        return dataset.tensors[0], dataset.tensors[1] if len(dataset.tensors) > 1 else None
    pictures: list[Any] = []
    labels: list[Any] = []
    for picture, label in _items(dataset):
        pictures.append(picture if isinstance(picture, Tensor) else np.asarray(picture))
        labels += [] if label is None else [label.item() if isinstance(label, Tensor) else label]
    if not pictures:
        raise DataError(f"The {type(dataset).__name__} has no items.")
    sizes = sorted({tuple(picture.shape) for picture in pictures})
    if len(sizes) > 1:
        raise DataError(
            f"The pictures of the {type(dataset).__name__} have several sizes, such as {list(sizes[0])} and "
            f"{list(sizes[-1])}; let its transform make them one."
        )
    together: Any = torch.stack(pictures) if isinstance(pictures[0], Tensor) else np.stack(pictures)
    return together, np.asarray(labels) if labels else None


def _items(dataset: Any) -> Iterator[tuple[Any, Any]]:
    """Each picture, and its label or None."""
    items = iter(dataset) if isinstance(dataset, IterableDataset) else (dataset[i] for i in range(len(dataset)))
    number = 0
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except Exception as error:
            raise DataError(
                f"Item {number} of the {type(dataset).__name__} cannot be read: {type(error).__name__}: {error}"
            ) from error
        if isinstance(item, Mapping):
            found = next((item[name] for name in PICTURES if name in item), None)
            if found is None:
                raise DataError(
                    f"Item {number} of the {type(dataset).__name__} has no {PICTURES[0]!r}; it has {', '.join(item)}."
                )
            yield found, next((item[name] for name in LABELS if name in item), None)
        elif isinstance(item, tuple | list):
            yield item[0], item[1] if len(item) > 1 else None
        else:
            yield item, None
        number += 1
