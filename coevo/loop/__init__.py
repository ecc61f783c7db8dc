"""The one loop: how an Artist and a Critic meet."""

from coevo.loop.coevolve import EndSession, Position, Rewind, Turn, coevolve
from coevo.loop.pairs import check_pair
from coevo.loop.phases import DEFAULT_PHASES, Phase

__all__ = ["DEFAULT_PHASES", "EndSession", "Phase", "Position", "Rewind", "Turn", "check_pair", "coevolve"]
