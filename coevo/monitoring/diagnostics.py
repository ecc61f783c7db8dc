"""Problems of a game between networks, detected in the rows of its log while it is played."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from coevo.contract.players import Artist, Critic

ROWS = 30  # of the log that are looked at together
NEAR_CHANCE = 0.03  # distance from 1/2 below which the critic only guesses
SATURATED = 0.98  # accuracy above which the artist can learn little
COLLAPSED = 0.5  # of the best diversity so far
DIVERSE = 0.6  # diversity, real works' being 1, that an artist must have reached before it can lose it
FLAT = 0.01  # of the largest standard deviation of the rewards so far
EARLY = 10  # rows in which both sides are still new, and forget nothing that they knew well
FORGOTTEN = 0.3  # of past works, or of today's before past critics
SWING, CROSSINGS = 0.4, 6  # of the accuracy, from top to bottom, and how often it crosses its mean


class Diagnostics:
    """Looks at one row of the log after another, and reports each problem once, until it is over and comes again.

    It looks at `critic.accuracy`, `artist.diversity`, `artist.reward_std` and the figures `ancestors.*`, as far as a
    row has them. It suggests only options that the two players have.
    """

    def __init__(self, artist: Artist, critic: Critic):
        self.artist, self.critic = artist, critic
        self._accuracy: deque[float] = deque(maxlen=ROWS)
        self._diversity: deque[float] = deque(maxlen=ROWS // 3)
        self._reward_std: deque[float] = deque(maxlen=ROWS)
        self._best_diversity, self._largest_reward_std = 0.0, 0.0
        self._forgets = {"critic_forgets": 0.0, "artist_forgets": 0.0}
        self._rows = 0
        self._problems: list[str] = []

    def look(self, row: Mapping[str, float]) -> list[str]:
        """A sentence for each problem that is new in this row."""
        self._rows += 1
        if "critic.accuracy" in row:
            self._accuracy.append(row["critic.accuracy"])
        if "artist.diversity" in row:
            self._diversity.append(row["artist.diversity"])
            self._best_diversity = max(self._best_diversity, row["artist.diversity"])
        if "artist.reward_std" in row:
            self._reward_std.append(row["artist.reward_std"])
            self._largest_reward_std = max(self._largest_reward_std, row["artist.reward_std"])
        self._forgets = {name: row.get(f"ancestors.{name}", 0.0) for name in self._forgets}
        problems = [name for name, problem in PROBLEMS.items() if problem.occurs(self)]
        new = [name for name in problems if name not in self._problems]
        self._problems = problems
        return [self._sentence(name) for name in new]

    def state(self) -> dict[str, Any]:
        return {
            "accuracy": list(self._accuracy),
            "diversity": list(self._diversity),
            "best_diversity": self._best_diversity,
            "reward_std": list(self._reward_std),
            "largest_reward_std": self._largest_reward_std,
            "rows": self._rows,
            "problems": self._problems,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._accuracy.extend(state["accuracy"])
        self._diversity.extend(state["diversity"])
        self._reward_std.extend(state["reward_std"])
        self._best_diversity, self._largest_reward_std = state["best_diversity"], state["largest_reward_std"]
        self._rows = state.get("rows", EARLY + 1)  # older checkpoints do not know
        self._problems = list(state["problems"])

    def suggestions(self, problem: str) -> list[str]:
        """Options that may help, in words of the command line, as far as the players have them."""
        there = {f"{role}.{name}" for role in ("artist", "critic") for name in type(self._options(role)).model_fields}
        there |= {"phases.critic.goal"} if self.critic.spec().learns else set()
        return [text for text in PROBLEMS[problem].suggestions if there.issuperset(re.findall(r"-o ([\w.]+)", text))]

    def _sentence(self, problem: str) -> str:
        message = PROBLEMS[problem].message.format(
            rows=ROWS,
            accuracy=self._accuracy[-1] if self._accuracy else 0.0,
            diversity=self._diversity[-1] if self._diversity else 0.0,
            best=self._best_diversity,
            swing=self._swing,
            reward_std=self._reward_std[-1] if self._reward_std else 0.0,
            largest=self._largest_reward_std,
            **self._forgets,
        )
        *others, last = self.suggestions(problem) or [""]
        first = f"{', '.join(others)} or " if others else ""
        return f"{message}; try {first}{last}" if last else message

    def _options(self, role: str) -> Any:
        return (self.artist if role == "artist" else self.critic).options

    # the problems

    @property
    def _full(self) -> bool:
        return len(self._accuracy) == ROWS

    @property
    def _swing(self) -> float:
        return max(self._accuracy) - min(self._accuracy) if self._accuracy else 0.0

    def _critic_at_chance(self) -> bool:
        return self._full and all(abs(value - 0.5) < NEAR_CHANCE for value in self._accuracy)

    def _critic_saturated(self) -> bool:
        return self._full and min(self._accuracy) > SATURATED

    def _mode_collapse(self) -> bool:
        full = len(self._diversity) == self._diversity.maxlen
        return full and self._best_diversity > DIVERSE and max(self._diversity) < COLLAPSED * self._best_diversity

    def _disengagement(self) -> bool:
        return len(self._reward_std) == ROWS and max(self._reward_std) < FLAT * self._largest_reward_std

    def _critic_forgets(self) -> bool:
        return self._rows > EARLY and self._forgets["critic_forgets"] > FORGOTTEN

    def _artist_forgets(self) -> bool:
        return self._rows > EARLY and self._forgets["artist_forgets"] > FORGOTTEN

    def _oscillation(self) -> bool:
        if not self._full or self._swing < SWING:
            return False
        mean = sum(self._accuracy) / ROWS
        above = [value > mean for value in self._accuracy]
        return sum(one != other for one, other in pairwise(above)) >= CROSSINGS


class Problem(NamedTuple):
    """A problem of a game.

    Args:
        occurs: whether the rows that were looked at show it.
        message: the sentence about it; the figures in braces are those of `Diagnostics`.
        suggestions: options that may help.
    """

    occurs: Callable[[Diagnostics], bool]
    message: str
    suggestions: tuple[str, ...]


PROBLEMS = {
    "critic_at_chance": Problem(
        Diagnostics._critic_at_chance,
        "critic accuracy has stayed at chance ({accuracy:.2f}) for {rows} log rows: the critic is too weak, or works "
        "are indistinguishable from real ones",
        ("a larger -o critic.width", "a higher -o critic.learning_rate"),
    ),
    "critic_saturated": Problem(
        Diagnostics._critic_saturated,
        "critic accuracy has stayed near 1 ({accuracy:.2f}) for {rows} log rows, so the artist learns little",
        (
            "-o critic.label_smoothing=0.1",
            "-o critic.instance_noise=0.1",
            "-o critic.r1=1",
            "a lower -o critic.learning_rate",
        ),
    ),
    "mode_collapse": Problem(
        Diagnostics._mode_collapse,
        "works have become alike (diversity {diversity:.2f} of real works', at best {best:.2f}): mode collapse",
        ("-o critic.minibatch=std", "-o critic.pack=2", "-o critic.unroll=5"),
    ),
    "oscillation": Problem(
        Diagnostics._oscillation,
        "the two sides oscillate (critic accuracy swings by {swing:.2f})",
        ("-o critic.r1=1", "-o artist.beta1=0 -o critic.beta1=0", "a lower -o critic.learning_rate"),
    ),
    "disengagement": Problem(
        Diagnostics._disengagement,
        "the critic has given all works almost the same reward for {rows} log rows (standard deviation "
        "{reward_std:.2g}, once {largest:.2g}), so nothing can be selected",
        ("a lower -o critic.learning_rate", "-o phases.critic.goal=0.2"),
    ),
    "critic_forgets": Problem(
        Diagnostics._critic_forgets,
        "the critic is fooled by works that it once saw through ({critic_forgets:.0%} of past works)",
        ("-o critic.memory=512",),
    ),
    "artist_forgets": Problem(
        Diagnostics._artist_forgets,
        "works no longer fool critics of the past that earlier works fooled ({artist_forgets:.0%} fewer): the sides "
        "may go in circles",
        ("-o critic.past_critics=4",),
    ),
}
