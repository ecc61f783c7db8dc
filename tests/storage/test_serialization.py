"""States as JSON and safetensors: what is read is what was written, or a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from coevo.errors import StoreError
from coevo.storage.serialization import checksum, pack, pack_text, unpack, unpack_text
from coevo.storage.state_tools import equal_states

TENSORS = some.sampled_from(
    [torch.arange(3), torch.ones(2, 2), torch.zeros(0), torch.tensor(True), torch.tensor(0.5, dtype=torch.bfloat16)]
)
LEAVES = some.none() | some.booleans() | some.integers(-(2**60), 2**60) | some.text(max_size=4) | TENSORS
KEYS = some.text(max_size=3) | some.integers(-5, 5)
STATES = some.recursive(
    LEAVES,
    lambda parts: (
        some.lists(parts, max_size=3)
        | some.lists(parts, max_size=3).map(tuple)
        | some.dictionaries(KEYS, parts, max_size=3)
    ),
    max_leaves=8,
)


@given(STATES)
def test_states_come_back_with_their_types(state: Any) -> None:
    tree, tensors = pack(state)
    back = unpack(json.loads(json.dumps(tree)), tensors)
    assert equal_states(state, back)
    assert repr(type(back)) == repr(type(state))
    assert equal_states(unpack_text(*pack_text(state)), state)


def test_keys_that_look_alike_stay_apart() -> None:
    state = {1: torch.zeros(1), "1": torch.ones(1), "a.b": torch.ones(2), "a": {"b": torch.zeros(2)}}
    back = unpack_text(*pack_text(state))
    assert equal_states(back, state) and list(back) == list(state)


def test_what_is_neither_tensor_nor_json_is_named_with_its_place() -> None:
    with pytest.raises(StoreError, match="deep"):
        pack({"deep": [1, object()]})


def test_a_text_whose_tensors_were_changed_is_damaged() -> None:
    text, _ = pack_text({"a": torch.zeros(4)})
    _, others = pack_text({"a": torch.ones(4)})
    with pytest.raises(StoreError, match="its checksum does not match"):
        unpack_text(text, others)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"$tensor": 5}', '{"$tensor": "nowhere"}'])
def test_texts_of_others_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(StoreError, match="it cannot be read"):
        unpack_text(text, pack_text({})[1])


def test_a_checksum_is_of_all_parts_in_their_order() -> None:
    assert checksum(b"ab", b"c") == checksum(b"a", b"bc") != checksum(b"c", b"ab")
