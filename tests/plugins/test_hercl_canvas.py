"""The canvas of HERCL's programs: every message, pixels worked out by hand, machine code beside NumPy."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hercl_programs import programs, random_program
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.images.strokes import draw_drawings
from coevo.native import native
from coevo_hercl import machine
from coevo_hercl.canvas import MESSAGES, SIDE, draw, paint, sketch, vector
from coevo_hercl.functions import draw_functions
from coevo_hercl.program import Program
from coevo_hercl.text import read

TOGGLE, FORWARD, TURN, SIZE, COLOUR = range(5)
Message = tuple[float, ...]
AGAIN = "get 9 equal 9 pop branch-back |"  # a register equals itself


@pytest.fixture(autouse=True, params=["machine code", "Python"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every test runs in machine code and in Python, but for those that compare the two."""
    if request.param == "Python":
        monkeypatch.setattr(machine, "machine_code", lambda: None)
    elif native() is None:
        pytest.skip("no machine code was built")
    yield request.param


def saying(*messages: Message, end: str = "|") -> Program:
    """The program that sends these messages."""
    words = []
    for message in messages:
        words += [f"push {float(item)!r}" for item in reversed(message)] + ["write"] * len(message) + ["output"]
    return read(" ".join([*words, end]))


def lines(*messages: Message, colour: bool = False) -> list[tuple[float, ...]]:
    """What messages draw: from x, y to x, y."""
    (one,) = sketch([saying(*messages)], colour=colour)
    return [tuple(round(float(line[name]), 2) for name in ("x0", "y0", "x1", "y1")) for line in one]


def inked(*messages: Message, size: int = SIDE) -> list[tuple[int, int]]:
    """The pixels (x, y) that are not white."""
    return [(x, y) for y, x in np.argwhere(draw([saying(*messages)], size)[0, 0] < 255).tolist()]


# messages


def test_the_pen_begins_in_the_middle_and_looks_downwards() -> None:
    assert lines((FORWARD, 10)) == [(64, 64, 64, 74)]
    assert lines((FORWARD,)) == [(64, 64, 64, 65)]
    assert lines((FORWARD, -10)) == [(64, 64, 64, 54)]


def test_it_turns_to_its_left() -> None:
    assert lines((TURN, 90), (FORWARD, 10)) == [(64, 64, 74, 64)]
    assert lines((TURN, -90), (FORWARD, 10)) == [(64, 64, 54, 64)]
    assert lines((TURN, 180 + 3600), (FORWARD, 10)) == [(64, 64, 64, 54)]
    assert lines((TURN, 30), (FORWARD, 10)) == lines((TURN,), (TURN,), (TURN,), (FORWARD, 10)) == [(64, 64, 69, 72.66)]


def test_a_square_comes_back_to_where_it_began() -> None:
    side: list[Message] = [(FORWARD, 10), (TURN, 90)]
    assert lines(*side * 4) == [(64, 64, 64, 74), (64, 74, 74, 74), (74, 74, 74, 64), (74, 64, 64, 64)]


def test_the_pen_is_lifted_and_put_down() -> None:
    assert lines((TOGGLE,), (FORWARD, 40), (TOGGLE,), (FORWARD, 2)) == [(64, 104, 64, 106)]


def test_with_the_pen_down_no_way_is_longer_than_15() -> None:
    assert lines((FORWARD, 99), (FORWARD, -99)) == [(64, 64, 64, 79), (64, 79, 64, 64)]


def test_the_pen_stays_on_the_canvas() -> None:
    assert lines((TOGGLE,), (FORWARD, 1e15), (TOGGLE,), (FORWARD, 5)) == [(64, 127, 64, 127)]
    assert lines((TOGGLE,), (FORWARD, -60), (TURN, -45), (TOGGLE,), (FORWARD, -15)) == [(64, 4, 74.61, 0)]


def test_kinds_of_messages_count_modulo_five() -> None:
    assert lines((6.4, 10)) == lines((-4, 10)) == lines((FORWARD, 10)) == lines((1 - 10**15, 10))


