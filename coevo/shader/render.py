"""Rendering of whole populations of programs, by several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from coevo.native.threads import in_threads, processors
from coevo.shader.machine import tile
from coevo.shader.plan import Plan, Program

BATCH = 64  # programs that are planned together, and share common parts


def render(
    programs: Sequence[Program], height: int, width: int, threads: int | None = None, out: np.ndarray | None = None
) -> np.ndarray:
    """Draw programs. The same programs give the same bytes at any number of threads.

    Args:
        programs: P programs of one canvas, with C channels each.
        height, width: in pixels; the corners are (-1, -1) and (1, 1) of the canvas.
        threads: by default one for each processor.
        out: where to write the pictures, contiguous.

    Returns:
        Pictures [P, C, height, width] float32 in [-1, 1]; NaN is shown as -1.

    Raises:
        ValueError: the programs have different numbers of channels.
    """
    channels = {len(program) for program in programs}
    if len(channels) != 1:
        raise ValueError(f"programs that are drawn together need equally many channels, not {sorted(channels)}")
    shape = (len(programs), channels.pop(), height, width)
    return draw_batches(lambda first, stop: Plan(programs[first:stop], height, width), shape, threads, out)


def draw_batches(
    plan: Callable[[int, int], Plan],
    shape: tuple[int, int, int, int],
    threads: int | None = None,
    out: np.ndarray | None = None,
    apart: bool = False,
) -> np.ndarray:
    """Draw pictures [P, C, H, W] by plans of several together.

    Args:
        plan: of the pictures from the one number to the other.
        shape: of all pictures.
        threads: by default one for each processor.
        out: where to write the pictures, contiguous.
        apart: threads may make plans, too.
    """
    count, _, height, width = shape
    pixels = height * width
    pictures = np.empty(shape, np.float32) if out is None else out
    threads = threads or processors()
    small = pixels <= 4 * tile()
    together = max(1, min(BATCH, -(-count // threads))) if small else BATCH

    def shown(first: int) -> np.ndarray:
        return pictures[first : first + together].reshape(-1, pixels)

    def whole(first: int) -> None:
        plan(first, min(first + together, count)).draw(shown(first), 0, pixels)

    def tasks() -> Iterator[Callable[[], None]]:
        for first in range(0, count, together):
            if small and apart:
                yield partial(whole, first)
                continue
            draw = plan(first, min(first + together, count)).draw
            for start, stop in _parts(0, pixels, threads):
                yield partial(draw, shown(first), start, stop)

    in_threads(tasks(), threads)
    return pictures


def strips(program: Program, height: int, width: int, rows: int, threads: int | None = None) -> Iterator[np.ndarray]:
    """One picture from top to bottom in strips [C, rows, width]: in bounded memory, however large it is."""
    plan = Plan([program], height, width)
    threads = threads or processors()
    for top in range(0, height, rows):
        strip = np.empty((len(program), min(rows, height - top), width), np.float32)
        shown = strip.reshape(len(program), -1)
        first = top * width
        tiles = _parts(first, first + shown.shape[1], threads)
        in_threads((partial(plan.draw, shown, *part, first) for part in tiles), threads)
        yield strip


def _parts(start: int, stop: int, count: int) -> Iterator[tuple[int, int]]:
    """Split start to stop into at most `count` parts of whole tiles."""
    tiles = -(-(stop - start) // tile())
    step = -(-tiles // count) * tile()
    for at in range(start, stop, step):
        yield at, min(at + step, stop)
