"""Errors of others' code, said in a sentence: whose it is, what it did, and the author's own line."""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb
from types import FrameType

FAULTS = (Exception, SystemExit)
"""What others' code may raise: anything, and sys.exit; Ctrl-C stays the user's."""
LONGEST = 500  # characters of an error that a sentence repeats


def said_by(error: BaseException, module: str = "") -> str:
    """An error in words, with the innermost line of a module's package that it came through.

    Args:
        error: what was raised.
        module: the name of a module, "coevo_sky.artist"; the line is of any module of its package.
    """
    said = " ".join(str(error).split())[:LONGEST]
    if isinstance(error, SystemExit):
        said = f"it called sys.exit({'' if error.code is None else error.code})"
    else:
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    line = own_line(error, module.partition(".")[0]) if module else ""
    return f"{said} ({line})" if line else said


def own_line(error: BaseException, package: str) -> str:
    """The innermost line of a package that an error came through: "siren.py, line 31"; empty if through none."""
    lines = [place for place in walk_tb(error.__traceback__) if package_of(place[0]) == package]
    return f"{Path(lines[-1][0].f_code.co_filename).name}, line {lines[-1][1]}" if lines else ""


def package_of(frame: FrameType) -> str:
    """The name of the package, or of the module without one, whose code runs in a frame."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
