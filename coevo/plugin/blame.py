"""Whose code raised an error: a player's or a plugin's, by the frames that the error came through."""

from __future__ import annotations

import sys
from traceback import walk_tb
from types import FrameType
from typing import Any

from coevo.errors import CoevoError, PlayerError
from coevo.plugin.faults import package_of, said_by
from coevo.plugin.registry import CORE, Plugin, registry


def owned(error: CoevoError) -> str:
    """The message of an error; where a player made the mistake, with its plugin or file."""
    player = error.player if isinstance(error, PlayerError) else None
    source = registry().source_of(player) if player else None
    return f"{error} It is of {source}." if source else str(error)


def blame(error: BaseException) -> str:
    """Sentences that name the player or plugin whose code raised an error, with the author's own line and the error's
    notes; empty if the code is coevo's alone.

    The innermost frame of a player or of a plugin decides. Code of a plugin that is no player, such as a game, belongs
    to the player that called it if both are of one plugin.
    """
    plugin, place = None, None
    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        if player := _player_in(frame):
            source = registry().source_of(type(player))
            if plugin is None or (source and source.plugin == plugin.name):
                return _with_notes(_of_player(player, frame, error), error)
            break
        owner = None if plugin else registry().owner_of(package_of(frame))
        if owner and owner.name != CORE:
            plugin, place = owner, frame
    return _with_notes(_of_plugin(plugin, place, error), error) if plugin and place else ""


def _player_in(frame: FrameType) -> Any:
    """The player whose method runs in a frame, or None."""
    players = sys.modules.get("coevo.contract.players")  # without it no player was made
    its = frame.f_locals.get("self")
    return its if players and isinstance(its, players.Player) else None


def _of_player(player: Any, frame: FrameType, error: BaseException) -> str:
    from coevo.contract.players import Artist  # late: it imports torch

    cls = type(player)
    source = registry().source_of(cls)
    kind, name = "Artist" if isinstance(player, Artist) else "Critic", getattr(player, "name", cls.__name__)
    of = f" of {source}" if source else ""
    check = f"{source.file}:{source.class_name}" if source and source.file else name
    return (
        f"{kind} {name!r}{of} failed in {frame.f_code.co_name}(): {said_by(error, cls.__module__)}\n"
        f"The mistake is in the player, or its options ask for too much: `coevo check {check}` examines it, and "
        "`coevo --debug` shows the whole traceback."
    )


def _of_plugin(plugin: Plugin, frame: FrameType, error: BaseException) -> str:
    return (
        f"Plugin {plugin.title} failed in {frame.f_code.co_name}(): {said_by(error, package_of(frame))}\n"
        "The mistake is in the plugin, or in what it was given; `coevo --debug` shows the whole traceback."
    )


def _with_notes(said: str, error: BaseException) -> str:
    return f"{said} {' '.join(getattr(error, '__notes__', ()))}".rstrip()
