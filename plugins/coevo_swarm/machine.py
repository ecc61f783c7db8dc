"""Walks and pictures in machine code, several colonies at a time; without it, NumPy does the same."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_int64, c_uint64, c_void_p
from functools import cache, lru_cache, partial

import numpy as np

from coevo.native import address, native
from coevo.native.threads import in_threads
from coevo_swarm import painting, walking
from coevo_swarm.genes import Colony
from coevo_swarm.walking import DIRECTIONS, STROKE

KEPT = 32  # trails, of at most 11 MB each
BAND = 256  # rows of a large picture that are painted by themselves


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
    if machine_code() is None:
        for picture, colony, strokes in zip(pictures, colonies, walking.walk(colonies), strict=True):
            _show(colony, strokes, picture, 0)
        return pictures
    if side <= BAND:

        def whole(number: int) -> None:
            _show(colonies[number], trail(colonies[number]), pictures[number], 0)

        in_threads((partial(whole, number) for number in range(len(colonies))), threads)
        return pictures
    for picture, colony in zip(pictures, colonies, strict=True):
        strokes = trail(colony)

        def band(
            top: int, colony: Colony = colony, strokes: np.ndarray = strokes, picture: np.ndarray = picture
        ) -> None:
            some = np.empty((channels, min(BAND, side - top), side), np.float32)
            _show(colony, strokes, some, top)
            picture[:, top : top + BAND] = some

        in_threads((partial(band, top) for top in range(0, side, BAND)), threads)
    return pictures


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


def _show(colony: Colony, strokes: np.ndarray, picture: np.ndarray, top: int) -> None:
    """Paint some rows of a colony's picture, [C, rows, side], and bring it to [-1, 1]."""
    channels, rows, side = picture.shape
    picture[:] = painting.blank(colony, channels, rows, side)
    brushes, library = painting.brush_table(colony, channels), machine_code()
    if library is None:
        painting.paint(strokes, brushes, picture, top)
    else:
        library.coevo_swarm_paint(
            *(address(strokes), len(strokes), address(brushes), channels, side, top, top + rows, address(picture))
        )
    np.clip(picture * np.float32(2) - np.float32(1), -1, 1, out=picture)


@cache
def machine_code() -> ctypes.CDLL | None:
    """coevo's machine code, if there is any."""
    library = native()
    if library is not None:
        library.coevo_swarm_walk.argtypes = [
            c_void_p,
            c_void_p,
            c_int64,
            c_void_p,
            c_void_p,
            c_int64,
            c_uint64,
            c_void_p,
        ]
        library.coevo_swarm_walk.restype = c_int64
        library.coevo_swarm_paint.argtypes = [c_void_p, c_int64, c_void_p, *[c_int64] * 4, c_void_p]
        library.coevo_swarm_paint.restype = None
    return library
