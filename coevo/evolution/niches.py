"""Niches of a population: who competes with whom, and how many children each has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import fmean
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def gathered(count: int, wanted: int, distances: Callable[[int], np.ndarray]) -> list[list[int]]:
    """So many individuals by likeness, in `wanted` niches, fewer where there are not so many kinds.

    distances: how unlike each is to one of them, [N]. Everyone joins the nearest of some individuals that are as unlike
    each other as can be, each the farthest from those before (Gonzalez 1985); so no threshold has to be tuned while the
    population drifts apart.
    """
    nearest, kinds = np.full(count, np.inf), np.zeros(count, int)
    centre = 0
    for kind in range(wanted):
        found = distances(centre)
        kinds[found < nearest] = kind
        nearest = np.minimum(nearest, found)
        centre = int(nearest.argmax())
        if not nearest[centre]:
            break
    return [np.flatnonzero(kinds == kind).tolist() for kind in range(kinds.max() + 1)]


def in_turn(rows: Sequence[Sequence[T]]) -> list[T]:
    """The first of each, then the second of each, and so on."""
    return [row[place] for place in range(max(map(len, rows))) for row in rows if place < len(row)]


def shares(niches: Sequence[Sequence[int]], scores: Sequence[float], children: int) -> list[int]:
    """How many children each niche has: by its mean fitness, as fitness sharing has it (Goldberg & Richardson 1987)."""
    means = [fmean(scores[i] for i in niche) + 1e-6 for niche in niches]
    total = sum(means)
    ends = [round(children * end / total) for end in accumulate(means)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
