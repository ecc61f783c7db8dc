"""From genes to lines: a biomorph's embryology."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from coevo_biomorph.genotype import TRICKLE, Genotype


class Line(NamedTuple):
    """From one point to another in whole units; y points down."""

    x0: int
    y0: int
    x1: int
    y1: int
    thickness: int


def develop(genotype: Genotype) -> set[Line]:
    """The lines of a biomorph."""
    genes, lines, y, more = list(genotype.genes), set[Line](), 0, 0
    thick = genotype.depth if genotype.gradients[8] < 0 else 1
    for number in range(genotype.segments):
        if number:
            here, y = y, y + divided(genotype.distance + more)
            lines.add(Line(0, here, 0, y, thick))  # the backbone
            more += genotype.gradients[9] * TRICKLE
            genes = [gene + way * TRICKLE for gene, way in zip(genes[:8], genotype.gradients[:8], strict=True)]
        lines.update(tree(genes, y, genotype, odd=number % 2 == 0))
    if genotype.spokes != "north":
        lines |= {Line(x0, -y0, x1, -y1, thick) for x0, y0, x1, y1, thick in lines}
    if genotype.spokes == "radial":
        lines |= {Line(y0, x0, y1, x1, thick) for x0, y0, x1, y1, thick in lines}
    return lines


def tree(genes: Sequence[int], y: int, genotype: Genotype, odd: bool) -> Iterator[Line]:
    """The tree that grows from (0, y): `tree(x, y, length, dir)` draws a line of length · d[dir], and from its
    end one shorter tree to either side.

    All branches of a length grow at once, and those that grow alike from the same place only once: so it
    takes thousands of twigs no longer than hundreds. A one-sided tree begins with one branch only, `dir` + 1 in
    odd segments and `dir` - 1 in even ones.
    """
    ways = directions(genes)
    buds = {(0, y, 2)}  # x, y, direction
    for length in range(genotype.depth, 0, -1):
        steps = [(divided(length * dx), divided(length * dy)) for dx, dy in ways]
        taper = {-1: length, 0: 1, 1: 1 + genotype.depth - length}[genotype.gradients[8]]
        turns = (-1, 1) if genotype.bilateral or length < genotype.depth else (1,) if odd else (-1,)
        grown = set()
        for x0, y0, way in buds:
            dx, dy = steps[way]
            x1, y1 = x0 + dx, y0 + dy
            yield Line(x0, y0, x1, y1, taper)
            grown.update([(x1, y1, (way + turn) % 8) for turn in turns])
        buds = grown


def directions(genes: Sequence[int]) -> list[tuple[int, int]]:
    """dx and dy of the eight directions: 2 is up the middle, 6 down, and the others mirror each other."""
    g1, g2, g3, g4, g5, g6, g7, g8 = genes[:8]
    return [(-g2, g6), (-g1, g5), (0, g4), (g1, g5), (g2, g6), (g3, g7), (0, g8), (-g3, g7)]


def divided(tenths: int) -> int:
    """Whole units, truncated towards zero as Pascal's `div` does; flooring would bend the left half."""
    return tenths // TRICKLE if tenths >= 0 else -(-tenths // TRICKLE)
