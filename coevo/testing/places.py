"""The place in an author's code that a broken rule concerns."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from traceback import FrameSummary, extract_tb
from typing import Any


def place_of(subject: Any, methods: Sequence[str], error: BaseException) -> tuple[str, int] | None:
    """File and line: where the author's code raised the error or called what did, else where it defines the first of
    these methods, else the subject itself. None for what has no file."""
    if frames := own_frames(subject, error):
        return frames[-1].filename, frames[-1].lineno or 1
    defined = (find(subject, name) for name in methods)
    for part in (*defined, subject):
        try:
            file, line = inspect.getsourcefile(inspect.unwrap(part)), inspect.getsourcelines(part)[1]
        except (TypeError, OSError):  # a name, or code that was never in a file
            continue
        if file is not None:
            return file, max(line, 1)
    return None


def own_frames(subject: Any, error: BaseException) -> list[FrameSummary]:
    """The frames of an error that are the author's: of the subject's module or of its package, unless that is coevo."""
    module = inspect.getmodule(subject)
    try:
        file = inspect.getsourcefile(subject)
    except (TypeError, OSError):
        return []
    if module is None or file is None:
        return []
    own = Path(file)
    packaged = "." in module.__name__ and module.__name__.partition(".")[0] != "coevo"
    frames = extract_tb(error.__traceback__)
    return [one for one in frames if (Path(one.filename).parent == own.parent if packaged else one.filename == file)]


def find(subject: Any, name: str) -> Any:
    """A part of a class as the author wrote it: what coevo's own bases define is not theirs to mend."""
    for base in getattr(subject, "__mro__", ()):
        if name in vars(base):
            theirs = base is subject or not base.__module__.startswith("coevo.")
            return vars(base)[name] if theirs else None
    return None
