"""What programs draw with a pen that they move by messages (Vickers, Soderlund & Blair 2017).

The canvas is white, 128 × 128, and 900 messages are heard at most. The pen begins in the middle, down, 3 wide and black
(red in colour), and looks downwards. The first item of a message, rounded, modulo five says what it does, and the other
items how much of it; what is missing has the value that is named here:

======= ======== ==========================================================================================
message          what it does
======= ======== ==========================================================================================
0       toggle   lifts the pen, or puts it down
1 way   forward  moves it: 1 if nothing is said, at most 15 while it is down; it stays on the canvas
2 angle turn     to the left of where it looks, in degrees: 10
3 width size     1, 2 or 3: `width` modulo 4, and 1 for 0: 1
4 l h s colour   lightness, hue and saturation modulo 256, as they were where they are missing; grey: l only
======= ======== ==========================================================================================

Messages that are empty or have an infinite number do nothing. Lines are pixels that touch at sides or corners, without
shades. At another size the canvas is the same, and its pixels are smaller or larger.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from colorsys import hls_to_rgb
from functools import partial
from itertools import pairwise
from math import cos, fmod, isfinite, pi, sin

import numpy as np

from coevo.contract.drawings import Drawing, Path
from coevo.native import address
from coevo_hercl import machine
from coevo_hercl.language import rounded
from coevo_hercl.machine import Results, Run, in_parts, run
from coevo_hercl.program import Program

SIDE, CENTRE, WIDTH, FARTHEST = 128, 64, 3, 15
LARGEST = 16_384  # px of a side
MESSAGES, ITEMS = 900, 4
STEPS = 50_000  # of a program that draws lines
MARKS = 1 << 20  # of brushes at once, where there is no compiler
GRID = 1 << 16  # places in a unit of the canvas: the last bits of sines change no pixel
AT_ONCE = 256  # programs whose messages are kept
LINE = np.dtype([*((name, "f4") for name in ("x0", "y0", "x1", "y1")), ("width", "u1"), ("inks", "u1", 3)])
"""A line: its ends in units of the canvas from 0 to 127, y downwards; its width, 1 to 3; and its inks red, green and
blue, all equal in grey."""
TOGGLE, FORWARD, TURN, SIZE, COLOUR = range(5)


def sketch(
    programs: Sequence[Program], *, colour: bool = False, steps: int = STEPS, seed: int = 0, threads: int = 1
) -> list[np.ndarray]:
    """The lines that programs draw by messages. A program draws the same whatever is drawn beside it.

    Args:
        programs: any number.
        colour: whether there is colour.
        steps: instructions that each may do.
        seed: of their random numbers.
        threads: how many may work.

    Returns:
        LINE [S] of each, in the order in which they were drawn.

    Example:
        >>> from coevo_hercl.text import read
        >>> go, turn = "push 9 push 1 write write output", "push 90 push 2 write write output"
        >>> (corner,) = sketch([read(f"{go} {turn} {go} |")])
        >>> corner[["x0", "y0", "x1", "y1"]].tolist()
        [(64.0, 64.0, 64.0, 73.0), (64.0, 73.0, 73.0, 73.0)]
    """
    made: list[np.ndarray] = []
    for first in range(0, len(programs), AT_ONCE):
        some = programs[first : first + AT_ONCE]
        result = run(some, steps=steps, seeds=seed, messages=MESSAGES, items=ITEMS, threads=threads)
        made += _lines(result, colour, threads)
    return made


def paint(
    sketches: Sequence[np.ndarray],
    size: int = SIDE,
    *,
    colour: bool = False,
    rows: range | None = None,
    threads: int = 1,
) -> np.ndarray:
    """The pixels of lines.

    Args:
        sketches: LINE [S] of N drawings, as `sketch` gives them.
        size: px of a side, at most 16,384.
        colour: three channels, or one of the first ink.
        rows: which rows of the pictures, one after another; all by default.
        threads: how many may work.

    Returns:
        Pictures uint8 [N, 3 or 1, rows, size].

    Raises:
        ValueError: the size or the rows are out of their range.
    """
    if not 1 <= size <= LARGEST:
        raise ValueError(f"a picture has 1 to {LARGEST:,} px a side, not {size:,}")
    top, count = (0, size) if rows is None else (rows.start, len(rows))
    if not 0 <= top <= top + count <= size:
        raise ValueError(f"a picture of {size:,} px has no rows {top:,} to {top + count:,}")
    channels = 3 if colour else 1
    pictures = np.empty((len(sketches), channels, count, size), np.uint8)
    library = machine.machine_code()
    if library is None:
        pictures.fill(255)
        for one, picture in zip(sketches, pictures, strict=True):
            _paint(one, picture, top)
        return pictures
    lines = np.concatenate([np.empty(0, LINE), *sketches])
    ends = np.cumsum([0, *map(len, sketches)], dtype=np.int64)
    sizes = size, channels, top, count, address(pictures)
    in_parts(partial(library.coevo_hercl_paint, address(lines), address(ends), *sizes), len(sketches), threads)
    return pictures


def draw(
    programs: Sequence[Program],
    size: int = SIDE,
    *,
    colour: bool = False,
    steps: int = STEPS,
    seed: int = 0,
    threads: int = 1,
) -> np.ndarray:
    """Pictures uint8 [N, 3 or 1, size, size] of programs that draw lines: `sketch`, then `paint`."""
    sketches = sketch(programs, colour=colour, steps=steps, seed=seed, threads=threads)
    return paint(sketches, size, colour=colour, threads=threads)


def vector(lines: np.ndarray) -> Drawing:
    """Lines as paths, for SVG: those that go on from each other in one ink and width are one path.

    Example:
        >>> from coevo_hercl.text import read
        >>> (line,) = sketch([read("push 8 push 1 write write output |")])
        >>> [(path.points.tolist(), path.colour) for path in vector(line).paths]
        [([[0.50390625, 0.50390625], [0.50390625, 0.56640625]], '#000000')]
    """
    if not len(lines):
        return Drawing([])
    (begin, end), styles = _ends(lines), _styles(lines)
    apart = (styles[1:] != styles[:-1]).any(1) | (begin[1:] != end[:-1]).any(1)
    paths = []
    for first, last in _spans(apart):
        points = np.concatenate([begin[first : first + 1], end[first:last]])
        moves = np.concatenate([[True], (points[1:] != points[:-1]).any(1)])
        width, inks = int(styles[first, 0]), styles[first, 1:].tobytes().hex()
        paths.append(Path((points[moves] + 0.5) / SIDE, width / SIDE, f"#{inks}"))
    return Drawing(paths)


def _ends(lines: np.ndarray) -> list[np.ndarray]:
    """Where lines begin and where they end: x, y float64 [S, 2] each."""
    return [np.stack([lines[x], lines[y]], 1).astype(np.float64) for x, y in (("x0", "y0"), ("x1", "y1"))]


def _styles(lines: np.ndarray) -> np.ndarray:
    """Width and inks uint8 [S, 4]."""
    return np.concatenate([lines["width"][:, None], lines["inks"]], 1)


def _spans(changes: np.ndarray) -> list[tuple[int, int]]:
    """The spans of lines between changes: bool [S - 1], before each line but the first."""
    return list(pairwise([0, *(np.flatnonzero(changes) + 1).tolist(), len(changes) + 1]))


def _lines(result: Run, colour: bool, threads: int) -> list[np.ndarray]:
    """The lines of every program's messages."""
    library, count = machine.machine_code(), len(result.counts)
    if library is None:
        return [_follow(_messages(result, n), colour) for n in range(count)]
    lines, counts, results = (
        np.empty((count, MESSAGES), LINE),
        np.empty(count, np.int64),
        Results(*map(address, result)),
    )
    work = partial(library.coevo_hercl_lines, ctypes.byref(results), MESSAGES, ITEMS, int(colour))
    in_parts(partial(work, address(lines), address(counts)), count, threads)
    return [row[:made].copy() for row, made in zip(lines, counts.tolist(), strict=True)]


