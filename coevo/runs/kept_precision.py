"""Choices of a precision that a machine keeps in the cache, so that every process makes the same: JSON files by key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from coevo.errors import StoreError
from coevo.storage.atomic import CACHE, write_whole, writing
from coevo.storage.cache import cache_folder


def kept_precision(key: str, measure: Callable[[], bool]) -> bool | None:
    """The choice that is kept by that key, or else what is measured now, kept from now on.

    Processes that start at once wait for the one that measures. None if the cache cannot be written to.
    """
    path = cache_folder() / "precision" / f"{key}.json"
    if (kept := _read(path)) is not None:
        return kept
    lock = FileLock(path.with_suffix(".lock"))
    try:
        with writing(path, CACHE):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
    except (StoreError, NotImplementedError):  # filelock: the file system has no locks
        return None
    try:
        if (kept := _read(path)) is None:
            kept = measure()
            write_whole(path, json.dumps({"bf16": kept}).encode(), CACHE)
        return kept
    except StoreError:
        return None
    finally:
        lock.release()


def _read(path: Path) -> bool | None:
    """The choice in a file; None if there is none, or if it is damaged."""
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    choice = kept.get("bf16") if isinstance(kept, dict) else None
    return choice if isinstance(choice, bool) else None
