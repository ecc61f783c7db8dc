"""Plots drawn with Pillow: curves over rounds, points in a plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, isfinite, log10

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from coevo.images.sheets import captioned

COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
PAPER, INK, FADED, FAINT, GREY = "white", "#333333", "#999999", "#eeeeee", "#cccccc"
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 30  # px around a chart
POINTS = 200  # of a curve, at most: longer ones are averaged
FINE = 3  # charts are drawn three times as large, then reduced, for smooth lines
SIDE, MARGIN, LEGEND = 900, 60, 150  # px of a scatter plot
LISTED = 32  # names in its legend

Curve = Sequence[tuple[float, float]]


def colour_of(number: int) -> str:
    """The colour of the n-th of several things."""
    return COLOURS[number % len(COLOURS)]


def line_chart(
    title: str,
    curves: Mapping[int, Curve],
    size: tuple[int, int],
    rounds: tuple[float, float] | None = None,
    places: Mapping[float, str] | None = None,
) -> Image.Image:
    """Curves on common axes, over rounds or over values of something else.

    Args:
        title: written above.
        curves: points (x, y) by the number of the colour; values that are not finite are left out.
        size: width and height in px.
        rounds: the range of x; by default that of the curves.
        places: names of values of x, if x is not the round.
    """
    curves = {number: shortened([(x, y) for x, y in curve if isfinite(y)]) for number, curve in curves.items()}
    points = [point for curve in curves.values() for point in curve]
    width, height = size
    chart = Image.new("RGB", (width * FINE, height * FINE), PAPER)
    pen, small, large = ImageDraw.Draw(chart), ImageFont.load_default(12 * FINE), ImageFont.load_default(14 * FINE)
    pen.text((LEFT * FINE, TOP * FINE / 2), title, INK, large, "lm")
    if points:
        x_low, x_high = span(rounds or [x for x, _ in points], padding=0)
        y_low, y_high = span([y for _, y in points], padding=0.05)

        def place(x: float, y: float) -> tuple[float, float]:
            across, up = (x - x_low) / (x_high - x_low), (y - y_low) / (y_high - y_low)
            left = LEFT + across * (width - LEFT - RIGHT)
            return left * FINE, (height - BOTTOM - up * (height - TOP - BOTTOM)) * FINE

        left, right, top, bottom = LEFT * FINE, (width - RIGHT) * FINE, TOP * FINE, (height - BOTTOM) * FINE
        for y, text in ticks(y_low, y_high):
            level = place(x_low, y)[1]
            pen.line((left, level, right, level), FAINT, FINE)
            pen.text((left - 6 * FINE, level), text, INK, small, "rm")
        for x, text in places.items() if places else ticks(x_low, x_high, whole=True):
            across = place(x, y_low)[0]
            pen.line((across, bottom, across, bottom + 4 * FINE), INK, FINE)
            pen.text((across, bottom + 6 * FINE), text, INK, small, "ma")
        pen.text((left - 6 * FINE, bottom + 10 * FINE), "" if places else "round", FADED, small, "ra")
        pen.line((left, top, left, bottom, right, bottom), INK, FINE)
        for number, curve in curves.items():
            line = [place(x, y) for x, y in curve]
            if len(line) > 1:
                pen.line(line, colour_of(number), 2 * FINE, joint="curve")
            for x, y in line if len(line) <= 20 else ():
                pen.ellipse((x - 2 * FINE, y - 2 * FINE, x + 2 * FINE, y + 2 * FINE), colour_of(number))
    return chart.resize(size, Image.Resampling.BOX)


def shortened(curve: Curve) -> Curve:
    """A curve of at most POINTS points, each the mean of its neighbours."""
    if len(curve) <= POINTS:
        return curve
    parts = [curve[len(curve) * k // POINTS : len(curve) * (k + 1) // POINTS] for k in range(POINTS)]
    return [(part[-1][0], sum(y for _, y in part) / len(part)) for part in parts]


def span(values: Sequence[float], padding: float) -> tuple[float, float]:
    """The range of values with some padding; never empty."""
    low, high = min(values), max(values)
    more = (high - low) * padding or (0.0 if high > low else abs(high) * 0.1 or 1.0)
    return low - more, high + more


def ticks(low: float, high: float, most: int = 5, whole: bool = False) -> Iterator[tuple[float, str]]:
    """Round numbers from low to high, about `most` of them, and how they are written; whole: no fractions."""
    rough = (high - low) / most
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    step = max(step, 1.0) if whole else step
    decimals = max(0, -floor(log10(step) + 1e-9))
    number = ceil(low / step - 1e-9)
    while number * step <= high + step * 1e-9:
        value = number * step
        yield value, f"{value:,.{decimals}f}" if abs(value) < 1e6 and decimals < 5 else f"{value:.1e}"
        number += 1


def scatter_plot(
    codes: Tensor,
    prior: Tensor,
    labels: Tensor | None,
    caption: str = "",
    axes: Sequence[str] = ("", ""),
    legend: Mapping[str, str] | None = None,
) -> Image.Image:
    """Codes as points, coloured by label, over the prior's in grey.

    Args:
        codes, prior: points [N, 2] and [M, 2].
        labels: [N], or None.
        caption: sentences above the plot that say what is seen.
        axes: what the horizontal and the vertical axis are.
        legend: the colour of each name beside the plot.
    """
    reach = max(codes.abs().quantile(0.998).item(), prior.abs().quantile(0.999).item()) * 1.05
    names = dict(list((legend or {}).items())[:LISTED])
    picture = Image.new("RGB", (SIDE + (LEGEND if names else 0), SIDE), PAPER)
    pen, font, small = ImageDraw.Draw(picture), ImageFont.load_default(16), ImageFont.load_default(13)
    low, high = MARGIN, SIDE - MARGIN

    def place(points: Tensor) -> Tensor:
        return (points / reach * torch.tensor([1, -1]) + 1) / 2 * (high - low) + low

    for value, text in ticks(-reach, reach):
        x, y = place(torch.tensor([value, value])).tolist()
        pen.line((x, low, x, high), FAINT)
        pen.line((low, y, high, y), FAINT)
        pen.text((x, high + 6), text, INK, small, "ma")
        pen.text((low - 6, y), text, INK, small, "rm")
    pen.text((SIDE / 2, high + 40), axes[0], INK, font, "mm")
    tall = Image.new("RGB", (high - low, 24), PAPER)
    ImageDraw.Draw(tall).text((tall.width / 2, 12), axes[1], INK, font, "mm")
    picture.paste(tall.rotate(90, expand=True), (0, low))

    def dots(points: Tensor, colours: Sequence[str], radius: float) -> None:
        for (x, y), colour in zip(place(points).tolist(), colours, strict=True):
            if low <= x <= high and low <= y <= high:
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    dots(prior, [GREY] * len(prior), 2)
    whose = [0] * len(codes) if labels is None else labels.tolist()
    dots(codes, [colour_of(label) for label in whose], 2.5)
    for number, (name, colour) in enumerate(names.items()):
        y = low + 8 + 24 * number
        pen.ellipse((SIDE, y - 6, SIDE + 12, y + 6), fill=colour)
        pen.text((SIDE + 20, y), name, INK, font, "lm")
    return captioned(picture, caption) if caption else picture
