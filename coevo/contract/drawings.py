"""Pictures that know no resolution: line drawings, and shaders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """A line that is drawn without lifting the pen; its ends and corners are round, and a single point is a dot.

    Args:
        points: [K, 2] float, K ≥ 1, x to the right and y down; the picture is the square from (0, 0) to (1, 1).
        width: of the pen, in the same unit.
        colour: as `#rrggbb`.
    """

    points: np.ndarray
    width: float
    colour: str


@dataclass(frozen=True, eq=False, slots=True)
class Drawing:
    """Paths on a background; later ones cover earlier ones.

    Args:
        paths: any number of them.
        background: as `#rrggbb`.

    Example:
        >>> cross = Drawing([Path(np.array([[0.2, 0.2], [0.8, 0.8]]), 0.05, "#181818")])
        >>> len(cross.paths), cross.background
        (1, '#ffffff')
    """

    paths: Sequence[Path]
    background: str = "#ffffff"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the genome that a shader draws.

    Args:
        name: what it computes.
        reads: the nodes that it reads, by number.
        constants: those of the shader that belong to it, by number; if it reads nodes, each is the weight of one.
    """

    name: str
    reads: tuple[int, ...] = ()
    constants: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shader:
    """A work as fragment shaders, without the head that all share (`coevo.shader.glsl`).

    Args:
        picture: GLSL ES 3.00 that draws the work.
        parts: the same, which draws node i if its uniform `part` is i.
        nodes: of the genome, each after those that it reads; the last is the picture.
        constants: the values of the uniforms `parameters`.
    """

    picture: str
    parts: str
    nodes: tuple[Node, ...]
    constants: tuple[float, ...]
