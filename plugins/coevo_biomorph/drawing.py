"""Drawings of a biomorph's lines: antialiased pictures of any size, and paths for SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from coevo.contract.drawings import Drawing, Path
from coevo.images.strokes import Strokes, draw_strokes

INK, PAPER = 24, 255
MARGIN = 0.07  # of the side
WEIGHT = 0.013  # of the side: a line of thickness 1
THINNEST = 1.25  # px: a line between two rows of pixels should stay dark
TAPER = 0.6  # a trunk of thickness 8 is 3.5 times as wide as a twig
STRIP = 256  # rows of a very large picture at a time


def draw(drawings: Sequence[np.ndarray], image: tuple[int, int, int]) -> Tensor:
    """Lines [S, 5] of each biomorph, fitted to the square: float32 [N, channels, size, size] in [-1, 1]."""
    channels, size, _ = image
    pictures = torch.from_numpy(draw_strokes(strokes(drawings, size), size))
    return pictures.expand(-1, channels, -1, -1).contiguous()


def draw_strips(lines: np.ndarray, image: tuple[int, int, int]) -> Iterator[Tensor]:
    """One biomorph from top to bottom: float32 [channels, rows, size] at a time."""
    channels, size, _ = image
    drawn = strokes([lines], size)
    for top in range(0, size, STRIP):
        strip = draw_strokes(drawn, size, range(top, min(top + STRIP, size)))[0]
        yield torch.from_numpy(strip).expand(channels, -1, -1).contiguous()


def strokes(drawings: Sequence[np.ndarray], size: int) -> Strokes:
    """Lines [S, 5] of each biomorph as strokes on a square of `size` px."""
    segments = [np.concatenate([placed(lines) * size, widths(lines, THINNEST / size) * size], 1) for lines in drawings]
    together = np.concatenate(segments)
    first = np.cumsum([0, *map(len, segments)])
    return Strokes(together, np.full((len(together), 1), tone(INK)), first, np.array([tone(PAPER)]))


def drawing(lines: np.ndarray) -> Drawing:
    """Lines [S, 5] of a biomorph as paths, the thick ones first."""
    points, wide = placed(lines).reshape(-1, 2, 2) + 0.5, widths(lines)[:, 0]
    order = np.argsort(-wide, kind="stable")
    return Drawing([Path(points[i], float(wide[i]), grey(INK)) for i in order], grey(PAPER))


def placed(lines: np.ndarray) -> np.ndarray:
    """The ends x0, y0, x1, y1 [S, 4] of lines [S, 5], fitted to a square of side 1 about (0, 0), within its margins."""
    ends = lines[:, :4].reshape(-1, 2)
    low, high = ends.min(0), ends.max(0)
    scale = (1 - 2 * MARGIN) / max((high - low).max(), 1)
    fitted: np.ndarray = ((ends - (low + high) / 2) * scale).reshape(-1, 4)
    return fitted


def widths(lines: np.ndarray, least: float = 0) -> np.ndarray:
    """The width [S, 1] of each line, of the side; of a line of thickness 1 at least `least`."""
    wide: np.ndarray = lines[:, 4:] ** TAPER * max(WEIGHT, least)
    return wide


def tone(grey: int) -> float:
    return grey / 127.5 - 1


def grey(level: int) -> str:
    return f"#{level:02x}{level:02x}{level:02x}"
