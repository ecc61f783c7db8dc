"""Plans: the order in which programs are computed, and the registers of their values.

Values that depend on one coordinate alone are computed once, for a row or a column; only the others for every pixel.
A register is reused as soon as its value is not needed any more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from coevo.shader.expressions import ALONG_X, ALONG_Y, Canvas, Expression
from coevo.shader.instructions import Instruction
from coevo.shader.machine import COLUMN, INPUT, OPCODES, PLUGIN, ROW, SCRATCH, SHOW, Code, Frame, execute, tile

Program = Sequence[Expression]
"""The channels of a picture, in [-1, 1]: one expression for grey, three for red, green and blue."""

PADDING = ((0, 0, 0), (0, 0), (0,), ())
NOTHING = np.zeros((0, 1), np.float32)


class Plan:
    """The steps that draw programs of one canvas at one size."""

    def __init__(self, programs: Sequence[Program], height: int, width: int):
        canvas = programs[0][0].canvas
        roots = [channel.node for program in programs for channel in program]
        order = canvas.reached(roots)
        along = canvas.along
        constants = [node for node in order if node in canvas.constants]
        self.constants = np.array([canvas.constants[node] for node in constants], np.float32)
        places = {node: ~i for i, node in enumerate(constants)}
        rows = [node for node in order if along[node] == ALONG_X]
        columns = [node for node in order if along[node] == ALONG_Y]
        self.rows = self._lines(canvas, rows, places, width)
        self.columns = self._lines(canvas, columns, places, height)
        lines = {node: (ROW, i) for i, node in enumerate(rows)} | {node: (COLUMN, i) for i, node in enumerate(columns)}
        full = [node for node in order if along[node] == ALONG_X | ALONG_Y]
        self.code, self.registers = _allocated(canvas, full, roots, lines, places)

    def draw(self, shown: np.ndarray, start: int, stop: int, first: int = 0) -> None:
        """Write the pixels from start to stop, counted along the rows, into shown [P · C, pixels], which begins with
        pixel `first`."""
        if self.reads:
            raise ValueError(f"these programs read {self.reads} planes; give them to draw_from()")
        frame = Frame(self.constants, self.rows, self.columns, shown, first)
        execute(self.code, frame, arena(self.registers + SCRATCH), start, stop)

    def draw_from(self, inputs: np.ndarray, shown: np.ndarray, cells: np.ndarray | None = None) -> None:
        """Write pixels whose programs read planes (`Canvas.input`).

        Args:
            inputs: float32 [planes, height, width], contiguous.
            shown: [P · C, pixels], the output.
            cells: int64 [pixels], which pixel each is, counted along the rows; None for all, in that order.

        Raises:
            ValueError: the planes are fewer than the programs read, or not of the plan's size.
        """
        frame = self.frame(inputs, shown, cells)
        execute(self.code, frame, arena(self.registers + SCRATCH), 0, shown.shape[1])

    @cached_property
    def reads(self) -> int:
        """How many planes must be given to draw it."""
        return int(self.code.steps[self.code.steps[:, 0] == INPUT, 3].max(initial=-1)) + 1

    def frame(self, inputs: np.ndarray, shown: np.ndarray, cells: np.ndarray | None = None) -> Frame:
        """What the steps read and write. Arguments as of `draw_from`."""
        size = self.columns.shape[1], self.rows.shape[1]
        if inputs.shape[1:] != size or len(inputs) < self.reads:
            raise ValueError(f"the plan reads {self.reads} planes of {size[0]} × {size[1]} px, not {inputs.shape}")
        return Frame(self.constants, self.rows, self.columns, shown, 0, inputs, cells)

    def _lines(self, canvas: Canvas, nodes: Sequence[int], places: dict[int, int], length: int) -> np.ndarray:
        """The values of nodes along one coordinate, [len(nodes) + SCRATCH, length]."""
        values = np.empty((len(nodes) + SCRATCH, length), np.float32)
        places = places | {node: i for i, node in enumerate(nodes)}
        steps = Steps(canvas, places)
        for node in nodes:
            if canvas.instructions[node] is None:
                values[places[node]] = np.linspace(-1, 1, length, dtype=np.float32)
            else:
                steps.compute(node)
        execute(steps.code(), Frame(self.constants, NOTHING, NOTHING, NOTHING), values, 0, length)
        return values


class Steps:
    """Code under construction."""

    def __init__(self, canvas: Canvas, places: dict[int, int]):
        self.canvas, self.places = canvas, places
        self._numbers: list[int] = []
        self._plugins: dict[int, Instruction] = {}

    def compute(self, node: int) -> None:
        """Add the step that computes a node. Raises ValueError if it has more than three arguments."""
        instruction: Any = self.canvas.instructions[node]
        places = self.places
        if node in self.canvas.inputs:
            self.add(INPUT, places[node], *self.canvas.inputs[node])
            return
        arguments = [places[argument] for argument in self.canvas.arguments[node]]
        opcode = OPCODES.get(instruction.name, PLUGIN)
        if opcode == PLUGIN:
            if (many := len(arguments)) >= len(PADDING):
                raise ValueError(f"instruction {instruction.name!r} takes {many} arguments; the most are three")
            self._plugins[len(self._numbers) // 6] = instruction
        self.add(opcode, places[node], *arguments)

    def add(self, opcode: int, out: int, *arguments: int) -> None:
        self._numbers += (opcode, out, len(arguments), *arguments, *PADDING[len(arguments)])

    def code(self) -> Code:
        return Code(np.array(self._numbers, np.int32).reshape(-1, 6), self._plugins)


def _allocated(
    canvas: Canvas,
    full: Sequence[int],
    roots: Iterable[int],
    lines: dict[int, tuple[int, int]],
    places: dict[int, int],
) -> tuple[Code, int]:
    """The steps that fill a tile, and how many registers they need."""
    steps = Steps(canvas, places)
    last = {argument: node for node in full for argument in canvas.arguments[node]}
    channels: dict[int, list[int]] = {}
    for channel, node in enumerate(roots):
        channels.setdefault(node, []).append(channel)
    used = 0
    free: list[int] = []

    def taken() -> int:
        nonlocal used
        if free:
            return free.pop()
        used += 1
        return used - 1

    for node in full:
        arguments = canvas.arguments[node]
        for argument in arguments:
            if argument not in places:
                opcode, line = lines[argument]
                places[argument] = taken()
                steps.add(opcode, places[argument], line)
        places[node] = taken()
        steps.compute(node)
        for argument in {*arguments}:
            if last[argument] == node and places[argument] >= 0:
                free.append(places.pop(argument))
        for channel in channels.get(node, ()):
            steps.add(SHOW, channel, places[node])
        if node not in last:
            free.append(places.pop(node))
    for node in channels.keys() - {*full}:
        place = places.get(node, 0)
        if place >= 0:  # a line: registers are free by now
            opcode, line = lines[node]
            steps.add(opcode, 0, line)
        for channel in channels[node]:
            steps.add(SHOW, channel, place)
    return steps.code(), max(1, used)


_kept = threading.local()


def arena(count: int) -> np.ndarray:
    """Registers [count, pixels at once] of this thread, the same ones every time."""
    kept: np.ndarray = getattr(_kept, "registers", NOTHING)
    if len(kept) < count:
        kept = _kept.registers = np.empty((count, tile()), np.float32)
    return kept[:count]
