"""The machine code that was built when coevo was installed (`hatch_build.py`)."""

from __future__ import annotations

import ctypes
import hashlib
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = Path(__file__).parent
pointer, integer = ctypes.c_void_p, ctypes.c_int64
COST = ctypes.c_double, integer, pointer, pointer, ctypes.c_float, pointer, pointer
FUNCTIONS: Mapping[str, Sequence[Any]] = {
    "coevo_draw": (None, pointer, integer, integer),
    "coevo_fold": (None, integer, pointer, pointer),
    "coevo_plan_trees": (integer, pointer, integer, integer, *[pointer] * 4, *[integer] * 3, pointer),
    "coevo_free_plan": (None, pointer),
    "coevo_bernoulli": COST,
    "coevo_squared": COST,
    "coevo_draw_strokes": (None, pointer, integer, integer),
    "coevo_jpeg": (None, *[integer] * 4, *[pointer] * 3),
    "coevo_fractal": (integer, pointer, integer, *[pointer] * 3),
    "coevo_vary_trees": (integer, *[pointer] * 5, integer, integer, pointer),
    "coevo_grow_trees": (integer, pointer, pointer, *[integer] * 3, pointer, integer, integer, pointer),
    "coevo_write_trees": (integer, pointer, pointer, integer, integer, *[pointer] * 3),
}
"""Functions that the core calls: what each returns, then its arguments. Plugins declare their own by `declared`."""


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
    _declare(library, FUNCTIONS)
    return library


def declared(**functions: Sequence[Any]) -> ctypes.CDLL | None:
    """The machine code, for callers whose functions in it have these types; None if there is none.

    Args:
        functions: by name, the type of what a function returns, then those of its arguments.

    Example:
        >>> library = declared(coevo_draw=(None, pointer, integer, integer))
        >>> library is native()
        True
    """
    library = native()
    if library is not None:
        _declare(library, functions)
    return library


def _declare(library: ctypes.CDLL, functions: Mapping[str, Sequence[Any]]) -> None:
    for name, (result, *arguments) in functions.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


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
