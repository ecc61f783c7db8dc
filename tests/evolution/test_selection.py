"""Selection by scores: ranks, elites, tournaments and pairs."""

from __future__ import annotations

import random
from collections import Counter

import torch
from hypothesis import given
from hypothesis import strategies as some

from coevo.evolution.selection import elites, mating_pairs, ranks, tournament


def test_ranks_depend_on_order_alone() -> None:
    assert ranks(torch.tensor([30.0, -1, 7])).tolist() == [1, 0, 0.5]
    assert ranks(torch.tensor([5.0])).tolist() == [0]


@given(some.lists(some.integers(-3, 3), min_size=1, max_size=30))
def test_equal_scores_have_equal_ranks_whatever_their_position(scores: list[int]) -> None:
    found = ranks(torch.tensor(scores, dtype=torch.float32))
    assert found.flip(0).tolist() == ranks(torch.tensor(scores[::-1], dtype=torch.float32)).tolist()
    assert abs(float(found.mean()) - 0.5) < 1e-6 or len(scores) == 1
    assert all((found[a] < found[b]) == (scores[a] < scores[b]) for a in range(len(scores)) for b in range(len(scores)))


def test_no_position_is_favoured_among_equals() -> None:
    random.seed(0)
    counts = Counter(place for _ in range(3000) for place in elites([1.0] * 6, range(6), 2))
    counts += Counter(tournament([1.0] * 6, range(6), 3, 3000))
    assert all(abs(counts[place] - 1500) < 150 for place in range(6))


def test_elites_are_the_best_of_the_candidates() -> None:
    assert elites([0.1, 0.9, 0.5, 0.7], [0, 1, 3], 2) == [1, 3]


def test_a_larger_tournament_selects_more_strongly() -> None:
    random.seed(0)
    scores = [k / 100 for k in range(100)]
    means = [sum(tournament(scores, range(100), size, 2000)) / 2000 for size in (1, 2, 5)]
    expected = [100 * size / (size + 1) for size in (1, 2, 5)]  # of the highest of `size` uniform draws
    assert all(abs(mean - wanted) < 3 for mean, wanted in zip(means, expected, strict=True))


def test_mates_are_winners_of_tournaments_among_the_candidates() -> None:
    random.seed(0)
    pairs = mating_pairs([0.1, 0.9, 0.5, 0.7], [0, 2], 50, 10)
    assert pairs == [(2, 2)] * 10
