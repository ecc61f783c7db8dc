"""The options that a run may have, and values of those with few: kept in a file, as finding them imports torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError
from coevo.plugin.registry import Kind, registry
from coevo.storage.atomic import write_whole
from coevo.storage.cache import cache_folder
from coevo.version import __version__

Options = dict[str, list[str]]
"""Values by the names of options, such as {"run.compile": ["true", "false"]}; none of an option of many."""
FILE = "options.json"
ROLES: tuple[Kind, ...] = ("artist", "critic")


def known_options(names: Mapping[str, str]) -> Options:
    """All options of a run with these players, without importing them if they were asked for before.

    Args:
        names: of the players, by role; a role without one has no options.

    Raises:
        CoevoError: there is no such player.
    """
    path = cache_folder() / FILE
    kept = read(path)
    found: Options = {}
    fresh = dict(kept)
    for key, role in {"": "", **{stamp(role, names[role]): role for role in ROLES if names.get(role)}}.items():
        key = f"{__version__} {key}"
        if key not in fresh:
            fresh[key] = options_of(role, names.get(role, ""))
        found |= fresh[key]
    if fresh != kept:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(fresh).encode())
        except (CoevoError, OSError):
            pass  # they are found again the next time
    return found


def stamp(role: str, name: str) -> str:
    """A text that changes with the code of a player."""
    kind: Kind = "artist" if role == "artist" else "critic"
    module = registry().find(kind, name).path.partition(":")[0]
    try:
        spec = find_spec(module)
        changed = Path(spec.origin).stat().st_mtime_ns if spec and spec.origin else 0
    except (ImportError, OSError, ValueError):
        changed = 0
    return f"{role} {name} {registry().source(kind, name)} {changed}"


def options_of(role: str, name: str) -> Options:
    """The options of a player, or of everything else if no role is given; this imports torch."""
    from coevo.runs.config import option_fields

    tree = {role: {"name": name}} if role else {}
    fields = option_fields(tree, registry())
    return {key: values_of(field.annotation) for key, field in fields if not role or key.startswith(f"{role}.")}


def values_of(annotation: Any) -> list[str]:
    """The values of a type, if they are few."""
    from types import NoneType, UnionType
    from typing import Literal, Union, get_args, get_origin

    if annotation is bool:
        return ["true", "false"]
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    if get_origin(annotation) in (Union, UnionType):
        return [value for one in get_args(annotation) if one is not NoneType for value in values_of(one)]
    return []


def read(path: Path) -> dict[str, Options]:
    """What is kept; nothing if the file is missing or damaged."""
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(kept, dict) and all(isinstance(some, dict) for some in kept.values())
    return kept if whole else {}
