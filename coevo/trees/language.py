"""The language of programs: typed trees on DEAP, written and read as S-expressions.

    (+ (sin (* x #(3.0 5.0 2.0))) (color (bw-noise 0.2 0.7)))

A program is a DEAP tree of the types Scalar and Vector, so DEAP's own operators work on it. `coevo.shader.functions`
defines its symbols; (color s) converts a scalar to a vector and (grey v) a vector to a scalar, and the parser inserts
them where a value of the other type is written.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deap import gp

from coevo import ConfigError, DataError
from coevo.shader import Canvas, Expression
from coevo.shader.functions import Function, Value, cost, to_scalar, to_vector

MAX_NODES, MAX_DEPTH = 1000, 60  # of any program
VARIED = 0.5  # share of the constant vectors that a random program replaces by a coordinate


class Scalar:
    """The type of one number."""


class Vector:
    """The type of three numbers, such as a colour."""


def _scalar() -> float:
    return round(random.uniform(-1, 1), 4)


def _vector() -> tuple[float, ...]:
    return tuple(round(random.uniform(-1, 1), 4) for _ in range(3))


class Tree(gp.PrimitiveTree):
    """A program: its nodes in prefix order."""

    def __str__(self) -> str:
        parts: list[str] = []
        open: list[int] = []  # arguments that are missing in each open parenthesis
        for node in self:
            if node.arity:
                parts.append(f"({symbol(node)}")
                open.append(node.arity)
                continue
            parts.append(_leaf_text(node))
            while open:
                open[-1] -= 1
                if open[-1]:
                    break
                open.pop()
                parts[-1] += ")"
        return " ".join(parts)


def symbol(node: Any) -> str:
    """The name of a node in the text of a program; its type follows from its arguments."""
    name: str = node.name
    return name.removesuffix(":vector")


def _leaf_text(node: Any) -> str:
    if isinstance(node.value, tuple):
        return "#(" + " ".join(map(repr, node.value)) + ")"
    return repr(node.value) if isinstance(node.value, float) else str(node.value)


def is_constant(node: Any) -> bool:
    return node.arity == 0 and not isinstance(node.value, str)


def numbers_of(node: Any) -> tuple[float, ...]:
    """The numbers of a constant."""
    return node.value if isinstance(node.value, tuple) else (node.value,)


def _expressions(canvas: Canvas, nodes: Sequence[int]) -> Value:
    return tuple([Expression(canvas, node) for node in nodes])


def with_numbers(node: Any, rest: Iterator[float]) -> float | tuple[float, ...]:
    """The value of a constant with the next numbers in place of its own."""
    return tuple(next(rest) for _ in node.value) if isinstance(node.value, tuple) else next(rest)


COLOR, GREY = "color", "grey"


class Language:
    """A set of functions as DEAP's primitives, with constants and the two conversions.

    Args:
        functions: by name.
        colour: programs return a Vector, else a Scalar.

    Raises:
        ConfigError: no function is a coordinate.
    """

    def __init__(self, functions: Mapping[str, Function], colour: bool = True):
        self.functions = dict(functions)
        self.root: type = Vector if colour else Scalar
        self.pset = gp.PrimitiveSetTyped("coevo", [], self.root)
        self.pset.addEphemeralConstant("scalar", _scalar, Scalar)
        self.pset.addEphemeralConstant("vector-constant", _vector, Vector)
        self.pset.addPrimitive(to_vector, [Scalar], Vector, COLOR)
        self.pset.addPrimitive(to_scalar, [Vector], Scalar, GREY)
        self._meanings: dict[str, Function] = {}  # by the name of the primitive
        for function in functions.values():
            self._add(function)

        self.coordinates = [
            self.pset.mapping[f.name] for f in functions.values() if not f.takes and f.gives == "scalar"
        ]
        if not self.coordinates:
            raise ConfigError(
                "A function set without x, y, r or theta makes plain colours only; add one to artist.functions."
            )

    def _add(self, function: Function) -> None:
        types = {"scalar": Scalar, "vector": Vector}
        self._meanings |= {function.name: function, f"{function.name}:vector": function}
        if not function.takes:
            self.pset.addTerminal(function, types[function.gives], function.name)
            return
        for name, any in ((function.name, Scalar), (f"{function.name}:vector", Vector)):
            takes = [types.get(type, any) for type in function.takes]
            self.pset.addPrimitive(function, takes, types.get(function.gives, any), name)
            if "any" not in function.takes:
                break

    def constant(self, value: float | tuple[float, ...]) -> Any:
        kind = self.pset.mapping["vector-constant" if isinstance(value, tuple) else "scalar"]
        node = kind.__new__(kind)
        node.value = value
        return node

    def random_program(self, type: type, low: int, high: int) -> Tree:
        """A random program of a type whose depth is between `low` and `high` (ramped half-and-half, Koza 1992).

        Coordinates replace some of the constant vectors, so that colours vary over the picture.
        """
        nodes = []
        for node in gp.genHalfAndHalf(self.pset, low, high, type):
            varied = is_constant(node) and node.ret is Vector and random.random() < VARIED
            nodes += [self.pset.mapping[COLOR], random.choice(self.coordinates)] if varied else [node]
        return Tree(nodes)

    def value(self, tree: Sequence[Any], canvas: Canvas, numbers: Sequence[Expression] | None = None) -> Value:
        """The expressions of a program on a canvas; `numbers` replace those of its constants, in their order.

        Raises:
            TooSlow: it takes more instructions than the canvas allows.
        """
        stack: list[tuple[int, ...]] = []  # nodes of the canvas
        rest = list(numbers) if numbers is not None else None
        for node in reversed(tree):
            if is_constant(node):
                own = numbers_of(node)
                given = [canvas.constant(number) for number in own] if rest is None else rest[-len(own) :]
                if rest is not None:
                    del rest[-len(own) :]
                stack.append(tuple([number.node for number in given]))
            else:
                arguments = [stack.pop() for _ in range(node.arity)]
                call = (self, node.name, *arguments)
                if call not in canvas.calls:  # compiled once for all individuals
                    value = self._call(canvas, node.name, arguments)
                    canvas.calls[call] = tuple([number.node for number in value])
                stack.append(canvas.calls[call])
        return _expressions(canvas, stack[0])

    def _call(self, canvas: Canvas, name: str, arguments: Sequence[tuple[int, ...]]) -> Value:
        values = [_expressions(canvas, nodes) for nodes in arguments]
        if name == COLOR:
            return to_vector(values[0])
        if name == GREY:
            return (to_scalar(values[0]),)
        return self._meanings[name](canvas, *values)

    def cost(self, tree: Sequence[Any]) -> int:
        """An upper estimate of a program's instructions, without compiling it: equal parts count as often as they
        occur, and an argument counts as often as it is read, by a blur nine times."""
        stack: list[int] = []
        for node in reversed(tree):
            if not node.arity:
                stack.append(0)
            elif node.name not in (COLOR, GREY):
                own, reads = self._cost(node.name)
                stack.append(own + sum([times * stack.pop() for times in reads]))
        return stack[0]

    def _cost(self, primitive: str) -> tuple[int, tuple[int, ...]]:
        own, reads = cost(self._meanings[primitive])
        return own * 3 if primitive.endswith(":vector") else own, reads

    # parsing

    def parse(self, text: str) -> Tree:
        """The program that a text is. Raises DataError, with the reason, if it is not a program of this language."""
        tokens = re.findall(r"#\(|[()]|[^\s()]+", text)
        if len(tokens) > 4 * MAX_NODES:
            raise DataError(f"A program may have {4 * MAX_NODES:,} words at most, and this one has {len(tokens):,}.")
        tree, rest = self._read(tokens, 0, 0, text)
        if rest != len(tokens):
            raise _wrong(text, f"{tokens[rest]!r} follows its end")
        if len(tree) > MAX_NODES:
            raise _wrong(text, f"it has {len(tree)} nodes, more than {MAX_NODES}")
        return Tree(self._coerced(tree, self.root))

    def _read(self, tokens: Sequence[str], at: int, depth: int, text: str) -> tuple[list[Any], int]:
        if at == len(tokens):
            raise _wrong(text, "it ends too early")
        if depth > MAX_DEPTH:
            raise _wrong(text, f"it is nested more than {MAX_DEPTH} deep")
        if tokens[at] == "#(":
            numbers = tuple(_number(token, text) for token in tokens[at + 1 : at + 4])
            if len(numbers) < 3 or tokens[at + 4 : at + 5] != [")"]:
                raise _wrong(text, "a vector is written #(0.1 0.2 0.3)")
            return [self.constant(numbers)], at + 5
        if tokens[at] != "(":
            return [self._leaf(tokens[at], text)], at + 1
        arguments: list[list[Any]] = []
        name, at = tokens[at + 1] if at + 1 < len(tokens) else "", at + 2
        while at < len(tokens) and tokens[at] != ")":
            argument, at = self._read(tokens, at, depth + 1, text)
            arguments.append(argument)
        if at == len(tokens):
            raise _wrong(text, "a parenthesis is not closed")
        return self._node(name, arguments, text), at + 1

    def _leaf(self, token: str, text: str) -> Any:
        function = self.functions.get(token)
        if function is not None and not function.takes:
            return self.pset.mapping[token]
        return self.constant(_number(token, text))

    def _node(self, name: str, arguments: list[list[Any]], text: str) -> list[Any]:
        known = name in (COLOR, GREY) or (name in self.functions and self.functions[name].takes)
        if not known:
            raise _wrong(text, f"it calls {name!r}, which is not a function of this set")
        plain = self.pset.mapping[name]
        if len(arguments) != plain.arity:
            raise _wrong(text, f"{name!r} takes {plain.arity} arguments, not {len(arguments)}")
        function = self.functions.get(name)
        free = [a for a, t in zip(arguments, function.takes, strict=True) if t == "any"] if function else []
        primitive = self.pset.mapping[f"{name}:vector"] if any(a[0].ret is Vector for a in free) else plain
        nodes = [primitive]
        for argument, type in zip(arguments, primitive.args, strict=True):
            nodes += self._coerced(argument, type)
        return nodes

    def _coerced(self, tree: list[Any], type: type) -> list[Any]:
        if tree[0].ret is type:
            return tree
        return [self.pset.mapping[COLOR if type is Vector else GREY], *tree]


def _number(token: str, text: str) -> float:
    try:
        number = float(token)
    except ValueError:
        raise _wrong(text, f"{token!r} is neither a number nor a name of this set") from None
    if not abs(number) < 1e30:
        raise _wrong(text, f"{token} is not a number that a picture can use")
    return number


def _wrong(text: str, why: str) -> DataError:
    return DataError(f"{text[:60]!r}{'…' * (len(text) > 60)} is not a program: {why}.")
