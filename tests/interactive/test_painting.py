"""A label map that a person paints."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from coevo.errors import ConfigError
from coevo.interactive.painting import MOST_UNDONE, Painting

SHAPE = 6, 9
maps = arrays(np.uint8, SHAPE, elements=some.integers(0, 2))
pixels = some.tuples(some.integers(0, SHAPE[1] - 1), some.integers(0, SHAPE[0] - 1))


@given(maps, pixels, pixels, some.integers(0, 2), some.integers(1, 7))
def test_undo_takes_a_stroke_back_and_redo_brings_it_again(
    numbers: np.ndarray, start: tuple[int, int], stop: tuple[int, int], region: int, width: int
) -> None:
    painting = Painting(numbers, 3)
    stroke = painting.stroke(region, width)
    stroke.line(start, start)
    stroke.line(start, stop)
    painted = painting.numbers.copy()
    assert painted[start[1], start[0]] == painted[stop[1], stop[0]] == region
    assert painting.undo() and (painting.numbers == numbers).all()
    assert painting.redo() and (painting.numbers == painted).all()


@given(maps, pixels, some.integers(0, 2))
def test_a_fill_reaches_what_touches_by_its_sides(numbers: np.ndarray, at: tuple[int, int], region: int) -> None:
    painting = Painting(numbers, 3)
    painting.fill(at, region)
    wanted, waiting, own = numbers.copy(), deque([at]), numbers[at[1], at[0]]
    seen = {at}
    while waiting:
        x, y = waiting.popleft()
        wanted[y, x] = region
        for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            inside = 0 <= near[0] < SHAPE[1] and 0 <= near[1] < SHAPE[0]
            if inside and near not in seen and numbers[near[1], near[0]] == own:
                seen.add(near)
                waiting.append(near)
    assert (painting.numbers == wanted).all()


@pytest.mark.parametrize(("width", "across"), [(1, 1), (2, 3), (3, 3), (5, 5)])
def test_a_brush_is_as_wide_as_it_says(width: int, across: int) -> None:
    painting = Painting(np.zeros((15, 15), np.uint8), 2)
    painting.stroke(1, width).line((7, 7), (7, 7))
    assert painting.numbers.any(0).sum() == painting.numbers.any(1).sum() == across


def test_what_lies_outside_is_cut_off() -> None:
    painting = Painting(np.zeros(SHAPE, np.uint8), 2)
    painting.stroke(1, 3).line((-20, 2), (40, 2))
    assert painting.numbers.any(1).tolist() == [False, True, True, True, False, False]


def test_a_new_stroke_forgets_what_was_undone_and_old_ones_are_forgotten_at_last() -> None:
    painting = Painting(np.zeros(SHAPE, np.uint8), 2)
    assert not painting.undo() and not painting.redo()
    painting.cover(1)
    painting.undo()
    painting.stroke(1).line((0, 0), (0, 0))
    assert not painting.redo()
    for _ in range(2 * MOST_UNDONE):
        painting.stroke(1).line((1, 1), (1, 1))
    undone = 0
    while painting.undo():
        undone += 1
    assert undone == MOST_UNDONE


def test_a_map_of_unknown_regions_is_refused() -> None:
    with pytest.raises(ConfigError, match="numbers below 2"):
        Painting(np.full(SHAPE, 2), 2)
