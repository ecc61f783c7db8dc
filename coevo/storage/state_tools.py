"""Copies and comparisons of states: nested dicts, lists and tuples of tensors and JSON values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def copy_state(value: Any) -> Any:
    """The same nested state, with tensors of its own."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copy_state(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copy_state(part) for part in value)
    return value


def equal_states(a: Any, b: Any) -> bool:
    """Whether two nested states are the same to the bit."""
    if isinstance(a, Tensor):
        return isinstance(b, Tensor) and a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(equal_states(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(equal_states, a, b))
    return bool(a == b)
