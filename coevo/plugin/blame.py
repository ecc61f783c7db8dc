"""Whose code raised an error: the player, or the plugin, found by the frames that the error came through."""

from __future__ import annotations

import sys
from traceback import walk_tb
from typing import Any

from coevo.errors import CoevoError, PlayerError
from coevo.plugin.faults import package_of, said_by
from coevo.plugin.registry import CORE, registry


def owned(error: CoevoError) -> str:
    """The message of an error; of one that a player made, with its plugin or file."""
    player = error.player if isinstance(error, PlayerError) else None
    source = registry().source_of(player) if player else None
    return f"{error} It is of {source}." if source else str(error)


def blame(error: BaseException) -> str:
    """Sentences that name the player or plugin whose code raised an error, with the author's own line and the notes of
    the error; empty if it is nobody's but coevo's."""
    if "coevo.contract.players" not in sys.modules:  # no player was made
        return _blame_plugin(error)
    from coevo.contract.players import Artist, Player  # late: it imports torch

    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        player: Any = frame.f_locals.get("self")
        if isinstance(player, Player):
            kind, cls = "artist" if isinstance(player, Artist) else "critic", type(player)
            source = registry().source_of(cls)
            of = f" of {source}" if source else ""
            name = getattr(player, "name", cls.__name__)
            check = f"{source.file}:{source.class_name}" if source and source.file else name
            return _with_notes(
                f"{kind.capitalize()} {name!r}{of} failed in {frame.f_code.co_name}(): "
                f"{said_by(error, cls.__module__)}\n"
                f"The mistake is in the player, or its options ask for too much: `coevo check {check}` examines it, "
                "and `coevo --debug` shows the whole traceback.",
                error,
            )
    return _blame_plugin(error)


def _blame_plugin(error: BaseException) -> str:
    """The same of other code of a plugin, such as a game or a command."""
    owners = {package: plugin for plugin in registry().plugins for package in plugin.packages if plugin.name != CORE}
    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        if plugin := owners.get(package_of(frame)):
            said = said_by(error, package_of(frame))
            return _with_notes(
                f"Plugin {plugin.title} failed in {frame.f_code.co_name}(): {said}\n"
                "The mistake is in the plugin, or in what it was given; `coevo --debug` shows the whole traceback.",
                error,
            )
    return ""


def _with_notes(said: str, error: BaseException) -> str:
    return f"{said} {' '.join(getattr(error, '__notes__', ()))}".rstrip()
