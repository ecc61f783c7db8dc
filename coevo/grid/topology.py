"""Who is whose neighbour among the cells of a grid."""

from __future__ import annotations

import math
import random
from typing import Literal, get_args

from coevo.errors import ConfigError

Topology = Literal["ring", "von-neumann", "moore", "random", "full"]
TOPOLOGIES = get_args(Topology)
DEGREE = 4  # neighbours of a cell in "random", at least


def neighbours(topology: Topology, shape: tuple[int, int], seed: int = 0) -> list[tuple[int, ...]]:
    """The neighbours of each cell, by its number; whoever is a neighbour has the other as one too.

    Args:
        topology: ring: the cell before and the cell after; von-neumann: above, below, left and right on a torus; moore:
            those at the corners too; random: a ring and chords of it; full: all others.
        shape: rows and columns; cells are numbered row by row.
        seed: of the random one.

    Example:
        >>> neighbours("ring", (1, 4))
        [(1, 3), (0, 2), (1, 3), (0, 2)]
    """
    rows, columns = shape
    n = rows * columns
    if topology in ("von-neumann", "moore"):
        steps = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if topology == "moore" or not (r and c)]
        found = [
            {(row + r) % rows * columns + (column + c) % columns for r, c in steps}
            for row in range(rows)
            for column in range(columns)
        ]
    elif topology == "full":
        found = [set(range(n)) for _ in range(n)]
    else:
        found = [{(cell - 1) % n, (cell + 1) % n} for cell in range(n)]
    if topology == "random":
        draws = random.Random(seed)
        for cell in draws.sample(range(n), n):
            while len(found[cell] - {cell}) < min(DEGREE, n - 1):
                other = draws.choice([one for one in range(n) if one != cell and one not in found[cell]])
                found[cell].add(other)
                found[other].add(cell)
    return [tuple(sorted(some - {cell})) for cell, some in enumerate(found)]


def shape_of(text: str) -> tuple[int, int]:
    """Rows and columns of "3x4"; of a number, as nearly a square as it can be.

    Example:
        >>> shape_of("12"), shape_of("2x8")
        ((3, 4), (2, 8))

    Raises:
        ConfigError: it is neither, or fewer than two cells.
    """
    parts = text.lower().split("x")
    if not (len(parts) <= 2 and all(part.isdecimal() and 0 < int(part) <= 10_000 for part in parts)):
        raise ConfigError(f"--cells should be a number or rows and columns, such as 9 or 3x3, but got {text!r}.")
    if len(parts) == 2:
        rows, columns = int(parts[0]), int(parts[1])
    else:
        n = int(parts[0])
        rows = next(side for side in range(math.isqrt(n), 0, -1) if n % side == 0)
        columns = n // rows
    if rows * columns < 2:
        raise ConfigError("--cells should be at least 2; one pair is a run: coevo run.")
    return rows, columns
