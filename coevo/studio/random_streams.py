"""Random streams: one generator a purpose, seeded by its name; their positions are part of a run's state."""

from __future__ import annotations

import hashlib
from typing import Any

import torch


def seed_of(seed: int, *name: int | str) -> int:
    """The seed, of 63 bits, of whatever has a name within a run, such as a stream or an epoch's order.

    Example:
        >>> seed_of(0, "noise") == seed_of(0, "noise") != seed_of(1, "noise")
        True
    """
    digest = hashlib.sha256(" ".join(map(str, (seed, *name))).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


class RandomStreams:
    """The streams of a run by name, on one device.

    Args:
        seed: the run's.
        device: where its generators draw.
    """

    def __init__(self, seed: int, device: torch.device):
        self.seed, self.device = seed, device
        self._salt: tuple[int | str, ...] = ()
        self._generators: dict[str, torch.Generator] = {}

    def __getitem__(self, name: str) -> torch.Generator:
        """The stream of that name; made at first use from the run's seed."""
        if name not in self._generators:
            self._generators[name] = torch.Generator(self.device).manual_seed(seed_of(self.seed, name, *self._salt))
        return self._generators[name]

    def reseed(self, *salt: int | str) -> None:
        """Start every stream anew, elsewhere with a salt; those that are first used later, too."""
        self._salt = salt
        for name, generator in self._generators.items():
            generator.manual_seed(seed_of(self.seed, name, *salt))

    def state(self) -> dict[str, Any]:
        """The position of every stream."""
        streams = {name: generator.get_state() for name, generator in self._generators.items()}
        return {"streams": streams, **({"salt": list(self._salt)} if self._salt else {})}

    def restore(self, state: dict[str, Any]) -> None:
        """Take every stream back to a state made by `state()`."""
        self.reseed(*state.get("salt", ()))  # those that were not used yet
        for name, position in state["streams"].items():
            self[name].set_state(position.cpu())
