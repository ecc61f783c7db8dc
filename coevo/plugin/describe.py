"""What a player is, for `coevo info`: its docstring, its capabilities, its options with their bounds."""

from __future__ import annotations

from inspect import getdoc
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from coevo.contract.players import Player
from coevo.plugin.registry import registry

CAPABILITIES = {
    "artist": ("wants_gradients", "rewards", "reals", "labels", "critic", "repeats"),
    "critic": ("gives_gradients", "judges", "rewards", "reals", "labels", "learns"),
}


def describe_player(kind: Literal["artist", "critic"], name: str) -> dict[str, Any]:
    """A player as JSON values; capabilities as its class declares them, before options change them."""
    player: type[Player] = registry().load(kind, name)
    return {
        "name": name,
        "kind": kind,
        "plugin": registry().owner(kind, name),
        "about": getdoc(player) or "",
        "capabilities": {key: _plain(getattr(player, key)) for key in CAPABILITIES[kind]},
        "options": [_option(kind, key, field) for key, field in player.Options.model_fields.items()],
    }


def _option(kind: str, key: str, field: FieldInfo) -> dict[str, Any]:
    default = "required" if field.default is PydanticUndefined else field.default
    return {
        "option": f"{kind}.{key}",
        "type": _type_name(field.annotation),
        "default": default if isinstance(default, int | float | str) else str(default),
        "bounds": ", ".join(filter(None, map(_bound, field.metadata))),
        "about": (field.description or "").replace("\n", " "),
    }


def _bound(constraint: Any) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return ", ".join(f"{sign} {getattr(constraint, key)}" for key, sign in signs.items() if hasattr(constraint, key))


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    return getattr(annotation, "__name__", str(annotation)) if not get_args(annotation) else str(annotation)


def _plain(value: Any) -> Any:
    if isinstance(value, property):
        return "depends on options"
    return list(value) if isinstance(value, tuple) else value
