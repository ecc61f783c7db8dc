"""Contact sheets and films."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from coevo.contract import works

PAPER, INK = 255, 60
LABEL = 24  # px that a label takes
TARGET, TALL = 900, 1200  # px: about the width of a sheet, and its height at most
CAPTION = 15  # px of the letters of a caption
NARROWEST = 480  # px that a caption needs
NOTEBOOK_LIMIT = 100  # pictures on a sheet in a notebook

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def to_bytes(images: Tensor) -> np.ndarray:
    """[N, C, H, W] in [-1, 1] → uint8 [N, H, W, C]."""
    pixels = images.detach().permute(0, 2, 3, 1).cpu().numpy()
    return ((np.clip(pixels, -1, 1) + 1) * 127.5).round().astype(np.uint8, order="C")  # one thread: they are few


def to_picture(pixels: np.ndarray) -> Image.Image:
    """uint8 [H, W, C] → a picture, grey where C is 1."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def contact_sheet(
    images: Tensor,
    columns: int | None = None,
    scale: int | None = None,
    labels: Sequence[str] = (),
    gap: int | None = None,
    caption: str = "",
) -> Image.Image:
    """Pictures in a grid on white.

    Args:
        images: [N, C, H, W] in [-1, 1].
        columns: pictures in a row; by default the sheet is about square.
        scale: the side of the square that a pixel is enlarged to; by default the sheet is about 900 px wide.
        labels: a few words above each picture.
        gap: px between two pictures.
        caption: sentences above the sheet that say what is seen.
    """
    pixels = to_bytes(images)
    n, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    scale = scale or max(1, min(TARGET // (columns * width), TALL // (rows * height)))
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width, gap = height * scale, width * scale, max(2, 2 * scale) if gap is None else gap
    head = LABEL if labels else 0
    sheet = np.full((rows * (height + gap + head) + gap, columns * (width + gap) + gap, channels), PAPER, np.uint8)
    places = [(gap + i // columns * (height + gap + head) + head, gap + i % columns * (width + gap)) for i in range(n)]
    for (top, left), picture in zip(places, pixels, strict=True):
        sheet[top : top + height, left : left + width] = picture
    drawn = to_picture(sheet)
    pen, font = ImageDraw.Draw(drawn), fitting_font(labels, width)
    for (top, left), label in zip(places, labels, strict=False):
        pen.text((left + width / 2, top - head / 2), label, INK if channels == 1 else (INK,) * 3, font, "mm")
    return captioned(drawn, caption) if caption else drawn


def captioned(picture: Image.Image, text: str) -> Image.Image:
    """A picture under lines of text that say what is seen; it becomes wider if it is too narrow for them."""
    font, margin = ImageFont.load_default(CAPTION), CAPTION // 2
    wide = max(picture.width, NARROWEST)
    lines = [line for part in text.splitlines() for line in folded(part, font, wide - 2 * margin)]
    head = len(lines) * (CAPTION + 4) + 2 * margin
    sheet = Image.new(picture.mode, (wide, head + picture.height), "white")
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((margin, margin + number * (CAPTION + 4)), line, INK if sheet.mode == "L" else (INK,) * 3, font)
    sheet.paste(picture, ((wide - picture.width) // 2, head))
    return sheet


def folded(text: str, font: Font, width: int) -> list[str]:
    """A text in lines of at most a width in px, broken at spaces."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def filled(row: Tensor, columns: int) -> Tensor:
    """Pictures [N, C, H, W], and white ones after them: [columns, C, H, W]."""
    return torch.cat([row, row.new_ones(columns - len(row), *row.shape[1:])])


def fitting_font(labels: Sequence[str], width: int) -> Font:
    """A font in which every label fits over a picture of that width in px; no smaller than can be read."""
    fonts = [ImageFont.load_default(size) for size in range(LABEL - 8, 8, -1)]
    return next((font for font in fonts if max(map(font.getlength, labels), default=0) <= width), fonts[-1])


def sheet_png(images: Tensor) -> bytes:
    """A contact sheet of pictures [N, C, H, W] as the bytes of a PNG, for notebooks."""
    buffer = io.BytesIO()
    contact_sheet(images[:NOTEBOOK_LIMIT]).save(buffer, "png")
    return buffer.getvalue()


works.draw_sheet = sheet_png
