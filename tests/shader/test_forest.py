"""Programs that machine code plans, beside those that Python plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from standins import HALF, compiled

from coevo.shader import Canvas, Instruction, TooSlow, forest, machine, plan, render
from coevo.shader.forest import Forest, plan_trees, render_trees
from coevo.shader.functions import ARITHMETIC, SIMS, Function, Value, moved, to_scalar, to_vector
from coevo.shader.templates import Primitive, Templates


@contextmanager
def python_alone() -> Iterator[None]:
    """As if there were no machine code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "native", lambda: None)
        patch.setattr(forest, "native", lambda: None)
        patch.setattr(plan._kept, "registers", plan.NOTHING, raising=False)
        yield
    plan._kept.registers = plan.NOTHING


def primitives_of(functions: dict[str, Function]) -> list[Primitive]:
    """Each function for scalars, and for vectors where its types leave that open."""
    made = [
        Primitive("color", lambda canvas, value: to_vector(value), (1,), 3),
        Primitive("grey", lambda canvas, value: (to_scalar(value),), (3,), 1),
    ]
    for function in functions.values():
        for any in (1, 3) if {*function.takes, function.gives} & {"any"} else (1,):
            widths = {"scalar": 1, "vector": 3, "any": any}
            takes = tuple(widths[type] for type in function.takes)
            made.append(Primitive(f"{function.name}:{any}", function, takes, widths[function.gives]))
    return made


COLOR, GREY = 0, 1
SIMS_TEMPLATES = cache(lambda: Templates(primitives_of(SIMS)))  # not while tests are collected
Tree = tuple[list[int], list[float]]  # codes and numbers


def coerced(tree: Tree, has: int, wanted: int) -> Tree:
    return tree if has == wanted else ([2 + (COLOR if wanted == 3 else GREY), *tree[0]], tree[1])


def tree_of(templates: Templates, value: Any) -> tuple[Tree, int]:
    """A nested value as a program, and its width."""
    if isinstance(value, float):
        return ([0], [value]), 1
    if isinstance(value[0], float):
        return ([1], list(value)), 3
    choices = [(i, one) for i, one in enumerate(templates.primitives)]
    index, primitive = choices[value[0] % len(choices)]
    codes, numbers = [2 + index], list[float]()
    for argument, takes in zip(value[1], primitive.takes, strict=False):
        its = coerced(*tree_of(templates, argument), takes)
        codes += its[0]
        numbers += its[1]
    return (codes, numbers), primitive.gives


def forest_of(trees: Sequence[Tree]) -> Forest:
    return Forest(
        np.array([code for codes, _ in trees for code in codes], np.uint16),
        np.array([number for _, numbers in trees for number in numbers], np.float64),
        np.cumsum([len(codes) for codes, _ in trees]),
        np.cumsum([len(numbers) for _, numbers in trees]),
    )


NUMBERS = some.floats(-2, 2, width=16)
VALUES: Any = some.deferred(
    lambda: (
        NUMBERS
        | some.tuples(*[NUMBERS] * 3)
        | some.tuples(some.integers(0, 6), some.just([]))
        | some.tuples(some.integers(0, 1000), some.lists(VALUES, min_size=5, max_size=5))
    )
)


def grown(values: list[Any]) -> Forest:
    templates = SIMS_TEMPLATES()
    return forest_of([coerced(*tree_of(templates, padded(value)), 3) for value in values])


def padded(value: Any) -> Any:
    """With five arguments everywhere."""
    if isinstance(value, float) or isinstance(value[0], float):
        return value
    return value[0], [*map(padded, value[1]), 0.5, -0.25, 0.75, 0.3, -0.9][:5]


def drawn(values: list[Any], height: int, width: int, threads: int | None = None, limit: int = 30_000) -> np.ndarray:
    return render_trees(SIMS_TEMPLATES(), grown(values), 3, None, height, width, threads, limit=limit)


@compiled
@settings(deadline=None, max_examples=100)
@given(some.lists(VALUES, min_size=1, max_size=5), some.integers(1, 40), some.integers(1, 40))
def test_machine_code_plans_what_python_plans(values: list[Any], height: int, width: int) -> None:
    """The very bits: both are drawn by the same instructions."""
    try:
        by_machine = drawn(values, height, width)
    except TooSlow:
        return
    canvas, its = Canvas(), grown(values)
    programs = [forest._program(canvas, SIMS_TEMPLATES(), its, 3, None, i) for i in range(len(values))]
    np.testing.assert_array_equal(by_machine.view(np.int32), render(programs, height, width).view(np.int32))


