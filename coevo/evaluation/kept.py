"""Tensors that take long to compute and are kept in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from coevo.data.datasets import Dataset
from coevo.data.fingerprint import Fingerprint
from coevo.storage.atomic import write_whole
from coevo.storage.cache import cache_folder


def kept(name: str, key: str, compute: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Tensors from the cache, or computed and kept there: all of them or none, whenever the process ends.

    Args:
        name: the beginning of the file's name, for people.
        key: all that the tensors follow from.
        compute: makes them if there is no such file, or if it is damaged.
    """
    folder = cache_folder() / "evaluators"
    path = folder / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"
    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError):
        tensors = {name: tensor.contiguous() for name, tensor in compute().items()}
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(tensors))
        return tensors


def identity(dataset: Dataset) -> str:
    """What the works and labels of a dataset are, for a key."""
    found = Fingerprint.of(dataset)
    return f"{dataset.name} {tuple(dataset.images.shape)} {dataset.classes} {found.different} {found.digest}"
