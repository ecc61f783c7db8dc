"""Expressions over the coordinates of a picture, as a graph in which equal parts are one node.

A part that occurs twice, in one program or in two individuals of a population, is computed once. Moving a part over the
picture (warps, blurs, gradients) means substituting other coordinates for x and y, so every program is pointwise: it
has no resolution, and a tile needs nothing of its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import c_float
from typing import Any, Union

import numpy as np

from coevo.errors import CoevoError
from coevo.shader import instructions as its
from coevo.shader.instructions import Instruction
from coevo.shader.machine import folded

Number = Union["Expression", float]

ALONG_X, ALONG_Y = 1, 2


class TooSlow(CoevoError):
    """A program takes more instructions than its canvas allows."""


def too_slow(limit: int) -> TooSlow:
    return TooSlow(f"A program takes more than {limit:,} instructions; nest blurs, warps and noise less deeply.")


class Canvas:
    """The nodes of all expressions over one pair of coordinates.

    x runs from -1 at the left to 1 at the right edge, y from -1 at the top to 1 at the bottom.

    Args:
        limit: the most nodes, or None; more raise TooSlow.

    Example:
        >>> from coevo.shader import Canvas, render
        >>> canvas = Canvas()
        >>> rings = (canvas.r * 20).sin()
        >>> render([(rings,)], height=64, width=64).shape
        (1, 1, 64, 64)
    """

    def __init__(self, limit: int | None = None):
        self.limit = limit
        self.instructions: list[Instruction | None] = [None, None]  # of each node; None for x, y and constants
        self.arguments: list[tuple[int, ...]] = [(), ()]
        self.constants: dict[int, float] = {}  # in float32 precision
        self.parameters: dict[int, int] = {}  # index by node
        self.inputs: dict[int, tuple[int, int, int]] = {}  # plane, and how far right and below, by node
        self.along: list[int] = [ALONG_X, ALONG_Y]  # which coordinates a node depends on
        self.calls: dict[object, tuple[int, ...]] = {}  # of languages: the nodes of a call, by the call
        self._known: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self.arguments)

    @property
    def x(self) -> Expression:
        return Expression(self, 0)  # not kept: a canvas and its expression would be a cycle, and stay in memory

    @property
    def y(self) -> Expression:
        return Expression(self, 1)

    @property
    def r(self) -> Expression:
        """Distance from the centre."""
        return (self.x * self.x + self.y * self.y).root()

    @property
    def theta(self) -> Expression:
        """Angle about the centre, in turns from -1 to 1."""
        return self.y.angle(self.x) * (1 / np.pi)

    def constant(self, value: float) -> Expression:
        return Expression(self, self._constant(value))

    def parameter(self, index: int) -> Expression:
        """A number that is given when programs are drawn, and may be learned (`render_on`)."""
        key = ("parameter", index)
        if key not in self._known:
            self._known[key] = self._node(None, (), 0)
            self.parameters[self._known[key]] = index
        return Expression(self, self._known[key])

    def input(self, plane: int, right: int = 0, below: int = 0) -> Expression:
        """The value of a plane that is given when programs are drawn (`Plan.draw_from`), read at another pixel.

        Args:
            plane: its number.
            right, below: how many pixels away; a plane is a torus. It stays where it is when expressions are moved.
        """
        key = ("input", plane, right, below)
        if key not in self._known:
            self._known[key] = self._node(None, (), ALONG_X | ALONG_Y)
            self.inputs[self._known[key]] = (plane, right, below)
        return Expression(self, self._known[key])

    def wrap(self, value: Number) -> Expression:
        return value if isinstance(value, Expression) else self.constant(value)

    def apply(self, instruction: Instruction, *arguments: Number) -> Expression:
        """The value of an instruction, simplified if that is exact. Raises TooSlow beyond the limit."""
        nodes = tuple([a.node if type(a) is Expression else self._constant(a) for a in arguments])  # type: ignore[arg-type]
        return Expression(self, self._applied(instruction, nodes))

    def _applied(self, instruction: Instruction, nodes: tuple[int, ...]) -> int:
        if instruction.commutes and nodes[0] > nodes[1]:
            nodes = nodes[::-1]
        key = (instruction.name, nodes)
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = self._simplified(instruction, nodes)
        return node

    def moved(self, expressions: Iterable[Expression], x: Number, y: Number) -> list[Expression]:
        """The expressions with other coordinates substituted for x and y."""
        to = {0: self.wrap(x).node, 1: self.wrap(y).node}
        moving = (to[0] != 0) * ALONG_X | (to[1] != 1) * ALONG_Y
        return [Expression(self, self._moved(e.node, to, moving)) for e in expressions]

    def reached(self, roots: Iterable[int]) -> list[int]:
        """The nodes from which these are computed, themselves included, in the order in which they were made: a node
        comes after its arguments, and the nodes of a program are together."""
        arguments = self.arguments
        stack = list(roots)
        seen = set(stack)
        while stack:
            for argument in arguments[stack.pop()]:
                if argument not in seen:
                    seen.add(argument)
                    stack.append(argument)
        return sorted(seen)

    def _moved(self, root: int, to: dict[int, int], moving: int) -> int:
        for node in self.reached([root]):
            if node in to:
                continue
            if not self.along[node] & moving or node in self.inputs:
                to[node] = node
                continue
            instruction: Any = self.instructions[node]  # neither x, y nor a constant
            to[node] = self._applied(instruction, tuple([to[a] for a in self.arguments[node]]))
        return to[root]

    def _constant(self, value: float) -> int:
        key = value or repr(float(value))  # 0 and -0 differ
        node = self._known.get(key)
        if node is None:
            rounded = c_float(value).value
            node = self._known.get(rounded or repr(rounded))
            if node is None:
                node = self._known[rounded or repr(rounded)] = self._node(None, (), 0)
                self.constants[node] = rounded
            self._known[key] = node
        return node

    def _simplified(self, instruction: Instruction, nodes: tuple[int, ...]) -> int:
        along = 0
        varies = True  # every argument varies over the picture
        for node in nodes:
            its_along = self.along[node]
            along |= its_along
            varies = varies and its_along > 0
        if not varies:
            constants = self.constants
            if not along and all(node in constants for node in nodes):
                return self._constant(folded(instruction, [constants[node] for node in nodes]))
            if len(nodes) == 2:
                a, b = nodes
                if instruction is its.ADD:
                    if constants.get(a) == 0 or constants.get(b) == 0:
                        return b if constants.get(a) == 0 else a
                elif instruction is its.MULTIPLY:
                    if constants.get(a) == 1 or constants.get(b) == 1:
                        return b if constants.get(a) == 1 else a
                elif instruction is its.SUBTRACT and constants.get(b) == 0:
                    return a
        if (instruction is its.MINIMUM or instruction is its.MAXIMUM) and nodes[0] == nodes[1]:
            return nodes[0]
        if instruction is its.SELECT and nodes[1] == nodes[2]:
            return nodes[1]
        return self._node(instruction, nodes, along)

    def _node(self, instruction: Instruction | None, arguments: tuple[int, ...], along: int) -> int:
        if self.limit is not None and len(self.arguments) >= self.limit:
            raise too_slow(self.limit)
        self.instructions.append(instruction)
        self.arguments.append(arguments)
        self.along.append(along)
        return len(self.arguments) - 1


class Expression:
    """A value at every point of a canvas; + - * / and the methods build further ones."""

    __slots__ = ("canvas", "node")

    def __init__(self, canvas: Canvas, node: int):
        self.canvas, self.node = canvas, node

    def __add__(self, other: Number) -> Expression:
        return self.canvas.apply(its.ADD, self, other)

    __radd__ = __add__

    def __mul__(self, other: Number) -> Expression:
        return self.canvas.apply(its.MULTIPLY, self, other)

    __rmul__ = __mul__

    def __sub__(self, other: Number) -> Expression:
        return self.canvas.apply(its.SUBTRACT, self, other)

    def __rsub__(self, other: Number) -> Expression:
        return self.canvas.apply(its.SUBTRACT, other, self)

    def __truediv__(self, other: Number) -> Expression:
        return self.canvas.apply(its.DIVIDE, self, other)

    def __rtruediv__(self, other: Number) -> Expression:
        return self.canvas.apply(its.DIVIDE, other, self)

    def __neg__(self) -> Expression:
        return self.canvas.apply(its.NEGATE, self)

    def __abs__(self) -> Expression:
        return self.canvas.apply(its.ABSOLUTE, self)

    def __mod__(self, other: Number) -> Expression:
        """The remainder of floored division; not a number if the divisor is 0."""
        return self - (self / other).floor() * other

    def scaled(self, scale: Number, plus: Number) -> Expression:
        """self * scale + plus, in one instruction: a term of a weighted sum."""
        return self.canvas.apply(its.MULTIPLY_ADD, self, scale, plus)

    def floor(self) -> Expression:
        return self.canvas.apply(its.FLOOR, self)

    def round(self) -> Expression:
        return self.canvas.apply(its.ROUND, self)

    def root(self) -> Expression:
        """√|self|."""
        return self.canvas.apply(its.ROOT, self)

    def exp(self) -> Expression:
        return self.canvas.apply(its.EXP, self)

    def log(self) -> Expression:
        """ln |self|."""
        return self.canvas.apply(its.LOG, self)

    def power(self, other: Number) -> Expression:
        """|self| to the power of the other."""
        return self.canvas.apply(its.POWER, self, other)

    def sin(self) -> Expression:
        return self.canvas.apply(its.SIN, self)

    def cos(self) -> Expression:
        return self.canvas.apply(its.COS, self)

    def tanh(self) -> Expression:
        return self.canvas.apply(its.TANH, self)

    def angle(self, x: Number) -> Expression:
        """The angle of the point (x, self), in radians."""
        return self.canvas.apply(its.ANGLE, self, x)

    def minimum(self, other: Number) -> Expression:
        return self.canvas.apply(its.MINIMUM, self, other)

    def maximum(self, other: Number) -> Expression:
        return self.canvas.apply(its.MAXIMUM, self, other)

    def clip(self, low: Number, high: Number) -> Expression:
        return self.maximum(low).minimum(high)

    def __lt__(self, other: Number) -> Expression:
        """1 where self is less, else 0."""
        return self.canvas.apply(its.LESS, self, other)

    def __gt__(self, other: Number) -> Expression:
        return self.canvas.apply(its.LESS, other, self)

    def select(self, then: Number, otherwise: Number) -> Expression:
        """`then` where self is above 0, else `otherwise`."""
        return self.canvas.apply(its.SELECT, self, then, otherwise)

    def moved(self, x: Number, y: Number) -> Expression:
        """The value at other coordinates."""
        return self.canvas.moved([self], x, y)[0]
