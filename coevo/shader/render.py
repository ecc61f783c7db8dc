"""Programs → pictures, for a whole population at once.

A picture is computed tile by tile: a tile is a strip of rows small enough that all that is in flight stays in the
processor's cache. What depends on one coordinate alone is computed once, for a row or a column; only the rest is
computed for every pixel. Buffers are used again as soon as nobody waits for what is in them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from coevo.shader.expressions import ALONG_X, ALONG_Y, Canvas, Expression
from coevo.shader.instructions import ADD, DIVIDE, MULTIPLY, SUBTRACT

Program = Sequence[Expression]
"""What a picture's channels are, in [-1, 1]: one expression for grey, three for red, green and blue."""

TILE = 32_768  # pixels: 128 KB a buffer
TOGETHER = 64  # programs that share what they have in common
SCALARS = (ADD, SUBTRACT, MULTIPLY, DIVIDE)  # NumPy is quick with one number; all else is with a row of it


def render(programs: Sequence[Program], height: int, width: int, threads: int | None = None) -> np.ndarray:
    """Pictures [P, C, height, width] float32 in [-1, 1], of programs of one canvas with C channels each.

    What is not a number is shown as -1. The picture's corners are the canvas's: (-1, -1) and (1, 1). The same programs
    give the same bytes at any number of threads.
    """
    channels = {len(program) for program in programs}
    if len(channels) != 1:
        raise ValueError(f"programs of one sheet have equally many channels, not {sorted(channels)}")
    pictures = np.empty((len(programs), channels.pop(), height, width), np.float32)
    threads = threads or processors()
    together = min(TOGETHER, -(-len(programs) // threads)) if height * width <= TILE else TOGETHER
    groups = [slice(first, first + together) for first in range(0, len(programs), together)]
    rows = max(1, min(TILE // width, -(-height // -(-threads // len(groups)))))
    plans = [Plan(programs[some], height, width) for some in groups]
    _each(
        lambda plan, out, top: plan.draw(out[:, :, top : top + rows], top),
        ((plan, pictures[g], top) for plan, g in zip(plans, groups, strict=True) for top in range(0, height, rows)),
        threads,
    )
    return pictures


def strips(program: Program, height: int, width: int, rows: int) -> Iterator[np.ndarray]:
    """One picture from top to bottom, [C, rows, width] at a time: in bounded memory, however large it is."""
    plan = Plan([program], height, width)
    thin = max(1, TILE // width)
    for top in range(0, height, rows):
        strip = np.empty((1, len(program), min(rows, height - top), width), np.float32)
        tiles = ((strip[:, :, first : first + thin], top + first) for first in range(0, strip.shape[2], thin))
        _each(plan.draw, tiles, processors())
        yield strip[0]


def processors() -> int:
    """How many threads draw at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Plan:
    """In which order programs are computed, and where each value is kept."""

    def __init__(self, programs: Sequence[Program], height: int, width: int):
        canvas = programs[0][0].canvas
        roots = [[channel.node for channel in program] for program in programs]
        order = canvas.reached(node for program in roots for node in program)
        shown: dict[int, list[tuple[int, int]]] = {}
        for p, program in enumerate(roots):
            for c, node in enumerate(program):
                shown.setdefault(node, []).append((p, c))
        self.width = width
        lines = _lines(canvas, order, height, width)
        full = [node for node in order if node not in lines]
        alike = [node for node in lines if canvas.along[node] != ALONG_Y]
        columns = [node for node in lines if canvas.along[node] == ALONG_Y]
        constants = [node for node in alike if node in canvas.constants]
        self.fixed = [lines[node] for node in alike]
        self.fixed += [np.full((1, width), lines[node], np.float32) for node in constants]
        self.columns = [lines[node] for node in columns]
        rows = {node: len(alike) + i for i, node in enumerate(constants)}
        slots = {node: i for i, node in enumerate(alike)}
        slots |= {node: len(self.fixed) + i for i, node in enumerate(columns)}
        self.shown_lines = [(slots[node], *place) for node in lines if node in shown for place in shown[node]]
        first = len(self.fixed) + len(columns)
        self.steps, self.registers = _allocated(canvas, full, shown, slots, rows, first)
        self.bounds = np.full((1, width), -1, np.float32), np.full((1, width), 1, np.float32)

    def draw(self, out: np.ndarray, top: int) -> None:
        """Write the rows from `top` on into out [P, C, rows, width]."""
        rows = out.shape[2]
        v = [*self.fixed, *(column[top : top + rows] for column in self.columns)]
        v += _buffers(self.registers, rows, self.width)
        with np.errstate(all="ignore"):
            for slot, p, c in self.shown_lines:
                _show(v[slot], out[p, c], *self.bounds)
            for compute, arguments, slot, places in self.steps:
                if len(arguments) == 2:
                    compute(v[arguments[0]], v[arguments[1]], v[slot])
                elif len(arguments) == 1:
                    compute(v[arguments[0]], v[slot])
                else:
                    compute(*[v[a] for a in arguments], v[slot])
                for p, c in places:
                    _show(v[slot], out[p, c], *self.bounds)


Step = tuple[Callable[..., Any], tuple[int, ...], int, list[tuple[int, int]]]


def _lines(canvas: Canvas, order: Sequence[int], height: int, width: int) -> dict[int, np.ndarray]:
    """What is the same along a row [1, W], along a column [H, 1], or everywhere []: by node."""
    values: dict[int, np.ndarray] = {}
    shapes = {0: (), ALONG_X: (1, width), ALONG_Y: (height, 1)}
    with np.errstate(all="ignore"):
        for node in order:
            shape = shapes.get(canvas.along[node])
            if shape is None:
                continue
            if node in canvas.constants:
                values[node] = np.array(canvas.constants[node], np.float32)
            elif (instruction := canvas.instructions[node]) is None:
                values[node] = np.linspace(-1, 1, max(shape), dtype=np.float32).reshape(shape)
            else:
                values[node] = np.empty(shape, np.float32)
                instruction.numpy(*(values[a] for a in canvas.arguments[node]), values[node])
    return values


def _allocated(
    canvas: Canvas,
    full: Sequence[int],
    shown: dict[int, list[tuple[int, int]]],
    slots: dict[int, int],
    rows: dict[int, int],
    first: int,
) -> tuple[list[Step], int]:
    """The steps that fill a tile, and how many buffers they need: one is free again after its last use."""
    last = {argument: node for node in full for argument in canvas.arguments[node]}
    used = 0
    free: list[int] = []
    steps: list[Step] = []
    nowhere: list[tuple[int, int]] = []
    for node in full:
        instruction, arguments = canvas.instructions[node], canvas.arguments[node]
        assert instruction is not None
        wide = instruction not in SCALARS
        places = tuple([rows.get(a, slots[a]) if wide else slots[a] for a in arguments])
        for argument in arguments:
            if last.get(argument) == node:
                del last[argument]  # it may be there twice
                if slots[argument] >= first:
                    free.append(slots[argument])
        if free:
            slot = free.pop()
        else:
            slot, used = first + used, used + 1
        slots[node] = slot
        steps.append((instruction.numpy, places, slot, shown.get(node, nowhere)))
        if node not in last:
            free.append(slot)
    return steps, used


def _show(value: np.ndarray, out: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Between these; fmax takes `low` for what is not a number."""
    np.fmax(value, low, out)
    np.fmin(out, high, out)


_arena = threading.local()


def _buffers(count: int, rows: int, width: int) -> list[np.ndarray]:
    """Buffers [rows, width] of this thread, the same ones every time."""
    size = rows * width
    kept: list[np.ndarray] = getattr(_arena, "kept", [])
    if kept and kept[0].size < size:
        kept.clear()
    kept += [np.empty(max(size, TILE), np.float32) for _ in range(count - len(kept))]
    _arena.kept = kept
    return [buffer[:size].reshape(rows, width) for buffer in kept[:count]]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "shader")


def _each(function: Callable[..., None], arguments: Iterable[tuple[Any, ...]], threads: int) -> None:
    """Call the function with each of these, several at a time."""
    todo = list(arguments)
    if threads == 1 or len(todo) == 1:
        for some in todo:
            function(*some)
        return
    for done in [_pool(threads).submit(function, *some) for some in todo]:
        done.result()
