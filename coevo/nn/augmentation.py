"""Differentiable augmentation (Zhao 2020, DiffAugment, arXiv:2006.10738).

A critic sees made and real images through the same random changes: it cannot memorise a small dataset, and the artist
does not learn the changes. Each kind takes images [N, C, H, W] in [-1, 1] and a generator on their device, and changes
every image differently.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, grid_sample, max_pool2d, pad

from coevo.errors import ConfigError, unknown
from coevo.studio.processes import rows


def colour(images: Tensor, generator: Generator) -> Tensor:
    """Add up to ±1 to the brightness, multiply saturation by 0 to 2 and contrast by 0.5 to 1.5."""
    images = images + 2 * (_uniform(images, generator) - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + 2 * _uniform(images, generator) * (images - grey)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (0.5 + _uniform(images, generator)) * (images - mean)


def translation(images: Tensor, generator: Generator) -> Tensor:
    """Shift by up to an eighth of the side, in whole pixels, and fill with grey 0."""
    n, _, height, width = images.shape
    reach = max(height, width) // 8
    draw = partial(torch.randint, 0, 2 * reach + 1, generator=generator, device=images.device)
    down, right = rows(n, lambda n: draw((2, n)).T).T[..., None]
    lines = down + torch.arange(height, device=images.device)
    columns = right + torch.arange(width, device=images.device)
    which = torch.arange(n, device=images.device)[:, None, None]
    padded = pad(images, (reach, reach, reach, reach)).permute(0, 2, 3, 1)
    return padded[which, lines[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor, generator: Generator) -> Tensor:
    """Fill a square of half the side, anywhere, with grey 0."""
    n, _, height, width = images.shape
    hidden = []
    for length in (height, width):
        middle = _uniform(images, generator).view(n, 1) * length
        hidden.append((torch.arange(length, device=images.device) - middle).abs() < length / 4)
    return images * ~(hidden[0][:, None, :, None] & hidden[1][:, None, None, :])


def affine(images: Tensor, generator: Generator) -> Tensor:
    """Rotate by up to 20°, shear by up to 0.4, scale each side by 0.8 to 1.25, and fill by repeating the edge."""
    draw = partial(torch.rand, generator=generator, device=images.device)
    turn, shear, wider, higher = (2 * rows(len(images), lambda n: draw(4, n).T) - 1).unbind(1)
    cos, sin = (turn * math.radians(20)).cos(), (turn * math.radians(20)).sin()
    x, y = 1.25**wider, 1.25**higher
    matrix = torch.stack([cos * x, (0.4 * shear * cos - sin) * y, sin * x, (0.4 * shear * sin + cos) * y], 1).view(
        -1, 2, 2
    )
    grid = affine_grid(pad(matrix, (0, 1)), list(images.shape), align_corners=False)
    return grid_sample(images, grid, padding_mode="border", align_corners=False)


def weight(images: Tensor, generator: Generator) -> Tensor:
    """Make strokes thicker or thinner by up to a pixel on either side: a mix with the dilated or the eroded image."""
    amount = 2 * _uniform(images, generator) - 1
    dilated, eroded = max_pool2d(images, 3, 1, 1), -max_pool2d(-images, 3, 1, 1)
    return torch.lerp(images, torch.where(amount > 0, dilated, eroded), amount.abs())


KINDS = {"colour": colour, "translation": translation, "cutout": cutout, "affine": affine, "weight": weight}


def augment(images: Tensor, kinds: str, generator: Generator) -> Tensor:
    """Apply augmentations one after another.

    Args:
        images: [N, C, H, W] in [-1, 1].
        kinds: names from KINDS with commas between; "" changes nothing.
        generator: on the device of the images.

    Example:
        >>> images = torch.zeros(4, 1, 16, 16)
        >>> tuple(augment(images, "colour,translation", torch.Generator()).shape)
        (4, 1, 16, 16)
    """
    for kind in filter(None, kinds.split(",")):
        images = KINDS[kind](images, generator)
    return images


def known_kinds(kinds: str) -> str:
    """The text itself, as a validator of options. Raises ConfigError if a kind is unknown."""
    for kind in filter(None, kinds.split(",")):
        if kind not in KINDS:
            raise ConfigError(unknown("augmentation", kind, KINDS))
    return kinds


def _uniform(images: Tensor, generator: Generator) -> Tensor:
    """Uniform in [0, 1), one for each image: [N, 1, 1, 1]."""
    draw = partial(torch.rand, generator=generator, device=images.device)
    return rows(len(images), lambda n: draw(n, 1, 1, 1))
