"""States as bytes: nested dicts, lists and tuples of tensors and JSON values, never pickles.

Tensors go to safetensors under their path, everything else to JSON; what JSON lacks (tuples, keys that are
no text) is marked.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from coevo.errors import StoreError


def pack(state: Any) -> tuple[Any, bytes]:
    """A state as a JSON tree and a safetensors file that belong together.

    Raises StoreError, naming the place, where a value is neither a tensor nor JSON's.
    """
    tensors: dict[str, torch.Tensor] = {}
    tree = _plain(state, "", tensors)
    return tree, save_tensors(tensors)


def unpack(tree: Any, tensors: bytes) -> Any:
    """The state that `pack` was given."""
    return _rich(tree, load_tensors(tensors))


def pack_text(state: Any) -> tuple[str, bytes]:
    """A state as JSON text, which holds a checksum of all, and a safetensors file."""
    tree, tensors = pack(state)
    return dumps({"sha256": checksum(dumps(tree).encode(), tensors), "state": tree}), tensors


def unpack_text(text: str | bytes, tensors: bytes) -> Any:
    """The state that `pack_text` was given; texts of older versions hold no checksum.

    Raises StoreError, as the end of a sentence, if it is damaged.
    """
    try:
        tree = json.loads(text)
        if isinstance(tree, dict) and tree.keys() == {"sha256", "state"}:
            if checksum(dumps(tree["state"]).encode(), tensors) != tree["sha256"]:
                raise StoreError("its checksum does not match")
            tree = tree["state"]
        return unpack(tree, tensors)
    except UNREADABLE as error:
        raise StoreError(f"it cannot be read ({type(error).__name__}: {error})") from error


UNREADABLE = ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError
"""What reading a state raises that another program wrote, or a broken disk."""


def dumps(tree: Any) -> str:
    """JSON in the one form that checksums are made of."""
    return json.dumps(tree, separators=(",", ":"))


def checksum(*parts: bytes) -> str:
    """SHA-256 of some parts, one after the other."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()


def _plain(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        while path in tensors:  # as {1: a, "1": b}
            path += "'"
        tensors[path] = value.detach().to("cpu", copy=True).contiguous()
        return {"$tensor": path}
    if isinstance(value, dict):
        items = {key: _plain(part, f"{path}/{key}", tensors) for key, part in value.items()}
        if all(isinstance(key, str) and not key.startswith("$") for key in items):
            return items
        return {"$items": [[_plain(key, path, tensors), part] for key, part in items.items()]}
    if isinstance(value, list | tuple):
        parts = [_plain(part, f"{path}/{index}", tensors) for index, part in enumerate(value)]
        return {"$tuple": parts} if isinstance(value, tuple) else parts
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise StoreError(f"The state at {path!r} is a {type(value).__name__}; tensors and JSON values can be saved.")


def _rich(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_rich(part, tensors) for part in value]
    if not isinstance(value, dict):
        return value
    if "$tensor" in value:
        return tensors[value["$tensor"]]
    if "$items" in value:
        return {_rich(key, tensors): _rich(part, tensors) for key, part in value["$items"]}
    if "$tuple" in value:
        return tuple(_rich(part, tensors) for part in value["$tuple"])
    return {key: _rich(part, tensors) for key, part in value.items()}
