"""The picture of a trail at any size: what `coevo/native/swarm.c` does, in NumPy.

A stroke is a disc drawn along a line, antialiased by its distance from the middle of a pixel. One that goes on from
another adds to it what is missing, so that translucent lines have no knots: where that one has covered b of a pixel,
and it c > b, o (c - b) / (1 - o b) more make o c in all, o being the opacity. What a turmite paints is a
whole cell. Strokes are laid over each other in their order: p ← p + a (colour - p).
"""

from __future__ import annotations

import numpy as np
from numpy import float32 as f32

from coevo.data.datasets import GREY
from coevo_swarm.genes import Colony
from coevo_swarm.walking import BARE, CELL, JOINED, SHIFT, SIDE

BRUSH = np.dtype(
    [("width", "<f4"), ("opacity", "<f4"), *((name, "<f4", 3) for name in ("colour", "end_colour", "bare"))]
)
AT_ONCE = 20_000  # strokes whose pixels are found together


def brush_table(colony: Colony, channels: int) -> np.ndarray:
    """The brushes of a colony's castes, BRUSH [K]; of grey pictures the first channel holds the tone."""
    table = np.zeros(len(colony.castes), BRUSH)
    for row, its in zip(table, colony.castes, strict=True):
        row["width"], row["opacity"] = its.width, its.opacity
        for name, colour in (("colour", its.colour), ("end_colour", its.end_colour), ("bare", colony.background)):
            row[name] = tones(colour, channels)
    return table


def tones(colour: str, channels: int) -> list[float]:
    """#rrggbb as three numbers in [0, 1]; of grey pictures all the same."""
    rgb = [value / 255 for value in bytes.fromhex(colour[1:])]
    return rgb if channels == 3 else [sum(share * value for share, value in zip(GREY, rgb, strict=True))] * 3


def blank(colony: Colony, channels: int, rows: int, side: int) -> np.ndarray:
    """The canvas before anything is painted, float32 [C, rows, side] in [0, 1]."""
    background = np.array(tones(colony.background, channels)[:channels], f32)
    return np.ascontiguousarray(np.broadcast_to(background[:, None, None], (channels, rows, side)))


def paint(strokes: np.ndarray, brushes: np.ndarray, picture: np.ndarray, top: int = 0) -> None:
    """Paint strokes over some rows of a square picture.

    Args:
        strokes: STROKE [S], in order.
        brushes: BRUSH, of each caste.
        picture: float32 [C, rows, side] in [0, 1], painted in place.
        top: the first of its rows.
    """
    for first in range(0, len(strokes), AT_ONCE):
        some = strokes[first : first + AT_ONCE]
        stroke, pixel, cover = coverage(some, brushes, picture.shape[2], top, picture.shape[1])
        caste = some["caste"][stroke]
        brush = brushes[caste]
        colour = brush["colour"] + (some["tone"][stroke] / f32(255))[:, None] * (brush["end_colour"] - brush["colour"])
        colour[some["kind"][stroke] == BARE] = brush["bare"][some["kind"][stroke] == BARE]
        blend(picture.reshape(len(picture), -1), pixel, cover, colour.T)


def blend(flat: np.ndarray, pixel: np.ndarray, paint: np.ndarray, colour: np.ndarray) -> None:
    """Lay paint on pixels in order: first what comes first on each, then what comes second, and so on."""
    order = pixel.argsort(kind="stable")
    pixel, paint, colour = pixel[order], paint[order], colour[:, order]
    begins = np.flatnonzero(np.r_[True, pixel[1:] != pixel[:-1]]) if len(pixel) else np.zeros(0, int)
    rank = np.arange(len(pixel)) - np.repeat(begins, np.diff(np.r_[begins, len(pixel)]))
    by_rank = rank.argsort(kind="stable")
    for layer in np.split(by_rank, np.bincount(rank).cumsum()[:-1]) if len(rank) else ():
        at = pixel[layer]
        flat[:, at] += paint[layer] * (colour[: len(flat), layer] - flat[:, at])


