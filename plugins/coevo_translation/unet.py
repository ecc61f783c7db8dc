"""The generator of pix2pix (Isola, Zhu, Zhou & Efros 2017, arXiv:1611.07004, §3.2.1 and appendix 6.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coevo.nn.convolution import Doubling, Halving
from coevo.nn.layers import init_normal
from coevo_translation.normalisation import Norm, normalised

BOTTOM, WIDEST = 2, 8  # px of the smallest map; its channels, relative to those of the largest
DROPPED = 3  # layers with dropout, from the smallest map up


class UNet(nn.Module):
    """Halves what is given down to 2 × 2 and doubles it again; every map is joined to the one of its size.

    [N, planes, size, size] → [N, channels, size, size], in (-1, 1) if it is bounded. So edges that both pictures share
    go past the bottleneck.
    """

    def __init__(
        self,
        planes: int,
        channels: int,
        size: int,
        width: int,
        norm: Norm = "instance",
        dropout: float = 0.5,
        bounded: bool = True,
    ):
        super().__init__()
        depth = (size // BOTTOM).bit_length() - 1
        widths = [width * min(2**level, WIDEST) for level in range(depth)]
        self.down, self.up = nn.ModuleList([Halving(planes, widths[0])]), nn.ModuleList()
        for level in range(1, depth):
            inner = level + 1 < depth
            layers = normalised(Halving, widths[level - 1], widths[level], norm if inner else "none")
            self.down.append(nn.Sequential(nn.LeakyReLU(0.2), *layers))
        for level in reversed(range(1, depth)):
            inputs = widths[level] * (1 if level + 1 == depth else 2)
            dropped = [nn.Dropout(dropout)] if dropout and depth - level <= DROPPED else []
            self.up.append(nn.Sequential(nn.ReLU(), *normalised(Doubling, inputs, widths[level - 1], norm), *dropped))
        last = [nn.Tanh()] if bounded else []
        self.up.append(nn.Sequential(nn.ReLU(), Doubling(2 * widths[0], channels), *last))
        self.apply(init_normal)

    def forward(self, x: Tensor) -> Tensor:
        maps: list[Tensor] = []
        for layers in self.down:
            maps.append(x := layers(x))
        x = self.up[0](maps.pop())
        for layers in self.up[1:]:
            x = layers(torch.cat([x, maps.pop()], 1))
        return x
