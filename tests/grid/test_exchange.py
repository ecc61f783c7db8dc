"""What cells take from each other: the fittest."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from coevo.grid.exchange import MOST, fittest, separation
from coevo.grid.mixture import evolve_weights, normalised

SCORES = some.lists(some.floats(-100, 100, width=32), min_size=2, max_size=9)


@given(SCORES, SCORES, some.floats(0.5, 20, width=32), some.floats(-50, 50, width=32))
def test_separation_needs_no_common_scale(real: list[float], made: list[float], scale: float, shift: float) -> None:
    r, m = torch.tensor(real, dtype=torch.float64), torch.tensor(made, dtype=torch.float64)
    if r.var() + m.var() > 1e-3:
        assert separation(scale * r + shift, scale * m + shift) == pytest.approx(separation(r, m), rel=1e-6, abs=1e-6)
        assert separation(m, r) == pytest.approx(-separation(r, m))


def test_scores_that_do_not_vary_are_apart_or_not() -> None:
    one = torch.ones(3)
    assert (separation(2 * one, one), separation(one, one), separation(one, 2 * one)) == (MOST, 0.0, -MOST)


def test_the_fittest_is_taken_of_those_that_may_and_ones_own_among_equals() -> None:
    assert fittest(torch.tensor([1.0, 3.0, 2.0]), [True, True, True]) == 1
    assert fittest(torch.tensor([1.0, 3.0, 2.0]), [True, False, True]) == 2
    assert fittest(torch.tensor([2.0, 2.0, math.nan]), [True, True, True]) == 0


def test_a_mixture_is_nearer_than_any_artist_alone() -> None:
    """Each of two artists makes one of the two kinds of real works."""
    draws = torch.Generator().manual_seed(0)
    left, right = (torch.randn(200, 2, generator=draws) + torch.tensor([x, 0.0]) for x in (-3.0, 3.0))
    real = torch.cat([left[:100], right[:100]])
    best = evolve_weights([left, right, left + 20], real, 200, seed=1)
    assert best.weights[:2].tolist() == pytest.approx([0.5, 0.5], abs=0.1)
    assert best.weights[2] == 0
    assert best.distance < 0.5


@given(some.lists(some.floats(-2, 2, width=32), min_size=1, max_size=6))
def test_weights_are_shares(weights: list[float]) -> None:
    shares = normalised(torch.tensor(weights))
    assert (shares >= 0).all()
    assert shares.sum().item() == pytest.approx(1, abs=1e-5)
