"""The steps of a neural cellular automaton, and their gradients by hand.

Only cells that live and fire change, so only those are computed: a third, as a rule. Backwards, through time, a step
needs what they perceived and nothing else; the hidden units are computed anew, as they would take most of the memory.

The cells of all works lie in one row, [M, C], each work with a border of dead cells: so neighbours are shifts of the
row, and no cell has to know where it is.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

ALIVE = 0.1  # alpha above which a cell and its neighbours live
FARTHEST = 2.0  # of an immortal cell's channel from 0, or a rule that amplifies would end in infinities


def living(cells: Tensor, alpha: int, width: int) -> Tensor:
    """Whether each of the cells [M, C], `width` in a row, has a living cell in its 3 × 3 neighbourhood: bool [M]."""
    near = cells[:, alpha] > ALIVE
    for shift in (1, width):
        wide = near.clone()
        wide[shift:] |= near[:-shift]
        wide[:-shift] |= near[shift:]
        near = wide
    return near


def slope(cells: Tensor, along: int, across: int) -> Tensor:
    """Sobel's slope of cells [M, C], divided by 8: differences `along` a shift, smoothed `across` another; [M, C].

    Its transpose is its negative, as differences are antisymmetric and the smoothing is symmetric.
    """
    change = torch.zeros_like(cells)
    torch.sub(cells[2 * along :], cells[: -2 * along], out=change[along:-along])
    smooth = change * 0.25
    smooth[across:].add_(change[:-across], alpha=0.125)
    smooth[:-across].add_(change[across:], alpha=0.125)
    return smooth


class Growth(torch.autograd.Function):
    """Cells [N, H, W, C] after T steps; the arguments are those of `Automaton.forward`, the channel that says how much
    alive a cell is, None if all live for ever, and the four weights."""

    @staticmethod
    def forward(
        ctx: Any, cells: Tensor, fires: Tensor, alpha: int | None, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
    ) -> Tensor:
        n, height, width, channels = cells.shape
        shape, row = (n, height + 2, width + 2), width + 2
        x = pad(cells, (0, 0, 1, 1, 1, 1)).reshape(-1, channels)
        inside = pad(cells.new_ones(n, height, width, dtype=torch.bool), (1, 1, 1, 1)).flatten()
        before = inside if alpha is None else living(x, alpha, row)
        steps, learns = [], any(ctx.needs_input_grad)
        for step in fires:
            fire = pad(step, (1, 1, 1, 1)).expand(shape).reshape(-1)
            chosen = (before & fire).nonzero()[:, 0]
            seen = torch.cat([part.index_select(0, chosen) for part in (x, slope(x, 1, row), slope(x, row, 1))], 1)
            hidden = torch.addmm(b1, seen, w1.T).relu_()
            x = x.index_add(0, chosen, torch.addmm(b2, hidden, w2.T))
            lives = inside
            if alpha is None:
                x.clamp_(-FARTHEST, FARTHEST)  # gradients pass: they bring it back
            else:
                lives = before & living(x, alpha, row) & inside
                x *= lives[:, None]
                before = living(x, alpha, row)
            if learns:
                steps.append((chosen, seen, lives))
        ctx.steps, ctx.shape = steps, shape
        ctx.save_for_backward(w1, b1, w2)
        return x.view(*shape, channels)[:, 1:-1, 1:-1].contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        w1, b1, w2 = ctx.saved_tensors
        channels, row = gradient.shape[-1], ctx.shape[-1]
        g = pad(gradient, (0, 0, 1, 1, 1, 1)).reshape(-1, channels)
        g_w1, g_b1, g_w2, g_b2 = (torch.zeros_like(one) for one in (w1, b1, w2, w2[:, 0]))
        for chosen, seen, lives in reversed(ctx.steps):
            g = g * lives[:, None]
            g_out = g.index_select(0, chosen)
            hidden = torch.addmm(b1, seen, w1.T).relu_()
            g_w2.addmm_(g_out.T, hidden)
            g_b2 += g_out.sum(0)
            g_hidden = torch.ops.aten.threshold_backward(g_out @ w2, hidden, 0)  # where relu let it through
            g_w1.addmm_(g_hidden.T, seen)
            g_b1 += g_hidden.sum(0)
            g_self, g_x, g_y = (g_hidden @ w1).split(channels, 1)
            g.index_add_(0, chosen, g_self)
            for part, along, across in ((g_x, 1, row), (g_y, row, 1)):
                g -= slope(torch.zeros_like(g).index_copy_(0, chosen, part), along, across)
        return g.view(*ctx.shape, channels)[:, 1:-1, 1:-1], None, None, g_w1, g_b1, g_w2, g_b2
