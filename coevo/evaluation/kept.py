"""Tensors that take long to compute and are kept in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from coevo.data.datasets import Dataset
from coevo.data.fingerprint import Fingerprint
from coevo.errors import StoreError
from coevo.storage.atomic import CACHE, write_whole, writing
from coevo.storage.cache import cache_folder


class Kept:
    """What one evaluation reads from the cache and keeps there."""

    def __init__(self) -> None:
        self.problem = ""
        """Why something is not kept: the cache cannot be written to."""

    def get(self, name: str, key: str, compute: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Tensors from the cache, or computed and kept there: all of them or none, whenever the process ends.

        Args:
            name: the beginning of the file's name, for people.
            key: all that the tensors follow from.
            compute: makes them if there is no such file, or if it is damaged.
        """
        path = cache_folder() / "evaluators" / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"
        try:
            return _read(path)
        except (OSError, SafetensorError):
            tensors = {name: tensor.contiguous() for name, tensor in compute().items()}
        try:
            with writing(path, CACHE):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, save(tensors, {"sha256": _digest(tensors)}), CACHE)
        except StoreError as error:
            self.problem = self.problem or f"not kept: {error} The next evaluation computes it again."
        return tensors


def _read(path: Path) -> dict[str, Tensor]:
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if (file.metadata() or {}).get("sha256") != _digest(tensors):
            raise SafetensorError(f"{path} is damaged")
    return tensors


def _digest(tensors: dict[str, Tensor]) -> str:
    """A checksum of tensors with their names, types and shapes."""
    return hashlib.sha256(save(tensors)).hexdigest()


def identity(dataset: Dataset) -> str:
    """What the works and labels of a dataset are, for a key: of the pictures as they are, resized and binarised."""
    found = Fingerprint.of(replace(dataset, originals=None, given=None))
    return f"{dataset.name} {tuple(dataset.images.shape)} {dataset.classes} {found.different} {found.digest}"
