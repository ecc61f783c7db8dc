"""Niches: who competes with whom, and how many children each has."""

from __future__ import annotations

import numpy as np

from coevo.evolution.niches import gathered, in_turn, shares


def test_niches_gather_what_is_alike() -> None:
    places = np.array([0.0, 9, 1, 8, 0])
    assert gathered(5, 2, lambda one: abs(places - places[one])) == [[0, 2, 4], [1, 3]]
    assert gathered(3, 8, lambda one: np.zeros(3)) == [[0, 1, 2]]  # there is but one kind


def test_niches_have_children_by_their_mean_fitness() -> None:
    assert shares([[0, 1], [2]], [0.2, 0.4, 0.9], 8) == [2, 6]
    assert sum(shares([[0], [1], [2]], [0.1, 0.2, 0.3], 100)) == 100


def test_rows_take_turns() -> None:
    assert in_turn([[1, 4, 6], [2, 5], [3]]) == [1, 2, 3, 4, 5, 6]