@pytest.mark.parametrize(("said", "width"), [(1, 1), (2, 2), (3, 3), (4, 1), (0, 1), (-1, 3), (5.6, 2)])
def test_sizes_count_modulo_four(said: float, width: int) -> None:
    (one,) = sketch([saying((FORWARD,), (SIZE, said), (FORWARD,), (SIZE,), (FORWARD,))])
    assert one["width"].tolist() == [3, width, 1]


def test_grey_is_lightness() -> None:
    (one,) = sketch(
        [saying((FORWARD,), (COLOUR, 130, 7, 9), (FORWARD,), (COLOUR, -1), (FORWARD,), (COLOUR,), (FORWARD,))]
    )
    assert one["inks"].tolist() == [[0] * 3, [130] * 3, [255] * 3, [255] * 3]


def test_colours_are_lightness_hue_and_saturation() -> None:
    messages: list[Message] = [(COLOUR, 100, 64, 200), (COLOUR, 50), (COLOUR, 60, 256 + 200)]
    (one,) = sketch([saying((FORWARD,), *(m for message in messages for m in (message, (FORWARD,))))], colour=True)
    said = [(127, 0, 255), (100, 64, 200), (50, 64, 200), (60, 200, 200)]
    expected = [np.rint(255 * np.array(colorsys.hls_to_rgb(h / 256, light / 255, s / 255))) for light, h, s in said]
    np.testing.assert_array_equal(one["inks"], expected)
    assert one["inks"][0].tolist() == [254, 0, 0]


def test_empty_messages_and_infinite_numbers_draw_nothing() -> None:
    assert len(lines((), (FORWARD, 3))) == 1
    (one,) = sketch([read("push 0 log push 1 write write output push 1 write output |")])
    assert len(one) == 1


def test_at_most_900_messages_are_heard() -> None:
    again = saying((FORWARD, 1), end=AGAIN)
    assert [len(one) for one in sketch([again, read("|")])] == [MESSAGES, 0]
    assert [len(one) for one in sketch([again], steps=50)] == [6]  # five for a message, and four to go on


# pixels


def test_a_thin_line_is_single_pixels() -> None:
    thin: Message = (SIZE, 1)
    assert inked(thin, (FORWARD, 3)) == [(64, 64), (64, 65), (64, 66), (64, 67)]
    assert inked(thin, (FORWARD, 0)) == [(64, 64)]
    assert inked(thin, (TURN, 45), (FORWARD, 2)) == [(64, 64), (65, 65)]  # √2 right and √2 down


def test_thin_lines_touch_at_sides_or_corners() -> None:
    """From (64, 64) by 10 at 70°: to (73.40, 67.42), the pixel (73, 67). Nine pixels right, three down: the row is
    64 + round(3 i / 9), halves up: i = 0, 1: 64; 2, 3, 4: 65; 5, 6, 7: 66; 8, 9: 67."""
    rows = [64, 64, 65, 65, 65, 66, 66, 66, 67, 67]
    assert sorted(inked((SIZE, 1), (TURN, 70), (FORWARD, 10))) == [(64 + i, row) for i, row in enumerate(rows)]


def test_wider_lines_are_drawn_with_a_round_brush() -> None:
    assert inked((SIZE, 2), (FORWARD, 0)) == [(64, 64), (65, 64), (64, 65), (65, 65)]
    assert inked((SIZE, 3), (FORWARD, 0)) == [(x, y) for y in (63, 64, 65) for x in (63, 64, 65)]
    large = draw([saying((FORWARD, 0))], 512)[0, 0] < 255  # 12 px
    assert large.sum() == pytest.approx(np.pi * 36, rel=0.03) and large.any(0).sum() == large.any(1).sum() == 12


def test_later_lines_cover_earlier_ones() -> None:
    picture = draw([saying((FORWARD, 9), (COLOUR, 99), (FORWARD, -3))])[0, 0]
    assert picture[70, 64] == 99 and picture[64, 64] == 0


