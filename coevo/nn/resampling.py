"""Resampling by a fixed low-pass filter: [1, 3, 3, 1] / 8 in either direction, to half or to twice the side.

A filter that is the same for every channel is a product with a fixed matrix, once for rows and once for columns. If
channels lie together these are plain matrix products, also in gradients of gradients, where convolutions of single
channels are slow.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate


class Resampling(nn.Module):
    """[N, C, side, side] → [N, C, outputs, outputs]; beyond its edge an image goes on as it ends.

    Args:
        side, outputs: sides before and after, one of them twice the other.
    """

    matrix: Tensor

    def __init__(self, side: int, outputs: int):
        super().__init__()
        matrix = halving(side) if outputs < side else doubling(side)
        self.register_buffer("matrix", matrix, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        outputs = len(self.matrix)
        rows = self.matrix @ x.permute(0, 2, 3, 1).reshape(n, h, w * c)
        both = self.matrix @ rows.view(n * outputs, w, c)
        return both.view(n, outputs, outputs, c).permute(0, 3, 1, 2)


def halving(side: int) -> Tensor:
    """[side / 2, side]: output i has 1, 3, 3 and 1 eighths of the inputs from 2 i - 1 on."""
    matrix, outputs = torch.zeros(side // 2, side), torch.arange(side // 2)
    for offset, weight in zip((-1, 0, 1, 2), (1, 3, 3, 1), strict=True):
        matrix[outputs, (2 * outputs + offset).clamp(0, side - 1)] += weight / 8
    return matrix


def doubling(side: int) -> Tensor:
    """[2 side, side]: the same filter between inputs that lie two apart, which is linear interpolation."""
    return interpolate(torch.eye(side)[None], scale_factor=2.0, mode="linear", align_corners=False)[0].T.contiguous()
