"""Development: from genes to lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coevo_biomorph.genotype import TRICKLE, Genotype


def develop(genotype: Genotype) -> np.ndarray:
    """The lines of a biomorph: int64 [S, 5], each x0, y0, x1, y1 in whole units and thickness; y points down."""
    genes, lines, y, more = list(genotype.genes), [], 0, 0
    thick = genotype.depth if genotype.gradients[8] < 0 else 1
    for number in range(genotype.segments):
        if number:
            here, y = y, y + int(divided(np.array(genotype.distance + more)))
            lines.append(np.array([[0, here, 0, y, thick]]))  # the backbone
            more += genotype.gradients[9] * TRICKLE
            genes = [gene + way * TRICKLE for gene, way in zip(genes[:8], genotype.gradients[:8], strict=True)]
        lines += tree(genes, y, genotype, odd=number % 2 == 0)
    drawn = np.concatenate(lines)
    if genotype.spokes != "north":
        drawn = np.concatenate([drawn, drawn * [1, -1, 1, -1, 1]])
    if genotype.spokes == "radial":
        drawn = np.concatenate([drawn, drawn[:, [1, 0, 3, 2, 4]]])
    return drawn


def tree(genes: Sequence[int], y: int, genotype: Genotype, odd: bool) -> list[np.ndarray]:
    """The lines of a tree that grows from (0, y).

    Dawkins' recursion `tree(x, y, length, dir)` draws a line of length · d[dir], and from its end one shorter tree to
    either side. Here all branches of a length grow at once, and equal ones once, so thousands of twigs take no longer
    than hundreds. A one-sided tree begins with one branch only: `dir` + 1 in odd segments, `dir` - 1 in even ones.
    """
    ways = directions(genes)
    spots, way = np.array([[0, y]]), np.array([2])
    lines = []
    for length in range(genotype.depth, 0, -1):
        ends = spots + divided(length * ways)[way]
        taper = {-1: length, 0: 1, 1: 1 + genotype.depth - length}[genotype.gradients[8]]
        lines.append(np.concatenate([spots, ends, np.full((len(ends), 1), taper)], 1))
        turns = (-1, 1) if genotype.bilateral or length < genotype.depth else (1,) if odd else (-1,)
        spots, way = distinct(np.concatenate([ends] * len(turns)), np.concatenate([way + turn & 7 for turn in turns]))
    return lines


def distinct(spots: np.ndarray, way: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each place and direction once. Packed into one number each, they are sorted ten times as fast as rows."""
    key = np.unique((spots @ [1 << 27, 8]) + way)
    y = (key >> 3) + (1 << 23) & (1 << 24) - 1
    x = (key >> 3) + (1 << 23) >> 24
    return np.stack([x, y - (1 << 23)], 1), key & 7


def directions(genes: Sequence[int]) -> np.ndarray:
    """dx and dy of the eight directions [8, 2]: 2 is up, 6 is down, and the others mirror each other."""
    g1, g2, g3, g4, g5, g6, g7, g8 = genes[:8]
    return np.array([[-g2, g6], [-g1, g5], [0, g4], [g1, g5], [g2, g6], [g3, g7], [0, g8], [-g3, g7]])


def divided(tenths: np.ndarray) -> np.ndarray:
    """Whole units, truncated towards zero as Pascal's `div` does; flooring would bend the left half."""
    return np.trunc(tenths / TRICKLE).astype(np.int64)
