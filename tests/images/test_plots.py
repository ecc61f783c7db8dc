"""Plots: round numbers at the axes, curves in their colours."""

from __future__ import annotations

from itertools import pairwise
from math import nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from PIL import ImageColor

from coevo.images.plots import GREY, POINTS, colour_of, line_chart, scatter_plot, shortened, span, ticks


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-720, -643, ["-720", "-700", "-680", "-660"]),
        (0, 7990, ["0", "2,000", "4,000", "6,000"]),
        (0.5, 0.5003, ["0.5000", "0.5001", "0.5002", "0.5003"]),
        (0, 2e7, ["0", "5.0e+06", "1.0e+07", "1.5e+07", "2.0e+07"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, texts: list[str]) -> None:
    assert [text for _, text in ticks(low, high)] == texts


def test_rounds_have_no_fractions() -> None:
    assert [text for _, text in ticks(2, 4, whole=True)] == ["2", "3", "4"]


@given(some.floats(-1e9, 1e9), some.floats(1e-3, 1e9))
def test_ticks_are_few_and_within_the_range(low: float, width: float) -> None:
    values = [value for value, _ in ticks(low, low + width)]
    assert 1 <= len(values) <= 6 and all(one < other for one, other in pairwise(values))
    assert low - width * 1e-6 <= values[0] and values[-1] <= low + width * (1 + 1e-6)


@given(some.lists(some.floats(-1e9, 1e9), min_size=1))
def test_a_span_is_never_empty(values: list[float]) -> None:
    low, high = span(values, 0.05)
    assert low < high and low <= min(values) and max(values) <= high


def test_long_curves_are_averaged() -> None:
    curve = shortened([(n, n % 2) for n in range(POINTS * 10)])
    assert len(curve) == POINTS and {y for _, y in curve} == {0.5} and curve[-1][0] == POINTS * 10 - 1


def test_each_curve_has_its_colour() -> None:
    chart = line_chart("loss", {0: [(0, 1.0), (10, 1.0)], 3: [(0, 0.0), (5, nan), (10, 0.0)]}, (400, 200))
    colours = {colour for _, colour in chart.getcolors(1 << 20)}
    assert chart.size == (400, 200) and {(31, 119, 180), (214, 39, 40)} <= colours


def test_a_chart_of_nothing_is_empty() -> None:
    assert line_chart("loss", {0: [(0, nan)]}, (300, 200)).size == (300, 200)


def test_a_scatter_plot_has_a_caption_axes_and_a_legend() -> None:
    points, grey = torch.randn(50, 2), torch.randn(80, 2)
    bare = scatter_plot(points, grey, None)
    named = scatter_plot(points, grey, None, "Codes z over their prior", ("z 1", "z 2"), {"prior": GREY, "a": "red"})
    assert named.width > bare.width == 900 and named.height > bare.height == 900
    assert (255, 0, 0) in {colour for _, colour in named.crop((890, 0, named.width, 300)).getcolors(10_000)}


def test_codes_far_from_their_prior_are_in_the_plot() -> None:
    far = scatter_plot(torch.full((50, 2), 9.0), torch.randn(5000, 2), None)
    assert ImageColor.getrgb(colour_of(0)) in {colour for _, colour in far.getcolors(10_000)}
