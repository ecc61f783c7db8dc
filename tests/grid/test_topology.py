"""Who is whose neighbour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from coevo.errors import ConfigError
from coevo.grid.topology import TOPOLOGIES, neighbours, shape_of

SHAPES = some.tuples(some.integers(1, 6), some.integers(1, 6)).filter(lambda shape: shape[0] * shape[1] > 1)


@given(some.sampled_from(TOPOLOGIES), SHAPES, some.integers(0, 9))
def test_neighbours_are_mutual_others_and_the_same_every_time(topology, shape: tuple[int, int], seed: int) -> None:
    around = neighbours(topology, shape, seed)
    assert len(around) == shape[0] * shape[1]
    assert around == neighbours(topology, shape, seed)
    for cell, others in enumerate(around):
        assert others and cell not in others and len(set(others)) == len(others)
        assert all(cell in around[other] for other in others)


@pytest.mark.parametrize(("topology", "degree"), [("ring", 2), ("von-neumann", 4), ("moore", 8), ("full", 24)])
def test_a_torus_has_no_edge(topology, degree: int) -> None:
    assert {len(others) for others in neighbours(topology, (5, 5))} == {degree}


def test_shapes_are_as_square_as_they_can_be() -> None:
    assert [shape_of(text) for text in ("9", "12", "7", "4x2", "1X5")] == [(3, 3), (3, 4), (1, 7), (4, 2), (1, 5)]


@pytest.mark.parametrize("text", ["", "x", "3x", "2x2x2", "-4", "0", "1", "1x1", "two"])
def test_other_shapes_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="--cells should be"):
        shape_of(text)
