"""The shader: instructions beside NumPy, equal parts computed once, tiles and threads that change no bit, and the
functions of Sims beside independent computations."""

from __future__ import annotations

import colorsys
import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo import ConfigError
from coevo.shader import Canvas, Expression, TooSlow, render, render_on, strips
from coevo.shader.functions import ARITHMETIC, SIMS, Value, noise, select_functions, to_scalar, to_vector

SIDE = 24
X = np.linspace(-1, 1, SIDE, dtype=np.float32)[None, :]
Y = np.linspace(-1, 1, SIDE, dtype=np.float32)[:, None]


def seen(*channels: Expression, side: int = SIDE) -> np.ndarray:
    return render([channels], side, side)[0]


def plane(values: Any) -> np.ndarray:
    """What a picture should show: values clipped to [-1, 1] in every pixel."""
    return np.clip(np.broadcast_to(values, (SIDE, SIDE)), -1, 1)


# expressions


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda x, y: x + y * 2, X + Y * 2),
        (lambda x, y: 1 - x / (y + 3), 1 - X / (Y + 3)),
        (lambda x, y: (x * 7) % 2 - 1, np.mod(X * 7, 2) - 1 + 0 * Y),
        (lambda x, y: abs(x).minimum(-y).maximum(-0.5), np.maximum(np.minimum(abs(X), -Y), -0.5)),
        (lambda x, y: (x * 3).sin() * (y * 2).cos(), np.sin(X * 3) * np.cos(Y * 2)),
        (lambda x, y: (x - y).exp() - 1, np.exp(X - Y) - 1),
        (lambda x, y: (x + 2).log() * y.tanh(), np.log(X + 2) * np.tanh(Y)),
        (lambda x, y: (x - 2).power(y) - 1, np.abs(X - 2) ** Y - 1),
        (lambda x, y: y.angle(x) / 4, np.arctan2(Y, X) / 4),
        (lambda x, y: (x < y) * 0.5, (X < Y) * 0.5),
        (lambda x, y: (x + y).select(x, y), np.where(X + Y > 0, X, Y)),
        (lambda x, y: (x * 5 + y).floor() / 8, np.floor(X * 5 + Y) / 8),
        (lambda x, y: (x * 5 + y).round() / 8, np.rint(X * 5 + Y) / 8),
        (lambda x, y: (x - y).root() - 1, np.sqrt(abs(X - Y)) - 1),
    ],
)
def test_expressions_are_what_numpy_makes_of_them(
    make: Callable[[Expression, Expression], Expression], expected: np.ndarray
) -> None:
    canvas = Canvas()
    np.testing.assert_allclose(seen(make(canvas.x, canvas.y))[0], plane(expected), atol=1e-6)


def test_the_corners_of_a_picture_are_those_of_the_canvas() -> None:
    canvas = Canvas()
    x, y = seen(canvas.x, canvas.y)
    assert x[0, 0] == x[-1, 0] == y[0, 0] == y[0, -1] == -1
    assert x[0, -1] == y[-1, 0] == 1


def test_equal_parts_are_one_node() -> None:
    canvas = Canvas()
    one = (canvas.x * 3 + canvas.y).sin()
    before = len(canvas)
    assert (canvas.y + 3 * canvas.x).sin().node == one.node  # sums and products in any order
    assert len(canvas) == before


def test_a_canvas_is_freed_with_its_last_program() -> None:
    canvas = Canvas()
    program = (canvas.x * canvas.y,)
    gone = weakref.ref(canvas)
    gc.disable()  # without a collection
    try:
        del canvas, program
        assert gone() is None
    finally:
        gc.enable()


def test_exact_simplifications_are_made() -> None:
    canvas = Canvas()
    x = canvas.x
    assert (x + 0).node == (x * 1).node == (x - 0).node == x.minimum(x).node == x.node
    assert canvas.constants[(canvas.constant(2) * 3 + 1).node] == 7


def test_a_moved_part_is_read_at_other_coordinates() -> None:
    canvas = Canvas()
    part = canvas.x * 2 + canvas.y
    turned = part.moved(canvas.y, -canvas.x)
    np.testing.assert_allclose(seen(turned)[0], plane(Y * 2 - X), atol=1e-6)
    assert canvas.y.moved(canvas.x * 9, canvas.y).node == canvas.y.node


def test_a_program_of_too_many_instructions_is_refused() -> None:
    canvas = Canvas(limit=25)
    with pytest.raises(TooSlow, match="more than 25 instructions; nest blurs"):
        SIMS["color-noise"](canvas, (canvas.r,), (canvas.theta,))


