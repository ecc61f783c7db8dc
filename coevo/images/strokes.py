"""Antialiased strokes with round ends, at any size: by machine code (`coevo/native/strokes.c`) or NumPy, the same bits.

What a stroke covers of a pixel is min(1, r + ½ - d): r is half its width, d the distance of the pixel's centre from the
stroke's middle line. Strokes of one ink cover as much as the one that covers most.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch

from coevo.contract.drawings import Drawing
from coevo.native import address, native
from coevo.native.threads import in_threads, parts

GRID = 256  # points a pixel of the grid that ends lie on, where float32 is exact
FARTHEST = 1 << 16  # px
LANES = 8  # pixels at a time in machine code, which pads rows to whole ones
PAIRS = 1 << 20  # of strokes and pixels at a time in NumPy


class Strokes(NamedTuple):
    """The strokes of N pictures, one picture after another.

    Args:
        segments: [S, 5] float: from x, y to x, y, and the width of the pen, in px; x is to the right and y below of the
            picture's centre. What is narrower than a pixel is drawn as wide as one, and lighter.
        inks: [S, C] in [-1, 1]. Segments that follow one another in the same ink are one layer, which covers those
            before it.
        first: [N + 1] int: picture i has the segments from first[i] to first[i + 1].
        paper: [C] or [N, C], what is under the strokes.
    """

    segments: np.ndarray
    inks: np.ndarray
    first: np.ndarray
    paper: np.ndarray


def draw_strokes(strokes: Strokes, size: int, rows: range | None = None, threads: int | None = None) -> np.ndarray:
    """Draw strokes. A picture depends on nothing that is drawn beside it, nor on the number of threads; what is
    symmetric is drawn symmetrically, to the bit.

    Args:
        strokes: of N pictures in C channels.
        size: px of a side.
        rows: which rows, from top to bottom; all by default.
        threads: as many as PyTorch has by default.

    Returns:
        Pictures [N, C, rows, size] float32 in [-1, 1].

    Raises:
        ValueError: arrays do not fit each other, or something is not a number or farther off than 65,536 px.

    Example:
        >>> line = Strokes(np.array([[-2, -1, 2, -1, 2]]), np.array([[-1]]), np.array([0, 1]), np.array([1]))
        >>> draw_strokes(line, 6)[0, 0, :, 3]
        array([ 1., -1., -1.,  1.,  1.,  1.], dtype=float32)
    """
    rows = rows if rows is not None else range(size)
    segments, inks, first = checked(strokes)
    n, channels = len(first) - 1, inks.shape[1]
    pictures = np.empty((n, channels, len(rows), size), np.float32)
    pictures[:] = np.broadcast_to(np.asarray(strokes.paper, np.float32), (n, channels))[:, :, None, None]

    def draw(some: slice) -> None:
        if library := native():
            covered = np.zeros((len(rows), -(-size // LANES) * LANES), np.float32)
            arrays = *map(address, (segments, inks, first)), size, rows.start, len(rows), channels
            job = _Job(*arrays, address(pictures), address(covered))
            library.coevo_draw_strokes(ctypes.byref(job), some.start, some.stop)
            return
        for i in range(some.start, some.stop):
            own = slice(first[i], first[i + 1])
            _by_numpy(pictures[i], segments[own], inks[own], rows.start)

    threads = threads or torch.get_num_threads()
    in_threads((partial(draw, some) for some in parts(n, threads)), threads)
    return pictures


def draw_drawings(drawings: Sequence[Drawing], size: int) -> np.ndarray:
    """Draw drawings: [N, 3, size, size] float32 in [-1, 1].

    Example:
        >>> draw_drawings([Drawing([], "#ff0000")], 2)[0, :, 0, 0]
        array([ 1., -1., -1.], dtype=float32)
    """
    paths = [path for drawing in drawings for path in drawing.paths]
    paper = np.stack([rgb(drawing.background) for drawing in drawings])
    if not paths:
        return draw_strokes(Strokes(np.empty((0, 5)), np.empty((0, 3)), np.zeros(len(drawings) + 1), paper), size)
    points = np.concatenate([path.points for path in paths]) - 0.5
    counts = np.array([len(path.points) for path in paths])
    whose, last = np.repeat(np.arange(len(paths)), counts), counts.cumsum() - 1
    begin = np.flatnonzero((np.arange(len(points)) < last[whose]) | (counts[whose] == 1))
    end = np.minimum(begin + 1, last[whose[begin]])  # a dot goes from itself to itself
    widths = np.array([[path.width] for path in paths])[whose[begin]]
    inks = np.stack([rgb(path.colour) for path in paths])[whose[begin]]
    first = np.cumsum([0, *(sum(max(len(path.points) - 1, 1) for path in drawing.paths) for drawing in drawings)])
    return draw_strokes(
        Strokes(np.concatenate([points[begin], points[end], widths], 1) * size, inks, first, paper), size
    )


def rgb(colour: str) -> np.ndarray:
    """A colour `#rrggbb` as three numbers in [-1, 1].

    Example:
        >>> rgb("#ff0080").round(2)
        array([ 1., -1.,  0.], dtype=float32)
    """
    return np.array(list(bytes.fromhex(colour[1:])), np.float32) / np.float32(127.5) - 1


def checked(strokes: Strokes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segments, inks and first, as machine code reads them. Raises ValueError."""
    segments = np.ascontiguousarray(strokes.segments, np.float64)
    inks, first = np.ascontiguousarray(strokes.inks, np.float32), np.ascontiguousarray(strokes.first, np.int64)
    if segments.ndim != 2 or segments.shape[1] != 5 or inks.ndim != 2 or len(inks) != len(segments):
        raise ValueError(f"strokes are [S, 5] with inks [S, C], not {segments.shape} with {inks.shape}")
    if first.ndim != 1 or not len(first) or first[0] != 0 or first[-1] != len(segments) or (np.diff(first) < 0).any():
        raise ValueError(f"first rises from 0 to the number of segments, {len(segments)}")
    if not (np.abs(segments) <= FARTHEST).all():
        raise ValueError(f"a stroke's ends and width are numbers of px up to {FARTHEST:,}")
    return segments, inks, first


