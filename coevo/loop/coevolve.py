"""The one loop: a Critic learns to tell works from real ones, an Artist learns to fool it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Literal, NamedTuple, Protocol, cast

import torch
from torch import Tensor

from coevo.contract.capabilities import Breedable
from coevo.contract.players import Artist, Critic, Metrics
from coevo.contract.works import Works
from coevo.loop import checks
from coevo.loop.pairs import check_playable, share_parameters
from coevo.loop.phases import Phase, phases_of, phases_of_round


class Position(NamedTuple):
    """The position of a run: the step that comes next; everything counts from 0."""

    round: int = 0
    phase: int = 0
    """Its index in the phases of the round."""
    step: int = 0
    """Its number within the phase."""


START = Position()


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of one side, just made."""

    at: Position
    """The position of this step."""
    next: Position
    """The position of the step that comes next."""
    role: Literal["critic", "artist"]
    """The side that learned."""
    works: Works
    """The N works that it learned from, without gradients and ctx."""
    reals: Works | None
    """The M real works beside them; None if the run has none."""
    rewards: Tensor | None
    """The critic's rewards [N], detached, in an artist's turn; None in a critic's."""
    metrics: Metrics
    """What the side's learn() or breed() returned."""
    safe: bool
    """The players' state and `next` are all there is to know: a point to save."""

    @property
    def ends_round(self) -> bool:
        """Whether the next step is of another round."""
        return self.next.round > self.at.round


class Batches(Protocol):
    """Real works as a function of the position: the same position, the same batch."""

    size: int
    """Number of works in a batch, made or real."""

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works | None:
        """The real works of a step, labels [M] with them if there are any; None without data.

        Args:
            round, phase, step: the position; everything counts from 0.
            stream: "main" for all works, or a part of them, such as "labelled"; each has an order of its own.
        """

    def close(self) -> None:
        """End what reads the data, such as threads; nothing is asked for afterwards."""


class Rewind(Exception):
    """Raised in `judge` by a person who wants another sheet: by -1 undoes, +1 redoes, `to` branches."""

    def __init__(self, by: int = 0, to: int | None = None):
        super().__init__(f"rewind by {by}" if to is None else f"rewind to {to}")
        self.by, self.to = by, to


class EndSession(Exception):
    """Raised in `judge` by a person who leaves; the session ends at the sheet that is on the screen."""


def coevolve(
    artist: Artist,
    critic: Critic,
    data: Batches,
    phases: Sequence[Phase] | None = None,
    *,
    start: Position = START,
    resample: bool = False,
) -> Iterator[Turn]:
    """Play rounds without end, until the caller stops.

    Args:
        artist, critic: a pair, both built; `coevo.pair` makes one.
        data: real works by position; `data.size` works are made at once.
        phases: the parts of a round, in order; by default a step of either side, as far as it learns.
        start: the position of the first step; the players' state is that of this position.
        resample: make new works for the artist's first step, instead of those of the critic's last step. A pair with
            shared parameters does so anyway, as the critic has just changed them.

    Yields:
        A Turn after every step of either side.

    Raises:
        PairError: the two do not fit, or a phase restarts an artist that shares parameters with its critic.
    """
    phases = phases or phases_of(critic)
    shared = share_parameters(artist, critic)
    check_playable(artist, critic, phases)
    population, picks = artist.spec().population, critic.spec().rewards == "picks"
    carries = not (resample or shared)  # works go on from the critic's last step to the artist's first
    for round in count(start.round):
        made: tuple[Works, Works | None] | None = None
        for index, phase, more in phases_of_round(phases, round, start.phase):
            for step in range(start.step, phase.steps):
                if phase.restart and step == 0:
                    artist.build()
                    made = None
                reals = made[1] if made and not population else data.batch(round, index, step)
                with torch.set_grad_enabled(phase.role == "artist" or (carries and more and phase.may_end(step))):
                    works = checks.made(artist, data.size, reals) if made is None else made[0]
                made, rewards = None, None
                if phase.role == "critic":
                    metrics = checks.learned(critic, critic.learn(works.detach(), reals or Works()))
                else:
                    with without_gradients(critic, artist if shared else None):
                        rewards = checks.judged(critic, works, reals)
                        metrics = (breed if picks else learn)(artist, works, rewards)
                    rewards = rewards.detach()
                done = step + 1 == phase.steps or phase.goal_reached(critic, works, reals)
                last = done and not more
                next = Position(round + 1) if last else Position(round, index + done, 0 if done else step + 1)
                if phase.role == "critic" and done and more and carries:
                    made = works, reals  # made once where once is enough
                at = Position(round, index, step)
                yield Turn(at, next, phase.role, works.detach(), reals, rewards, metrics, made is None or population)
                if done:
                    break
            start = START
        start = START


def breed(artist: Artist, works: Works, rewards: Tensor) -> Metrics:
    """Let the works that a person picked, those with a reward of 1, reproduce."""
    picked = [int(index) for index in rewards.nonzero().flatten().tolist()]
    return checks.learned(artist, cast(Breedable, artist).breed(works, picked), "breed")


def learn(artist: Artist, works: Works, rewards: Tensor) -> Metrics:
    """Let the artist learn from the rewards of its works."""
    return checks.learned(artist, artist.learn(works, rewards))


@contextmanager
def without_gradients(critic: Critic, sharer: Artist | None) -> Iterator[None]:
    """While the artist learns, the critic's own parameters gather no gradients; those that an artist shares do."""
    owned = {id(parameter) for parameter in sharer.parameters()} if sharer else set()
    off = [p for p in critic.parameters() if p.requires_grad and id(p) not in owned]
    for parameter in off:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in off:
            parameter.requires_grad_(True)
