"""Drawings of biomorphs: antialiased pictures of any size, and paths for SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from coevo.contract.drawings import Drawing, Path
from coevo.images.strokes import Strokes, draw_strokes
from coevo_biomorph.development import develop
from coevo_biomorph.genotype import Genotype

INK, PAPER = 24, 255
MARGIN = 0.07  # of the side
WEIGHT = 0.013  # of the side: a line of thickness 1
THINNEST = 1.25  # px: a line between two rows of pixels should stay dark
TAPER = 0.6  # a trunk of thickness 8 is 3.5 times as wide as a twig
TOGETHER = 64  # biomorphs that develop at once
STRIP = 256  # rows of a very large picture at a time


def draw(genotypes: Sequence[Genotype], channels: int, size: int, threads: int | None = None) -> Tensor:
    """Biomorphs, fitted to a square of `size` px: float32 [N, channels, size, size] in [-1, 1]."""
    parts = [genotypes[start : start + TOGETHER] for start in range(0, len(genotypes), TOGETHER)]
    drawn = [draw_strokes(strokes(part, size), size, threads=threads) for part in parts]
    pictures = torch.from_numpy(np.concatenate(drawn))
    return pictures.expand(-1, channels, -1, -1).contiguous()


def draw_strips(genotype: Genotype, channels: int, size: int) -> Iterator[Tensor]:
    """One biomorph from top to bottom: float32 [channels, rows, size] at a time."""
    drawn = strokes([genotype], size)
    for top in range(0, size, STRIP):
        strip = draw_strokes(drawn, size, range(top, min(top + STRIP, size)))[0]
        yield torch.from_numpy(strip).expand(channels, -1, -1).contiguous()


def strokes(genotypes: Sequence[Genotype], size: int) -> Strokes:
    """Biomorphs as strokes on a square of `size` px."""
    lines, first = develop(genotypes)
    segments = np.concatenate([placed(lines, first), widths(lines, THINNEST / size)], 1) * size
    return Strokes(segments, np.full((len(lines), 1), tone(INK)), first, np.array([tone(PAPER)]))


def drawing(genotype: Genotype) -> Drawing:
    """A biomorph as paths, each once, the thick ones first."""
    lines = np.unique(develop([genotype])[0], axis=0)
    points, wide = placed(lines, np.array([0, len(lines)])).reshape(-1, 2, 2) + 0.5, widths(lines)[:, 0]
    order = np.argsort(-wide, kind="stable")
    return Drawing([Path(points[i], float(wide[i]), grey(INK)) for i in order], grey(PAPER))


def placed(lines: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The ends x0, y0, x1, y1 [S, 4] of lines [S, 5], those of each biomorph fitted to a square of side 1 about (0, 0),
    within its margins."""
    columns = lines[:, :4].T.astype(float)  # x0, y0, x1, y1
    low = np.minimum.reduceat(np.minimum(columns[:2], columns[2:]), first[:-1], axis=1)
    high = np.maximum.reduceat(np.maximum(columns[:2], columns[2:]), first[:-1], axis=1)
    scale = (1 - 2 * MARGIN) / np.maximum((high - low).max(0), 1)
    owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
    middle = np.tile(((low + high) / 2)[:, owner], (2, 1))
    return ((columns - middle) * scale[owner]).T


def widths(lines: np.ndarray, least: float = 0) -> np.ndarray:
    """The width [S, 1] of each line, of the side; of a line of thickness 1 at least `least`."""
    wide: np.ndarray = (np.arange(lines[:, 4].max() + 1) ** TAPER * max(WEIGHT, least))[lines[:, 4:]]
    return wide


def tone(grey: int) -> float:
    return grey / 127.5 - 1


def grey(level: int) -> str:
    return f"#{level:02x}{level:02x}{level:02x}"