@compiled
@settings(deadline=None, max_examples=30)
@given(some.lists(VALUES, min_size=1, max_size=3))
def test_numpy_draws_the_same(values: list[Any]) -> None:
    try:
        by_machine = drawn(values, 16, 16, limit=3_000)
    except TooSlow:
        return
    with python_alone():
        by_numpy = drawn(values, 16, 16)
    assert (np.abs(by_machine - by_numpy) < 1e-3).mean() > 0.97  # a last bit decides floors, roundings and signs


@settings(deadline=None, max_examples=30)
@given(some.lists(VALUES, min_size=1, max_size=12), some.integers(1, 70))
def test_threads_and_neighbours_change_no_bit(values: list[Any], side: int) -> None:
    try:
        together = drawn(values, side, side, threads=1, limit=10_000)
    except TooSlow:
        return
    for threads in (2, 3):
        np.testing.assert_array_equal(
            drawn(values, side, side, threads=threads).view(np.int32), together.view(np.int32)
        )
    for i, value in enumerate(values):
        np.testing.assert_array_equal(drawn([value], side, side)[0].view(np.int32), together[i].view(np.int32))


# functions and instructions of plugins


def mirrored(canvas: Canvas, value: Value, far: Value) -> Value:
    return moved(canvas, value, abs(canvas.x) * far[0], canvas.y + 0.0)


def with_plugins() -> Templates:
    return Templates(
        [
            *primitives_of(ARITHMETIC),
            Primitive("half", lambda canvas, value: (canvas.apply(HALF, value[0]),), (1,), 1),
            Primitive("mirrored", mirrored, (3, 1), 3),
        ]
    )


def test_functions_and_instructions_of_plugins_are_drawn_as_expressions_are() -> None:
    templates = with_plugins()
    code = {primitive.name: 2 + i for i, primitive in enumerate(templates.primitives)}
    wave = [code["sin:1"], code["half"], code["+:1"], code["x:1"], code["y:1"]]
    trees = [
        ([code["mirrored"], code["color"], *wave, 0], [0.75]),
        ([code["color"], code["half"], 0], [0.5]),  # of numbers alone
        ([code["color"], code["*:1"], code["half"], code["x:1"], code["half"], code["y:1"]], []),
        ([code["mirrored"], 1, 0], [0.1, 0.2, 0.3, 2.0]),
    ]
    shown = render_trees(templates, forest_of(trees), 3, None, 20, 30)
    canvas = Canvas()
    x, y = canvas.x, canvas.y
    greys = [((abs(x) * 0.75 + y) * 0.5 * np.pi).sin(), canvas.constant(0.25), x * 0.5 * (y * 0.5)]
    expected = render([(grey,) * 3 for grey in greys], 20, 30)
    np.testing.assert_allclose(shown[:3], expected, atol=1e-6)
    np.testing.assert_array_equal(shown[3, :, 5, 7], np.float32([0.1, 0.2, 0.3]))
    with python_alone():
        np.testing.assert_allclose(render_trees(templates, forest_of(trees), 3, None, 20, 30), shown, atol=1e-6)


def test_what_cannot_be_traced_is_told() -> None:
    four = Instruction("four", lambda *arguments: None, lambda *arguments: arguments[0])

    def of_four(canvas: Canvas, a: Value) -> Value:
        return (canvas.apply(four, *a, canvas.x),)

    with pytest.raises(ValueError, match="'four' takes 4 arguments; the most are three"):
        Templates([Primitive("f", of_four, (3,), 1)])
    with pytest.raises(ValueError, match="'f' should give 3 expressions and gives 1"):
        Templates([Primitive("f", lambda canvas, a: a, (1,), 3)])
    with pytest.raises(ValueError, match="'f' has a value of 2 expressions; a value is one or three"):
        Templates([Primitive("f", lambda canvas, a: a, (2,), 1)])


# bad input

PLUS = [2 + [one.name for one in primitives_of(SIMS)].index("+:1"), 0, 0]


