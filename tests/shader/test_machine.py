"""Execution of plans: machine code beside NumPy, and instructions of plugins between the two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from standins import HALF, compiled

from coevo.native import native
from coevo.shader import Canvas, Expression, Instruction, machine, plan, render
from coevo.shader.instructions import BUILT_IN
from coevo.shader.plan import Plan

SIDE = 40


@contextmanager
def numpy_alone() -> Iterator[None]:
    """As if there were no machine code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "native", lambda: None)
        patch.setattr(plan._kept, "registers", plan.NOTHING, raising=False)
        yield
    plan._kept.registers = plan.NOTHING


def drawn(*channels: Expression, side: int = SIDE) -> np.ndarray:
    return render([channels], side, side)[0]


NUMBERS = (some.floats(-1e6, 1e6) | some.floats(-4, 4)).map(lambda number: number if abs(number) > 1e-6 else 0.0)


@compiled
def test_machine_code_knows_every_instruction() -> None:
    library = native()
    assert library is not None
    library.coevo_instructions.restype = machine.ctypes.c_char_p
    names = library.coevo_instructions().decode().split()
    assert names == [*(instruction.name for instruction in BUILT_IN), "row", "column", "show", "input"]


@compiled
@pytest.mark.parametrize("instruction", BUILT_IN, ids=lambda instruction: instruction.name)
@settings(deadline=None, max_examples=40)
@given(numbers=some.tuples(*[NUMBERS] * 6))
def test_machine_code_and_numpy_draw_the_same(instruction: Instruction, numbers: tuple[float, ...]) -> None:
    canvas = Canvas()
    x, y = canvas.x, canvas.y
    many = arity(instruction)
    over = [x * numbers[i] + y * numbers[i + 3] for i in range(many)]
    value = canvas.apply(instruction, *over)
    shown = (value, value * 1e-3, value * 1e-6)
    here = drawn(*shown)
    with numpy_alone():
        there = drawn(*shown)
    assert (np.abs(here - there) < 1e-5).mean() > 0.98  # a last bit decides floors, roundings and signs


UNARY = {"negate", "absolute", "floor", "round", "root", "exp", "log", "sin", "cos", "tanh"}
THREE = {"select", "multiply-add", "noise"}


def arity(instruction: Instruction) -> int:
    return 1 if instruction.name in UNARY else 3 if instruction.name in THREE else 2


EDGES = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, -1e-30, 3e38, -3e38, np.inf, -np.inf, np.nan], np.float32)


@compiled
@pytest.mark.parametrize("instruction", BUILT_IN, ids=lambda instruction: instruction.name)
def test_machine_code_treats_extreme_numbers_as_numpy_does(instruction: Instruction) -> None:
    many = arity(instruction)
    grids = [grid.ravel() for grid in np.meshgrid(*[EDGES] * many)]
    steps = np.array([[machine.OPCODES[instruction.name], many, many, *range(many), *[0] * (3 - many)]], np.int32)
    registers = np.zeros((many + 1 + machine.SCRATCH, len(grids[0])), np.float32)
    registers[:many] = grids
    nothing = machine.Frame(*[plan.NOTHING] * 4)
    results = []
    for numpy in (False, True):
        code = machine.Code(steps, {})
        if numpy:
            with numpy_alone():
                machine.execute(code, nothing, registers, 0, len(grids[0]))
        else:
            machine.execute(code, nothing, registers, 0, len(grids[0]))
        results.append(registers[many].copy())
    keep = np.ones(len(grids[0]), bool)
    if instruction.name in ("sin", "cos"):
        keep = ~(np.abs(grids[0]) > 1e30)  # bounded, otherwise anything
        assert np.abs(results[0][np.abs(grids[0]) == np.float32(3e38)]).max() <= 1
    if instruction.name == "power":
        keep = ~((np.abs(grids[0]) == 1) & ~np.isfinite(grids[1])) & (np.abs(grids[0]) != np.float32(3e38))
    np.testing.assert_allclose(results[0][keep], results[1][keep], rtol=2e-6, atol=1e-37)


def test_any_argument_may_be_a_constant() -> None:
    canvas = Canvas()
    x, y = canvas.x, canvas.y
    assert drawn((x + y > 0.25).select(0.5, -0.5)).max() == 0.5
    np.testing.assert_allclose(
        drawn(2 / (x + y * 3 + 9), 1 - (x + y) * 0.5, canvas.constant(0.25)),
        np.stack(np.broadcast_arrays(*[2 / (X + Y * 3 + 9), (1 - (X + Y) * 0.5).clip(-1, 1), np.float32(0.25)])),
        atol=1e-6,
    )


