"""Random streams: one generator a purpose, seeded by its name; their positions are part of a run's state."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import numpy as np
import torch


@contextmanager
def preserve_python_rng() -> Iterator[None]:
    """Within the block others may draw from Python's global stream (rich does, for its styles) without an effect."""
    before = random.getstate()
    try:
        yield
    finally:
        random.setstate(before)


@contextmanager
def preserve_rng() -> Iterator[None]:
    """Within the block others may draw from the global streams of Python, NumPy and torch without an effect."""
    numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    with preserve_python_rng():
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            torch.set_rng_state(torch_state)


class RandomStreams:
    """The streams of a run by name, on one device, and the global ones (DEAP and dropout draw from those)."""

    def __init__(self, seed: int, device: torch.device):
        self.seed, self.device = seed, device
        self._generators: dict[str, torch.Generator] = {}

    def __getitem__(self, name: str) -> torch.Generator:
        """The stream of that name; made at first use from the run's seed."""
        if name not in self._generators:
            self._generators[name] = torch.Generator(self.device).manual_seed(self._seed_of(name))
        return self._generators[name]

    def reseed(self, salt: int | str = 0) -> None:
        """Start every stream anew, the global ones with them."""
        seed = self._seed_of(f"global {salt}")
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global stream is what libraries draw from
        torch.manual_seed(seed)
        for name, generator in self._generators.items():
            generator.manual_seed(self._seed_of(f"{name} {salt}" if salt else name))

    def state(self) -> dict[str, Any]:
        """The position of every stream, global ones included."""
        version, words, gauss = random.getstate()
        _, keys, at, has_gauss, cached = np.random.get_state()  # noqa: NPY002
        state: dict[str, Any] = {
            "streams": {name: generator.get_state() for name, generator in self._generators.items()},
            "python": [version, torch.tensor(words, dtype=torch.int64), gauss],
            "numpy": [torch.from_numpy(np.asarray(keys, np.int64)), int(at), int(has_gauss), float(cached)],
            "torch": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            state["cuda"] = torch.cuda.get_rng_state(self.device)
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Take every stream back to a state made by `state()`."""
        for name, generator in self._generators.items():
            generator.manual_seed(self._seed_of(name))  # those that were not used yet
        for name, position in state["streams"].items():
            self[name].set_state(position.cpu())
        version, words, gauss = state["python"]
        random.setstate((version, tuple(words.tolist()), gauss))
        keys, at, has_gauss, cached = state["numpy"]
        np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), at, has_gauss, cached))  # noqa: NPY002
        torch.set_rng_state(state["torch"].cpu())
        if "cuda" in state and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda"].cpu(), self.device)

    def _seed_of(self, name: str) -> int:
        return crc32(f"{self.seed} {name}".encode())
