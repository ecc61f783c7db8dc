"""What works were made from, as pictures: label maps in colours, and given, made and true side by side."""

from __future__ import annotations

import colorsys
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.errors import DataError

GREY, RGB = ("grey",), ("red", "green", "blue")
PALETTE = (
    (126, 192, 238), (255, 214, 64), (112, 168, 72), (38, 86, 164), (24, 96, 48), (200, 64, 48), (148, 148, 148),
    (240, 240, 240), (150, 96, 176), (232, 140, 40), (120, 76, 40), (244, 150, 180),
)  # fmt: skip
GROUPS = 4  # of given, made and true in a row of a sheet


def is_map(planes: tuple[str, ...]) -> bool:
    """Whether what is given is a label map, whose planes are regions, and no picture."""
    return bool(planes) and planes not in (GREY, RGB)


def colours(regions: int) -> np.ndarray:
    """The colours that stand for the regions of a label map, uint8 [regions, 3]; all of them differ."""
    more = [colorsys.hsv_to_rgb(0.618 * n % 1, 0.75, 0.95 - 0.45 * (n % 3) / 2) for n in range(len(PALETTE), regions)]
    rows = [*PALETTE, *((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in more)]
    return np.array(rows[:regions], np.uint8)


def to_planes(values: Tensor, planes: tuple[str, ...]) -> Tensor:
    """What a dataset keeps → what works are made from.

    Args:
        values: uint8, the pixels of pictures [N, C, H, W], or the numbers of regions [N, 1, H, W].
        planes: the names of its planes.

    Returns:
        [N, planes, H, W] float32: pictures in [-1, 1], a label map as planes of zeros and ones.
    """
    if not is_map(planes):
        return values.float().div_(127.5).sub_(1)
    numbers = torch.arange(len(planes), dtype=torch.uint8, device=values.device)
    return (values == numbers[:, None, None]).float()


def shown(given: Tensor, planes: tuple[str, ...]) -> Tensor:
    """What works are made from [N, planes, H, W] as pictures [N, 1 or 3, H, W] in [-1, 1]; label maps in colours."""
    if not is_map(planes):
        return given
    palette = torch.from_numpy(colours(len(planes))).to(given.device)
    return palette[given.argmax(1)].permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def regions_of(pixels: np.ndarray, regions: int, name: str) -> np.ndarray:
    """The numbers of regions uint8 [H, W] in a label map: of grey or palette values [H, W], or of colours [H, W, 3]
    as `shown` draws them.

    Raises:
        DataError: a number or a colour stands for no region.
    """
    if pixels.ndim == 2:
        if not 0 <= (top := int(pixels.max())) < regions or int(pixels.min()) < 0:
            raise DataError(
                f"{name} is no label map of {regions} regions: it has the number {top}, and they go from 0 to "
                f"{regions - 1}."
            )
        return pixels.astype(np.uint8)
    palette = _packed(colours(regions))
    order, values = np.argsort(palette), _packed(pixels)
    found = order[np.searchsorted(palette, values, sorter=order).clip(max=regions - 1)]
    if (unknown := palette[found] != values).any():
        r, g, b = pixels[unknown][0][:3]
        raise DataError(
            f"{name} is no label map of {regions} regions: the colour #{r:02x}{g:02x}{b:02x} stands for none. A map "
            f"has the numbers of regions, 0 to {regions - 1}, as grey or palette values, or the colours of our sheets."
        )
    return found.astype(np.uint8)


def _packed(colours: np.ndarray) -> np.ndarray:
    """Colours uint8 […, 3] as numbers uint32 […]."""
    red, green, blue = (colours[..., channel].astype(np.uint32) for channel in range(3))
    return red << 16 | green << 8 | blue


class Groups(NamedTuple):
    """Pictures [N, C, H, W] for a sheet, how many stand in a row (None: as fits), and a caption."""

    images: Tensor
    columns: int | None = None
    caption: str = ""


def side_by_side(works: Works, artist: Artist, seed: int) -> Groups:
    """Works as a sheet shows them: those that were made from something stand beside it.

    Args:
        works: as the artist exhibits them by that seed.
        artist: if it learns from pairs, the real work that was made from the same stands at the other side.
        seed: of the works.
    """
    images, studio = works.pixels, artist.studio
    if works.given is None:
        return Groups(images)
    parts, caption = [shown(works.given, studio.planes), images], "Given and made, side by side"
    if studio.examples and artist.spec().given == "pairs":
        parts, caption = [*parts, studio.examples(len(works), seed).pixels], "Given, made and true, side by side"
    channels = max(part.shape[1] for part in parts)
    same = [part.to(images).expand(-1, channels, -1, -1) for part in parts]
    return Groups(torch.stack(same, 1).flatten(0, 1), GROUPS * len(parts), caption)
