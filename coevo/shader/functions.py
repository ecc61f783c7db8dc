"""The functions that programs are written in: those of Sims (1991), each defined by expressions.

A value is a scalar, one expression, or a vector, three of them. Functions that take "any" work component by component:
if one argument is a vector, so is the result, and scalars stand for vectors of equal components. Plugins offer sets of
functions by the hook `coevo_functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from math import pi
from typing import Any, Literal

from coevo.errors import ConfigError, unknown
from coevo.plugin.registry import registry
from coevo.shader import instructions as its
from coevo.shader.expressions import Canvas, Expression, Number

Type = Literal["scalar", "vector", "any"]
Value = tuple[Expression, ...]
"""One expression, or three."""

STEP = 1 / 64
"""The step of finite differences, in units of the picture: 1/128 of its width."""


@dataclass(frozen=True)
class Function:
    """A function of the language of programs.

    Args:
        name: its name in programs.
        takes, gives: the types of its arguments and of its result.
        meaning: (canvas, *arguments) → expressions. An argument of type "scalar" is an Expression, any other a Value;
            if the function takes and gives only "any" they are Expressions, and it is called for each component.
    """

    name: str
    takes: tuple[Type, ...]
    gives: Type
    meaning: Callable[..., Any]

    @cached_property
    def pointwise(self) -> bool:
        return bool(self.takes) and {*self.takes, self.gives} == {"any"}

    def __call__(self, canvas: Canvas, *arguments: Value) -> Value:
        """The value of the function. Raises TypeError if the number of arguments is wrong."""
        if len(arguments) != len(self.takes):
            raise TypeError(f"{self.name!r} takes {len(self.takes)} arguments, not {len(arguments)}")
        if self.pointwise:
            if all(len(a) == 1 for a in arguments):
                return (self.meaning(canvas, *[a[0] for a in arguments]),)
            wide = [to_vector(a) for a in arguments]
            if all(a[0].node == a[1].node == a[2].node for a in wide):  # greys
                return (self.meaning(canvas, *[a[0] for a in wide]),) * 3
            return tuple([self.meaning(canvas, *numbers) for numbers in zip(*wide, strict=True)])
        given = self.meaning(canvas, *(converted(a, type) for a, type in zip(arguments, self.takes, strict=True)))
        return (given,) if isinstance(given, Expression) else tuple(given)


@cache
def cost(function: Function) -> tuple[int, tuple[int, ...]]:
    """Estimated cost of a function: instructions of its own, and how many times it reads each argument.

    It is measured: with arguments of one instruction, and of several. Noise counts as many.
    """
    own = _cost(function, None)
    return own, tuple(1 + (_cost(function, i) - own) // LONGER for i in range(len(function.takes)))


WEIGHTS = {its.NOISE.name: 40}  # of instructions that take much longer than others

LONGER = 4  # more instructions in the argument whose readings are counted


def _cost(function: Function, longer: int | None) -> int:
    """The instructions that a call adds to a canvas."""
    canvas = Canvas()
    arguments: list[Value] = []
    for i, type in enumerate(function.takes):
        numbers = [(canvas.x * (0.3 + k) + canvas.y * (0.7 + i)).sin() for k in range(3 if type == "vector" else 1)]
        for _ in range(LONGER if i == longer else 0):
            numbers[0] = numbers[0].cos()
        arguments.append(tuple(numbers))
    before = len(canvas)
    function(canvas, *arguments)
    return sum(WEIGHTS.get(one.name, 1) for one in canvas.instructions[before:] if one)


def to_vector(value: Value) -> Value:
    """A vector: the value itself, or the scalar three times."""
    return value * 3 if len(value) == 1 else value


def to_scalar(value: Value) -> Expression:
    """A scalar: the value itself, or the mean of the vector's components."""
    return value[0] if len(value) == 1 else (value[0] + value[1] + value[2]) * (1 / 3)


def converted(value: Value, type: Type) -> Any:
    """A value as an argument of a type."""
    return to_scalar(value) if type == "scalar" else to_vector(value) if type == "vector" else value


def moved(canvas: Canvas, value: Value, x: Number, y: Number) -> Value:
    return tuple(canvas.moved(value, x, y))


def slope(canvas: Canvas, e: Expression) -> tuple[Expression, Expression]:
    """∂/∂x and ∂/∂y by central differences."""
    x, y = canvas.x, canvas.y
    along_x = e.moved(x + STEP, y) - e.moved(x - STEP, y)
    along_y = e.moved(x, y + STEP) - e.moved(x, y - STEP)
    return along_x * (0.5 / STEP), along_y * (0.5 / STEP)


def blurred(canvas: Canvas, value: Value, spread: float) -> Value:
    """The binomial mean of nine points around; spread: their distance."""
    x, y = canvas.x, canvas.y
    rows = []
    for dy in (-spread, 0.0, spread):
        left, middle, right = (moved(canvas, value, x + dx, y + dy) for dx in (-spread, 0.0, spread))
        rows.append([a + b * 2 + c for a, b, c in zip(left, middle, right, strict=True)])
    return tuple((a + b * 2 + c) * (1 / 16) for a, b, c in zip(*rows, strict=True))


