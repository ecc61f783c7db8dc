"""Differentiable augmentation (Zhao 2020, DiffAugment): both sides are shown to the Critic through the same kinds of
change, so that it cannot learn few pictures by heart, and the Artist does not learn the changes.

Each takes pictures [N, C, H, W] in [-1, 1] and a generator on their device, and changes every picture differently.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn.functional import pad


def colour(images: Tensor, generator: Generator) -> Tensor:
    """Brightness by ±1, saturation by 0 to 2 and contrast by 0.5 to 1.5 times."""
    images = images + 2 * (_roll(images, generator) - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + 2 * _roll(images, generator) * (images - grey)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (0.5 + _roll(images, generator)) * (images - mean)


def translation(images: Tensor, generator: Generator) -> Tensor:
    """A shift by up to an eighth of the side, in whole pixels; what comes in is grey 0."""
    n, _, height, width = images.shape
    reach = max(height, width) // 8
    shift = torch.randint(0, 2 * reach + 1, (2, n, 1), generator=generator, device=images.device)
    rows = shift[0] + torch.arange(height, device=images.device)
    columns = shift[1] + torch.arange(width, device=images.device)
    which = torch.arange(n, device=images.device)[:, None, None]
    padded = pad(images, (reach, reach, reach, reach)).permute(0, 2, 3, 1)
    return padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor, generator: Generator) -> Tensor:
    """A square of half the side, somewhere, is grey 0."""
    n, _, height, width = images.shape
    hidden = [
        (torch.arange(length, device=images.device) - (_roll(images, generator).view(n, 1) * length)).abs() < length / 4
        for length in (height, width)
    ]
    return images * ~(hidden[0][:, None, :, None] & hidden[1][:, None, None, :])


KINDS = {"colour": colour, "translation": translation, "cutout": cutout}


def _roll(images: Tensor, generator: Generator) -> Tensor:
    """Uniform in [0, 1), one for each picture: [N, 1, 1, 1]."""
    return torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