def test_a_pixel_that_is_not_a_number_is_shown_as_black() -> None:
    canvas = Canvas()
    nothing = canvas.constant(0) / (canvas.x * 0)
    assert (seen(nothing, 1 / (canvas.x * 0), -1 / (canvas.x * 0)) == np.array([-1, 1, -1])[:, None, None])[
        :, 1:, 13:
    ].all()


# tiles, threads, sharing


VALUES = some.deferred(
    lambda: LEAVES | some.tuples(some.sampled_from(list(SIMS)), some.lists(VALUES, min_size=5, max_size=5))
)
LEAVES = some.sampled_from(["x", "y", "r", "theta"]) | some.floats(-2, 2, width=16)


def meant(canvas: Canvas, program: Any) -> Value:
    if isinstance(program, float):
        return (canvas.constant(program),)
    if isinstance(program, str):
        return SIMS[program](canvas)
    function = SIMS[program[0]]
    return function(canvas, *(meant(canvas, its) for its in program[1][: len(function.takes)]))


@settings(deadline=None, max_examples=60)
@given(some.lists(VALUES, min_size=1, max_size=4), some.integers(3, 40), some.integers(3, 40))
def test_tiles_and_threads_and_neighbours_change_no_bit(programs: list[Any], height: int, width: int) -> None:
    canvas = Canvas(20_000)
    try:
        sheet = [to_vector(meant(canvas, program)) for program in programs]
    except TooSlow:
        return
    together = render(sheet, height, width, threads=2)
    assert np.array_equal(together, render(sheet, height, width, threads=1))
    for program, picture in zip(sheet, together, strict=True):
        assert np.array_equal(render([program], height, width)[0], picture)
        assert np.array_equal(np.concatenate(list(strips(program, height, width, 2)), 1), picture)
    assert np.isfinite(together).all()
    assert abs(together).max() <= 1


def test_the_strips_of_a_large_picture_are_its_rows() -> None:
    canvas = Canvas()
    program = (noise(canvas, canvas.x * 4, canvas.y * 4, 1),)
    whole = render([program], 300, 400)[0]
    parts = list(strips(program, 300, 400, 64))
    assert [part.shape[1] for part in parts] == [64, 64, 64, 64, 44]
    assert np.array_equal(np.concatenate(parts, 1), whole)


def test_programs_that_are_drawn_together_need_equally_many_channels() -> None:
    canvas = Canvas()
    with pytest.raises(ValueError, match=r"equally many channels, not \[1, 3\]"):
        render([(canvas.x,), (canvas.x, canvas.y, canvas.r)], 8, 8)


# torch


@settings(deadline=None, max_examples=30)
@given(VALUES)
def test_torch_makes_the_same_pictures(program: Any) -> None:
    canvas = Canvas(5_000)
    try:
        picture = to_vector(meant(canvas, program))
    except TooSlow:
        return
    there = render([picture], SIDE, SIDE)[0]
    here = render_on(torch.device("cpu"), [picture], SIDE, SIDE)[0].numpy()
    assert (abs(there - here) < 1e-3).mean() > 0.97  # a last bit decides the edges of floors and of NaN


def test_gradients_flow_to_parameters() -> None:
    canvas = Canvas()
    wave = (canvas.x * canvas.parameter(0) + canvas.parameter(1)).sin()
    numbers = torch.tensor([2.0, 0.5], dtype=torch.float32, requires_grad=True)
    picture = render_on(torch.device("cpu"), [(wave,)], SIDE, SIDE, numbers)
    (slope,) = torch.autograd.grad(picture.sum(), numbers)
    expected = np.cos(X * 2 + 0.5)
    np.testing.assert_allclose(slope.numpy(), [(X * expected).sum() * SIDE, expected.sum() * SIDE], rtol=1e-4)


# the functions of Sims


def show(name: str, *arguments: Value) -> np.ndarray:
    return seen(*SIMS[name](arguments[0][0].canvas, *arguments))


def test_every_function_takes_scalars_and_vectors_alike() -> None:
    canvas = Canvas()
    scalar, vector = (canvas.x * 0.5,), (canvas.x, canvas.y, canvas.r)
    for function in SIMS.values():
        for value in (scalar, vector):
            given = function(canvas, *(value for _ in function.takes))
            width = {"scalar": 1, "vector": 3, "any": len(value)}[function.gives]
            assert len(given) == width, function.name
    with pytest.raises(TypeError, match="'min' takes 2 arguments, not 1"):
        SIMS["min"](canvas, scalar)


def test_scalars_stand_for_vectors_of_equal_numbers() -> None:
    canvas = Canvas()
    mixed = ARITHMETIC["+"](canvas, (canvas.x,), (canvas.y, canvas.x, canvas.constant(0)))
    assert [number.node for number in mixed] == [(canvas.x + other).node for other in (canvas.y, canvas.x, 0)]
    assert to_scalar((canvas.x,)).node == canvas.x.node


