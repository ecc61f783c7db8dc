"""Pictures in a terminal: by kitty's or sixel's protocol if it has one, else in block characters."""

from __future__ import annotations

import random
import sys
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from coevo.data.datasets import GREY

# Which quarters of a cell are ink: upper left 1, upper right 2, lower left 4, lower right 8.
QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
LUMA = np.array(GREY, np.float32)


class BlockPicture(Widget):
    """A picture in block characters: two colours and four quarters a cell, so twice as fine as half-blocks across."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._image: Image.Image | None = None
        self._drawn: tuple[Size, list[Strip]] | None = None

    @property
    def image(self) -> Image.Image | None:
        return self._image

    @image.setter
    def image(self, picture: Image.Image) -> None:
        self._image, self._drawn = picture, None
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The cached lines, without Textual's styling of every cell: a sheet has thousands."""
        if self._image is None or not self.size.area:
            return [Strip.blank(crop.width, self.rich_style)] * crop.height
        if self._drawn is None or self._drawn[0] != self.size:
            self._drawn = self.size, self._strips(self._image)
        return [strip.crop(crop.x, crop.right) for strip in self._drawn[1][crop.y : crop.bottom]]

    def _strips(self, picture: Image.Image) -> list[Strip]:
        width, height = self.size
        columns, rows = fit(picture.width, picture.height, width, height)
        left, top = (width - columns) // 2, (height - rows) // 2
        around = self.rich_style
        blank, pad = Strip.blank(width, around), Segment(" " * left, around)
        rest = Segment(" " * (width - columns - left), around)
        true_colour = self.app.console.color_system == "truecolor"
        lines = [Strip([pad, *line, rest], width) for line in blocks(picture, columns, rows, true_colour)]
        return [blank] * top + lines + [blank] * (height - rows - top)


def fit(width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
    """Columns and rows of cells, twice as high as wide, that a picture of this shape fills in columns × rows."""
    scale = min(columns / width, 2 * rows / height)
    return max(1, round(width * scale)), max(1, round(height * scale / 2))


def blocks(picture: Image.Image, columns: int, rows: int, true_colour: bool = True) -> list[list[Segment]]:
    """A picture as lines of block characters.

    Each cell's 2 × 2 pixels are split at their mean brightness into ink and ground, each in its mean colour.
    """
    small = shrunk(picture, 2 * columns, 2 * rows)
    channels = small.shape[-1]
    cells = small.reshape(rows, 2, columns, 2, channels).swapaxes(1, 2).reshape(rows, columns, 4, channels)
    light = cells @ LUMA if channels == 3 else cells[..., 0]
    ink = light > light.mean(-1, keepdims=True) + 1e-3
    count = ink.sum(-1, keepdims=True)
    inked = (cells * ink[..., None]).sum(2)
    front, back = inked / np.maximum(count, 1), (cells.sum(2) - inked) / np.maximum(4 - count, 1)
    glyphs = (ink @ np.array([1, 2, 4, 8])).tolist()
    # as one number each, and in steps of four: fewer colours, fewer bytes by ssh
    bytes_of = np.array([0x10000, 0x100, 1] if channels == 3 else [0x10101])
    keys = ((front.astype(np.int64) & 0xFC) @ bytes_of << 24) + (back.astype(np.int64) & 0xFC) @ bytes_of
    new = np.ones(keys.shape, bool)  # where a segment begins: cells of the same colours are one
    new[:, 1:] = keys[:, 1:] != keys[:, :-1]
    lines = []
    for y in range(rows):
        text = "".join([QUARTERS[glyph] for glyph in glyphs[y]])
        starts = np.flatnonzero(new[y])
        styles = [style_of(key, true_colour) for key in keys[y, starts].tolist()]
        ends = [*starts[1:].tolist(), columns]
        lines.append([Segment(text[i:j], style) for i, j, style in zip(starts.tolist(), ends, styles, strict=True)])
    return lines


def shrunk(picture: Image.Image, width: int, height: int) -> np.ndarray:
    """A picture in few pixels: float32 [height, width, 1 or 3].

    Lines on a plain ground would fade as they shrink, so their contrast with it is strengthened again.
    """
    picture = picture if picture.mode == "L" else picture.convert("RGB")
    small = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS), np.float32).reshape(height, width, -1)
    ground = np.median(small, axis=(0, 1))
    off = small - ground
    if (np.abs(off) < 2).mean() > 0.5:  # a plain ground
        strength = min(max((picture.height / height) ** 0.35, 1.0), 3.0)
        small = np.clip(ground + off * strength, 0, 255)
    return small


TEMPLATE = Style(color="#000000", bgcolor="#000000")


@lru_cache(1 << 14)
def style_of(key: int, true_colour: bool) -> Style:
    """A style from six bytes: red, green and blue of the ink, then of the ground.

    A coloured sheet has five thousand, and to make each by Style takes longer than to draw the pictures; so it is a
    copy of a template with other colours and, if the terminal has all colours, with its escape codes.
    """
    style = TEMPLATE.copy()
    (style._color, ink), (style._bgcolor, ground) = map(colour, divmod(key, 1 << 24))
    style._hash, style._ansi = None, f"38;2;{ink};48;2;{ground}" if true_colour else None
    return style


@lru_cache(1 << 16)
def colour(key: int) -> tuple[Color, str]:
    """A colour from three bytes, and its escape code's end."""
    red, green, blue = key.to_bytes(3)
    return Color.from_rgb(red, green, blue), f"{red};{green};{blue}"


def picture_class() -> Any:
    """The widget class for the best pictures that this terminal can show; a widget's `image` is its picture.

    It asks the terminal, so call it before the app takes the screen.
    """
    if not (sys.__stdout__ and sys.__stdout__.isatty()):
        return BlockPicture
    from textual_image import renderable
    from textual_image.renderable import tgp
    from textual_image.widget import SixelImage, TGPImage

    tgp.randint = random.Random().randint  # a stream of its own: the global one is the players'
    return {renderable.SixelImage: SixelImage, renderable.TGPImage: TGPImage}.get(renderable.Image, BlockPicture)


def pixels_per_cell(picture: Any) -> int:
    """The pixels that a cell's width has in pictures of a class that `picture_class` gave."""
    if picture is BlockPicture:
        return 2
    from textual_image._terminal import get_cell_size  # it has asked the terminal already

    return max(2, int(get_cell_size().width))
