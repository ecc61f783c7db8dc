"""Execution of a plan's steps: by machine code if it was built (`coevo/native/draw.c`), else by NumPy.

Instructions of plugins are executed by their own NumPy functions in either case, so that the picture of a program does
not depend on what is drawn beside it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from operator import add, mul, sub
from typing import Any, NamedTuple

import numpy as np

from coevo.native import native
from coevo.shader import instructions as its
from coevo.shader.instructions import BUILT_IN, Instruction

OPCODES: Mapping[str, int] = {instruction.name: opcode for opcode, instruction in enumerate(BUILT_IN)}
ROW, COLUMN, SHOW, INPUT, PLUGIN = range(len(BUILT_IN), len(BUILT_IN) + 5)
"""Opcodes beside those of the instructions: fill a register with what is the same in every row, or in every column;
show a register in a channel; fill a register with a plane of the input, moved; an instruction of a plugin."""

SCRATCH = 3  # registers that no step names
NUMBERS = frozenset(OPCODES[one.name] for one in (its.ADD, its.SUBTRACT, its.MULTIPLY, its.DIVIDE, its.MULTIPLY_ADD))


class Code(NamedTuple):
    """The steps of a plan.

    Args:
        steps: [S, 6] int32: opcode; the register to fill, or the channel; the number of arguments; three arguments:
            registers, or constants ~argument if below 0. Those of INPUT are a plane, and how many pixels to the right
            and below are read, on a torus.
        plugins: instructions of plugins, by step.
    """

    steps: np.ndarray
    plugins: Mapping[int, Instruction]


class Frame(NamedTuple):
    """What steps read and write, in float32. Pixels are counted along the rows, from the top left.

    Args:
        constants: [K].
        rows, columns: [R, width] and [C, height], values that depend on one coordinate.
        shown: [channels, pixels], the output, which begins with pixel `first`.
        inputs: [planes, height, width], what INPUT reads.
        cells: int64 [pixels], which pixel of the picture each one is, in any order; None if they are counted along the
            rows.
    """

    constants: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    shown: np.ndarray
    first: int = 0
    inputs: np.ndarray | None = None
    cells: np.ndarray | None = None


def tile() -> int:
    """Pixels that are computed at once: their registers stay in the processor's cache."""
    return 1024 if native() else 32_768


def execute(code: Code, frame: Frame, registers: np.ndarray, start: int, stop: int) -> None:
    """Execute the steps for the pixels from start to stop.

    Args:
        registers: [R + SCRATCH, pixels at once] float32; they keep the values of the last tile.
    """
    size = registers.shape[1]
    library = native()
    if library and not code.plugins:
        library.coevo_draw(ctypes.byref(job(code.steps, frame, registers)), start, stop)
        return
    for at in range(start, stop, size):
        end = min(at + size, stop)
        if not library:
            _by_numpy(code.steps, code.plugins, frame, registers, at, end)
            continue
        begin = 0
        for step in [*code.plugins, len(code.steps)]:
            library.coevo_draw(ctypes.byref(job(code.steps[begin:step], frame, registers)), at, end)
            if step in code.plugins:
                _by_numpy(code.steps[step : step + 1], {0: code.plugins[step]}, frame, registers, at, end)
            begin = step + 1


def _by_numpy(
    steps: np.ndarray, plugins: Mapping[int, Instruction], frame: Frame, registers: np.ndarray, start: int, stop: int
) -> None:
    """Execute steps for one tile, as machine code does."""
    values = registers[:, : stop - start]
    width, height = frame.rows.shape[1], frame.columns.shape[1]
    pixels: Any = None
    if {ROW, COLUMN, INPUT} & set(steps[:, 0].tolist()):
        pixels = np.arange(start, stop) if frame.cells is None else frame.cells[start:stop]

    def argument(place: int, number: bool) -> Any:
        if place >= 0:
            return values[place]
        return frame.constants[~place] if number else np.full(stop - start, frame.constants[~place])

    with np.errstate(all="ignore"):
        for i, (opcode, out, count, *places) in enumerate(steps.tolist()):
            if opcode == ROW:
                np.take(frame.rows[places[0]], pixels % width, out=values[out])
            elif opcode == COLUMN:
                np.take(frame.columns[places[0]], pixels // width, out=values[out])
            elif opcode == INPUT:
                assert frame.inputs is not None
                plane, right, below = places
                values[out] = frame.inputs[plane][(pixels // width + below) % height, (pixels % width + right) % width]
            elif opcode == SHOW:
                shown = frame.shown[out, start - frame.first : stop - frame.first]
                np.fmax(argument(places[0], False), np.float32(-1), shown)  # fmax: NaN becomes -1
                np.fmin(shown, np.float32(1), shown)
            else:
                instruction = plugins[i] if opcode == PLUGIN else BUILT_IN[opcode]
                number = opcode in NUMBERS  # NumPy is quick with a scalar there, elsewhere with a row
                instruction.numpy(*[argument(place, number) for place in places[:count]], values[out])


EXACT = {"add": add, "subtract": sub, "multiply": mul}
"""Operations that Python rounds as float32 does."""


def folded(instruction: Instruction, numbers: Sequence[float]) -> float:
    """The value of an instruction with constant arguments, as it would be drawn."""
    library = native()
    if library and instruction.name in OPCODES:
        value = ctypes.c_float()
        three = (ctypes.c_float * 3)(*numbers)
        library.coevo_fold(OPCODES[instruction.name], ctypes.byref(three), ctypes.byref(value))
        return value.value
    if instruction.name in EXACT:
        return EXACT[instruction.name](*numbers)
    out = np.empty((), np.float32)
    with np.errstate(all="ignore"):
        instruction.numpy(*[np.float32(number) for number in numbers], out)
    return float(out)


class Job(ctypes.Structure):
    """As in draw.h."""

    _fields_ = [
        ("steps", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("constants", ctypes.c_void_p),
        ("rows", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("width", ctypes.c_int64),
        ("height", ctypes.c_int64),
        ("registers", ctypes.c_void_p),
        ("scratch", ctypes.c_void_p),
        ("tile", ctypes.c_int64),
        ("shown", ctypes.c_void_p),
        ("stride", ctypes.c_int64),
        ("first", ctypes.c_int64),
        ("inputs", ctypes.c_void_p),
        ("cells", ctypes.c_void_p),
    ]


def job(steps: np.ndarray, frame: Frame, registers: np.ndarray) -> Job:
    """What machine code is given; the caller keeps the arrays."""
    return Job(
        steps.ctypes.data,
        len(steps),
        frame.constants.ctypes.data,
        frame.rows.ctypes.data,
        frame.columns.ctypes.data,
        frame.rows.shape[1],
        frame.columns.shape[1],
        registers.ctypes.data,
        registers[-SCRATCH:].ctypes.data,
        registers.shape[1],
        frame.shown.ctypes.data,
        frame.shown.shape[1],
        frame.first,
        None if frame.inputs is None else frame.inputs.ctypes.data,
        None if frame.cells is None else frame.cells.ctypes.data,
    )
