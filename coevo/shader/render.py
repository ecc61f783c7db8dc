"""Programs → pictures, for a whole population at once, by several threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from coevo.shader.machine import tile
from coevo.shader.plan import Plan, Program

TOGETHER = 64  # programs that share what they have in common


def render(
    programs: Sequence[Program], height: int, width: int, threads: int | None = None, out: np.ndarray | None = None
) -> np.ndarray:
    """Pictures [P, C, height, width] float32 in [-1, 1], of programs of one canvas with C channels each; in `out`,
    which is contiguous, if it is given.

    What is not a number is shown as -1. The picture's corners are the canvas's: (-1, -1) and (1, 1). The same programs
    give the same bytes at any number of threads.
    """
    channels = {len(program) for program in programs}
    if len(channels) != 1:
        raise ValueError(f"programs of one sheet have equally many channels, not {sorted(channels)}")
    shape = (len(programs), channels.pop(), height, width)
    pictures = np.empty(shape, np.float32) if out is None else out
    threads = threads or processors()
    together = min(TOGETHER, -(-len(programs) // threads)) if height * width <= tile() else TOGETHER

    def tasks() -> Iterator[tuple[Callable[..., None], np.ndarray, int, int]]:
        for first in range(0, len(programs), together):
            plan = Plan(programs[first : first + together], height, width)
            shown = pictures[first : first + together].reshape(-1, height * width)
            for start, stop in _parts(0, height * width, threads):
                yield plan.draw, shown, start, stop

    _each(tasks(), threads)
    return pictures


def strips(program: Program, height: int, width: int, rows: int) -> Iterator[np.ndarray]:
    """One picture from top to bottom, [C, rows, width] at a time: in bounded memory, however large it is."""
    plan = Plan([program], height, width)
    threads = processors()
    for top in range(0, height, rows):
        strip = np.empty((len(program), min(rows, height - top), width), np.float32)
        shown = strip.reshape(len(program), -1)
        first = top * width
        _each(((plan.draw, shown, *part, first) for part in _parts(first, first + shown.shape[1], threads)), threads)
        yield strip


def processors() -> int:
    """How many threads draw at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _parts(start: int, stop: int, count: int) -> Iterator[tuple[int, int]]:
    """From start to stop in so many parts at most, of whole tiles."""
    tiles = -(-(stop - start) // tile())
    step = -(-tiles // count) * tile()
    for at in range(start, stop, step):
        yield at, min(at + step, stop)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "shader")


def _each(tasks: Iterable[tuple[Any, ...]], threads: int) -> None:
    """Call each function with its arguments, several at a time; the first begin while the last are being told."""
    if threads == 1:
        for function, *arguments in tasks:
            function(*arguments)
        return
    for done in [_pool(threads).submit(*task) for task in tasks]:
        done.result()