def _messages(result: Run, n: int) -> list[list[float]]:
    lengths = result.lengths[n, 0, : result.counts[n, 0]].tolist()
    return [items[:length] for items, length in zip(result.items[n, 0].tolist(), lengths, strict=False)]


def _follow(messages: Sequence[Sequence[float]], colour: bool) -> np.ndarray:
    """The lines that one program's messages draw."""
    x, y, angle, down, width = float(CENTRE), float(CENTRE), 0.0, True, WIDTH
    tones = [127, 0, 255] if colour else [0, 0, 0]  # lightness, hue, saturation: red, or black
    lines = []
    for items in messages:
        if not items or not all(map(isfinite, items)):
            continue
        kind, rest = round(items[0]) % 5, items[1:]
        if kind == TOGGLE:
            down = not down
        elif kind == FORWARD:
            way = rest[0] if rest else 1.0
            if down:
                way = min(max(way, -FARTHEST), FARTHEST)
            turned = angle * (pi / 180)
            there = _moved(x, way * sin(turned)), _moved(y, way * cos(turned))
            if down:
                lines.append((x, y, *there, width, _inks(tones, colour)))
            x, y = there
        elif kind == TURN:
            angle = fmod(angle + (rest[0] if rest else 10), 360)
        elif kind == SIZE:
            width = (round(rest[0]) % 4 if rest else 0) or 1
        else:
            tones[: len(rest)] = [round(one) % 256 for one in rest]
    return np.array(lines, LINE)


