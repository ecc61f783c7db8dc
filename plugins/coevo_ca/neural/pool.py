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
        codes: their codes [P, D].
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


def damage(n: int, side: int, generator: torch.Generator) -> Tensor:
    """Random damage, bool [n, side, side], half of them discs, the others half planes.

    A disc has its centre in the middle half of the grid, its radius is a twentieth to a fifth of its side, as in the
    paper. A half plane ends within a tenth of the side from the middle, at any angle: a picture that lost half of
    itself is the hardest to heal, and discs alone do not teach it.
    """
    x, y, size, coin = torch.rand(4, n, 1, 1, generator=generator, device=generator.device)
    axis = torch.linspace(-1, 1, side, device=generator.device)
    across, down = axis - (x - 0.5), axis[:, None] - (y - 0.5)
    discs = across**2 + down**2 < (0.1 + 0.3 * size) ** 2
    angle = 2 * torch.pi * x
    halves = axis * angle.cos() + axis[:, None] * angle.sin() > 0.4 * (y - 0.5)
    return torch.where(coin < 0.5, halves, discs)
