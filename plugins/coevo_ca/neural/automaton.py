"""A neural cellular automaton (Mordvintsev, Randazzo, Niklasson & Levin 2020, Growing neural cellular automata)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from coevo_ca.neural.growth import Growth, living


class Automaton(nn.Module):
    """One rule for every cell, and the seeds from which it grows.

    A cell is a vector: colours, premultiplied by alpha; alpha, which says how much alive it is; and hidden channels. It
    perceives itself and the slopes of its neighbourhood, and two layers say how it changes:

        x ← x + fires · (W₂ relu(W₁ [x, ∂x, ∂y] + b₁) + b₂)

    A cell fires or not at each step, as there is no clock that all cells share.

    Mortal cells grow from one: a cell without a living one in its 3 × 3 neighbourhood, before and after the step, is 0.
    Immortal cells all begin with the code, so that a critic's gradient can lose none of them for ever (Palm 2022).

    Args:
        code: dimensions of the code that a seed carries, D.
        colours: colour channels of a cell, 1 or 3.
        channels: channels of a cell in all, C.
        hidden: units of the first layer.
        side: cells of a row, S.
        mortal: whether cells live and die.

    Example:
        >>> automaton = Automaton(code=2, colours=3, channels=16, hidden=128, side=9)
        >>> seeds = automaton.seeds(torch.randn(5, 2))
        >>> fires = torch.rand(4, 5, 9, 9) < 0.5
        >>> automaton(seeds, fires).shape
        torch.Size([5, 9, 9, 16])
    """

    def __init__(self, code: int, colours: int, channels: int, hidden: int, side: int, mortal: bool = True):
        super().__init__()
        self.mortal = mortal
        self.colours, self.channels, self.side = colours, channels, side
        self.carry = nn.Linear(code, channels - colours - 1)
        self.perceive = nn.Linear(3 * channels, hidden)
        self.change = nn.Linear(hidden, channels)
        nn.init.zeros_(self.change.weight)  # a rule that changes nothing is where learning starts
        nn.init.zeros_(self.change.bias)

    def carry_signs(self) -> None:
        """Let the first of the codes, which are one-hot, begin with hidden channels of 1, as in the paper, and the
        others with random signs."""
        with torch.no_grad():
            self.carry.weight.sign_()
            self.carry.weight[:, 0] = 1
            self.carry.bias.zero_()

    @property
    def alpha(self) -> int:
        """The channel that says how much alive a cell is."""
        return self.colours

    def seeds(self, codes: Tensor) -> Tensor:
        """Black cells [N, S, S, C]. The middle one has an alpha of 1 and the code [N, D] in its hidden channels; the
        others have an alpha of 0 and nothing there, or the code too if cells are immortal."""
        hidden, side = self.carry(codes), self.side
        middle = pad(hidden.new_ones(len(codes), 1, 1, 1), (0, 0, *[side // 2, side - side // 2 - 1] * 2))
        carried = hidden[:, None, None].expand(-1, side, side, -1)
        colours = hidden.new_zeros(len(codes), side, side, self.colours)
        return torch.cat([colours, middle, carried * middle if self.mortal else carried], 3)

    def forward(self, cells: Tensor, fires: Tensor) -> Tensor:
        """Cells after T steps.

        Args:
            cells: [N, S, S, C] float32.
            fires: which cells change in each step, bool [T, N, S, S]; [T, 1, S, S] for all works alike.
        """
        first, second = self.perceive, self.change
        weights = (first.weight, first.bias, second.weight, second.bias)
        grown: Tensor = Growth.apply(cells, fires, self.alpha if self.mortal else None, *weights)
        return grown

    def living(self, cells: Tensor) -> Tensor:
        """The share of the cells [N, S, S, C] that live."""
        bordered = pad(cells[..., self.alpha], (1, 1, 1, 1))
        near = living(bordered.reshape(-1, 1), 0, self.side + 2).view_as(bordered)
        return near[:, 1:-1, 1:-1].float().mean()
