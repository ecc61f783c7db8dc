"""Threads in which machine code works, without Python's lock. What is computed never depends on their number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

Result = TypeVar("Result")


def processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parts(count: int, threads: int, least: int = 1) -> list[slice]:
    """Split `count` things into equal parts, one for each thread, of `least` things at least if there are as many.

    Example:
        >>> parts(10, 4), parts(10, 4, least=8)
        ([slice(0, 2, None), slice(2, 5, None), slice(5, 7, None), slice(7, 10, None)], [slice(0, 10, None)])
    """
    many = max(1, min(threads, count // least))
    return [slice(*ends) for ends in pairwise(count * part // many for part in range(many + 1))] if count else []


def in_threads(tasks: Iterable[Callable[[], Result]], threads: int) -> list[Result]:
    """Call functions, several at a time, the first while later ones are generated; what they return, in their order."""
    if threads == 1:
        return [task() for task in tasks]
    return [done.result() for done in [_pool(threads).submit(task) for task in tasks]]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "coevo-native")