def test_a_brush_over_the_edge_is_cut() -> None:
    assert inked((TOGGLE,), (FORWARD, 99), (TURN, 90), (FORWARD, 99), (TOGGLE,), (FORWARD, 0)) == [
        (126, 126),
        (127, 126),
        (126, 127),
        (127, 127),
    ]


def test_other_sizes_show_the_same_drawing() -> None:
    star: list[Message] = [(FORWARD, 15), (FORWARD, 15), (TURN, 144)] * 5
    small, large = (draw([saying(*star)], size)[0, 0].astype(float) for size in (128, 512))
    shrunk = large.reshape(128, 4, 128, 4).mean((1, 3))
    assert abs(shrunk - small).mean() < 3 and draw([saying(*star)], 16).min() == 0


def test_inks_are_channels() -> None:
    (one,) = sketch([saying((FORWARD, 15))], colour=True)
    assert paint([one], colour=True)[0, :, 70, 64].tolist() == [254, 0, 0]
    assert paint([one])[0, :, 70, 64].tolist() == [254]


def test_sizes_out_of_range_are_refused() -> None:
    for size in (0, 16_385):
        with pytest.raises(ValueError, match=r"1 to 16,384 px a side, not"):
            paint([], size)
    with pytest.raises(ValueError, match="of 10 px has no rows 5 to 11"):
        paint([], 10, rows=range(5, 11))


@settings(max_examples=20, deadline=None)
@given(programs(), some.integers(0, 39), some.integers(0, 39), some.booleans())
def test_rows_are_those_of_the_whole_picture(program: Program, one: int, other: int, colour: bool) -> None:
    rows = range(min(one, other), max(one, other) + 1)
    walk = saying((FORWARD, 9), (TURN, 70), (COLOUR, 90), (FORWARD, 9), end=AGAIN)
    drawn = sketch([program, walk], colour=colour, steps=500)
    assert np.array_equal(paint(drawn, 40, colour=colour, rows=rows), paint(drawn, 40, colour=colour)[:, :, rows])
    noise = read("random write get 0 write output |")
    whole, part = (
        draw_functions([noise, program], 40, 9, colour=colour, rows=some_, steps=50) for some_ in (None, rows)
    )
    assert np.array_equal(part, whole[:, :, rows])


def test_large_pictures_are_painted_in_strips() -> None:
    (one,) = sketch([saying((FORWARD, 15), (TURN, 77), (FORWARD, 15))])
    strip = paint([one], 4096, rows=range(2048, 2112))[0, 0]
    (there,) = np.nonzero((strip == 0).any(0))
    assert there.max() - there.min() + 1 == 96 and (strip[:, there.min() : there.max()] == 0).mean() > 0.7


def test_of_no_programs_there_are_no_pictures() -> None:
    assert draw([], 32).shape == (0, 1, 32, 32)
    assert draw_functions([], 4, 4).shape == (0, 1, 4, 4)


def test_lines_that_go_on_from_each_other_are_one_path() -> None:
    messages: list[Message] = [
        (FORWARD, 8),
        (TURN, 90),
        (FORWARD, 8),
        (TOGGLE,),
        (FORWARD, 40),
        (TOGGLE,),
        (FORWARD, 0),
    ]
    drawing = vector(sketch([saying(*messages, (SIZE, 1), (COLOUR, 17), (FORWARD, 8))])[0])
    points = [(path.points * 128 - 0.5).round(3).tolist() for path in drawing.paths]
    assert points == [[[64, 64], [64, 72], [72, 72]], [[112, 72]], [[112, 72], [120, 72]]]
    assert [path.width * 128 for path in drawing.paths] == [3, 3, 1]
    assert [path.colour for path in drawing.paths] == ["#000000", "#000000", "#111111"]
    assert drawing.background == "#ffffff" and vector(sketch([read("|")])[0]).paths == []


