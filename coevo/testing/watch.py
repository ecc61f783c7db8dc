"""The files that a player writes, wherever they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

_written: list[str] | None = None  # paths, while somebody watches


@contextmanager
def written_files(*allowed: Path) -> Iterator[list[str]]:
    """Within the block, watch what this process writes.

    Args:
        allowed: folders in which everything may be written; caches may be, too.

    Yields:
        A list that holds, after the block, the paths of files and folders elsewhere that were written and still exist.
    """
    global _written
    _listen()
    found: list[str] = []
    _written = []
    try:
        yield found
    finally:
        paths, _written = _written, None
        free = [Path(one).resolve() for one in (*allowed, *caches())]
        for path in dict.fromkeys(Path(one).resolve() for one in paths):
            elsewhere = not any(path.is_relative_to(folder) for folder in free)
            if elsewhere and path.exists() and not path.is_relative_to("/dev") and "__pycache__" not in path.parts:
                found.append(str(path))


def caches() -> list[Path]:
    """Folders whose content may be made again: libraries keep fonts and kernels there, coevo evaluators."""
    own = os.environ.get("COEVO_CACHE")
    return [platformdirs.user_cache_path(), *([Path(own)] if own else [])]


WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


@cache
def _listen() -> None:
    """Python tells an audit hook what is opened, in C too where it goes through Python; a hook stays for good."""
    sys.addaudithook(_hear)


def _hear(event: str, what: tuple[Any, ...]) -> None:
    if _written is None:
        return
    if event == "open":
        path, mode, flags = what
        if set(mode or "") & set("wax+") or (mode is None and flags & WRITES):
            _keep(path)
    elif event in ("os.mkdir", "sqlite3.connect"):
        _keep(what[0])
    elif event == "os.rename":
        _keep(what[1])


def _keep(path: Any) -> None:
    if _written is not None and isinstance(path, str | bytes | os.PathLike):
        _written.append(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - Path would resolve links now
