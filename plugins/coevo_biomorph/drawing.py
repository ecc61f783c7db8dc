"""Lines on paper: antialiased, at any size."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

INK, PAPER = 24, 255
MARGIN = 0.07  # of the side
WEIGHT = 0.013  # of the side: a line of thickness 1
TAPER = 0.6  # a trunk of thickness 8 is 3.5 times as wide as a twig
CANVAS = 512  # px of the side that is drawn before it is averaged down
BAND = 1 << 24  # pixels that are drawn at once


def draw(drawings: list[np.ndarray], image: tuple[int, int, int]) -> Tensor:
    """Lines [S, 5] of each biomorph, fitted to the square: float32 [N, channels, size, size] in [-1, 1]."""
    channels, size, _ = image
    pictures = torch.from_numpy(np.stack([sketch(lines, size) for lines in drawings]))
    return pictures[:, None].float().div_(127.5).sub_(1).expand(-1, channels, -1, -1).contiguous()


def sketch(lines: np.ndarray, size: int) -> np.ndarray:
    """One biomorph in grey: uint8 [size, size]. Drawn several times larger, in bands, and averaged down."""
    fine = min(16, max(2, CANVAS // size))
    points, thickness = placed(lines[:, :4].astype(float), size * fine), lines[:, 4]
    weights = np.maximum(np.round(thickness**TAPER * max(WEIGHT * size, 1.0) * fine), 1).astype(int)
    band = max(1, min(size, BAND // (size * fine * fine)))
    out = np.empty((size, size), np.uint8)
    for top in range(0, size, band):
        rows = min(band, size - top)
        canvas = Image.new("L", (size * fine, rows * fine), PAPER)
        pen = ImageDraw.Draw(canvas)
        shifted = points - np.array([0, top * fine, 0, top * fine])
        for line, weight in zip(shifted.tolist(), weights.tolist(), strict=True):
            pen.line(line, INK, weight)
        if weights.max() > 2:
            _round(pen, shifted, weights)
        out[top : top + rows] = np.asarray(canvas.reduce(fine))
    return out


def placed(points: np.ndarray, size: int) -> np.ndarray:
    """x0, y0, x1, y1 moved and scaled, so that all of them fit into the square within its margins."""
    ends = points.reshape(-1, 2)
    low, high = ends.min(0), ends.max(0)
    scale = size * (1 - 2 * MARGIN) / max((high - low).max(), 1.0)
    placed: np.ndarray = ((ends - (low + high) / 2) * scale + size / 2).reshape(-1, 4)
    return placed


def _round(pen: ImageDraw.ImageDraw, points: np.ndarray, weights: np.ndarray) -> None:
    """Round the lines' ends, so that twigs join without notches; each end once."""
    ends = np.column_stack([points.reshape(-1, 2), weights.repeat(2)])
    for x, y, weight in np.unique(ends.round(1), axis=0).tolist():
        radius = weight / 2 - 0.5
        if not math.isclose(radius, 0):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), INK)
