"""Societies: several pairs side by side that show each other their best works (Saunders 2001).

To the loop a society is one pair. Each agent has an artist and a critic of its own. An agent's critic sees the works of
its own artist, and those that other agents show. What it accepts becomes an immigrant of its artist's population, and
the agent that made it gets a credit.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from coevo.contract.capabilities import Evolving, Renderer, ShaderRenderer, StripRenderer, VectorRenderer
from coevo.contract.drawings import Drawing, Shader
from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec, Metrics, Player, State
from coevo.contract.works import Works
from coevo.errors import PairError

Agent = tuple[Artist, Critic]


def society(agents: Sequence[Agent], exchange: int) -> Agent:
    """Several pairs as one pair.

    Args:
        agents: pairs with the same options, in one studio.
        exchange: number of works that each agent shows to another in a round; 0 for none.
    """
    return SocietyArtist(agents, exchange), SocietyCritic(agents)


class Members(Player):
    """Several players as one."""

    members: Sequence[Player]

    def check(self) -> None:
        self.members[0].check()

    def parameters(self) -> Iterator[nn.Parameter]:
        for member in self.members:
            yield from member.parameters()

    def state(self) -> State:
        return {str(number): member.state() for number, member in enumerate(self.members)}

    def restore(self, state: State) -> None:
        if state.keys() - {"credits"} != {str(number) for number in range(len(self.members))}:
            raise KeyError(f"The state is not of a society of {len(self.members)} agents.")
        for number, member in enumerate(self.members):
            member.restore(state[str(number)])


class SocietyArtist(Members, Artist):
    """The artists of a society as one: the works of one artist follow those of another."""

    def __init__(self, agents: Sequence[Agent], exchange: int):
        self.members: Sequence[Artist] = [artist for artist, _ in agents]
        self.critics = [critic for _, critic in agents]
        first = self.members[0]
        super().__init__(first.options, first.studio)
        self.name = first.name
        self.exchange = exchange
        self.credits = [0] * len(agents)
        """Number of works of each agent that others accepted."""

    def spec(self) -> ArtistSpec:
        return replace(self.members[0].spec(), picks=None)

    def check(self) -> None:
        super().check()
        first, critic = self.members[0], self.critics[0]
        if not (first.spec().population and isinstance(first, Evolving)):
            raise PairError(f"Artist {self.name!r} has no population, so it cannot be in a society; use --agents 1.")
        if not isinstance(first, Renderer):
            raise PairError(f"Artist {self.name!r} has no render(), so it cannot be in a society; use --agents 1.")
        if critic.spec().rewards == "picks":
            raise PairError(f"Critic {critic.name!r} picks, and the critics of a society need to score.")

    def build(self) -> None:
        for artist in self.members:
            artist.build()

    def make(self, n: int, reals: Works | None) -> Works:
        made = [artist.make(n, reals) for artist in self.members]
        return replace(_joined(made), ctx=(made, reals))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        made, reals = works.ctx
        own = rewards.split([len(some) for some in made])
        best = [_best(some, scores, self.exchange) for some, scores in zip(made, own, strict=True)]
        learned = [a.learn(some, scores) for a, some, scores in zip(self.members, made, own, strict=True)]
        metrics = {key: _mean([one[key] for one in learned if key in one]) for key in learned[0]}
        return {**metrics, **(self._exchange(best, reals) if self.exchange else {})}

    def _exchange(self, best: Sequence[Works], reals: Works | None) -> Metrics:
        """Every agent sees the best works of a random other one, and takes in those that its critic accepts."""
        exchanged = 0
        for number, (artist, critic) in enumerate(zip(self.members, self.critics, strict=True)):
            maker = random.choice([other for other in range(len(self.members)) if other != number])
            accepted = best[maker][critic.fooled(best[maker], reals).nonzero().flatten()]
            if len(accepted):
                cast(Evolving, artist).immigrate(accepted)
                self.credits[maker] += len(accepted)
                exchanged += len(accepted)
        credits = {f"credit.{number}": float(credit) for number, credit in enumerate(self.credits)}
        return {"exchanged": float(exchanged), **credits}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        each, more = divmod(n, len(self.members))
        counts = [each + (number < more) for number in range(len(self.members))]
        return _joined([a.exhibit(k, seed, None) for a, k in zip(self.members, counts, strict=True) if k])

    def seed_population(self, works: Works) -> None:
        for artist in self.members:
            cast(Evolving, artist).seed_population(works)

    def immigrate(self, works: Works) -> None:
        for artist in self.members:
            cast(Evolving, artist).immigrate(works)

    def render(self, works: Works, size: int) -> Tensor:
        return cast(Renderer, self.members[0]).render(works, size)

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        first = self.members[0]
        if isinstance(first, StripRenderer):
            yield from first.render_strips(works, size)
        else:
            yield self.render(works[:1], size)[0]

    def vector(self, works: Works) -> Sequence[Drawing]:
        first = self.members[0]
        if not isinstance(first, VectorRenderer):
            raise PairError(f"Artist {self.name!r} draws no lines.")
        return first.vector(works)

    def shader(self, works: Works) -> Shader:
        first = self.members[0]
        if not isinstance(first, ShaderRenderer):
            raise PairError(f"The works of artist {self.name!r} are no programs that a GPU could draw.")
        return first.shader(works)

    def state(self) -> State:
        return super().state() | {"credits": list(self.credits)}

    def restore(self, state: State) -> None:
        super().restore(state)
        self.credits = list(state["credits"])


class SocietyCritic(Members, Critic):
    """The critics of a society as one: each judges the works of its own artist."""

    def __init__(self, agents: Sequence[Agent]):
        self.members: Sequence[Critic] = [critic for _, critic in agents]
        first = self.members[0]
        super().__init__(first.options, first.studio)
        self.name = first.name
        self.artists = [artist for artist, _ in agents]

    def spec(self) -> CriticSpec:
        its = self.members[0].spec()
        return replace(its, group=its.group * len(self.members))

    def build(self, artist: Artist) -> None:
        for critic, own in zip(self.members, self.artists, strict=True):
            critic.build(own)

    def learn(self, works: Works, reals: Works) -> Metrics:
        learned = [critic.learn(some, reals) for critic, some in self._with_works(works)]
        return {key: _mean([one[key] for one in learned]) for key in learned[0]}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return torch.cat([critic.judge(some, reals) for critic, some in self._with_works(works)])

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return torch.cat([critic.fooled(some, reals) for critic, some in self._with_works(works)])

    def _with_works(self, works: Works) -> Iterator[tuple[Critic, Works]]:
        """Each critic with the works of its artist, as `make` and `exhibit` join them: the first artists' may be one
        more. Whoever takes some of the works takes equally many of each, by the spec's `group`."""
        places = torch.arange(len(works)).tensor_split(len(self.members))
        return zip(self.members, (works[place] for place in places), strict=True)


def _joined(some: Sequence[Works]) -> Works:
    """The works of several artists, one artist after another."""
    images = [works.images for works in some if works.images is not None]
    codes = [works.codes for works in some if works.codes is not None]
    genomes = tuple(genome for works in some for genome in works.genomes or ())
    return Works(torch.cat(images) if images else None, torch.cat(codes) if codes else None, genomes=genomes or None)


def _best(works: Works, rewards: Tensor, n: int) -> Works:
    return works[rewards.detach().argsort(descending=True, stable=True)[:n]]


def _mean(values: Sequence[Tensor | float]) -> Tensor | float:
    return sum(values) / len(values)
