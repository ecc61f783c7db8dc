"""Niches: groups within which individuals compete and mate, so that what is promising is not crowded out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import fmean
from typing import TypeVar

import numpy as np

from coevo.evolution.selection import Selection, elites, mating_pairs

T = TypeVar("T")


def select_by_species(
    scores: Sequence[float], species: Sequence[Sequence[int]], elite_count: int, tournament: int
) -> Selection:
    """The best of all live on; mates are of one species, and a species has offspring by its mean fitness."""
    best = elites(scores, range(len(scores)), elite_count)
    counts = offspring_counts(species, scores, len(scores) - len(best))
    pairs = [mating_pairs(scores, one, tournament, count) for one, count in zip(species, counts, strict=True)]
    return Selection(best, [pair for some in pairs for pair in some])


def select_on_islands(
    scores: Sequence[float], islands: int, elite_count: int, tournament: int, migration: float
) -> Selection:
    """Islands breed among themselves, with equally many offspring each; their members take turns in the population.

    Args:
        elite_count: how many of each island live on.
        migration: the probability that the elites of every island move on to the next one.
    """
    best, pairs = [], []
    for home in range(islands):
        island = range(home, len(scores), islands)
        best.append(elites(scores, island, elite_count))
        pairs.append(mating_pairs(scores, island, tournament, len(island) - elite_count))
    if random.random() < migration:
        best = best[-1:] + best[:-1]
    return Selection(interleave(best), interleave(pairs))


def farthest_first_clusters(count: int, wanted: int, distances: Callable[[int], np.ndarray]) -> list[list[int]]:
    """Individuals in clusters by likeness, without a threshold that has to be tuned while a population drifts apart.

    Args:
        count: number of individuals.
        wanted: number of clusters; there are fewer if fewer individuals differ.
        distances: the distances [count] of all individuals from one of them.

    Returns:
        The indices of each cluster: of all that are nearest to its centre. Each centre is the individual that is
        farthest from the centres before it.

    Reference: Gonzalez 1985.
    """
    nearest, cluster_of = np.full(count, np.inf), np.zeros(count, int)
    centre = 0
    for cluster in range(wanted):
        found = distances(centre)
        cluster_of[found < nearest] = cluster
        nearest = np.minimum(nearest, found)
        centre = int(nearest.argmax())
        if not nearest[centre]:
            break
    return [np.flatnonzero(cluster_of == cluster).tolist() for cluster in range(cluster_of.max() + 1)]


def offspring_counts(niches: Sequence[Sequence[int]], scores: Sequence[float], offspring: int) -> list[int]:
    """How many of all offspring each niche has: in proportion to its mean fitness (fitness sharing, Goldberg &
    Richardson 1987).

    Example:
        >>> offspring_counts([[0, 1], [2]], [0.2, 0.4, 0.9], 8)
        [2, 6]
    """
    means = [fmean(scores[i] for i in niche) + 1e-6 for niche in niches]
    total = sum(means)
    ends = [round(offspring * end / total) for end in accumulate(means)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def interleave(rows: Sequence[Sequence[T]]) -> list[T]:
    """The first of each row, then the second of each, and so on.

    Example:
        >>> interleave([[1, 4], [2, 5], [3]])
        [1, 2, 3, 4, 5]
    """
    return [row[place] for place in range(max(map(len, rows))) for row in rows if place < len(row)]
