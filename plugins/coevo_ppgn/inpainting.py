"""Inpainting: pixels that are given stay, and the rest is what a walk finds."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from coevo import ConfigError, DataError, Studio
from coevo.data.readers.decode import BROKEN, read_image
from coevo.errors import reason


def read_picture(path: str, option: str, studio: Studio) -> Tensor:
    """A picture [C, H, W] in [-1, 1], of exactly the size of a run's.

    Args:
        path: the file.
        option: the name of the option that it was given by, for messages.
        studio: of the run.

    Raises:
        DataError: it is missing or broken.
        ConfigError: it has another size.
    """
    from PIL import Image

    channels, height, width = studio.image
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{option}: cannot read {path}: {reason(error)}.") from error
    try:
        with Image.open(Path(path)) as image:
            size = image.size
        pixels = read_image(content, height, 1 if channels == 1 else 3)
    except BROKEN as error:
        raise DataError(f"{option}: {path} is no picture that can be read.") from error
    if size != (width, height):
        raise ConfigError(
            f"{option}: {path} has {size[0]} × {size[1]} px, and the pictures of this run {width} × {height}; give one "
            "of that size."
        )
    return torch.from_numpy(pixels.copy()).float() / 127.5 - 1


def read_hole(path: str, option: str, studio: Studio) -> Tensor:
    """Where a mask is white, bool [1, H, W]: the pixels to be found. Raises as `read_picture`, and ConfigError if the
    mask leaves none or all."""
    hole = read_picture(path, option, studio).mean(0, keepdim=True) > 0
    if hole.all() or not hole.any():
        raise ConfigError(f"{option}: {path} should be white where pixels are to be found, and black elsewhere.")
    return hole


def context(pictures: Tensor, known: Tensor, hole: Tensor) -> Tensor:
    """How well decoded pictures [N, C, H, W] agree with the given pixels: -½ of the sum of squared differences, [N]."""
    off = torch.where(hole, 0.0, pictures - known)
    return -0.5 * off.square().flatten(1).sum(1)