def noise(canvas: Canvas, x: Number, y: Number, seed: Number) -> Expression:
    """Gradient noise at a point, in [-1, 1]."""
    return canvas.apply(its.NOISE, x, y, seed)


def _octaves(canvas: Canvas, x: Expression, y: Expression, scale: Expression, seed: Number) -> Expression:
    """Two octaves of noise; scale: the size of its features, in units of the picture."""
    often = 1 / (abs(scale) + 0.05)
    return noise(canvas, x * often, y * often, seed) + noise(canvas, x * often * 2, y * often * 2, seed) * 0.5


def _bw_noise(canvas: Canvas, scale: Expression, seed: Expression) -> Expression:
    return _octaves(canvas, canvas.x, canvas.y, scale, seed * 64)


def _color_noise(canvas: Canvas, scale: Expression, seed: Expression) -> Value:
    return tuple(_octaves(canvas, canvas.x, canvas.y, scale, seed * 64 + k) for k in (0, 97, 193))


def _warped_bw_noise(canvas: Canvas, u: Expression, v: Expression, scale: Expression, seed: Expression) -> Expression:
    return _octaves(canvas, u, v, scale, seed * 64)


def _warped_color_noise(canvas: Canvas, u: Expression, v: Expression, scale: Expression, seed: Expression) -> Value:
    return tuple(_octaves(canvas, u, v, scale, seed * 64 + k) for k in (0, 97, 193))


def _hsv(canvas: Canvas, value: Value) -> Value:
    """Hue in half turns, saturation and brightness in [-1, 1] → red, green and blue in [-1, 1]."""
    hue, saturation, brightness = value
    return hsv_to_rgb(hue * 0.5, saturation.clip(-1, 1) * 0.5 + 0.5, brightness.clip(-1, 1) * 0.5 + 0.5)


def hsv_to_rgb(hue: Any, saturation: Any, brightness: Any) -> tuple[Any, ...]:
    """Hue in turns, saturation and brightness in [0, 1] → red, green and blue in [-1, 1]: expressions, or arrays."""
    turned = [abs((hue + k) % 1 * 6 - 3) - 1 for k in (0.0, 2 / 3, 1 / 3)]
    return tuple(brightness * (1 - saturation + saturation * t.clip(0, 1)) * 2 - 1 for t in turned)


def _band_pass(canvas: Canvas, value: Value) -> Value:
    fine, coarse = blurred(canvas, value, 1 / 32), blurred(canvas, value, 1 / 8)
    return tuple((a - b) * 4 for a, b in zip(fine, coarse, strict=True))


def _grad_mag(canvas: Canvas, e: Expression) -> Expression:
    dx, dy = slope(canvas, e)
    return (dx * dx + dy * dy).root()


def _grad_dir(canvas: Canvas, e: Expression) -> Expression:
    dx, dy = slope(canvas, e)
    return dy.angle(dx) * (1 / pi)


def _bump(canvas: Canvas, value: Value, height: Expression) -> Value:
    """The value as the colour of a surface of that height, lit from the upper left."""
    dx, dy = slope(canvas, height)
    light = (1.5 - dx * 0.5 - dy * 0.5) / (2.25 + dx * dx + dy * dy).root()
    return tuple((number * 0.5 + 0.5) * light.maximum(0) * 2 - 1 for number in value)


def _folded(x: Expression, y: Expression, turn: Expression, shift: Expression) -> tuple[Expression, Expression]:
    """One map of an iterated function system: mirrored, turned, enlarged and shifted."""
    x, y = abs(x), abs(y)
    cos, sin = (turn * pi).cos(), (turn * pi).sin()
    return (x * cos - y * sin) * 1.5 - shift, (x * sin + y * cos) * 1.5 - shift


def _ifs(canvas: Canvas, value: Value, turn: Expression, shift: Expression) -> Value:
    return _warped_ifs(canvas, value, canvas.x, canvas.y, turn, shift)


def _warped_ifs(canvas: Canvas, value: Value, x: Any, y: Any, turn: Expression, shift: Expression) -> Value:
    """The value at the point to which four maps lead: it recurs in ever smaller copies."""
    for _ in range(4):
        x, y = _folded(x, y, turn, shift)
    return moved(canvas, value, x, y)


def _warp_rel(canvas: Canvas, value: Value, u: Expression, v: Expression) -> Value:
    return moved(canvas, value, canvas.x + u, canvas.y + v)


def _warp_by_grad(canvas: Canvas, value: Value, height: Expression, far: Expression) -> Value:
    dx, dy = slope(canvas, height)
    return moved(canvas, value, canvas.x + dx * far, canvas.y + dy * far)


