"""Rendering of forests: programs in prefix order that machine code plans, whole populations at once."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np

from coevo.native import address, native
from coevo.shader.expressions import Canvas, Expression, TooSlow, too_slow
from coevo.shader.machine_plan import MachinePlan
from coevo.shader.plan import Plan
from coevo.shader.render import draw_batches
from coevo.shader.templates import Primitive, Templates

SCALAR, VECTOR, FIRST = range(3)  # codes: constants of one number and of three, and the first primitive
NO_LIMIT = 2**31
OUTCOMES = NO_MEMORY, TOO_LARGE, NO_TREES = 1, 2, 3  # as in graph.h


class Forest(NamedTuple):
    """Programs in prefix order.

    Args:
        codes: uint16, those of all programs: 0 is a constant of one number, 1 one of three, and the others are the
            primitives of the templates, from 2 on.
        numbers: float64, those of the constants, in the same order.
        code_ends, number_ends: int64 [P], where those of each program end.
    """

    codes: np.ndarray
    numbers: np.ndarray
    code_ends: np.ndarray
    number_ends: np.ndarray


def render_trees(
    templates: Templates,
    forest: Forest,
    channels: int,
    last: int | None,
    height: int,
    width: int,
    threads: int | None = None,
    out: np.ndarray | None = None,
    limit: int | None = None,
) -> np.ndarray:
    """Draw the programs of a forest as `render` draws expressions. The same programs give the same bytes at any number
    of threads.

    Args:
        templates: the functions that the programs call.
        forest: P programs.
        channels: of a picture, 1 or 3.
        last: number of the primitive that makes of a program's value the channels of its picture; None if it is they.
        height, width: in pixels.
        threads: by default one for each processor.
        out: where to write the pictures, contiguous.
        limit: the most nodes of expressions that are planned together, or None; more raise TooSlow.

    Returns:
        Pictures [P, C, height, width] float32 in [-1, 1].

    Raises:
        TooSlow: the programs take more instructions than the limit allows.
        ValueError: the arrays are not programs of these templates.
    """
    shape = (len(forest.code_ends), channels, height, width)
    forest = checked(forest)

    def plan(first: int, stop: int) -> Plan:
        return plan_trees(templates, forest, channels, last, first, stop, height, width, limit)

    return draw_batches(plan, shape, threads, out, apart=native() is not None)


def plan_trees(
    templates: Templates,
    forest: Forest,
    channels: int,
    last: int | None,
    first: int,
    stop: int,
    height: int,
    width: int,
    limit: int | None = None,
) -> Plan:
    """The plan that draws the programs from `first` to `stop` of a checked forest together."""
    library = native()
    if not library:
        canvas = Canvas(limit)
        return Plan([_program(canvas, templates, forest, channels, last, i) for i in range(first, stop)], height, width)
    made = ctypes.c_void_p()
    outcome = library.coevo_plan_trees(
        ctypes.addressof(templates.arrays),
        -1 if last is None else last,
        channels,
        *map(address, forest),
        first,
        stop,
        NO_LIMIT if limit is None else limit,
        ctypes.byref(made),
    )
    if outcome == NO_MEMORY:
        raise MemoryError("there is no memory to plan these programs; draw fewer together")
    if outcome == TOO_LARGE:
        raise too_slow(NO_LIMIT if limit is None else limit)
    if outcome == NO_TREES:
        raise _no_trees(first, stop)
    return MachinePlan(made, height, width, templates.instructions)


def checked(forest: Forest) -> Forest:
    """The forest with arrays of the types that machine code reads.

    Raises:
        ValueError: the ends are not in order, or beyond the arrays.
    """
    types = (np.uint16, np.float64, np.int64, np.int64)
    forest = Forest(*[np.ascontiguousarray(one, type) for one, type in zip(forest, types, strict=True)])
    if len(forest.code_ends) != len(forest.number_ends):
        raise ValueError(
            f"{len(forest.code_ends)} programs' codes end, and {len(forest.number_ends)} programs' numbers"
        )
    for ends, of in ((forest.code_ends, forest.codes), (forest.number_ends, forest.numbers)):
        if len(ends) and ((np.diff(ends, prepend=0) < 0).any() or ends[-1] > len(of)):
            raise ValueError(f"the ends of programs must ascend to at most {len(of)}, and one is out of order")
    return forest


def _program(
    canvas: Canvas, templates: Templates, forest: Forest, channels: int, last: int | None, index: int
) -> tuple[Expression, ...]:
    """The channels of a program, without machine code."""
    begins = [int(ends[index - 1]) if index else 0 for ends in (forest.code_ends, forest.number_ends)]
    codes = forest.codes[begins[0] : forest.code_ends[index]].tolist()
    numbers = forest.numbers[begins[1] : forest.number_ends[index]].tolist()
    stack: list[tuple[int, ...]] = []  # nodes of the canvas
    for code in [*reversed(codes), *([] if last is None else [last + FIRST])]:
        if code < FIRST:
            many = 3 if code == VECTOR else 1
            if len(numbers) < many:
                raise _no_trees(index, index + 1)
            stack.append(tuple([canvas.constant(number).node for number in numbers[-many:]]))
            del numbers[-many:]
            continue
        if code - FIRST >= len(templates.primitives):
            raise _no_trees(index, index + 1)
        primitive = templates.primitives[code - FIRST]
        arguments = [stack.pop() for _ in primitive.takes] if len(stack) >= len(primitive.takes) else []
        if tuple(map(len, arguments)) != primitive.takes:
            raise _no_trees(index, index + 1)
        stack.append(_called(canvas, primitive, arguments))
    if numbers or len(stack) != 1 or len(stack[0]) != channels:
        raise _no_trees(index, index + 1)
    return tuple([Expression(canvas, node) for node in stack[0]])


def _called(canvas: Canvas, primitive: Primitive, arguments: list[tuple[int, ...]]) -> tuple[int, ...]:
    call = (primitive, *arguments)
    if call not in canvas.calls:  # once for all programs
        values = [tuple([Expression(canvas, node) for node in nodes]) for nodes in arguments]
        canvas.calls[call] = tuple([number.node for number in primitive.meaning(canvas, *values)])
    return canvas.calls[call]


def _no_trees(first: int, stop: int) -> ValueError:
    which = f"program {first}" if stop == first + 1 else f"one of programs {first} to {stop - 1}"
    return ValueError(f"{which} is not a program of these functions in prefix order, with the numbers of its constants")


__all__ = ["Forest", "TooSlow", "plan_trees", "render_trees"]
