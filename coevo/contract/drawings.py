"""Line drawings, which know no resolution: what an artist that draws with a pen gives besides pixels."""

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