@pytest.mark.parametrize("python", [False, True])
@pytest.mark.parametrize(
    ("codes", "numbers"),
    [
        ([2, *PLUS], [0.5]),  # a number too few
        ([2, *PLUS], [0.5, 1, 2]),  # one too many
        ([2, *PLUS[:2]], [0.5]),  # an argument too few
        ([2, *PLUS, 0], [0.5, 1, 2]),  # one too many
        ([2, 1], [1, 2, 3]),  # a vector where a scalar should be
        (PLUS, [0.5, 1]),  # a scalar where a vector should be
        ([2, 60_000], []),  # no function
        ([2], []),
        ([], []),
    ],
)
def test_what_is_not_a_program_is_refused(codes: list[int], numbers: list[float], python: bool) -> None:
    its = forest_of([([2, 0], [0.1]), (codes, numbers)])
    with (
        python_alone() if python else nullcontext(),
        pytest.raises(ValueError, match=r"one of programs 0 to 1|program 1 is"),
    ):
        render_trees(SIMS_TEMPLATES(), its, 3, None, 8, 8, threads=1)


def test_ends_of_programs_ascend() -> None:
    its = forest_of([([2, 0], [0.1]), ([2, 0], [0.2])])
    for wrong in ([2, 1], [2, 5], [-1, 4]):
        with pytest.raises(ValueError, match="must ascend to at most 4"):
            render_trees(SIMS_TEMPLATES(), its._replace(code_ends=np.array(wrong)), 3, None, 8, 8)
    with pytest.raises(ValueError, match="2 programs' codes end, and 1 programs' numbers"):
        render_trees(SIMS_TEMPLATES(), its._replace(number_ends=np.array([2])), 3, None, 8, 8)


@pytest.mark.parametrize("python", [False, True])
def test_programs_of_too_many_instructions_are_refused(python: bool) -> None:
    with python_alone() if python else nullcontext(), pytest.raises(TooSlow, match="more than 50 instructions"):
        render_trees(SIMS_TEMPLATES(), forest_of([blurred(5)]), 3, None, 8, 8, limit=50)


def blurred(times: int) -> Tree:
    code = {primitive.name: 2 + i for i, primitive in enumerate(SIMS_TEMPLATES().primitives)}
    return [code["color"], *[code["blur:1"]] * times, code["sin:1"], code["x:1"]], []


def test_no_programs_are_no_pictures() -> None:
    assert render_trees(SIMS_TEMPLATES(), forest_of([]), 3, None, 8, 8).shape == (0, 3, 8, 8)


def test_memory_stays_flat() -> None:
    """Plans are freed; 100,000 of them were tried by hand."""
    its = forest_of([blurred(1), ([2, *PLUS], [0.5, 0.25])])
    process = psutil.Process()
    for _ in range(200):
        plan_trees(SIMS_TEMPLATES(), its, 3, None, 0, 2, 8, 8)
    before = process.memory_info().rss
    for _ in range(3000):
        plan_trees(SIMS_TEMPLATES(), its, 3, None, 0, 2, 8, 8)
    assert process.memory_info().rss - before < 2 << 20


def test_functions_may_read_planes() -> None:
    near = Primitive("near", lambda canvas: (canvas.input(1, -1, 2) + canvas.input(0) * canvas.x,), (), 1)
    add = Primitive("add", lambda canvas, a, b: (a[0] + b[0],), (1, 1), 1)
    turned = Primitive("turned", lambda canvas, a: moved(canvas, a, canvas.y, canvas.x), (1,), 1)
    templates = Templates([near, add, turned])
    programs = forest_of([([3, 2, 4, 2], []), ([4, 3, 2, 0], [0.25])])
    planes = np.random.default_rng(0).uniform(-1, 1, (2, 20, 30)).astype(np.float32)
    drawn = []
    for context in (nullcontext, python_alone):
        with context():
            shown = np.empty((2, 600), np.float32)
            plan = plan_trees(templates, programs, 1, None, 0, 2, 20, 30)
            plan.draw_from(planes, shown)
            drawn.append(shown)
            with pytest.raises(ValueError, match="read 2 planes"):
                plan.draw(shown, 0, 600)
    np.testing.assert_array_equal(*drawn)
    assert drawn[0].std() > 0.1
