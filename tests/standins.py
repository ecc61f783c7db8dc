"""The smallest honest players, one or two for every kind of pair: pictures of 1 × 4 × 4 and real maths.

None of them knows another: each is written against the contract alone, as a plugin's players are.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

import coevo
from coevo import Artist, CodeBlock, Critic, Genome, Metrics, Rewind, Studio, Works
from coevo.latent_models.priors import draw
from coevo.plugin.registry import registry

SHAPE = (1, 4, 4)
REAL = 0.5  # what every pixel of a real work is, give or take


class Reals:
    """Real works: grey squares. `reals` of them in a batch, beside `size` made ones."""

    def __init__(self, size: int = 8, reals: int | None = None):
        self.size, self.reals = size, reals or size

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works:
        noise = torch.Generator().manual_seed(round * 10_000 + phase * 1_000 + step)
        return Works(images=REAL + 0.1 * torch.randn(self.reals, *SHAPE, generator=noise))


def studio(seed: int = 0) -> Studio:
    place = Studio(image=SHAPE, seed=seed)
    place.reseed()
    return place


def built(artist: Artist, critic: Critic) -> tuple[Artist, Critic]:
    artist.build()
    critic.build(artist)
    return artist, critic


def same(one: Any, other: Any) -> bool:
    """Whether two states are the same, bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def copy(value: Any) -> Any:
    """The same nested state with tensors of its own."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {key: copy(part) for key, part in value.items()}
    return [copy(part) for part in value] if isinstance(value, list | tuple) else value


class Painter(Artist):
    """By gradients: noise of two dimensions becomes a picture. Also a decoder, for breeding."""

    name = "painter"
    wants_gradients = True
    rewards = ("scores",)

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        return (CodeBlock("z", 2),)

    def build(self) -> None:
        self.net = self.studio.prepare(nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Unflatten(1, SHAPE)))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)

    def make(self, n: int, reals: Works | None) -> Works:
        z = self.studio.noise(n, 2)
        return Works(images=self.net(z), codes=z, ctx="mine")

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        loss = -rewards.mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.decode(torch.randn(n, 2, generator=torch.Generator().manual_seed(seed)))

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return Works(images=self.net(codes), codes=codes)


class Judge(Critic):
    """By gradients: a linear score under any game."""

    name = "judge"
    gives_gradients = True
    reals = "required"

    class Options(coevo.Options):
        game: str = "hinge"

    def build(self, artist: Artist) -> None:
        self.game = registry().load("game", self.options.game)()
        self.net = self.studio.prepare(nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0)))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02, weight_decay=1.0)

    def learn(self, works: Works, reals: Works) -> Metrics:
        loss = self.game.critic_loss(self.net(reals.images), self.net(works.images))
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return self.game.reward(*self.scores(works, reals))

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.game.fooled(*self.scores(works, reals))

    def scores(self, works: Works, reals: Works | None) -> tuple[Tensor, Tensor | None]:
        return self.net(works.images), self.net(reals.images) if self.game.uses_reals else None


class Weaver(Painter):
    """By gradients, with an encoder that its critic shares (as ALAE's)."""

    name = "weaver"

    def build(self) -> None:
        super().build()
        self.encoder = self.studio.prepare(nn.Sequential(nn.Flatten(), nn.Linear(16, 2)))


class Mirror(Judge):
    """Judges by the artist's own encoder, which learns with it."""

    name = "mirror"

    def build(self, artist: Artist) -> None:
        super().build(artist)
        self.encoder, self.head = artist.encoder, self.studio.prepare(nn.Linear(2, 1))
        self.net = nn.Sequential(self.encoder, self.head, nn.Flatten(0))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)

    def learn(self, works: Works, reals: Works) -> Metrics:
        metrics = super().learn(works, reals)
        self.optimiser.zero_grad()
        return metrics


