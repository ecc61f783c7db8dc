"""The one loop: a Critic learns to tell works from real ones, an Artist learns to fool it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from coevo.contract.players import Artist, Critic, Metrics, Works, parameters_shared
from coevo.errors import PairError


class Position(NamedTuple):
    """Where a run stands: the step that comes next."""

    round: int = 0
    phase: int = 0
    step: int = 0


BEGINNING = Position()


@dataclass(frozen=True, slots=True)
class Phase:
    """One side's part of a round: up to `steps` steps, fewer once the goal is reached."""

    role: Literal["critic", "artist"]
    steps: int = 1
    goal: float | None = None  # share of works that fool the critic: the artist's floor, the critic's ceiling
    restart: bool = False  # the artist starts anew each round (Machado 2008)


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of one side, just made."""

    at: Position
    next: Position
    role: Literal["critic", "artist"]
    works: Works
    reals: Works | None
    rewards: Tensor | None  # [N] in an artist's turn
    metrics: Metrics
    safe: bool  # the players' state and `next` are all there is to know: a point to save

    @property
    def ends_round(self) -> bool:
        return self.next.round > self.at.round


class Batches(Protocol):
    """Real works as a function of the position: the same position, the same batch."""

    size: int

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works | None: ...


class Rewind(Exception):
    """Raised in `judge` by a person who wants another sheet: by -1 undoes, +1 redoes, `to` branches."""

    def __init__(self, by: int = 0, to: int | None = None):
        super().__init__(f"rewind by {by}" if to is None else f"rewind to {to}")
        self.by, self.to = by, to


class Leave(Exception):
    """Raised in `judge` by a person who goes; the session ends at the sheet that is on the screen."""


DEFAULT_PHASES = (Phase("critic"), Phase("artist"))


def coevolve(
    artist: Artist,
    critic: Critic,
    data: Batches,
    phases: Sequence[Phase] = DEFAULT_PHASES,
    *,
    start: Position = BEGINNING,
    fresh: bool = False,
) -> Iterator[Turn]:
    """Play rounds without end, and yield a Turn after every step of either side; the caller stops.

    The works and reals of the last critic step also serve the artist's first step, unless `fresh`, or the
    two share parameters that the critic has just changed.
    """
    shared = parameters_shared(artist, critic)
    fresh = fresh or shared
    for round in count(start.round):
        made: tuple[Works, Works | None] | None = None
        for index, phase in enumerate(phases[start.phase :], start.phase):
            for step in range(start.step, phase.steps):
                if phase.restart and step == 0:
                    artist.build()
                    made = None
                reals = made[1] if made and not artist.repeats else data.batch(round, index, step)
                works = artist.make(data.size, reals) if made is None else made[0]
                made, rewards = None, None
                if phase.role == "critic":
                    metrics = critic.learn(works.detach(), reals or Works())
                else:
                    with switched_off(critic, artist if shared else None):
                        rewards = critic.judge(works, reals)
                        metrics = artist.learn(works, rewards)
                done = step + 1 == phase.steps or reached(phase, critic, works, reals)
                last = done and index + 1 == len(phases)
                next = Position(round + 1) if last else Position(round, index + done, 0 if done else step + 1)
                if phase.role == "critic" and done and not last and not fresh:
                    made = works, reals  # one making where one is enough
                rewards = None if rewards is None else rewards.detach()
                safe = made is None or artist.repeats
                yield Turn(
                    Position(round, index, step),
                    next,
                    phase.role,
                    works.detach(),
                    reals,
                    rewards,
                    metrics,
                    safe,
                )
                if done:
                    break
            start = BEGINNING
        start = BEGINNING


@torch.no_grad()
def reached(phase: Phase, critic: Critic, works: Works, reals: Works | None) -> bool:
    """Whether the works that fool the critic are as many as the artist's goal, as few as its own."""
    if phase.goal is None:
        return False
    share = critic.fooled(works.detach(), reals).float().mean().item()
    return share >= phase.goal if phase.role == "artist" else share <= phase.goal


@contextmanager
def switched_off(critic: Critic, sharer: Artist | None) -> Iterator[None]:
    """While the artist learns, the critic's own parameters gather no gradients; those that an artist shares do."""
    owned = {id(p) for p in sharer.parameters()} if sharer else set()
    off = [p for p in critic.parameters() if p.requires_grad and id(p) not in owned]
    for parameter in off:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in off:
            parameter.requires_grad_(True)


def learns_in_vain(artist: Artist, critic: Critic) -> bool:
    """Whether the Artist waits for gradients that the Critic does not give."""
    return artist.wants_gradients and not (critic.gives_gradients or critic.indifferent)


def check_pair(
    artist: Artist, critic: Critic, *, reals: bool = True, labels: Literal["all", "some", "none"] = "all"
) -> None:
    """Refuse a pair that cannot work, before either is built.

    reals, labels: whether the run's data has real works, and how many of them have labels.
    Raises ConfigError (an option that does not fit), PairError (the two, or one and the data, do not fit).
    """
    artist.check()
    critic.check()
    pair = f"Artist {artist.name!r} cannot work with critic {critic.name!r}: "
    if critic.indifferent and artist.critic == "required":
        raise PairError(pair + f"{artist.name} learns from a critic alone.")
    if learns_in_vain(artist, critic):
        raise PairError(pair + f"{artist.name} learns by gradients and {critic.name} gives none.")
    if critic.judges == "codes" and not artist.codes:
        raise PairError(pair + f"{critic.name} judges latent codes and {artist.name} makes none.")
    if critic.judges == "codes" and artist.wants_gradients and artist.decodes and not artist.encodes:
        raise PairError(pair + f"{artist.name} draws its codes and finds none, so there is nothing to learn of them.")
    if critic.judges == "images" and not artist.makes_images:
        raise PairError(pair + f"{critic.name} judges pictures and {artist.name} makes none.")
    if critic.rewards not in artist.rewards:
        raise PairError(
            pair + f"{critic.name} gives {critic.rewards} and {artist.name} learns from {artist.rewards[0]} only."
        )
    if critic.labels == "required" and artist.labels == "unused":
        raise PairError(pair + f"{critic.name} judges works by their labels and {artist.name} gives them none.")
    for player in (artist, critic):
        if player.reals == "required" and not reals:
            raise PairError(f"{player.name!r} needs real works to compare with; name a dataset with --data.")
        if player.labels in ("required", "some") and labels == "none":
            raise PairError(f"{player.name!r} needs labels, and this data has none.")
        if player.labels == "required" and labels == "some":
            raise PairError(f"{player.name!r} needs the label of every work; leave out data.labelled.")
