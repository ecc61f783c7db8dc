"""Copies and comparisons of nested states."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from coevo.storage.state_tools import copy_state, equal_states

LEAVES = some.none() | some.booleans() | some.integers() | some.text(max_size=3) | some.integers(0, 3).map(torch.arange)
STATES = some.recursive(
    LEAVES,
    lambda parts: (
        some.lists(parts, max_size=3)
        | some.lists(parts, max_size=3).map(tuple)
        | some.dictionaries(some.text(max_size=2), parts, max_size=3)
    ),
    max_leaves=8,
)


@given(STATES)
def test_a_copy_is_equal_and_of_the_same_types(state: Any) -> None:
    copied = copy_state(state)
    assert equal_states(state, copied) is True
    assert type(copied) is type(state)


def test_a_copy_has_tensors_of_its_own_at_every_depth() -> None:
    state = {"a": [torch.ones(2, requires_grad=True)], "b": ({"c": torch.zeros(1)},)}
    copied = copy_state(state)
    copied["a"][0] += 1
    copied["b"][0]["c"] += 1
    assert state["a"][0].tolist() == [1, 1] and state["b"][0]["c"].tolist() == [0]
    assert not copied["a"][0].requires_grad


DIFFERENT = [
    (torch.ones(2), torch.zeros(2)),
    (torch.ones(2), torch.ones(3)),
    (torch.ones(2), torch.ones(2, dtype=torch.float64)),
    (torch.ones(1), [1.0]),
    ([1.0], torch.ones(1)),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, [("a", 1)]),
    ([1, 2], [1]),
    ([1, 2], [1, 3]),
    ([], {}),
    ([1], 1),
    ("a", "b"),
    (1, None),
]


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_what_differs_is_not_equal_whichever_comes_first(a: Any, b: Any) -> None:
    assert equal_states(a, b) is False
    assert equal_states({"deep": [a]}, {"deep": [b]}) is False
    assert equal_states(b, a) is False


def test_lists_and_tuples_of_equal_parts_are_equal() -> None:
    assert equal_states([1, torch.ones(1)], (1, torch.ones(1))) is True
