"""Pictures to grow towards: emblems drawn by code, and files, freed from their background if they have one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from math import pi
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from coevo import DataError
from coevo.data.datasets import GREY
from coevo.data.readers.decode import BROKEN

FINE = 4  # samples of a pixel in each direction

Colour = tuple[float, float, float]
Layers = Iterator[tuple[Tensor, Colour]]
"""What is drawn, one over another: where it is, bool [S, S], and its red, green and blue in [0, 1]."""


def emblem(name: str, side: int, colours: int) -> Tensor:
    """An emblem with transparent surroundings.

    Args:
        name: one of EMBLEMS.
        side: of the picture, in px.
        colours: 3, or 1 for grey.

    Returns:
        [colours + 1, side, side] in [0, 1]: colours premultiplied by alpha, and alpha.

    Example:
        >>> picture = emblem("flower", 40, 3)
        >>> picture.shape, bool((picture[:3] <= picture[3:]).all())
        (torch.Size([4, 40, 40]), True)
    """
    axis = (torch.arange(side * FINE) + 0.5) / (side * FINE) * 2 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    picture = torch.zeros(4, *x.shape)
    for where, colour in EMBLEMS[name](x, y):
        picture = torch.where(where, torch.tensor((*colour, 1.0))[:, None, None], picture)
    picture = picture.unflatten(2, (side, FINE)).unflatten(1, (side, FINE)).mean((2, 4))
    return in_colours(picture, colours)


def in_colours(picture: Tensor, colours: int) -> Tensor:
    """A picture [4, H, W] in red, green, blue and alpha: the same, or [2, H, W] in grey and alpha."""
    if colours == 3:
        return picture
    return torch.stack([(picture[:3] * torch.tensor(GREY)[:, None, None]).sum(0), picture[3]])


def read_picture(path: Path, side: int, colours: int, background: float) -> Tensor:
    """The picture of a file, cut to a square. Arguments and result are those of `emblem` and `freed`.

    Raises:
        DataError: the file is missing or no picture, or the picture is empty.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                upright = ImageOps.exif_transpose(file).convert("RGBA")
            square = ImageOps.fit(upright, (side, side), Image.Resampling.BOX)
    except FileNotFoundError as error:
        raise DataError(
            f"There is no picture {path} to grow towards; artist.target names an emblem or a file."
        ) from error
    except BROKEN as error:
        raise DataError(f"{path} cannot be read as a picture to grow towards: {error}.") from error
    found = torch.from_numpy(np.array(square)).float().permute(2, 0, 1) / 255
    picture = in_colours(torch.cat([found[:3] * found[3:], found[3:]]), colours)
    if (found[3] == 1).all():  # nothing says what its background is
        picture = freed(picture[None, :-1] * 2 - 1, background)[0]
    if picture[-1].max() < 0.5:
        raise DataError(f"{path} is as good as empty over its background, so there is nothing to grow.")
    return picture


def ellipse(x: Tensor, y: Tensor, centre: tuple[float, float], axes: tuple[float, float], turn: float = 0.0) -> Tensor:
    """Where points lie in an ellipse: its centre, its half axes, and how far it is turned, in radians."""
    c, s = torch.tensor(turn).cos(), torch.tensor(turn).sin()
    x, y = x - centre[0], y - centre[1]
    return ((c * x + s * y) / axes[0]) ** 2 + ((c * y - s * x) / axes[1]) ** 2 < 1


def flower(x: Tensor, y: Tensor) -> Layers:
    """Seven petals on a stem with two leaves."""
    yield ((x - 0.08 * (4 * y).sin()).abs() < 0.07) & (y > -0.2) & (y < 0.95), (0.18, 0.5, 0.2)
    yield ellipse(x, y, (-0.3, 0.62), (0.34, 0.13), 0.5), (0.25, 0.65, 0.25)
    yield ellipse(x, y, (0.34, 0.72), (0.34, 0.13), -0.5), (0.2, 0.57, 0.22)
    for k in range(7):
        turn = 2 * pi * k / 7 - pi / 2
        centre = (0.42 * float(torch.tensor(turn).cos()), -0.3 + 0.42 * float(torch.tensor(turn).sin()))
        yield ellipse(x, y, centre, (0.27, 0.17), turn), (0.9, 0.25 + 0.05 * (k % 2), 0.45 + 0.15 * (k % 2))
    yield ellipse(x, y, (0, -0.3), (0.21, 0.21)), (0.98, 0.8, 0.2)


def fish(x: Tensor, y: Tensor) -> Layers:
    """A fish that swims to the left, with stripes, fins and an eye."""
    yield (x > 0.45) & (x < 0.92) & (y.abs() < 0.05 + 1.0 * (x - 0.45)), (0.85, 0.35, 0.1)
    yield (
        ellipse(x, y, (0, -0.42), (0.36, 0.2), 0.15) | ellipse(x, y, (0.05, 0.42), (0.25, 0.16), -0.3),
        (0.8, 0.3, 0.1),
    )
    body = ellipse(x, y, (-0.15, 0), (0.72, 0.45))
    yield body, (0.98, 0.55, 0.15)
    for stripe in (-0.35, 0.05, 0.4):
        yield body & ((x - stripe + 0.25 * y**2).abs() < 0.07), (0.97, 0.95, 0.9)
    yield ellipse(x, y, (-0.6, -0.08), (0.1, 0.1)), (1.0, 1.0, 1.0)
    yield ellipse(x, y, (-0.62, -0.08), (0.055, 0.055)), (0.05, 0.05, 0.1)


def butterfly(x: Tensor, y: Tensor) -> Layers:
    """A butterfly with open wings, its own mirror image."""
    wide = x.abs()
    yield ellipse(wide, y, (0.47, -0.3), (0.5, 0.36), -0.6), (0.2, 0.3, 0.75)
    yield ellipse(wide, y, (0.36, 0.42), (0.36, 0.3), 0.7), (0.25, 0.45, 0.85)
    yield ellipse(wide, y, (0.55, -0.37), (0.24, 0.17), -0.6), (0.55, 0.75, 0.98)
    yield ellipse(wide, y, (0.4, 0.46), (0.15, 0.13), 0.7), (0.98, 0.75, 0.3)
    yield ellipse(wide, y, (0, 0.05), (0.09, 0.62)), (0.15, 0.12, 0.15)
    yield (
        (y < -0.45) & (y > -0.92) & ((wide - 0.05 - 0.6 * (y + 0.45) ** 2 - 0.15 * (-0.45 - y)).abs() < 0.035),
        (
            0.15,
            0.12,
            0.15,
        ),
    )


EMBLEMS: dict[str, Callable[[Tensor, Tensor], Layers]] = {"flower": flower, "fish": fish, "butterfly": butterfly}


def freed(images: Tensor, background: float) -> Tensor:
    """Pictures as transparent as can be, so that over their background they look the same.

    Args:
        images: [N, C, H, W] in [-1, 1].
        background: 0 (black) or 1 (white).

    Returns:
        [N, C + 1, H, W] in [0, 1]: colours premultiplied by alpha, and alpha.
    """
    shown = (images + 1) / 2
    alpha = (shown - background).abs().amax(1, keepdim=True)
    return torch.cat([shown - background * (1 - alpha), alpha], 1)


def over(cells: Tensor, colours: int, background: float) -> Tensor:
    """Cells [N, H, W, C] over a background: pictures [N, colours, H, W], in [-1, 1] unless cells leave [0, 1]."""
    shown = cells[..., :colours] + background * (1 - cells[..., colours : colours + 1])
    return shown.permute(0, 3, 1, 2) * 2 - 1
