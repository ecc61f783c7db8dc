"""Pictures of programs that give every point a colour (Blair 2019).

Registers 0 and 1 are x and y, and the first message is the colour: one item, or red, green and blue, each from 0 to 1.
Where a program says nothing, the picture is white.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coevo_hercl.machine import run
from coevo_hercl.program import Program

STEPS = 1_000  # at a point
POINTS = 1 << 18  # at once: they bound the memory


def draw_functions(
    programs: Sequence[Program],
    height: int,
    width: int,
    *,
    colour: bool = False,
    steps: int = STEPS,
    seed: int = 0,
    threads: int = 1,
) -> np.ndarray:
    """Pictures of programs; a program's depends on nothing that is drawn beside it.

    Args:
        programs: N of them.
        height, width: px. x goes from -1 at the left to 1 at the right, y from -1 at the top to 1 at the bottom.
        colour: three channels, or one of the first item.
        steps: instructions that each may do at a point; where it does more, the picture is white.
        seed: of their random numbers.
        threads: how many may work.

    Returns:
        Pictures uint8 [N, 3 or 1, height, width].

    Example:
        >>> from coevo_hercl.text import read
        >>> draw_functions([read("get 0 write output |")], 1, 5).tolist()
        [[[[0, 0, 0, 128, 255]]]]
    """
    channels, count = (3 if colour else 1), height * width
    pictures = np.full((len(programs), channels, count), 255, np.uint8)
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    points = np.stack([x.ravel(), y.ravel()], 1)
    step = max(1, POINTS // count)
    for first in range(0, len(programs), step):
        some = programs[first : first + step]
        result = run(some, points, steps=steps, seeds=seed, preload=True, items=channels, threads=threads)
        tones = np.rint(np.clip(result.items[:, :, 0], 0, 1) * 255).astype(np.uint8)
        lengths = result.lengths[:, :, 0]
        for channel in range(channels):  # what is missing is as the item before it
            which = np.minimum(channel, lengths - 1)[..., None]
            shown = np.take_along_axis(tones, np.maximum(which, 0), 2)[..., 0]
            pictures[first : first + step, channel] = np.where(lengths > 0, shown, 255)
    return pictures.reshape(-1, channels, height, width)