X = np.linspace(-1, 1, SIDE, dtype=np.float32)[None, :]
Y = np.linspace(-1, 1, SIDE, dtype=np.float32)[:, None]


@pytest.mark.parametrize("numpy", [False, True])
def test_instructions_of_plugins_are_executed_between_the_others(numpy: bool) -> None:
    canvas = Canvas()
    half = canvas.apply(HALF, canvas.x + canvas.y)
    line = canvas.apply(HALF, canvas.x)  # the same in every row
    expected = np.stack(np.broadcast_arrays(np.sin((X + Y) / 2), X / 2 + Y))
    if numpy:
        with numpy_alone():
            shown = drawn(half.sin(), line + canvas.y)
    else:
        shown = drawn(half.sin(), line + canvas.y)
    np.testing.assert_allclose(shown, expected.clip(-1, 1), atol=1e-6)
    assert torch.equal(HALF.torch(torch.ones(2)), torch.full((2,), 0.5))


def test_an_instruction_has_three_arguments_at_most() -> None:
    canvas = Canvas()
    four = Instruction("four", lambda *arguments: None, lambda *arguments: arguments[0])
    with pytest.raises(ValueError, match="'four' takes 4 arguments; the most are three"):
        drawn(canvas.apply(four, canvas.x, canvas.y, canvas.r, canvas.theta))


# planes that are given


def rule(canvas: Canvas) -> tuple[Expression, ...]:
    """Reads two planes at several pixels, and where each is."""
    near = canvas.input(0, -1, 0) + canvas.input(0, 2, -1) * 0.5 - canvas.input(1, 0, 3)
    return near + canvas.x * 0.25, canvas.input(0) * canvas.y, canvas.input(1, 5, -7).maximum(canvas.input(0))


def expected(planes: np.ndarray) -> np.ndarray:
    def at(plane: int, right: int, below: int) -> np.ndarray:
        return np.roll(planes[plane], (-below, -right), (0, 1))

    height, width = planes.shape[1:]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    near = at(0, -1, 0) + at(0, 2, -1) * np.float32(0.5) - at(1, 0, 3) + x * np.float32(0.25)
    return np.stack([near, at(0, 0, 0) * y, np.maximum(at(1, 5, -7), at(0, 0, 0))]).clip(-1, 1)


@given(height=some.integers(1, 70), width=some.integers(1, 70), seed=some.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_programs_read_planes_on_a_torus(height: int, width: int, seed: int) -> None:
    planes = np.random.default_rng(seed).uniform(-1, 1, (2, height, width)).astype(np.float32)
    drawn, slowly = (np.empty((3, height * width), np.float32) for _ in range(2))
    Plan([rule(Canvas())], height, width).draw_from(planes, drawn)
    with numpy_alone():
        Plan([rule(Canvas())], height, width).draw_from(planes, slowly)
    np.testing.assert_array_equal(drawn, slowly)
    np.testing.assert_allclose(drawn.reshape(3, height, width), expected(planes), atol=1e-6)


def test_cells_are_drawn_in_any_order() -> None:
    planes = np.random.default_rng(0).uniform(-1, 1, (2, 9, 11)).astype(np.float32)
    cells = np.array([98, 0, 45, 45, 10])
    for context in (nullcontext, numpy_alone):
        with context():
            plan = Plan([rule(Canvas())], 9, 11)
            all, few = np.empty((3, 99), np.float32), np.empty((3, 5), np.float32)
            plan.draw_from(planes, all)
            plan.draw_from(planes, few, cells)
            np.testing.assert_array_equal(few, all[:, cells])


def test_a_plane_stays_where_it_is_when_expressions_are_moved() -> None:
    canvas = Canvas()
    moved = (canvas.input(0) + canvas.x).moved(canvas.x * -1, canvas.y)
    assert moved.node == (canvas.input(0) + canvas.x * -1).node


def test_planes_that_are_too_few_or_of_another_size_are_refused() -> None:
    plan = Plan([rule(Canvas())], 4, 4)
    with pytest.raises(ValueError, match="reads 2 planes of 4 × 4 px"):
        plan.draw_from(np.zeros((1, 4, 4), np.float32), np.empty((3, 16), np.float32))
    with pytest.raises(ValueError, match="reads 2 planes of 4 × 4 px"):
        plan.draw_from(np.zeros((2, 4, 5), np.float32), np.empty((3, 16), np.float32))
