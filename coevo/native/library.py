"""The machine code that was built when coevo was installed (`hatch_build.py`)."""

from __future__ import annotations

import ctypes
import hashlib
import warnings
from functools import cache
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).parent
pointer, integer = ctypes.c_void_p, ctypes.c_int64


@cache
def native() -> ctypes.CDLL | None:
    """The machine code; None if there is none, or if it was built from other sources."""
    built = SOURCES / "native.so"
    if not built.exists():
        return None
    try:
        library = ctypes.CDLL(str(built))  # calls give Python's lock away
    except OSError as error:
        warnings.warn(f"coevo's machine code cannot be loaded, so NumPy is used: {error}", stacklevel=2)
        return None
    library.coevo_source.restype = ctypes.c_char_p
    if library.coevo_source().decode() != made_of(SOURCES):
        warnings.warn(
            "coevo's machine code is of another version, so NumPy is used; install coevo again.", stacklevel=2
        )
        return None
    declare(library)
    return library


def declare(library: ctypes.CDLL) -> None:
    """The types of the machine code's functions; others take addresses and whole numbers of 64 bits."""
    library.coevo_draw.argtypes = [pointer, integer, integer]
    library.coevo_draw.restype = None
    number = ctypes.c_float
    for cost in (library.coevo_bernoulli, library.coevo_squared):
        cost.argtypes = [integer, pointer, pointer, number, pointer, pointer]
        cost.restype = ctypes.c_double
    _declare_plans(library)
    _declare_pictures(library)
    _declare_trees(library)


def _declare_plans(library: ctypes.CDLL) -> None:
    library.coevo_fold.argtypes = [integer, pointer, pointer]
    library.coevo_plan_trees.argtypes = [pointer, integer, integer, *[pointer] * 4, *[integer] * 3, pointer]
    library.coevo_plan_trees.restype = integer
    library.coevo_free_plan.argtypes = [pointer]
    library.coevo_fold.restype = library.coevo_free_plan.restype = None


def _declare_pictures(library: ctypes.CDLL) -> None:
    library.coevo_draw_strokes.argtypes = [pointer, integer, integer]
    library.coevo_jpeg.argtypes = [*[integer] * 4, *[pointer] * 3]
    library.coevo_draw_strokes.restype = library.coevo_jpeg.restype = None
    library.coevo_fractal.argtypes = [pointer, integer, *[pointer] * 3]
    library.coevo_fractal.restype = integer
    library.coevo_measure_pictures.argtypes = [pointer, *[integer] * 5, pointer]
    library.coevo_measure_pictures.restype = integer


def _declare_trees(library: ctypes.CDLL) -> None:
    library.coevo_vary_trees.argtypes = [*[pointer] * 5, integer, integer, pointer]
    library.coevo_grow_trees.argtypes = [pointer, pointer, *[integer] * 3, pointer, integer, integer, pointer]
    library.coevo_write_trees.argtypes = [pointer, pointer, integer, integer, *[pointer] * 3]
    for function in (library.coevo_vary_trees, library.coevo_grow_trees, library.coevo_write_trees):
        function.restype = integer


def made_of(sources: Path) -> str:
    """A digest of the sources; `hatch_build.py` has the same."""
    digest = hashlib.sha256()
    for source in sorted(path for path in sources.iterdir() if path.suffix in (".c", ".h")):
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()


def address(array: np.ndarray) -> int:
    """Where an array's data begins, for machine code; the caller keeps the array.

    Raises:
        ValueError: its data is not contiguous.
    """
    if not array.flags.c_contiguous:
        raise ValueError(f"machine code reads contiguous arrays, and this one has strides {array.strides}")
    return int(array.ctypes.data)
