"""The player that raised an error, found by the frames that the error came through."""

from __future__ import annotations

from traceback import walk_tb

from coevo.contract.players import Artist, Player


def player_error(error: Exception) -> str:
    """A sentence that names the player whose method raised an error, the error and its notes; empty if none did."""
    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        player = frame.f_locals.get("self")
        if isinstance(player, Player):
            role = "Artist" if isinstance(player, Artist) else "Critic"
            said = " ".join(str(error).split())
            return (
                f"{role} {player.name!r} raised {type(error).__name__} in {frame.f_code.co_name}(): {said[:500]}\n"
                f"The mistake is in the player, or its options ask for too much: `coevo check {player.name}` examines "
                f"it, and `coevo --debug` shows the whole traceback. {' '.join(getattr(error, '__notes__', ()))}"
            ).rstrip()
    return ""