def coverage(
    strokes: np.ndarray, brushes: np.ndarray, side: int, top: int, rows: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The number of a stroke, of a pixel in some rows, and how much paint it gets there; strokes stay in order."""
    scale, its = side * 2.0**-32, brushes[strokes["caste"]]
    square, joined = strokes["kind"] >= CELL, strokes["kind"] == JOINED
    full = its["width"] * f32(side) * f32(0.5)
    radius = np.maximum(full, f32(0.5))
    opacity = np.where(square, its["opacity"], its["opacity"] * (full / radius))
    reach = radius + f32(0.5)
    x, y, dx, dy, bx, by = (
        (strokes[name] * scale).astype(f32) for name in ("x", "y", "dx", "dy", "before_x", "before_y")
    )
    west, east = x + np.minimum(dx, f32(0)) - reach, x + np.maximum(dx, f32(0)) + reach
    north, south = y + np.minimum(dy, f32(0)) - reach, y + np.maximum(dy, f32(0)) + reach
    for low, high, name in ((west, east, "x"), (north, south, "y")):
        cell = (strokes[name] >> SHIFT).astype(np.int64)
        low[square] = (cell * (side / SIDE))[square]
        high[square] = ((cell + 1) * (side / SIDE))[square]
    left, right = (np.where(square, *both).astype(int) for both in _columns(west, east))
    above, below = (np.where(square, *both).astype(int) for both in _columns(north, south))
    wide, high = right - left, below - above
    which = np.repeat(np.arange(len(strokes)), wide * high)
    place = np.arange(len(which)) - np.repeat((wide * high).cumsum() - wide * high, wide * high)
    column, row = left[which] + place % wide[which], above[which] + place // wide[which]
    line = row % side - top
    inside = (line >= 0) & (line < rows)
    which, column, row, line = which[inside], column[inside], row[inside], line[inside]
    across, down = column.astype(f32) + f32(0.5) - x[which], row.astype(f32) + f32(0.5) - y[which]
    cover = covered(across, down, dx[which], dy[which], reach[which])
    square = square[which]
    across_cell = overlap(column.astype(f32), west[which], east[which])
    cover = np.where(square, overlap(row.astype(f32), north[which], south[which]) * across_cell, cover)
    before = np.zeros_like(cover)
    at = np.flatnonzero(joined[which] & (cover > 0))
    old = which[at]
    before[at] = covered(across[at] + bx[old], down[at] + by[old], bx[old], by[old], reach[old])
    shown = np.flatnonzero(cover > before)
    which, cover, before, opaque = which[shown], cover[shown], before[shown], opacity[which[shown]]
    amount = (cover - before) * opaque / (f32(1) - before * opaque)  # what is missing from full cover
    return which, line[shown] * side + column[shown] % side, amount


def _columns(low: np.ndarray, high: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The first pixel, and the one after the last: of cells all that they touch, of lines those whose middle is in
    between."""
    half = f32(0.5)
    return (np.floor(low), np.ceil(low - half)), (np.ceil(high), np.floor(high - half) + 1)


def covered(x: np.ndarray, y: np.ndarray, dx: np.ndarray, dy: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """How much of a pixel, whose middle is at (x, y), is covered by a line from 0 to (dx, dy)."""
    length = dx * dx + dy * dy
    inverse = np.divide(f32(1), length, out=np.zeros_like(length), where=length > 0)
    t = np.clip((x * dx + y * dy) * inverse, f32(0), f32(1))
    u, v = x - t * dx, y - t * dy
    return np.asarray(np.clip(reach - np.sqrt(u * u + v * v), f32(0), f32(1)))


def overlap(p: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How much of the pixel from p to p + 1 lies between two borders."""
    return np.asarray(np.maximum(np.minimum(p + f32(1), high) - np.maximum(p, low), f32(0)))