def _transform_vector(canvas: Canvas, value: Value, *columns: Value) -> Value:
    """The vector's components as weights of three other vectors."""
    a, b, c = value
    return tuple(a * p + b * q + c * r for p, q, r in zip(*columns, strict=True))


def select_functions(names: str) -> dict[str, Function]:
    """The functions that names select, by name; a name is that of a set or of a single function.

    Args:
        names: separated by commas.

    Raises:
        ConfigError: there is no such set or function.

    Example:
        >>> list(select_functions("x,y,+"))
        ['x', 'y', '+']
    """
    sets = {name: registry().load("function", name) for name in registry().offers("function")}
    single = {name: function for functions in sets.values() for name, function in functions.items()}
    found: dict[str, Function] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name not in sets and name not in single:
            raise ConfigError(unknown("function", name, [*sets, *single]))
        found |= sets.get(name) or {name: single[name]}
    return found


def _dissolve(canvas: Canvas, a: Expression, b: Expression, share: Expression) -> Expression:
    return a + (b - a) * (share.clip(-1, 1) * 0.5 + 0.5)


ANY: Type = "any"


def _elementwise(name: str, takes: int, meaning: Callable[..., Expression]) -> Function:
    """A function that works component by component."""
    return Function(name, (ANY,) * takes, ANY, lambda canvas, *numbers: meaning(*numbers))


def _table(*functions: Function) -> dict[str, Function]:
    return {function.name: function for function in functions}


COORDINATES = _table(
    Function("x", (), "scalar", lambda canvas: canvas.x),
    Function("y", (), "scalar", lambda canvas: canvas.y),
    Function("r", (), "scalar", lambda canvas: canvas.r),
    Function("theta", (), "scalar", lambda canvas: canvas.theta),
)
"""The terminals, beside constants."""

ARITHMETIC = _table(
    *COORDINATES.values(),
    _elementwise("+", 2, lambda a, b: a + b),
    _elementwise("-", 2, lambda a, b: a - b),
    _elementwise("*", 2, lambda a, b: a * b),
    _elementwise("/", 2, lambda a, b: a / b),
    _elementwise("min", 2, lambda a, b: a.minimum(b)),
    _elementwise("max", 2, lambda a, b: a.maximum(b)),
    _elementwise("abs", 1, abs),
    _elementwise("sin", 1, lambda a: (a * pi).sin()),
    _elementwise("cos", 1, lambda a: (a * pi).cos()),
)
"""A small set that suffices for most pictures of genetic programming. Angles are in half turns."""

SIMS = _table(
    *ARITHMETIC.values(),
    _elementwise("mod", 2, lambda a, b: a % b),
    _elementwise("round", 2, lambda a, b: (a / b).round() * b),
    _elementwise("expt", 2, lambda a, b: a.power(b)),
    _elementwise("log", 2, lambda a, b: a.log() / b.log()),
    _elementwise("and", 2, lambda a, b: a.canvas.apply(its.AND, a, b)),
    _elementwise("or", 2, lambda a, b: a.canvas.apply(its.OR, a, b)),
    _elementwise("xor", 2, lambda a, b: a.canvas.apply(its.XOR, a, b)),
    _elementwise("atan", 2, lambda a, b: a.angle(b) * (1 / pi)),
    _elementwise("if", 3, lambda condition, then, otherwise: condition.select(then, otherwise)),
    Function("dissolve", (ANY, ANY, ANY), ANY, _dissolve),
    Function("hsv-to-rgb", ("vector",), "vector", _hsv),
    Function("vector", ("scalar", "scalar", "scalar"), "vector", lambda canvas, a, b, c: (a, b, c)),
    Function("transform-vector", ("vector",) * 4, "vector", _transform_vector),
    Function("bw-noise", ("scalar", "scalar"), "scalar", _bw_noise),
    Function("color-noise", ("scalar", "scalar"), "vector", _color_noise),
    Function("warped-bw-noise", ("scalar",) * 4, "scalar", _warped_bw_noise),
    Function("warped-color-noise", ("scalar",) * 4, "vector", _warped_color_noise),
    Function("blur", (ANY,), ANY, lambda canvas, e: blurred(canvas, (e,), 1 / 32)[0]),
    Function("band-pass", (ANY,), ANY, lambda canvas, e: _band_pass(canvas, (e,))[0]),
    Function("grad-mag", (ANY,), ANY, _grad_mag),
    Function("grad-dir", (ANY,), ANY, _grad_dir),
    Function("bump", (ANY, "scalar"), ANY, _bump),
    Function("ifs", (ANY, "scalar", "scalar"), ANY, _ifs),
    Function("warped-ifs", (ANY, "scalar", "scalar", "scalar", "scalar"), ANY, _warped_ifs),
    Function("warp-abs", (ANY, "scalar", "scalar"), ANY, moved),
    Function("warp-rel", (ANY, "scalar", "scalar"), ANY, _warp_rel),
    Function("warp-by-grad", (ANY, "scalar", "scalar"), ANY, _warp_by_grad),
)
"""The functions of Sims (1991)."""