@settings(deadline=None, max_examples=50)
@given(some.tuples(*[some.floats(-1, 1, width=32)] * 3))
def test_colours_are_those_of_colorsys(value: tuple[float, float, float]) -> None:
    canvas = Canvas()
    hue, saturation, brightness = value
    shown = seen(*SIMS["hsv-to-rgb"](canvas, tuple(map(canvas.constant, value))), side=2)[:, 0, 0]
    expected = colorsys.hsv_to_rgb(hue / 2 % 1, saturation / 2 + 0.5, brightness / 2 + 0.5)
    np.testing.assert_allclose(shown, np.array(expected) * 2 - 1, atol=1e-5)


@pytest.mark.parametrize(("name", "bits"), [("and", np.bitwise_and), ("or", np.bitwise_or), ("xor", np.bitwise_xor)])
def test_logic_works_on_eight_bits(name: str, bits: Callable[..., np.ndarray]) -> None:
    canvas = Canvas()
    a, b = (np.rint(v * 127.5 + 127.5).astype(int) for v in np.broadcast_arrays(X, Y))
    np.testing.assert_allclose(show(name, (canvas.x,), (canvas.y,))[0], bits(a, b) / 127.5 - 1, atol=1e-6)


def test_slopes_are_those_of_the_surface() -> None:
    canvas = Canvas()
    surface = (canvas.x * 0.3 + canvas.y * 0.4,)
    np.testing.assert_allclose(show("grad-mag", surface)[0], 0.5, atol=1e-4)
    np.testing.assert_allclose(show("grad-dir", surface)[0], np.arctan2(0.4, 0.3) / np.pi, atol=1e-4)


def test_a_blur_keeps_slopes_and_softens_edges() -> None:
    canvas = Canvas()
    np.testing.assert_allclose(show("blur", (canvas.x * 0.5,))[0], plane(X * 0.5), atol=1e-6)
    edge = seen(*SIMS["blur"](canvas, (canvas.x < 0.001,)), side=200)
    np.testing.assert_allclose(np.unique(edge.round(3)), [0, 0.25, 0.75, 1])  # by binomial weights
    np.testing.assert_allclose(show("band-pass", (canvas.x,))[0], 0, atol=1e-5)


def test_warps_read_at_other_coordinates() -> None:
    canvas = Canvas()
    x, y, image = (canvas.x,), (canvas.y,), (canvas.x * 0.5 + canvas.y * 0.2,)
    np.testing.assert_allclose(show("warp-abs", image, y, x)[0], plane(Y * 0.5 + X * 0.2), atol=1e-6)
    np.testing.assert_allclose(show("warp-rel", image, y, x)[0], plane((X + Y) * 0.7), atol=1e-6)
    height, far = (canvas.x * 0.5,), (canvas.constant(0.4),)
    np.testing.assert_allclose(show("warp-by-grad", image, height, far)[0], plane((X + 0.2) * 0.5 + Y * 0.2), atol=1e-4)


def test_a_dissolve_blends_two_values() -> None:
    canvas = Canvas()
    ends = (canvas.constant(-0.5),), (canvas.constant(0.5),)
    np.testing.assert_allclose(show("dissolve", *ends, (canvas.x,))[0], plane(X * 0.5), atol=1e-6)


def test_noise_is_smooth_and_depends_on_its_seed() -> None:
    canvas = Canvas()
    first, second = (noise(canvas, canvas.x * 5, canvas.y * 5, seed) for seed in (1, 2))
    a, b = seen(first, second, side=200)
    assert np.abs(np.diff(a, axis=0)).max() < 0.15
    assert 0.1 < a.std() < 0.6
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.3
    at_lattice = noise(canvas, canvas.x.round() * 3, canvas.y.round() * 3, 1)
    np.testing.assert_allclose(seen(at_lattice), 0, atol=1e-6)


def test_an_iterated_function_is_mirrored() -> None:
    canvas = Canvas()
    shown = show("ifs", (canvas.x,), (canvas.constant(0.2),), (canvas.constant(0.3),))[0]
    np.testing.assert_allclose(shown, shown[::-1, ::-1], atol=1e-5)


def test_functions_are_selected_by_set_or_by_name() -> None:
    assert select_functions("sims") == SIMS
    assert list(select_functions("x, y,+ ,blur")) == ["x", "y", "+", "blur"]
    with pytest.raises(ConfigError, match="no function named 'blurr'; did you mean 'blur'"):
        select_functions("x,blurr")
