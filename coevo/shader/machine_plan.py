"""Plans that machine code made (`coevo/native/plan.c`)."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from coevo.native import native
from coevo.shader.instructions import Instruction
from coevo.shader.machine import PLUGIN, SCRATCH, Code, Frame, execute
from coevo.shader.plan import NOTHING, Plan

STEP = 24  # bytes


class _Found(ctypes.Structure):
    """`Plan` in graph.h."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("step_count", "row_step_count", "column_step_count", "constant_count")),
        *((name, ctypes.c_int64) for name in ("rows", "columns", "registers", "x", "y")),
        *((name, ctypes.c_void_p) for name in ("steps", "row_steps", "column_steps", "constants")),
    ]


class MachinePlan(Plan):
    """A plan of machine code's, at one size.

    Args:
        made: where it is; it is freed.
        height, width: in pixels.
        instructions: of plugins, in the order of their opcodes.
    """

    def __init__(self, made: ctypes.c_void_p, height: int, width: int, instructions: Sequence[Instruction] = ()):
        library = native()
        assert library is not None and made.value is not None
        try:
            found = _Found.from_address(made.value)
            self.constants = np.frombuffer(ctypes.string_at(found.constants, found.constant_count * 4), np.float32)
            self.code = _code(found.steps, found.step_count, instructions)
            self.registers = found.registers
            rows = _code(found.row_steps, found.row_step_count, instructions)
            columns = _code(found.column_steps, found.column_step_count, instructions)
            counts = (found.rows, found.x), (found.columns, found.y)
        finally:
            library.coevo_free_plan(made)
        self.rows = self._values(rows, *counts[0], width)
        self.columns = self._values(columns, *counts[1], height)

    def _values(self, code: Code, count: int, coordinate: int, length: int) -> np.ndarray:
        """The values of lines, [count + SCRATCH, length]."""
        values = np.empty((count + SCRATCH, length), np.float32)
        if coordinate >= 0:
            values[coordinate] = _coordinate(length)
        execute(code, Frame(self.constants, NOTHING, NOTHING, NOTHING), values, 0, length)
        return values


@lru_cache(16)
def _coordinate(length: int) -> np.ndarray:
    return np.linspace(-1, 1, length, dtype=np.float32)


def _code(steps: int, count: int, instructions: Sequence[Instruction]) -> Code:
    found = np.frombuffer(ctypes.string_at(steps, count * STEP), np.int32).reshape(-1, 6)
    if not instructions:
        return Code(found, {})
    plugins = np.flatnonzero(found[:, 0] >= PLUGIN)
    code = Code(found.copy(), {int(step): instructions[found[step, 0] - PLUGIN] for step in plugins})
    code.steps[plugins, 0] = PLUGIN
    return code
