"""Phases: how many steps each side takes in a round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from coevo.contract.players import Critic
from coevo.contract.works import Works
from coevo.loop import checks
from coevo.studio import processes


@dataclass(frozen=True, slots=True)
class Phase:
    """One side's part of a round: up to `steps` steps, fewer once the goal is reached."""

    role: Literal["critic", "artist"]
    """The side that learns."""
    steps: int = 1
    """The most steps."""
    goal: float | None = None
    """The share of works in [0, 1] that fool the critic: the artist's floor, the critic's ceiling; None: no goal."""
    restart: bool = False
    """The artist is built anew at the beginning of the phase, in every round (Machado 2008)."""
    rounds: int | None = None
    """The number of rounds that have the phase, the first ones; None: all."""

    def may_end(self, step: int) -> bool:
        """Whether this may turn out to be its last step."""
        return self.goal is not None or step + 1 == self.steps

    @torch.no_grad()
    def goal_reached(self, critic: Critic, works: Works, reals: Works | None) -> bool:
        """Whether enough works fool the critic (for the artist), or few enough (for the critic)."""
        if self.goal is None:
            return False
        share = processes.mean(checks.fooled(critic, works.detach(), reals).float().mean()).item()
        return share >= self.goal if self.role == "artist" else share <= self.goal


def phases_of(critic: Critic) -> tuple[Phase, ...]:
    """A step of either side; of the artist alone if the critic never learns, or has learnt in the first round."""
    spec = critic.spec()
    if spec.learns and spec.pretraining:
        return (Phase("critic", spec.pretraining, rounds=1), Phase("artist"))
    return DEFAULT_PHASES if spec.learns else (Phase("artist"),)


def phases_of_round(phases: Sequence[Phase], round: int, first: int) -> Iterator[tuple[int, Phase, bool]]:
    """The phases that a round has, from the place `first` on: place among all, phase, and whether others follow."""
    places = [index for index, phase in enumerate(phases) if phase.rounds is None or round < phase.rounds]
    for index in places:
        if index >= first:
            yield index, phases[index], index != places[-1]


DEFAULT_PHASES = (Phase("critic"), Phase("artist"))
