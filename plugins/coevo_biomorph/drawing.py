"""Lines on paper: antialiased, at any size."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from coevo_biomorph.development import Line

INK, PAPER = 24, 255
MARGIN = 0.07  # of the side
WEIGHT = 0.013  # of the side: a line of thickness 1
TAPER = 0.6  # a trunk of thickness 8 is 3.5 times as wide as a twig
CANVAS = 512  # px of the side that is drawn before it is averaged down
BAND = 1 << 24  # pixels that are drawn at once


def draw(drawings: Sequence[Collection[Line]], image: tuple[int, int, int]) -> Tensor:
    """The lines of each biomorph, fitted to the square: float32 [N, channels, size, size] in [-1, 1]."""
    channels, size, _ = image
    pictures = np.stack([sketch(lines, size) for lines in drawings]).astype(np.float32) / np.float32(127.5) - 1
    return torch.from_numpy(pictures)[:, None].expand(-1, channels, -1, -1).contiguous()


def sketch(lines: Collection[Line], size: int) -> np.ndarray:
    """One biomorph in grey: uint8 [size, size]. Drawn several times larger, in bands, and averaged down.

    Of a mirror-symmetric one only the right half is drawn: that is quicker, and symmetric to the pixel.
    """
    fine = min(16, max(2, CANVAS // size))
    scale, left, top = fitted(lines, size * fine)
    if mirrored := all((-x0, y0, -x1, y1, t) in lines for x0, y0, x1, y1, t in lines):
        lines = [line for line in lines if line.x0 + line.x1 >= 0]
    weight = [
        max(round(t**TAPER * max(WEIGHT * size, 1.0) * fine), 1)
        for t in range(max(line.thickness for line in lines) + 1)
    ]
    placed = [(x0 * scale + left, y0 * scale + top, x1 * scale + left, y1 * scale + top) for x0, y0, x1, y1, _ in lines]
    weights = [weight[line.thickness] for line in lines]
    # lines' ends are rounded, so that twigs join without notches; each end once
    joints = {(x, y, w) for line, w in zip(placed, weights, strict=True) for x, y in (line[:2], line[2:])}
    band = max(1, min(size, BAND // (size * fine * fine)))
    out = np.empty((size, size), np.uint8)
    for above in range(0, size, band):
        rows, high = min(band, size - above), above * fine
        canvas = Image.new("L", (size * fine, rows * fine), PAPER)
        pen = ImageDraw.Draw(canvas)
        for (x0, y0, x1, y1), width in zip(placed, weights, strict=True):
            pen.line((x0, y0 - high, x1, y1 - high), INK, width)
        for x, y, width in joints:
            if (r := width / 2 - 0.5) >= 1:
                pen.ellipse((x - r, y - high - r, x + r, y - high + r), INK)
        out[above : above + rows] = np.asarray(canvas.reduce(fine))
    return np.minimum(out, out[:, ::-1]) if mirrored else out


def fitted(lines: Collection[Line], size: int) -> tuple[float, float, float]:
    """How to scale and then move lines to the right and down, so that all of them fit into the square within its
    margins."""
    x0, y0, x1, y1, _ = zip(*lines, strict=True)
    left, right = min(x0 + x1), max(x0 + x1)
    top, bottom = min(y0 + y1), max(y0 + y1)
    scale = size * (1 - 2 * MARGIN) / max(right - left, bottom - top, 1)
    return scale, size / 2 - (left + right) / 2 * scale, size / 2 - (top + bottom) / 2 * scale