class Herd(Artist):
    """By evolution: a genome is sixteen grey values; the best half has children."""

    name = "herd"
    repeats = True
    extra_state = ("population",)

    class Options(coevo.Options):
        population: int = 8

    def build(self) -> None:
        self.population = [self.genome([random.uniform(-1, 0) for _ in range(16)]) for _ in range(self.size)]

    @property
    def size(self) -> int:
        return self.options.population

    def genome(self, greys: Sequence[float], *parents: str) -> list:
        (id,) = self.studio.new_ids(1)
        return [id, list(parents), json.dumps(greys)]

    def make(self, n: int, reals: Works | None) -> Works:
        genomes = tuple(Genome(id, tuple(parents), text) for id, parents, text in self.population)
        greys = torch.tensor([json.loads(genome.text) for genome in genomes])
        return Works(images=greys.reshape(-1, *SHAPE).to(self.studio.device), genomes=genomes)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        best = [self.population[i] for i in rewards.argsort(descending=True)[: self.size // 2].tolist()]
        noise = self.studio.noise(self.size - len(best), 16, "herd").tolist()
        young = []
        for shift in noise:
            id, _, text = random.choice(best)
            young.append(self.genome([g + 0.1 * s for g, s in zip(json.loads(text), shift, strict=True)], id))
        self.population = best + young
        return {"best": rewards.max()}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.make(n, None)[torch.arange(n) % self.size]

    def seed_population(self, works: Works) -> None:
        if works.genomes is None:
            super().seed_population(works)
        others = [[genome.id, list(genome.parents), genome.text] for genome in works.genomes]
        self.population = (others + self.population)[: self.size]


class Person(Critic):
    """Follows a script: the indices of the works to pick, or a Rewind. Then it leaves."""

    name = "person"
    rewards = "picks"
    learns = False

    class Left(Exception):
        """The script is over."""

    def build(self, artist: Artist) -> None:
        self.script: list[Sequence[int] | Rewind] = []
        self.sheets: list[Works] = []

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        self.sheets.append(works.detach())
        if not self.script:
            raise self.Left
        command = self.script.pop(0)
        if isinstance(command, Rewind):
            raise command
        self.picks = torch.zeros(len(works))
        self.picks[list(command)] = 1
        return self.picks

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.picks > 0


class Scribe(Artist):
    """Makes codes of real works and no pictures; one block should become Gaussian, one categorical."""

    name = "scribe"
    wants_gradients = True
    rewards = ("scores",)
    reals = "required"
    makes_images = False

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        return (CodeBlock("style", 2), CodeBlock("kind", 3, "categorical"))

    def build(self) -> None:
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(16, 5))
        nn.init.constant_(self.net[1].bias, 2.0)  # far from N(0, 1), and of no kind
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)

    def make(self, n: int, reals: Works | None) -> Works:
        style, kind = self.net(reals.images).split([2, 3], dim=1)
        return Works(codes=torch.cat([style, kind.softmax(1)], dim=1))

    learn = Painter.learn


class Reader(Critic):
    """Judges codes with a head for every block, each against the block's prior."""

    name = "reader"
    gives_gradients = True
    judges = "codes"

    def build(self, artist: Artist) -> None:
        self.blocks = artist.codes
        head = lambda size: nn.Sequential(nn.Linear(size, 16), nn.ReLU(), nn.Linear(16, 1))  # noqa: E731
        self.heads = nn.ModuleList([head(block.size) for block in self.blocks])
        self.optimiser = torch.optim.Adam(self.heads.parameters(), 0.02, (0.5, 0.9))

    def scores(self, codes: Tensor) -> Tensor:
        parts = codes.split([block.size for block in self.blocks], dim=1)
        return torch.cat([head(part) for head, part in zip(self.heads, parts, strict=True)], dim=1)

    def learn(self, works: Works, reals: Works) -> Metrics:
        stream = self.studio.generator("priors")
        loss = nn.functional.softplus(self.scores(works.codes)).sum(1).mean()
        loss = loss + nn.functional.softplus(-self.scores(draw(self.blocks, len(works), stream))).sum(1).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return nn.functional.logsigmoid(self.scores(works.codes)).sum(1)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return (self.scores(works.codes) > 0).all(1)


PICBREEDER_GENOME = """<data><genome><identifier branch="1" id="2"/><parents/><nodes>
<node label="x" type="in"><marking branch="0" id="1"/><activation>identity(x)</activation></node>
<node label="ink" type="out"><marking branch="0" id="2"/><activation>sin(x)</activation></node></nodes><links>
<link><marking branch="0" id="3"/><source branch="0" id="1"/><target branch="0" id="2"/><weight>1.5</weight></link>
</links></genome></data>"""
