"""A pool of states: works that go on growing from where they ended, so that the rule learns to keep and to heal them
(Mordvintsev 2020, experiments 2 and 3)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Pool:
    """P works as they were when they were last learnt from.

    Args:
        cells: their states [P, S, S, C].
        codes: what their seeds carried [P, D].
    """

    def __init__(self, cells: Tensor, codes: Tensor):
        self.cells, self.codes = cells.clone(), codes.clone()
        self.losses = torch.zeros(len(cells), device=cells.device)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """The places [n] of different works, the worst first."""
        places = torch.randperm(len(self.cells), generator=generator, device=generator.device)[:n]
        return places[self.losses[places].argsort(descending=True, stable=True)]

    def put(self, places: Tensor, cells: Tensor, codes: Tensor, losses: Tensor) -> None:
        """Put works back at places [n], with their losses [n]."""
        self.cells[places], self.codes[places], self.losses[places] = cells, codes, losses

    def state_dict(self) -> dict[str, Any]:
        return {"cells": self.cells, "codes": self.codes, "losses": self.losses}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            getattr(self, name).copy_(value)


def discs(n: int, side: int, generator: torch.Generator) -> Tensor:
    """Random discs, bool [n, side, side]: their centre in the middle half of the grid, their radius a twentieth to a
    fifth of its side."""
    x, y, size = torch.rand(3, n, 1, 1, generator=generator, device=generator.device)
    axis = torch.linspace(-1, 1, side, device=generator.device)
    across, down = axis - (x - 0.5), axis[:, None] - (y - 0.5)
    return across**2 + down**2 < (0.1 + 0.3 * size) ** 2
