"""Files of the user's own whose code may run when a run is opened that plays it: those that he named himself once.

A run's folder may come from anybody, and so may the path in it. Only a path that was typed on this machine, or run
from Python, is imported; the list is a text file in the cache, one path a line.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

LIST = "own-code.txt"
_now = set[str]()


def trust(file: Path) -> None:
    """Remember that the user named this file himself. Where nothing can be written he has to name it each time."""
    if trusted(file):
        return
    _now.add(str(file))
    path = listed()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as lines:
            lines.write(f"{file}\n")


def trusted(file: Path) -> bool:
    """Whether the user named this file himself, now or before."""
    if str(file) in _now:
        return True
    try:
        return str(file) in listed().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False


def listed() -> Path:
    """The list."""
    from coevo.storage.cache import cache_folder  # late: most commands need none

    return cache_folder() / LIST
