"""Schedules: values that change while a player learns."""

from __future__ import annotations

from math import cos, pi


def cosine(start: float, end: float, progress: float) -> float:
    """The value on half a cosine from start to end at a progress from 0 to 1; beyond 1 the end.

    Example:
        >>> [cosine(1.0, 0.0, progress) for progress in (0, 0.5, 1, 7)]
        [1.0, 0.5, 0.0, 0.0]
    """
    return end + (start - end) * (1 + cos(pi * min(progress, 1.0))) / 2


def linear(start: float, end: float, progress: float) -> float:
    """The value on a line from start to end at a progress from 0 to 1; before 0 the start, beyond 1 the end.

    Example:
        >>> [linear(1.0, 0.0, progress) for progress in (-1, 0.25, 1, 7)]
        [1.0, 0.75, 0.0, 0.0]
    """
    return end + (start - end) * (1 - min(max(progress, 0.0), 1.0))
