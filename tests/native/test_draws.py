"""A stream of random draws."""

from __future__ import annotations

from statistics import fmean, pstdev

import pytest

from coevo.native import Draws


def test_streams_of_one_seed_are_equal_and_of_two_differ() -> None:
    assert [Draws(5).bits() for _ in range(3)] == [Draws(5).bits() for _ in range(3)]
    assert Draws(5).bits() != Draws(6).bits()


def test_draws_are_spread_as_they_should_be() -> None:
    draws = Draws(1)
    assert {draws.below(3) for _ in range(100)} == {0, 1, 2}
    assert fmean(draws.between(-1, 3) for _ in range(4000)) == pytest.approx(1, abs=0.1)
    normal = [draws.normal() for _ in range(4000)]
    assert fmean(normal) == pytest.approx(0, abs=0.06)
    assert pstdev(normal) == pytest.approx(1, abs=0.05)
