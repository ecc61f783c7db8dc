"""Niches: clusters by likeness, offspring by mean fitness, islands."""

from __future__ import annotations

import random

import numpy as np

from coevo.evolution.niches import (
    farthest_first_clusters,
    interleave,
    offspring_counts,
    select_by_species,
    select_on_islands,
)


def test_clusters_hold_what_is_alike() -> None:
    places = np.array([0.0, 9, 1, 8, 0])
    assert farthest_first_clusters(5, 2, lambda one: abs(places - places[one])) == [[0, 2, 4], [1, 3]]
    assert farthest_first_clusters(3, 8, lambda one: np.zeros(3)) == [[0, 1, 2]]  # all are the same


def test_niches_have_offspring_by_their_mean_fitness() -> None:
    assert offspring_counts([[0, 1], [2]], [0.2, 0.4, 0.9], 8) == [2, 6]
    assert sum(offspring_counts([[0], [1], [2]], [0.1, 0.2, 0.3], 100)) == 100


def test_rows_are_interleaved() -> None:
    assert interleave([[1, 4, 6], [2, 5], [3]]) == [1, 2, 3, 4, 5, 6]


def test_mates_are_of_one_species() -> None:
    random.seed(0)
    elites, pairs = select_by_species([0.2, 0.4, 0.9, 0.3], [[0, 1, 3], [2]], elite_count=1, tournament=2)
    assert elites == [2] and len(pairs) == 3
    assert all((mother == 2) == (father == 2) for mother, father in pairs)


def test_mates_are_of_one_island_and_elites_may_migrate() -> None:
    random.seed(0)
    scores = [k / 10 for k in range(9)]
    elites, pairs = select_on_islands(scores, islands=3, elite_count=1, tournament=2, migration=0.0)
    assert elites == [6, 7, 8]
    assert [(mother % 3, father % 3) for mother, father in pairs] == [(0, 0), (1, 1), (2, 2)] * 2
    assert select_on_islands(scores, 3, 1, 2, migration=1.0).elites == [8, 6, 7]
