"""Antialiased drawings of lines, at any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

INK, PAPER = 24, 255
MARGIN = 0.07  # of the side
WEIGHT = 0.013  # of the side: a line of thickness 1
TAPER = 0.6  # a trunk of thickness 8 is 3.5 times as wide as a twig
CANVAS = 384  # px of the side that is drawn before it is reduced
RING = 16  # discs


def draw(drawings: Sequence[np.ndarray], image: tuple[int, int, int]) -> Tensor:
    """Lines [S, 5] of each biomorph, fitted to the square: float32 [N, channels, size, size] in [-1, 1]."""
    channels, size, _ = image
    pictures = np.stack([sketch(lines, size) for lines in drawings]).astype(np.float32) / np.float32(127.5) - 1
    return torch.from_numpy(pictures)[:, None].expand(-1, channels, -1, -1).contiguous()


def sketch(lines: np.ndarray, size: int) -> np.ndarray:
    """One biomorph in grey: uint8 [size, size], drawn several times larger and reduced.

    All lines become dots at once, and all dots discs, so thousands of lines take hardly longer than a few.
    """
    fine = min(16, max(2, CANVAS // size))
    points = placed(lines[:, :4].astype(float), size * fine)
    weights = np.maximum(lines[:, 4] ** TAPER * max(WEIGHT * size, 1.0) * fine, 1.0)
    canvas = np.zeros((size * fine, size * fine), bool)
    for weight in np.unique(weights).tolist():
        canvas |= thickened(dotted(points[weights == weight], size * fine), weight / 2)
    tones = PAPER - canvas * np.uint8(PAPER - INK)
    return np.asarray(Image.fromarray(tones).reduce(fine))


def placed(points: np.ndarray, side: int) -> np.ndarray:
    """Lines x0, y0, x1, y1, moved and scaled to fit into the square within its margins."""
    ends = points.reshape(-1, 2)
    low, high = ends.min(0), ends.max(0)
    scale = side * (1 - 2 * MARGIN) / max((high - low).max(), 1.0)
    fitted: np.ndarray = ((ends - (low + high) / 2) * scale + side / 2).reshape(-1, 4)
    return fitted


def dotted(points: np.ndarray, side: int) -> np.ndarray:
    """Lines as dots without gaps: bool [side, side]. A dot on the border of two pixels takes both, which keeps
    symmetry."""
    begin, way = points[:, :2], points[:, 2:] - points[:, :2]
    count = np.abs(way).max(1).astype(int) + 2
    which = np.repeat(np.arange(len(points)), count)
    along = (np.arange(len(which)) - np.repeat(count.cumsum() - count, count)) / (count - 1)[which]
    x, y = (begin[which] + along[:, None] * way[which]).T.round(6)
    dots = np.zeros((side, side), bool)
    dots[np.floor(y).astype(int), np.floor(x).astype(int)] = True
    dots[np.ceil(y).astype(int) - 1, np.ceil(x).astype(int) - 1] = True
    return dots


def thickened(dots: np.ndarray, radius: float) -> np.ndarray:
    """Every dot as a disc, drawn as a ring of discs of half its size: few steps, however large it is."""
    if radius < 1:
        return dots
    half = radius / 2.15  # sixteen discs of this size leave no gap between them and the edge
    smaller = thickened(dots, half)
    discs = smaller.copy()
    angles = np.arange(RING) * (2 * np.pi / RING)
    ring = np.rint((radius - half) * np.stack([np.cos(angles), np.sin(angles)], 1)).astype(int)
    for dx, dy in set(map(tuple, ring.tolist())):
        discs[span(dy), span(dx)] |= smaller[span(-dy), span(-dx)]
    return discs


def span(shift: int) -> slice:
    """The part of an axis that a shift leaves."""
    return slice(max(shift, 0), min(shift, 0) or None)
