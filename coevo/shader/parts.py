"""The parts of a program: the nodes of its genome, each a picture of its own."""

from __future__ import annotations

from typing import NamedTuple

from coevo.shader.expressions import Expression


class Part(NamedTuple):
    """A node of a genome.

    Args:
        name: what it computes.
        value: its value over the canvas, one expression or three.
        reads: the parts that it reads, by number.
        constants: the genome's constants that belong to it, by number; if it reads parts, each is the weight of one.
    """

    name: str
    value: tuple[Expression, ...]
    reads: tuple[int, ...] = ()
    constants: tuple[int, ...] = ()
