"""Walks and pictures in machine code, several colonies at a time; without it, NumPy does the same."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from ctypes import c_int64, c_uint64, c_void_p
from functools import cache, lru_cache, partial

import numpy as np

from coevo.native import address, declared
from coevo.native.threads import in_threads, parts
from coevo_swarm import painting, walking
from coevo_swarm.genes import Colony
from coevo_swarm.walking import DIRECTIONS, STROKE

KEPT = 32  # trails, of at most 11 MB each
BAND, ROWS = 256, 32  # rows of a strip of a large picture, and those that are worth a thread


def draw(colonies: Sequence[Colony], channels: int, side: int, threads: int) -> np.ndarray:
    """The pictures of colonies: the same bytes at any number of threads, with and without machine code.

    Args:
        colonies: N of them.
        channels: 1 or 3.
        side: of the pictures, in pixels.
        threads: how many draw.

    Returns:
        float32 [N, channels, side, side] in [-1, 1].
    """
    pictures = np.empty((len(colonies), channels, side, side), np.float32)
    for first in range(0, len(colonies), KEPT):
        some = colonies[first : first + KEPT]
        trails = _trails(some, threads)
        if side <= BAND:
            tasks = (partial(_rows, *pair, channels, side, 0, side) for pair in zip(some, trails, strict=True))
            pictures[first : first + KEPT] = in_threads(tasks, threads)
            continue
        for picture, colony, strokes in zip(pictures[first : first + KEPT], some, trails, strict=True):
            for top in range(0, side, BAND):
                picture[:, top : top + BAND] = _strip(colony, strokes, channels, side, top, threads)
    return pictures


def strips(colony: Colony, channels: int, side: int, threads: int) -> Iterator[np.ndarray]:
    """The picture of one colony from top to bottom, in strips [C, rows, side]: in bounded memory, however large it
    is."""
    strokes = trail(colony)
    for top in range(0, side, BAND):
        yield _strip(colony, strokes, channels, side, top, threads)


def _trails(colonies: Sequence[Colony], threads: int) -> list[np.ndarray]:
    if machine_code() is None:
        return walking.walk(colonies)
    return in_threads((partial(trail, colony) for colony in colonies), threads)


@lru_cache(KEPT)
def trail(colony: Colony) -> np.ndarray:
    """The strokes of a colony, STROKE, as `walking.walk` gives them; those of the last colonies are kept, since a sheet
    is drawn small to choose from first."""
    library = machine_code()
    if library is None:
        return walking.walk([colony])[0]
    ants, castes = walking.placed(colony), walking.caste_table(colony)
    strokes, scents = np.empty(colony.strokes, STROKE), walking.scent_table(colony)
    made = library.coevo_swarm_walk(
        *(address(castes), address(ants), len(ants), address(scents), address(DIRECTIONS)),
        *(colony.steps, colony.seed, address(strokes)),
    )
    if made < 0:
        raise MemoryError("There is no memory for the walk of a colony; choose a smaller population.")
    return strokes[:made]


def _strip(colony: Colony, strokes: np.ndarray, channels: int, side: int, top: int, threads: int) -> np.ndarray:
    """BAND rows of a large picture, or what is left of it, by several threads."""
    some = [range(top, min(top + BAND, side))[part] for part in parts(min(BAND, side - top), threads, ROWS)]
    tasks = (partial(_rows, colony, strokes, channels, side, rows.start, rows.stop) for rows in some)
    return np.concatenate(in_threads(tasks, threads), 1)


def _rows(colony: Colony, strokes: np.ndarray, channels: int, side: int, top: int, bottom: int) -> np.ndarray:
    """Some rows of a colony's picture, [C, rows, side] in [-1, 1]."""
    picture = painting.blank(colony, channels, bottom - top, side)
    brushes, library = painting.brush_table(colony, channels), machine_code()
    if library is None:
        painting.paint(strokes, brushes, picture, top)
    else:
        library.coevo_swarm_paint(
            *(address(strokes), len(strokes), address(brushes), channels, side, top, bottom, address(picture))
        )
    shown: np.ndarray = np.clip(picture * np.float32(2) - np.float32(1), -1, 1)
    return shown


@cache
def machine_code() -> ctypes.CDLL | None:
    """coevo's machine code, if there is any."""
    return declared(
        coevo_swarm_walk=(c_int64, c_void_p, c_void_p, c_int64, c_void_p, c_void_p, c_int64, c_uint64, c_void_p),
        coevo_swarm_paint=(None, c_void_p, c_int64, c_void_p, *[c_int64] * 4, c_void_p),
    )
