"""A society: several pairs at work side by side, who show each other what they are proud of (Saunders 2001).

To the loop it is one pair. Each agent has an artist and a critic of its own; an agent's critic sees only its own
artist's works, and those that others send. What interests it is taken in by its artist, and its maker is credited.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from coevo.contract.capabilities import Evolving
from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec, Metrics, Player, State
from coevo.contract.works import Genome, Works
from coevo.errors import PairError
from coevo.images.rendering import render, render_strips

Agent = tuple[Artist, Critic]


class Members(Player):
    """What the artists of a society share with its critics: they are many."""

    members: Sequence[Player]

    def check(self) -> None:
        self.members[0].check()

    def parameters(self) -> Iterator[nn.Parameter]:
        for member in self.members:
            yield from member.parameters()

    def state(self) -> State:
        return {str(number): member.state() for number, member in enumerate(self.members)}

    def restore(self, state: State) -> None:
        for number, member in enumerate(self.members):
            member.restore(state[str(number)])


class Artists(Members, Artist):
    """The artists of a society as one: their works come one artist's after another's."""

    def __init__(self, agents: Sequence[Agent], exchange: int):
        self.members: Sequence[Artist] = [artist for artist, _ in agents]
        self.critics = [critic for _, critic in agents]
        first = self.members[0]
        super().__init__(first.options, first.studio)
        self.name = first.name  # type: ignore[misc]
        self.exchange = exchange
        self.credits = [0] * len(agents)
        """How many works of each agent others took in."""

    def spec(self) -> ArtistSpec:
        return replace(self.members[0].spec(), picks=None)

    def check(self) -> None:
        super().check()
        if not self.members[0].spec().population:
            raise PairError(
                f"Artist {self.name!r} keeps no population, so it has no place in a society; say --agents 1."
            )
        if self.critics[0].spec().rewards == "picks":
            raise PairError(f"Critic {self.critics[0].name!r} picks, and a society is of critics that score.")

    def build(self) -> None:
        for artist in self.members:
            artist.build()

    def make(self, n: int, reals: Works | None) -> Works:
        made = [artist.make(n, reals) for artist in self.members]
        return replace(_together(made), ctx=(made, reals))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        made, reals = works.ctx
        own = rewards.split([len(some) for some in made])
        shown = [_best(some, scores, self.exchange) for some, scores in zip(made, own, strict=True)]
        found = [a.learn(some, scores) for a, some, scores in zip(self.members, made, own, strict=True)]
        metrics = {key: _mean([one[key] for one in found if key in one]) for key in found[0]}
        return {**metrics, **(self._exchanged(shown, reals) if self.exchange else {})}

    def _exchanged(self, shown: Sequence[Works], reals: Works | None) -> Metrics:
        """Everybody sees the best of one other, drawn by chance, and takes in what is interesting."""
        taken = 0
        for number, artist in enumerate(self.members):
            maker = random.choice([other for other in range(len(self.members)) if other != number])
            critic = self.critics[number]
            liked = shown[maker][critic.fooled(shown[maker], reals).nonzero().flatten()]
            if len(liked):
                cast(Evolving, artist).immigrate(liked)
                self.credits[maker] += len(liked)
                taken += len(liked)
        credits = {f"credit.{number}": float(credit) for number, credit in enumerate(self.credits)}
        return {"exchanged": float(taken), **credits}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        shares = [n // len(self.members) + (k < n % len(self.members)) for k in range(len(self.members))]
        return _together([a.exhibit(k, seed, None) for a, k in zip(self.members, shares, strict=True) if k])

    def seed_population(self, works: Works) -> None:
        for artist in self.members:
            cast(Evolving, artist).seed_population(works)

    def render(self, works: Works, size: int) -> Tensor:
        return render(self.members[0], works, size)

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        return render_strips(self.members[0], works, size)

    def state(self) -> State:
        return super().state() | {"credits": list(self.credits)}

    def restore(self, state: State) -> None:
        super().restore(state)
        self.credits = list(state["credits"])


class Critics(Members, Critic):
    """The critics of a society as one: each judges the works of its own artist."""

    def __init__(self, agents: Sequence[Agent]):
        self.members: Sequence[Critic] = [critic for _, critic in agents]
        first = self.members[0]
        super().__init__(first.options, first.studio)
        self.name = first.name  # type: ignore[misc]
        self.artists = [artist for artist, _ in agents]

    def spec(self) -> CriticSpec:
        return self.members[0].spec()

    def build(self, artist: Artist) -> None:
        for critic, own in zip(self.members, self.artists, strict=True):
            critic.build(own)

    def learn(self, works: Works, reals: Works) -> Metrics:
        found = [c.learn(some, reals) for c, some in zip(self.members, self._own(works), strict=True)]
        return {key: _mean([one[key] for one in found]) for key in found[0]}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return torch.cat([c.judge(some, reals) for c, some in zip(self.members, self._own(works), strict=True)])

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return torch.cat([c.fooled(some, reals) for c, some in zip(self.members, self._own(works), strict=True)])

    def _own(self, works: Works) -> list[Works]:
        """Each artist's works: equally many, one artist's after another's."""
        places = torch.arange(len(works)).tensor_split(len(self.members))
        return [works[place] for place in places]


def society(agents: Sequence[Agent], exchange: int) -> Agent:
    """Several pairs as one pair; exchange: how many works each agent shows to another in a round, 0 for none."""
    return Artists(agents, exchange), Critics(agents)


def _together(some: Sequence[Works]) -> Works:
    """The works of several artists, one after another's."""
    images = [works.images for works in some if works.images is not None]
    genomes: list[Genome] = [genome for works in some for genome in works.genomes or ()]
    codes = [works.codes for works in some if works.codes is not None]
    return Works(
        torch.cat(images) if images else None, torch.cat(codes) if codes else None, genomes=tuple(genomes) or None
    )


def _best(works: Works, rewards: Tensor, n: int) -> Works:
    return works[rewards.detach().argsort(descending=True, stable=True)[:n]]


def _mean(values: Sequence[Tensor | float]) -> Tensor | float:
    return sum(values) / len(values)
