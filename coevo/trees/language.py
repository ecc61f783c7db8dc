"""The language of programs: declared as DEAP's typed primitive sets, written and read as S-expressions.

    (+ (sin (* x #(3.0 5.0 2.0))) (color (bw-noise 0.2 0.7)))

A program is a tree of the types Scalar and Vector. `coevo.shader.functions` defines its symbols; (color s) converts a
scalar to a vector and (grey v) a vector to a scalar, and the parser inserts them where a value of the other type is
written. Populations are arrays (`Tree`); DEAP's trees convert to them and back without loss, so DEAP's own operators
work on programs too.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from deap import gp

from coevo.errors import ConfigError
from coevo.shader import Canvas, Expression
from coevo.shader.functions import Function, Value, cost, to_scalar, to_vector
from coevo.shader.parts import Part
from coevo.shader.templates import Primitive
from coevo.trees import machine
from coevo.trees.grammar import Grammar, Rule
from coevo.trees.text import parse, text_of
from coevo.trees.tree import FIRST, NUMBERS, SCALAR, VECTOR, Node, Tree
from coevo.trees.variation import Bounds

MAX_NODES = 1000  # of any program
ANY_SIZE = Bounds(MAX_NODES, 2**39)
COLOR, GREY = "color", "grey"


class Scalar:
    """The type of one number."""


class Vector:
    """The type of three numbers, such as a colour."""


TYPES = (Scalar, Vector)


def _scalar() -> float:
    return round(random.uniform(-1, 1), 4)


def _vector() -> tuple[float, ...]:
    return tuple(round(random.uniform(-1, 1), 4) for _ in range(3))


class Language:
    """A set of functions as DEAP's primitives, with constants and the two conversions.

    Args:
        functions: by name.
        colour: programs return a Vector, else a Scalar.

    Attributes:
        pset: DEAP's primitive set.
        grammar: the same for variation. The codes of trees are those of its rules.

    Raises:
        ConfigError: no function is a coordinate.

    Example:
        >>> from coevo.shader.functions import ARITHMETIC
        >>> language = Language(ARITHMETIC)
        >>> tree = language.parse("(+ x #(1 0 0))")
        >>> language.text(tree)
        '(+ (color x) #(1.0 0.0 0.0))'
        >>> language.from_deap(language.to_deap(tree)) == tree
        True
    """

    def __init__(self, functions: Mapping[str, Function], colour: bool = True):
        self.functions = dict(functions)
        self.root = VECTOR if colour else SCALAR
        self.pset = gp.PrimitiveSetTyped("coevo", [], TYPES[self.root])
        self._meanings: dict[str, Function] = {}  # by the name of the primitive
        self._declare()
        coordinates = [f.name for f in functions.values() if not f.takes and f.gives == "scalar"]
        if not coordinates:
            raise ConfigError(
                "A function set without x, y, r or theta makes plain colours only; add one to artist.functions."
            )
        self._codes = {kind.name: code for code, kind in enumerate(self._kinds)}
        self.grammar = Grammar(
            [self._rule(kind) for kind in self._kinds],
            self._codes[COLOR],
            [self._codes[name] for name in coordinates],
            self.pset.terminalRatio,
        )

    # the primitive set

    def _declare(self) -> None:
        self.pset.addEphemeralConstant("scalar", _scalar, Scalar)
        self.pset.addEphemeralConstant("vector-constant", _vector, Vector)
        self._kinds: list[Any] = [self.pset.mapping[name] for name in ("scalar", "vector-constant")]  # by code
        self._primitive(to_vector, [Scalar], Vector, COLOR)
        self._primitive(to_scalar, [Vector], Scalar, GREY)
        for function in self.functions.values():
            self._add(function)

    def _add(self, function: Function) -> None:
        types = {"scalar": Scalar, "vector": Vector}
        self._meanings |= {function.name: function, f"{function.name}:vector": function}
        if not function.takes:
            self.pset.addTerminal(function, types[function.gives], function.name)
            self._kinds.append(self.pset.mapping[function.name])
            return
        for name, any in ((function.name, Scalar), (f"{function.name}:vector", Vector)):
            takes = [types.get(type, any) for type in function.takes]
            self._primitive(function, takes, types.get(function.gives, any), name)
            if "any" not in function.takes:
                break

    def _primitive(self, meaning: Any, takes: Sequence[type], gives: type, name: str) -> None:
        self.pset.addPrimitive(meaning, takes, gives, name)
        self._kinds.append(self.pset.mapping[name])

    def _rule(self, kind: Any) -> Rule:
        own, reads = self._cost(kind.name)
        takes = tuple([TYPES.index(type) for type in getattr(kind, "args", ())])
        return Rule(kind.name.removesuffix(":vector"), TYPES.index(kind.ret), takes, own, reads)

    def _cost(self, name: str) -> tuple[int, tuple[int, ...]]:
        if name in (COLOR, GREY):
            return 0, (1,)
        function = self._meanings.get(name)
        if function is None or not function.takes:
            return 0, ()
        own, reads = cost(function)
        return own * 3 if name.endswith(":vector") else own, reads

    # meaning

    @cached_property
    def primitives(self) -> list[Primitive]:
        """What the codes of primitives mean, from the first on."""
        return [
            Primitive(name, self._meaning(name), tuple([NUMBERS[its] for its in rule.takes]), NUMBERS[rule.gives])
            for name, rule in zip(list(self._codes)[FIRST:], self.grammar.rules[FIRST:], strict=True)
        ]

    def _meaning(self, name: str) -> Any:
        if name == COLOR:
            return lambda canvas, value: to_vector(value)
        if name == GREY:
            return lambda canvas, value: (to_scalar(value),)
        return self._meanings[name]

    def value(self, tree: Tree, canvas: Canvas, numbers: Sequence[Expression] | None = None) -> Value:
        """The expressions of a program on a canvas; `numbers` replace those of its constants, in their order.

        Raises:
            TooSlow: it takes more instructions than the canvas allows.
        """
        return self.parts(tree, canvas, numbers)[-1].value

    def parts(self, tree: Tree, canvas: Canvas, numbers: Sequence[Expression] | None = None) -> list[Part]:
        """The nodes of a program, each after its arguments; the last is the program. Arguments as of `value`."""
        own = [canvas.constant(number) for number in tree.numbers.tolist()] if numbers is None else list(numbers)
        left = len(own)
        found: list[Part] = []
        stack: list[int] = []  # the parts that wait for the function which takes them
        for code in reversed(tree.codes.tolist()):
            if code < FIRST:
                places = tuple(range(left - NUMBERS[code], left))
                left -= len(places)
                found.append(Part("constant", tuple([own[place] for place in places]), (), places))
            else:
                primitive = self.primitives[code - FIRST]
                reads = tuple([stack.pop() for _ in primitive.takes])
                found.append(
                    Part(
                        primitive.name.removesuffix(":vector"),
                        self._called(canvas, primitive, [found[i].value for i in reads]),
                        reads,
                    )
                )
            stack.append(len(found) - 1)
        return found

    def _called(self, canvas: Canvas, primitive: Primitive, arguments: Sequence[Value]) -> Value:
        """A function's value, which is compiled once for all individuals of a canvas."""
        call = (self, primitive.name, *[tuple([number.node for number in its]) for its in arguments])
        if call not in canvas.calls:
            canvas.calls[call] = tuple([number.node for number in primitive.meaning(canvas, *arguments)])
        return _expressions(canvas, canvas.calls[call])

    def price(self, tree: Tree) -> int:
        """An upper estimate of a program's instructions (`Grammar.price`)."""
        return self.grammar.price(tree.codes.tolist())

    # DEAP's trees

    def constant(self, numbers: Sequence[float]) -> Any:
        """DEAP's terminal of one number, or of three."""
        kind = self._kinds[NUMBERS.index(len(numbers))]
        node = kind.__new__(kind)
        node.value = numbers[0] if len(numbers) == 1 else tuple(numbers)
        return node

    def to_deap(self, tree: Tree) -> gp.PrimitiveTree:
        """A tree of `pset`."""
        return gp.PrimitiveTree(
            [self._kinds[code] if code >= FIRST else self.constant(numbers) for code, numbers in tree.nodes()]
        )

    def from_deap(self, nodes: Iterable[Any]) -> Tree:
        """The tree of DEAP's nodes in prefix order."""
        return Tree.of([self._node(node) for node in nodes])

    def _node(self, node: Any) -> Node:
        if isinstance(node, self._kinds[VECTOR]):
            return VECTOR, node.value
        return (SCALAR, (node.value,)) if isinstance(node, self._kinds[SCALAR]) else (self._codes[node.name], ())

    # text, and random programs

    def parse(self, text: str) -> Tree:
        """The program that a text is. Raises DataError, with the reason, if it is not a program of this language."""
        return Tree.of(parse(self.grammar, self.root, text, MAX_NODES))

    def text(self, tree: Tree) -> str:
        """The text of a program, of which `parse` makes an equal one."""
        return self.texts([tree])[0]

    def texts(self, trees: Sequence[Tree]) -> list[str]:
        written = machine.write(self.grammar, trees)
        return [
            text_of(self.grammar, tree) if text is None else text for text, tree in zip(written, trees, strict=True)
        ]

    def random_program(self, type: int, low: int, high: int) -> Tree:
        """A random program of a type, SCALAR or VECTOR, whose depth is between `low` and `high`, by Python's global
        stream (`variation.grown`)."""
        return machine.grow(self.grammar, [random.getrandbits(64)], type, low, high, ANY_SIZE)[0]


def _expressions(canvas: Canvas, nodes: Sequence[int]) -> Value:
    return tuple([Expression(canvas, node) for node in nodes])
