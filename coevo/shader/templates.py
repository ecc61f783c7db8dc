"""Templates: what functions mean, traced once, so that machine code builds their expressions for whole populations."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from coevo.native import address
from coevo.shader.expressions import ALONG_X, ALONG_Y, Canvas, Expression, Number
from coevo.shader.functions import Value
from coevo.shader.instructions import Instruction
from coevo.shader.machine import OPCODES, PLUGIN

WIDTHS = (1, 3)  # of a scalar and of a vector, in expressions
CONSTANT, X, Y, ARGUMENT, MOVED, INPUT = range(-1, -7, -1)  # steps beside instructions, as in graph.h


class Primitive(NamedTuple):
    """A function of fixed types.

    Args:
        name: for messages.
        meaning: (canvas, *arguments) → value; a value is one expression or three, in a tuple. It must not depend on
            what its arguments are, only on their values.
        takes: of each argument, how many expressions it is: 1 or 3.
        gives: of the result.
    """

    name: str
    meaning: Callable[..., Value]
    takes: tuple[int, ...]
    gives: int


class _Arrays(ctypes.Structure):
    """`Templates` in graph.h."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("first", "outputs_first", "widths_first")),
        *((name, ctypes.c_void_p) for name in ("steps", "outputs", "widths", "constants")),
        ("functions", ctypes.c_int64),
    ]


class Templates:
    """Traced functions.

    Args:
        primitives: the functions, which are numbered in this order.

    Attributes:
        instructions: those of plugins, whose opcodes begin with PLUGIN.
        arrays: `Templates` of graph.h, for machine code.
    """

    def __init__(self, primitives: Iterable[Primitive]):
        self.primitives = tuple(primitives)
        self.instructions: list[Instruction] = []
        self._opcodes = dict(OPCODES)
        self._constants: list[float] = []
        steps: list[Sequence[int]] = []
        outputs: list[int] = []
        widths: list[int] = []
        ends: list[tuple[int, int, int]] = [(0, 0, 0)]
        for primitive in self.primitives:
            its_steps, its_outputs = self._traced(primitive)
            steps += its_steps
            outputs += its_outputs
            widths += primitive.takes
            ends.append((len(steps), len(outputs), len(widths)))
        self._kept = [
            *np.array(ends, np.int64).T.copy(),
            np.array(steps, np.int32).reshape(-1, 5),
            *(np.array(numbers, np.int32) for numbers in (outputs, widths)),
            np.array(self._constants, np.float64),
        ]
        self.arrays = _Arrays(*map(address, self._kept), len(self.primitives))

    def _traced(self, primitive: Primitive) -> tuple[list[tuple[int, ...]], list[int]]:
        """The steps of a function, and which of them are its value."""
        canvas = _Tracer()
        wrong = [width for width in (*primitive.takes, primitive.gives) if width not in WIDTHS]
        if wrong:
            raise ValueError(f"{primitive.name!r} has a value of {wrong[0]} expressions; a value is one or three")
        arguments = [tuple(canvas.argument() for _ in range(width)) for width in primitive.takes]
        value = primitive.meaning(canvas, *arguments)
        if len(value) != primitive.gives:
            raise ValueError(f"{primitive.name!r} should give {primitive.gives} expressions and gives {len(value)}")
        places: dict[int, int] = {}
        steps = []
        for node in canvas.reached(number.node for number in value):
            places[node] = len(places)
            steps.append(self._step(canvas, node, places))
        return steps, [places[number.node] for number in value]

    def _step(self, canvas: _Tracer, node: int, places: dict[int, int]) -> tuple[int, ...]:
        if node < 2:
            return (Y if node else X, 0, 0, 0, 0)
        if node in canvas.inputs:
            return (INPUT, 0, *canvas.inputs[node])
        if node in canvas.placeholders:
            return (ARGUMENT, 0, canvas.placeholders[node], 0, 0)
        if node in canvas.constants:
            self._constants.append(canvas.constants[node])
            return (CONSTANT, 0, len(self._constants) - 1, 0, 0)
        instruction = canvas.instructions[node]
        assert instruction is not None  # of parameters alone, which a function has not
        arguments = [places[argument] for argument in canvas.arguments[node]]
        if len(arguments) > 3:
            raise ValueError(f"instruction {instruction.name!r} takes {len(arguments)} arguments; the most are three")
        opcode = MOVED if instruction is MOVE else self._opcode(instruction)
        return (opcode, len(arguments), *arguments, *[0] * (3 - len(arguments)))

    def _opcode(self, instruction: Instruction) -> int:
        if instruction.name not in self._opcodes:
            self._opcodes[instruction.name] = PLUGIN + len(self.instructions)
            self.instructions.append(instruction)
        return self._opcodes[instruction.name]


def _not_executed(*arguments: object) -> None:
    raise AssertionError("a trace is not executed")


MOVE = Instruction("moved", _not_executed, _not_executed)  # type: ignore[arg-type]


class _Tracer(Canvas):
    """A canvas that simplifies nothing, for the arguments of a function are not known yet."""

    def __init__(self) -> None:
        super().__init__()
        self.placeholders: dict[int, int] = {}

    def argument(self) -> Expression:
        node = self._node(None, (), ALONG_X | ALONG_Y)
        self.placeholders[node] = len(self.placeholders)
        return Expression(self, node)

    def moved(self, expressions: Iterable[Expression], x: Number, y: Number) -> list[Expression]:
        return [self.apply(MOVE, expression, x, y) for expression in expressions]

    def _simplified(self, instruction: Instruction, nodes: tuple[int, ...]) -> int:
        return self._node(instruction, nodes, ALONG_X | ALONG_Y)
