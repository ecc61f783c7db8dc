"""Strokes: known coverages, symmetry to the bit, and NumPy beside machine code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.contract.drawings import Drawing, Path
from coevo.images import strokes as module
from coevo.images.strokes import Strokes, draw_drawings, draw_strokes
from coevo.native import native

PAPER, BLACK = np.array([1.0]), -1.0


def covered(segments: object, size: int, rows: range | None = None) -> np.ndarray:
    """What segments in black cover of each pixel, in [0, 1]."""
    array = np.array(segments, float).reshape(-1, 5)
    strokes = Strokes(array, np.full((len(array), 1), BLACK), np.array([0, len(array)]), PAPER)
    return (1 - draw_strokes(strokes, size, rows)[0, 0]) / 2


# computed by hand; a pixel's centre lies half a pixel from its edges


def test_a_line_on_the_border_of_two_rows_covers_both() -> None:
    picture = covered([-2, 0, 2, 0, 2], 8)
    assert picture[:, 4].tolist() == [0, 0, 0, 1, 1, 0, 0, 0]


def test_a_line_through_the_middle_of_a_row_covers_it_and_half_of_its_neighbours() -> None:
    picture = covered([-2, 0.5, 2, 0.5, 2], 8)
    assert picture[:, 4].tolist() == [0, 0, 0, 0.5, 1, 0.5, 0, 0]


def test_ends_are_round() -> None:
    picture = covered([0, 0, 0, 0, 4], 8)  # a dot of radius 2: 2 + 1/2 - d
    d = np.hypot(*np.meshgrid(np.arange(8) - 3.5, np.arange(8) - 3.5))
    assert np.allclose(picture, np.clip(2.5 - d, 0, 1), atol=1e-6)


def test_a_line_narrower_than_a_pixel_is_lighter() -> None:
    assert covered([-2, 0.5, 2, 0.5, 0.25], 8)[:, 4].tolist() == [0, 0, 0, 0, 0.25, 0, 0, 0]
    assert not covered([-2, 0.5, 2, 0.5, 0], 8).any()


@given(some.floats(0, 2 * math.pi), some.floats(2, 9))
def test_a_line_covers_its_area_in_any_direction(angle: float, width: float) -> None:
    x, y = 12 * math.cos(angle), 12 * math.sin(angle)
    area = 24 * width + math.pi * width * width / 4
    assert abs(covered([-x, -y, x, y, width], 64).sum() / area - 1) < 0.06


def test_joints_leave_no_trace() -> None:
    whole, parts = covered([-9, -5, 9, 5, 3], 32), covered([[-9, -5, 0, 0, 3], [0, 0, 9, 5, 3]], 32)
    assert np.abs(whole - parts).max() < 1e-6


def test_later_inks_cover_earlier_ones() -> None:
    lines = np.array([[-3, 0, 3, 0, 4], [0, -3, 0, 3, 2]], float)
    red, blue = [1, -1, -1], [-1, -1, 1]
    (picture,) = draw_strokes(Strokes(lines, np.array([red, blue]), np.array([0, 2]), np.array([0, 0, 0])), 8)
    assert picture[:, 4, 4].tolist() == blue and picture[:, 4, 1].tolist() == red and not picture[:, 0, 0].any()


# of any strokes

ends = some.floats(-40, 40)
segments = some.lists(some.tuples(ends, ends, ends, ends, some.floats(0, 12)), min_size=0, max_size=12)


@given(segments, some.integers(1, 40))
def test_numpy_and_machine_code_draw_the_same_bits(lines: list[tuple[float, ...]], size: int) -> None:
    if native() is None:
        pytest.skip("no machine code was built")
    array = np.array(lines).reshape(-1, 5)
    inks = np.linspace(-1, 0, max(1, len(array)))[: len(array)].round(1)  # some follow in the same ink
    strokes = Strokes(array, np.stack([inks, -inks], 1), np.array([0, len(array) // 2, len(array)]), np.ones(2))
    drawn = draw_strokes(strokes, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "native", lambda: None)
        patch.setattr(module, "PAIRS", 300)
        assert np.array_equal(drawn, draw_strokes(strokes, size))


MIRRORED = {"left and right": [-1, 1, -1, 1, 1], "up and down": [1, -1, 1, -1, 1], "both": [-1, -1, -1, -1, 1]}


@pytest.mark.parametrize("sides", MIRRORED)
@given(segments, some.integers(1, 40))
def test_what_is_mirrored_is_drawn_mirrored_to_the_bit(sides: str, lines: list[tuple[float, ...]], size: int) -> None:
    array = np.array(lines).reshape(-1, 5)
    mirrored = (array * MIRRORED[sides])[:, [2, 3, 0, 1, 4]]  # from its other end, too
    axes = {"left and right": 1, "up and down": 0, "both": (0, 1)}[sides]
    assert np.array_equal(covered(mirrored, size), np.flip(covered(array, size), axes))
    assert np.array_equal(covered(array[:, [1, 0, 3, 2, 4]], size), covered(array, size).T)


@given(segments, some.integers(1, 40), some.integers(1, 9))
def test_rows_are_those_of_the_whole(lines: list[tuple[float, ...]], size: int, step: int) -> None:
    parts = [covered(lines, size, range(top, min(top + step, size))) for top in range(0, size, step)]
    assert np.array_equal(np.concatenate(parts), covered(lines, size))


@settings(max_examples=20, deadline=None)
@given(segments)
def test_a_picture_depends_on_nothing_beside_it(lines: list[tuple[float, ...]]) -> None:
    array = np.concatenate([np.array(lines).reshape(-1, 5), [[0, 0, 5, 5, 1]], np.array(lines).reshape(-1, 5)])
    bounds = np.array([0, len(lines), len(lines) + 1, len(array)])
    strokes = Strokes(array, np.full((len(array), 1), BLACK), bounds, PAPER)
    together = draw_strokes(strokes, 24, threads=3)
    assert np.array_equal(together[0], together[2])
    assert np.array_equal((1 - together[0, 0]) / 2, covered(lines, 24))


def test_a_line_far_outside_is_cut_off() -> None:
    line = [-60_000, -60_000, 60_000, 60_000, 2]
    assert np.allclose(np.diag(covered(line, 16)), 1, atol=0.01)
    assert not covered([30_000, 0, 60_000, 5, 9], 16).any()


@pytest.mark.parametrize(
    ("segment", "first", "said"),
    [
        ([0, 0, math.nan, 0, 1], [0, 1], "numbers of px up to 65,536"),
        ([0, 0, 1e9, 0, 1], [0, 1], "numbers of px up to 65,536"),
        ([0, 0, 1, 0], [0, 1], r"strokes are \[S, 5\]"),
        ([0, 0, 1, 0, 1], [0, 2], "first rises from 0 to the number of segments, 1"),
        ([0, 0, 1, 0, 1], [1, 1], "first rises"),
    ],
)
def test_what_are_no_strokes_is_refused(segment: list[float], first: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        draw_strokes(Strokes(np.array([segment]), np.array([[0.0]]), np.array(first), PAPER), 8)


# drawings


def test_a_drawing_is_drawn_in_its_colours() -> None:
    cross = [Path(np.array([[0.1, 0.1], [0.9, 0.9]]), 0.2, "#ff0000"), Path(np.array([[0.5, 0.5]]), 0.3, "#0000ff")]
    pictures = draw_drawings([Drawing(cross, "#ffffff"), Drawing([])], 20)
    assert pictures.shape == (2, 3, 20, 20)
    assert pictures[0, :, 3, 3].tolist() == [1, -1, -1] and pictures[0, :, 10, 10].tolist() == [-1, -1, 1]
    assert (pictures[1] == 1).all() and (pictures[0, :, 0, -1] == 1).all()
