"""Residual blocks of BigGAN, conditional normalisation and self-attention (Brock et al. 2019, arXiv:1809.11096)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu


def sides_up_to(size: int) -> list[int]:
    """Sides of the maps of a network, from 4 px to an image's: [4, 8, …, size]."""
    return [4 * 2**k for k in range(size.bit_length() - 2)]


def channels_at(side: int, width: int, size: int) -> int:
    """Channels of maps of a side: width at the image's, twice as many at each half of it, eight times at most."""
    return width * min(size // side, 8)


class ConditionalNorm(nn.Module):
    """Batch normalisation whose scales and shifts are linear in a condition [N, D]: gain 1 + W c, bias V c.

    Args:
        channels: of the maps.
        condition: D; without a condition, 0, scales and shifts are learnt.
    """

    def __init__(self, channels: int, condition: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not condition)
        self.gain = nn.Linear(condition, channels, bias=False) if condition else None
        self.bias = nn.Linear(condition, channels, bias=False) if condition else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        x = self.norm(x)
        if self.gain is None or self.bias is None:
            return x
        return x * (1 + self.gain(condition))[:, :, None, None] + self.bias(condition)[:, :, None, None]


class Up(nn.Module):
    """A block of the generator: norm, ReLU, doubling, 3 × 3, norm, ReLU, 3 × 3, beside a shortcut (figure 15)."""

    def __init__(self, inputs: int, outputs: int, condition: int):
        super().__init__()
        self.first, self.second = ConditionalNorm(inputs, condition), ConditionalNorm(outputs, condition)
        self.widen, self.mix = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.widen(doubled(relu(self.first(x, condition))))
        h = self.mix(relu(self.second(h, condition)))
        return h + doubled(self.shortcut(x))


class Down(nn.Module):
    """A block of the critic: ReLU, 3 × 3, ReLU, 3 × 3, halve, beside a shortcut.

    Args:
        inputs, outputs: channels.
        halve: whether the sides are halved.
        first: of the critic: images come without ReLU.
    """

    def __init__(self, inputs: int, outputs: int, halve: bool = True, first: bool = False):
        super().__init__()
        self.halve, self.first = halve, first
        self.widen, self.mix = nn.Conv2d(inputs, outputs, 3, 1, 1), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if halve or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = self.mix(relu(self.widen(x if self.first else relu(x))))
        if self.halve:
            h, x = avg_pool2d(h, 2), avg_pool2d(x, 2)
        out: Tensor = h + self.shortcut(x)
        return out


def doubled(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0)


class Attention(nn.Module):
    """Self-attention: each place adds a mean of all places, weighted by how they match it (Zhang 2019, SAGAN).

    It begins at nothing. Keys and values are maxima of 2 × 2 places.
    """

    def __init__(self, channels: int):
        super().__init__()
        few, some = max(1, channels // 8), max(1, channels // 2)
        self.query, self.key = nn.Conv2d(channels, few, 1, bias=False), nn.Conv2d(channels, few, 1, bias=False)
        self.value, self.out = nn.Conv2d(channels, some, 1, bias=False), nn.Conv2d(some, channels, 1, bias=False)
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query = self.query(x).flatten(2)  # [N, few, H W]
        key, value = largest(self.key(x)).flatten(2), largest(self.value(x)).flatten(2)  # [N, ·, H W / 4]
        matches = (query.transpose(1, 2) @ key).softmax(2)
        mean = (value @ matches.transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + self.weight * self.out(mean)


def largest(x: Tensor) -> Tensor:
    """The maxima of 2 × 2 places; gradients of it are deterministic everywhere, unlike those of max_pool2d."""
    return x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax((3, 5))