@settings(max_examples=10, deadline=None)
@given(some.integers(0, 1000))
def test_paths_look_like_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    messages: list[Message] = []
    for way, angle in zip(rng.uniform(3, 15, 20).tolist(), rng.uniform(-60, 60, 20).tolist(), strict=True):
        messages += [(FORWARD, way), (TURN, angle)]
    (one,) = sketch([saying(*messages)])
    smooth, pixels = draw_drawings([vector(one)], SIDE)[0, 0] < 0, paint([one])[0, 0] < 128
    assert not (smooth & ~grown(pixels)).any() and not (pixels & ~grown(smooth)).any()


def grown(ink: np.ndarray) -> np.ndarray:
    """Ink and the pixels around it."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(ink, 1), (3, 3))
    return around.any((2, 3))


# a colour for every point


def test_functions_give_every_point_a_colour() -> None:
    ramp, circle = read("get 0 write output |"), read("get 0 get 1 polar write pop output |")
    pictures = draw_functions([ramp, circle, read("|")], 3, 5)
    assert pictures.shape == (3, 1, 3, 5)
    assert pictures[0, 0].tolist() == [[0, 0, 0, 128, 255]] * 3
    assert pictures[1, 0, 1].tolist() == [255, 128, 0, 128, 255] and pictures[1, 0, :, 2].tolist() == [255, 0, 255]
    assert (pictures[2] == 255).all()


def test_functions_give_one_to_three_channels() -> None:
    one, two = read("get 0 write output |"), read("get 0 write get 1 write output |")
    pictures = draw_functions([one, two], 3, 3, colour=True)
    assert pictures[0, :, 0, 1:].tolist() == [[0, 255]] * 3
    assert pictures[1, :, 2, 1:].tolist() == [[0, 255], [255, 255], [255, 255]]


def test_functions_that_never_end_are_white() -> None:
    assert (draw_functions([read(f"| get {AGAIN}")], 4, 4) == 255).all()


# machine code and Python

turns: some.SearchStrategy[float] = some.one_of(some.integers(-400, 400).map(float), some.floats(-1e15, 1e15))
said = some.lists(some.lists(turns, max_size=5).map(tuple) | some.tuples(some.integers(0, 4), turns), max_size=40)


@pytest.mark.parametrize("kind", ["machine code"], indirect=True)
@settings(max_examples=40, deadline=None)
@given(some.lists(said, max_size=3), some.booleans(), some.sampled_from([16, 128, 200]))
def test_machine_code_paints_what_numpy_paints(many: Sequence[Sequence[Message]], colour: bool, size: int) -> None:
    drawings = [saying(*messages) for messages in many]
    drawn = sketch(drawings, colour=colour)
    painted = paint(drawn, size, colour=colour)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "machine_code", lambda: None)
        by_python = sketch(drawings, colour=colour)
        assert np.array_equal(paint(by_python, size, colour=colour), painted)
    for one, other in zip(drawn, by_python, strict=True):
        assert one.tobytes() == other.tobytes()
        for name in ("x0", "y0", "x1", "y1"):
            assert ((one[name] >= 0) & (one[name] <= SIDE - 1)).all()


@settings(max_examples=20, deadline=None)
@given(some.lists(programs(), min_size=2, max_size=3))
def test_what_a_program_draws_depends_on_no_other(some_programs: list[Program]) -> None:
    together = draw(some_programs, 32, steps=500)
    for program, picture in zip(some_programs, together, strict=True):
        assert np.array_equal(draw([program], 32, steps=500)[0], picture)
    points = draw_functions(some_programs, 3, 3, steps=50, colour=True)
    assert np.array_equal(draw_functions(some_programs[1:2], 3, 3, steps=50, colour=True)[0], points[1])


def test_the_number_of_threads_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    some_programs = [random_program(rng, 30) for _ in range(30)]
    assert np.array_equal(draw(some_programs, 24, steps=300), draw(some_programs, 24, steps=300, threads=3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["machine code"], indirect=True)  # which is what may crash
def test_a_hundred_thousand_random_programs_draw() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        batch = [random_program(rng, 60) for _ in range(2000)]
        assert draw(batch, 16, steps=2000, colour=True, threads=2).shape == (2000, 3, 16, 16)