def _moved(start: float, way: float) -> float:
    return min(max(rounded((start + way) * GRID) / GRID, 0.0), SIDE - 1.0)


def _inks(tones: Sequence[int], colour: bool) -> tuple[int, ...]:
    lightness, hue, saturation = tones
    if not colour:
        return (lightness,) * 3
    return tuple(round(255 * one) for one in hls_to_rgb(hue / 256, lightness / 255, saturation / 255))


def _paint(lines: np.ndarray, picture: np.ndarray, top: int) -> None:
    """Paint lines on rows of a picture, uint8 [C, rows, size] from row `top` on: those of one ink and width at once.

    Each row of a brush at each pixel begins and ends ink in one row of the picture; where more have begun than ended,
    there is ink.
    """
    channels, rows, size = picture.shape
    styles = _styles(lines)
    for first, last in _spans((styles[1:] != styles[:-1]).any(1)) if len(lines) else []:
        brush, pixels = _brush(int(styles[first, 0]), size), _pixels(lines[first:last], size)
        step = max(1, MARKS // len(brush))
        for part in (pixels[at : at + step, None] for at in range(0, len(pixels), step)):
            row = (part[..., 1] + brush[:, 0] - top).ravel()
            begin, end = ((part[..., 0] + brush[:, i]).clip(0, size).ravel() for i in (1, 2))
            here = (row >= 0) & (row < rows)
            if not here.any():
                continue
            low, left, right = row[here].min(), begin[here].min(), end[here].max()
            shape = int(row[here].max() - low + 1), int(right - left + 1)
            begun, ended = (
                np.bincount((row[here] - low) * shape[1] + at[here] - left, minlength=shape[0] * shape[1])
                for at in (begin, end)
            )
            ink = np.cumsum((begun - ended).reshape(shape), 1)[:, :-1] > 0
            picture[:, low : low + shape[0], left:right][:, ink] = styles[first, 1 : 1 + channels, None]


def _pixels(lines: np.ndarray, size: int) -> np.ndarray:
    """The pixels x, y int64 [P, 2] of lines, end to end without gaps.

    The longer way goes by single pixels; the shorter one is rounded, halves away from the beginning.
    """
    start, end = (np.floor((ends + 0.5) * size / SIDE).astype(np.int64) for ends in _ends(lines))
    way = end - start
    n = abs(way).max(1)
    which = np.repeat(np.arange(len(lines)), n + 1)
    step = np.arange(len(which)) - np.repeat(np.cumsum(n + 1) - (n + 1), n + 1)
    n = np.maximum(n, 1)[which, None]
    gone = (2 * step[:, None] * abs(way[which]) + n) // (2 * n)
    onto: np.ndarray = start[which] + np.sign(way[which]) * gone
    return onto


def _brush(width: int, size: int) -> np.ndarray:
    """The rows of a round brush, int64 [rows, 3]: how far below the pixel, and from where to where right of it."""
    diameter = max(1, round(width * size / SIDE))
    places = np.arange(diameter)
    inside = ((2 * places - (diameter - 1)) ** 2 + (2 * places[:, None] - (diameter - 1)) ** 2) <= diameter**2
    begin = inside.argmax(1)
    return np.stack([places, begin, diameter - begin], 1) - (diameter - 1) // 2
