"""Measurements of every turn: means of the players' metrics, and the diversity of the pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from coevo.loop import Turn
from coevo.studio import processes


class Meter:
    """Means of the metrics of many turns.

    Sums stay on the device until a row is asked for. A NaN in any turn stays in the sum, so no turn has to be looked
    at alone.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def add(self, turn: Turn) -> None:
        """Add a turn's metrics as `role.name`, and the mean and standard deviation of its rewards."""
        metrics = {f"{turn.role}.{key}": value for key, value in turn.metrics.items()}
        if turn.rewards is not None:
            metrics |= {"artist.reward": turn.rewards.mean(), "artist.reward_std": turn.rewards.std(correction=0)}
        for key, value in metrics.items():
            self._sums[key] = self._sums.get(key, 0.0) + value
            self._counts[key] = self._counts.get(key, 0) + 1

    def row(self, round: int) -> dict[str, float]:
        """The round, and the means since the last `clear()`."""
        tensors = {key: value for key, value in self._sums.items() if isinstance(value, Tensor)}
        values = torch.stack([value.cpu().double() for value in tensors.values()]).tolist() if tensors else []
        sums = {**self._sums, **dict(zip(tensors, values, strict=True))}
        return {"round": round, **{key: float(value) / self._counts[key] for key, value in sums.items()}}

    def share(self) -> None:
        """Average the sums over the processes of a run, each of which has seen its part of every batch."""
        if processes.size() == 1:
            return
        sums = [torch.as_tensor(value).cpu().double() for value in self._sums.values()]
        self._sums = dict(zip(self._sums, processes.mean(torch.stack(sums)), strict=True)) if sums else {}

    def clear(self) -> None:
        """Start the next row."""
        self._sums, self._counts = {}, {}

    def state(self) -> dict[str, Any]:
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def restore(self, state: dict[str, Any]) -> None:
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])


def diversity(turn: Turn) -> dict[str, float]:
    """Standard deviation of the made pictures over that of the real ones, as `artist.diversity`, if there are both."""
    if turn.works.images is None or turn.reals is None or turn.reals.images is None:
        return {}
    made, real = (images.std(0).mean().item() for images in (turn.works.images, turn.reals.images))
    return {"artist.diversity": made / real} if real else {}
