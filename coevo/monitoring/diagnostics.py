"""What goes wrong in a game between networks, told from the log's rows while it is played."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

ROWS = 30  # of the log that are looked at together
CHANCE = 0.03  # so near to one half the critic only guesses
SURE = 0.98  # above it, the artist can learn little
FALLEN = 0.5  # of the best diversity so far
VARIED = 0.6  # diversity, real works' being 1, that an artist should have reached before it can lose it
EVEN = 0.01  # of the largest spread so far
FORGOT = 0.3  # of past works, or of today's before past critics
SWING, TURNS = 0.4, 6  # of the accuracy, from top to bottom, and how often it crosses its mean

SAYS = {
    "chance": "the critic has guessed for long (accuracy {accuracy:.2f}): it is too weak, or the artist perfect; "
    "try a larger -o critic.width or -o critic.rate",
    "sure": "the critic is nearly always right (accuracy {accuracy:.2f}), so the artist learns little; try "
    "-o critic.smooth=0.1, -o critic.noise=0.1, -o critic.r1=1 or a lower -o critic.rate",
    "collapse": "the works grow alike (diversity {diversity:.2f} of real works', best {best:.2f}): mode collapse; try "
    "-o critic.minibatch=std, -o critic.pack=2 or -o critic.unroll=5",
    "oscillation": "the sides chase each other in circles (the critic's accuracy swings by {swing:.2f}); try "
    "-o critic.r1=1, -o artist.beta1=0 -o critic.beta1=0 or lower rates",
    "disengagement": "the critic has rewarded all works alike for long (spread {spread:.2g}, once {widest:.2g}), so "
    "nothing can be selected; try a slower critic, or -o phases.critic.goal=0.2",
    "forgetting": "the critic takes works for real that it once saw through ({critic_forgets:.0%} of past ones): try "
    "-o critic.gallery=512",
    "circles": "works no longer fool critics of the past that earlier ones fooled ({artist_forgets:.0%} fewer): the "
    "sides may go in circles; try -o critic.panel=4",
}


class Watch:
    """Looks at one row after another. It says each trouble once, until it is over and comes again.

    A row tells by `critic.accuracy`, `artist.diversity`, `artist.spread` and the figures `past.*`; what has none is not
    watched.
    """

    def __init__(self) -> None:
        self._accuracy: deque[float] = deque(maxlen=ROWS)
        self._diversity: deque[float] = deque(maxlen=ROWS // 3)
        self._spread: deque[float] = deque(maxlen=ROWS)
        self._best, self._widest = 0.0, 0.0
        self._forgets = {"critic_forgets": 0.0, "artist_forgets": 0.0}
        self._troubles: list[str] = []

    def look(self, row: Mapping[str, float]) -> list[str]:
        """What is new and wrong, a sentence each."""
        if "critic.accuracy" in row:
            self._accuracy.append(row["critic.accuracy"])
        if "artist.diversity" in row:
            self._diversity.append(row["artist.diversity"])
            self._best = max(self._best, row["artist.diversity"])
        if "artist.spread" in row:
            self._spread.append(row["artist.spread"])
            self._widest = max(self._widest, row["artist.spread"])
        self._forgets = {name: row.get(f"past.{name}", 0.0) for name in self._forgets}
        troubles = [name for name in SAYS if getattr(self, f"_{name}")()]
        new = [name for name in troubles if name not in self._troubles]
        self._troubles = troubles
        last = {
            "accuracy": self._accuracy[-1] if self._accuracy else 0.0,
            "diversity": self._diversity[-1] if self._diversity else 0.0,
            "best": self._best,
            "swing": self._swing,
            "spread": self._spread[-1] if self._spread else 0.0,
            "widest": self._widest,
            **self._forgets,
        }
        return [SAYS[name].format(**last) for name in new]

    def state(self) -> dict[str, Any]:
        return {
            "accuracy": list(self._accuracy),
            "diversity": list(self._diversity),
            "best": self._best,
            "spread": list(self._spread),
            "widest": self._widest,
            "troubles": self._troubles,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._accuracy.extend(state["accuracy"])
        self._diversity.extend(state["diversity"])
        self._spread.extend(state.get("spread", ()))  # runs of earlier versions know of none
        self._best, self._widest, self._troubles = state["best"], state.get("widest", 0.0), list(state["troubles"])

    @property
    def _long(self) -> bool:
        return len(self._accuracy) == ROWS

    @property
    def _swing(self) -> float:
        return max(self._accuracy) - min(self._accuracy) if self._accuracy else 0.0

    def _chance(self) -> bool:
        return self._long and all(abs(value - 0.5) < CHANCE for value in self._accuracy)

    def _sure(self) -> bool:
        return self._long and min(self._accuracy) > SURE

    def _collapse(self) -> bool:
        full = len(self._diversity) == self._diversity.maxlen
        return full and self._best > VARIED and max(self._diversity) < FALLEN * self._best

    def _disengagement(self) -> bool:
        return len(self._spread) == ROWS and max(self._spread) < EVEN * self._widest

    def _forgetting(self) -> bool:
        return self._forgets["critic_forgets"] > FORGOT

    def _circles(self) -> bool:
        return self._forgets["artist_forgets"] > FORGOT

    def _oscillation(self) -> bool:
        if not self._long or self._swing < SWING:
            return False
        mean = sum(self._accuracy) / ROWS
        above = [value > mean for value in self._accuracy]
        return sum(one != other for one, other in pairwise(above)) >= TURNS
