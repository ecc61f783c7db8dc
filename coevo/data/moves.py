"""Augmentation of real works that moves them, and what they were made from, alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from coevo.errors import ConfigError, unknown

MOVES = ("flip", "shift")
REACH = 8  # a shift is up to an eighth of the side


def known_moves(kinds: str) -> str:
    """The text itself, as a validator of options. Raises ConfigError if a kind is unknown."""
    for kind in filter(None, kinds.split(",")):
        if kind not in MOVES:
            raise ConfigError(unknown("augmentation of data", kind, MOVES))
    return kinds


def moved(tensors: Sequence[Tensor], kinds: str, generator: Generator) -> list[Tensor]:
    """Mirror half of the works, and shift each by up to an eighth of the side, the edge reflected.

    Whole pixels move, so label maps stay label maps; no value on the device is read.

    Args:
        tensors: [N, C, H, W] each, of equal N, H and W; the n-th of each moves alike.
        kinds: names of MOVES with commas between; "" changes nothing.
        generator: on the CPU.

    Example:
        >>> picture, numbers = torch.rand(4, 3, 16, 16), torch.zeros(4, 1, 16, 16)
        >>> [tuple(each.shape) for each in moved([picture, numbers], "flip,shift", torch.Generator())]
        [(4, 3, 16, 16), (4, 1, 16, 16)]
    """
    if not kinds:
        return list(tensors)
    n, _, height, width = tensors[0].shape
    rows, columns = torch.arange(height).expand(n, -1), torch.arange(width).expand(n, -1)
    if "shift" in kinds.split(","):
        rows, columns = (_shifted(places, generator) for places in (rows, columns))
    if "flip" in kinds.split(","):
        columns = torch.where(torch.rand(n, 1, generator=generator) < 0.5, width - 1 - columns, columns)
    device = tensors[0].device
    which, rows, columns = torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]
    places = [index.to(device, non_blocking=True) for index in (which, rows, columns)]
    return [each.permute(0, 2, 3, 1)[*places].permute(0, 3, 1, 2).contiguous() for each in tensors]


def _shifted(places: Tensor, generator: Generator) -> Tensor:
    """Places [N, L] of each row or column, moved by one number for each n, and reflected at both ends."""
    n, last = len(places), places.shape[1] - 1
    reach = (last + 1) // REACH
    moved = (places + torch.randint(-reach, reach + 1, (n, 1), generator=generator)).abs()
    return last - (last - moved).abs()
