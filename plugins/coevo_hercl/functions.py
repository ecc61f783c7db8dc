"""Pictures of programs that give every point a colour (Blair 2019).

Registers 0 and 1 are x and y, and the first message is the colour: one item, or red, green and blue, each from 0 to 1.
Where a program says nothing, the picture is white.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coevo_hercl.machine import Run, run
from coevo_hercl.program import Program

STEPS = 1_000  # at a point
POINTS = 1 << 18  # at once: they bound the memory


def draw_functions(
    programs: Sequence[Program],
    height: int,
    width: int,
    *,
    colour: bool = False,
    rows: range | None = None,
    steps: int = STEPS,
    seed: int = 0,
    threads: int = 1,
) -> np.ndarray:
    """Pictures of programs; a program's depends on nothing that is drawn beside it.

    Args:
        programs: N of them.
        height, width: px. x goes from -1 at the left to 1 at the right, y from -1 at the top to 1 at the bottom.
        colour: three channels, or one of the first item.
        rows: which rows of the pictures, one after another; all by default.
        steps: instructions that each may do at a point; where it does more, the picture is white.
        seed: of their random numbers.
        threads: how many may work.

    Returns:
        Pictures uint8 [N, 3 or 1, rows, width].

    Example:
        >>> from coevo_hercl.text import read
        >>> draw_functions([read("get 0 write output |")], 1, 5).tolist()
        [[[[0, 0, 0, 128, 255]]]]
    """
    shown = range(height) if rows is None else rows
    pictures = np.empty((len(programs), 3 if colour else 1, len(shown), width), np.uint8)
    y, x = np.linspace(-1, 1, height)[shown], np.linspace(-1, 1, width)
    deep = max(1, POINTS // width)  # rows at once
    many = max(1, POINTS // (min(deep, len(shown) or 1) * width))  # programs at once
    for top in range(0, len(shown), deep):
        part = y[top : top + deep]
        points = np.stack([np.tile(x, len(part)), np.repeat(part, width)], 1)
        number = (shown.start + top) * width  # of the point among all of the picture: it has random numbers of its own
        for first in range(0, len(programs), many):
            some = programs[first : first + many]
            sizes = {"steps": steps, "items": pictures.shape[1], "threads": threads}
            tones = _tones(run(some, points, seeds=seed, first=number, preload=True, **sizes))
            pictures[first : first + many, :, top : top + deep] = tones.reshape(*tones.shape[:2], -1, width)
    return pictures


def _tones(result: Run) -> np.ndarray:
    """The colours of messages: uint8 [N, items, T]. What is missing is as the item before it, or white."""
    items = np.rint(np.clip(result.items[:, :, 0], 0, 1) * 255).astype(np.uint8)
    lengths = result.lengths[:, :, 0]
    which = np.clip(np.arange(items.shape[2]), 0, np.maximum(lengths - 1, 0)[..., None])
    tones: np.ndarray = np.where(lengths[..., None] > 0, np.take_along_axis(items, which, 2), 255)
    return tones.transpose(0, 2, 1)
