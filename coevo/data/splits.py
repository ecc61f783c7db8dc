"""Parts of a dataset: its test part, and works drawn evenly over the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from coevo.data.datasets import DataOptions, Dataset, load_dataset
from coevo.errors import DataError, NoTestPartError


def splits(
    options: DataOptions, loaders: Mapping[str, Callable[[DataOptions], Dataset]]
) -> tuple[Dataset, Dataset | None]:
    """A dataset, and its test part if it has one that is not in it.

    Raises:
        DataError: the dataset cannot be read, or its test part, which is there.
    """
    dataset = load_dataset(options, loaders)
    return dataset, test_part(options, dataset, loaders)


def test_part(
    options: DataOptions, dataset: Dataset, loaders: Mapping[str, Callable[[DataOptions], Dataset]]
) -> Dataset | None:
    """The test part of a dataset that was read, if it has one that is not in it. Raises as `splits` does."""
    if options.split != "train":
        return None
    try:
        test = load_dataset(options.model_copy(update={"split": "test"}), loaders)
    except NoTestPartError:
        return None
    return None if torch.equal(test.images, dataset.images) else test


def stratified_indices(dataset: Dataset, n: int, seed: int) -> Tensor:
    """Indices [n] of random works, equally many of each class; the first classes have one more if n does not divide.

    Raises:
        DataError: the dataset has no labels, or a class too few works.
    """
    if dataset.labels is None:
        raise DataError(f"data.labelled={n} needs labels, and {dataset.name!r} has none.")
    if n > len(dataset):
        raise DataError(f"data.labelled={n} is more than the {len(dataset)} works of {dataset.name!r}; choose fewer.")
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
    labels, classes, chosen = dataset.labels[order], len(dataset.classes), []
    for label, name in enumerate(dataset.classes):
        wanted = n // classes + (label < n % classes)
        there = order[labels == label]
        if n < len(dataset) and len(there) < wanted:
            raise DataError(f"data.labelled={n} needs {wanted} works of class {name!r}, which has {len(there)}.")
        chosen.append(there[:wanted])
    return order if n == len(dataset) else torch.cat(chosen)