class _Job(ctypes.Structure):
    """As in strokes.c."""

    _fields_ = [
        ("segments", ctypes.c_void_p),
        ("inks", ctypes.c_void_p),
        ("first", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("top", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("channels", ctypes.c_int64),
        ("pictures", ctypes.c_void_p),
        ("covered", ctypes.c_void_p),
    ]


# by NumPy


def _by_numpy(picture: np.ndarray, segments: np.ndarray, inks: np.ndarray, top: int) -> None:
    """Draw the segments of one picture [C, rows, size] whose first row is `top`."""
    changes = np.flatnonzero((inks[1:] != inks[:-1]).any(1)) + 1
    for start, stop in pairwise([0, *changes.tolist(), len(segments)] if len(segments) else []):
        layer = segments[start:stop]
        covered = coverage(layer[layer[:, 4] > 0], top, *picture.shape[1:])
        picture[:] = (1 - covered) * picture + covered * inks[start][:, None, None]


def coverage(segments: np.ndarray, top: int, rows: int, size: int) -> np.ndarray:
    """How much of each pixel one layer covers: float32 [rows, size] in [0, 1].

    A segment is kept as its centre and half its vector, so that it is the same whichever end comes first.
    """
    ends = np.rint(segments[:, :4] * GRID) / GRID
    centre, half = (ends[:, :2] + ends[:, 2:]) / 2 + [size / 2, size / 2 - top], (ends[:, 2:] - ends[:, :2]) / 2
    length = np.sqrt(half[:, 0] * half[:, 0] + half[:, 1] * half[:, 1])
    way = np.where(length[:, None] > 0, half / np.where(length > 0, length, 1)[:, None], [1.0, 0.0])
    reach, strength = np.maximum(segments[:, 4], 1) / 2 + 0.5, np.minimum(segments[:, 4], 1)
    low = np.floor(centre - np.abs(half) - reach[:, None]).clip(0, [size, rows]).astype(np.int64)
    high = np.ceil(centre + np.abs(half) + reach[:, None]).clip(0, [size, rows]).astype(np.int64)
    # every row that a segment may touch, and of each the columns that it crosses of the strip along the segment
    which, y = ranges(low[:, 1], high[:, 1])
    slant = way[:, 1] != 0
    steep = np.where(slant, way[:, 1], 1)
    crossing = (y + 0.5 - centre[which, 1]) * np.where(slant, way[:, 0] / steep, 0)[which] + centre[which, 0]
    across = np.where(slant, reach / np.abs(steep), 2 * FARTHEST)[which]
    begin = np.maximum(low[which, 0], np.floor(crossing - across).astype(np.int64))
    end = np.minimum(high[which, 0], np.ceil(crossing + across).astype(np.int64))
    # every pixel of those
    covered = np.zeros(rows * size, np.float32)
    numbers = np.concatenate([way, length[:, None], reach[:, None], strength[:, None]], 1).astype(np.float32)
    for some in batches(np.maximum(end - begin, 0)):
        line, x = ranges(begin[some], end[some])
        one, row = which[some][line], y[some][line]
        way_x, way_y, long, far, strong = numbers[one].T
        dx = (x + 0.5 - centre[one, 0]).astype(np.float32)
        dy = (row + 0.5 - centre[one, 1]).astype(np.float32)
        beyond = np.maximum(np.abs(dx * way_x + dy * way_y) - long, 0)
        beside = dx * way_y - dy * way_x
        covers = np.minimum(far - np.sqrt(beyond * beyond + beside * beside), 1) * strong
        np.maximum.at(covered, row * size + x, covers)
    return covered.reshape(rows, size)


def ranges(begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of many ranges, one range after another, and which range each belongs to first.

    Example:
        >>> ranges(np.array([5, 0, 8]), np.array([7, 0, 9]))
        (array([0, 0, 2]), array([5, 6, 8]))
    """
    counts = np.maximum(end - begin, 0)
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - (counts.cumsum() - counts)[which] + begin[which]


def batches(counts: np.ndarray) -> list[slice]:
    """Slices of which each counts about `PAIRS`."""
    total = counts.cumsum()
    cuts = np.searchsorted(total, np.arange(PAIRS, int(total[-1]) if len(total) else 0, PAIRS)) + 1
    return [slice(a, b) for a, b in pairwise([0, *np.unique(cuts).tolist(), len(counts)]) if a < b]
