"""The machine code that was built when coevo was installed (`hatch_build.py`)."""

from __future__ import annotations

import ctypes
import hashlib
import warnings
from functools import cache
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).parent


@cache
def native() -> ctypes.CDLL | None:
    """The machine code; None if there is none, or if it was built from other sources."""
    built = SOURCES / "native.so"
    if not built.exists():
        return None
    library = ctypes.CDLL(str(built))  # calls give Python's lock away
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
    library.coevo_draw.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    library.coevo_draw.restype = None
    address, number = ctypes.c_void_p, ctypes.c_float
    for cost in (library.coevo_bernoulli, library.coevo_squared):
        cost.argtypes = [ctypes.c_int64, address, address, number, address, address]
        cost.restype = ctypes.c_double
    _declare_plans(library)
    _declare_coders(library)
    _declare_trees(library)


def _declare_plans(library: ctypes.CDLL) -> None:
    place, whole = ctypes.c_void_p, ctypes.c_int64
    library.coevo_fold.argtypes = [whole, place, place]
    library.coevo_plan_trees.argtypes = [place, whole, whole, *[place] * 4, *[whole] * 3, place]
    library.coevo_plan_trees.restype = whole
    library.coevo_free_plan.argtypes = [place]
    library.coevo_fold.restype = library.coevo_free_plan.restype = None


def _declare_coders(library: ctypes.CDLL) -> None:
    place, whole = ctypes.c_void_p, ctypes.c_int64
    library.coevo_jpeg.argtypes = [*[whole] * 4, *[place] * 3]
    library.coevo_jpeg.restype = None
    library.coevo_fractal.argtypes = [place, whole, *[place] * 3]
    library.coevo_fractal.restype = whole


def _declare_trees(library: ctypes.CDLL) -> None:
    place, whole = ctypes.c_void_p, ctypes.c_int64
    library.coevo_vary_trees.argtypes = [*[place] * 5, whole, whole, place]
    library.coevo_grow_trees.argtypes = [place, place, *[whole] * 3, place, whole, whole, place]
    library.coevo_write_trees.argtypes = [place, place, whole, whole, *[place] * 3]
    for function in (library.coevo_vary_trees, library.coevo_grow_trees, library.coevo_write_trees):
        function.restype = whole


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
