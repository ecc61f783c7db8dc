"""Populations of trees: their limits, and the mutation rate that a person may change."""

from __future__ import annotations

import pytest

from coevo import Studio
from coevo_ca.artist import CA
from coevo_gp.artist import GP


@pytest.mark.parametrize("artist", [GP, CA])
def test_another_mutation_rate_counts_at_once(artist: type[GP] | type[CA]) -> None:
    it = artist(artist.Options(), Studio((1, 16, 16), batch=4))
    assert it.bounds.mutation == 1
    it.options = it.options.model_copy(update={"mutation": 3.0})  # as a session does
    assert it.bounds.mutation == 3


@pytest.mark.parametrize("limits", [{"max_nodes": 4}, {"max_instructions": 10, "min_depth": 8, "max_depth": 8}])
def test_random_trees_can_always_be_read_again(limits: dict[str, int]) -> None:
    it = GP(GP.Options(**limits), Studio((3, 16, 16), batch=4))
    for tree in it.random_trees(100):
        assert len(tree) <= it.options.max_nodes
        assert it.deserialize(it.serialize(tree)) == tree
