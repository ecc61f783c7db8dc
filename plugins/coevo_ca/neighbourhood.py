"""What a rule may read: the state of a cell and of its neighbours on a torus, and the time.

A state is three numbers in [-1, 1]. Four neighbours can be read one by one (von Neumann), all eight together (Moore).
"""

from __future__ import annotations

from collections.abc import Callable

from coevo.shader import Canvas, Expression
from coevo.shader.functions import ANY, SIMS, Function, Value, to_scalar

CHANNELS = 3  # of a state
CLOCK, AGENTS = CHANNELS, CHANNELS + 1  # the planes after those of the state
DIRECTIONS = {"north": (0, -1), "east": (1, 0), "south": (0, 1), "west": (-1, 0)}
"""How many cells to the right and below a neighbour is."""
AROUND = (*DIRECTIONS.values(), (1, -1), (1, 1), (-1, 1), (-1, -1))


def _state(canvas: Canvas, right: int = 0, below: int = 0) -> Value:
    return tuple(canvas.input(k, right, below) for k in range(CHANNELS))


def _neighbours(canvas: Canvas) -> list[Value]:
    return [_state(canvas, *there) for there in AROUND]


def _sum(canvas: Canvas) -> Value:
    return tuple(sum(numbers[1:], numbers[0]) for numbers in zip(*_neighbours(canvas), strict=True))


def _mean(canvas: Canvas) -> Value:
    return tuple(number * (1 / 8) for number in _sum(canvas))


def _laplacian(canvas: Canvas) -> Value:
    """How far the neighbours' mean is above the cell itself."""
    return tuple(mean - own for mean, own in zip(_mean(canvas), _state(canvas), strict=True))


def _slope(canvas: Canvas, along_x: bool) -> Value:
    """The difference of the two sides, weighted 1, 2, 1 (Sobel), over eight."""

    def side(channel: int, end: int) -> Expression:
        a, b, c = (canvas.input(channel, *((end, i) if along_x else (i, end))) for i in (-1, 0, 1))
        return a + b * 2 + c

    return tuple((side(k, 1) - side(k, -1)) * (1 / 8) for k in range(CHANNELS))


def _extreme(canvas: Canvas, choose: Callable[[Expression, Expression], Expression]) -> Value:
    found = _state(canvas)
    for other in _neighbours(canvas):
        found = tuple(map(choose, found, other))
    return found


def _vector(name: str, meaning: Callable[[Canvas], Value]) -> Function:
    return Function(name, (), "vector", meaning)


def _direction(name: str, right: int, below: int) -> Function:
    return _vector(name, lambda canvas: _state(canvas, right, below))


def _table(*functions: Function) -> dict[str, Function]:
    return {function.name: function for function in functions}


NEIGHBOURHOOD = _table(
    _vector("cell", _state),
    *(_direction(name, *there) for name, there in DIRECTIONS.items()),
    _vector("sum", _sum),
    _vector("mean", _mean),
    _vector("laplacian", _laplacian),
    _vector("slope-x", lambda canvas: _slope(canvas, along_x=True)),
    _vector("slope-y", lambda canvas: _slope(canvas, along_x=False)),
    _vector("least", lambda canvas: _extreme(canvas, Expression.minimum)),
    _vector("greatest", lambda canvas: _extreme(canvas, Expression.maximum)),
    Function("tone", (), "scalar", lambda canvas: (to_scalar(_state(canvas)),)),
    Function("mean-tone", (), "scalar", lambda canvas: (to_scalar(_mean(canvas)),)),
    Function("time", (), "scalar", lambda canvas: (canvas.input(CLOCK),)),
)
"""The terminals beside constants: the cell, what its eight neighbours are together (`least` and `greatest` look at all
nine), and the time from -1 at the first step to 1 at the last. A tone is the mean of the three numbers."""


def _crowd(canvas: Canvas) -> Value:
    return (sum((canvas.input(AGENTS, *there) > 0 for there in AROUND), canvas.constant(0)) * (1 / 8),)


WITH_AGENTS = NEIGHBOURHOOD | _table(
    Function("self", (), "scalar", lambda canvas: (canvas.input(AGENTS),)),
    Function("crowd", (), "scalar", _crowd),
)
"""The terminals of agents, who also read their own number, from 0.5 to 1, and the share of cells around with others."""


def _elementwise(name: str, takes: int, meaning: Callable[..., Expression]) -> Function:
    return Function(name, (ANY,) * takes, ANY, lambda canvas, *numbers: meaning(*numbers))


NEAR = 1e-3  # numbers that differ by less are equal

AUTOMATON = {name: SIMS[name] for name in ("+", "-", "*", "min", "max", "abs", "sin", "cos", "mod", "if", "dissolve")}
AUTOMATON |= _table(
    _elementwise("<", 2, lambda a, b: a < b),
    _elementwise("=", 2, lambda a, b: abs(a - b) < NEAR),
    _elementwise("tanh", 1, lambda a: a.tanh()),
    Function("turn", ("vector",), "vector", lambda canvas, value: (value[1], value[2], value[0])),
)
"""The functions of rules: arithmetic, comparisons that are 1 or 0, `if` above 0, and `turn`, by which channels meet."""
