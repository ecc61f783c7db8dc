"""The smallest players, one or two for every kind of pair: to test a critic beside an artist, or the other way round.

None of them knows another: each is written against the contract alone, as a plugin's players are. So they are also the
shortest examples of the contract.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec, Metrics, Options
from coevo.contract.works import CodeBlock, CodeLayout, Genome, Works
from coevo.errors import DataError, PairError
from coevo.latent_models.priors import draw
from coevo.loop import Rewind
from coevo.plugin.registry import registry

# for the conformance kit: they go with any player


class RandomArtist(Artist):
    """An artist for any critic: random pictures, codes, labels and genomes. It learns nothing."""

    name = "random"

    def spec(self) -> ArtistSpec:
        code = CodeLayout((CodeBlock("z", 8),))
        spec = ArtistSpec(code=code, critic="optional", labels="optional", picks=(0, 1000))
        return replace(spec, given="any") if self.studio.planes else spec

    def build(self) -> None:
        pass

    def make(self, n: int, reals: Works | None) -> Works:
        return self.exhibit(n, int(torch.randint(2**31, (1,))))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        return {"reward": rewards.detach().mean()}

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        return {"picked": len(picked)}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        generator = torch.Generator().manual_seed(seed)
        genomes = tuple(Genome(f"{seed}-{i}", (), "x") for i in range(n))
        images = torch.rand(n, *self.studio.image, generator=generator) * 2 - 1
        codes = torch.randn(n, self.code.size, generator=generator)
        given = self.studio.examples(n, seed).given if self.studio.examples else None
        return Works(images, codes, torch.arange(n) % len(self.studio.classes), genomes, given=given)

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return replace(self.exhibit(len(codes), 0), codes=codes)


class TargetCritic(Critic):
    """A critic for any artist: it likes pictures or codes near a fixed value. Its rewards carry gradients."""

    name = "target"

    class Options(Options):
        target: float = 0.3
        """The value of every pixel, or of every dimension of a code, that it likes best."""
        judges: Literal["images", "codes"] = "images"
        """The part of works that it looks at."""
        rewards: Literal["scores", "picks"] = "scores"
        """Scores, or picks of the best works."""
        picks: int = Field(1, ge=1)
        """The number of works that it picks."""

    def spec(self) -> CriticSpec:
        scores = self.options.rewards == "scores"
        return CriticSpec(judges=self.options.judges, rewards=self.options.rewards, gradients=scores, learns=False)

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        judged = works.latents if self.options.judges == "codes" else works.pixels
        nearness = -(judged - self.options.target).square().flatten(1).mean(1)
        if self.options.rewards == "scores":
            return nearness
        best = nearness.topk(min(self.options.picks, len(nearness))).indices
        return torch.zeros_like(nearness).index_fill(0, best, 1.0)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.judge(works, reals) > -0.5


# by gradients


class GradientArtist(Artist):
    """Noise of two dimensions becomes a picture, through one layer and a tanh. It decodes codes, too."""

    name = "gradient"

    def spec(self) -> ArtistSpec:
        return ArtistSpec(code=CodeLayout((CodeBlock("z", 2),)), gradients=True)

    def build(self) -> None:
        pixels = math.prod(self.studio.image)
        self.net = self.studio.prepare(
            nn.Sequential(nn.Linear(2, pixels), nn.Tanh(), nn.Unflatten(1, self.studio.image))
        )
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)

    def make(self, n: int, reals: Works | None) -> Works:
        z = self.studio.noise(n, 2)
        return Works(images=self.net(z), codes=z, ctx="mine")

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        return {"loss": minimise(self.optimiser, -rewards.mean())}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.decode(torch.randn(n, 2, generator=torch.Generator().manual_seed(seed)))

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return Works(images=self.net(codes), codes=codes)


class GradientCritic(Critic):
    """A linear score of pixels, learnt in an adversarial game."""

    name = "gradient"

    class Options(Options):
        game: str = "hinge"
        """The adversarial game."""

    def spec(self) -> CriticSpec:
        return CriticSpec(gradients=True, reals="required")

    def build(self, artist: Artist) -> None:
        self.game = registry().load("game", self.options.game)()
        pixels = math.prod(self.studio.image)
        self.net = self.studio.prepare(nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1), nn.Flatten(0)))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02, weight_decay=1.0)

    def learn(self, works: Works, reals: Works) -> Metrics:
        loss = self.game.critic_loss(self.net(reals.pixels), self.net(works.pixels))
        return {"loss": minimise(self.optimiser, loss)}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        rewards: Tensor = self.game.reward(*self.scores(works, reals))
        return rewards

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        fooled: Tensor = self.game.fooled(*self.scores(works, reals))
        return fooled

    def scores(self, works: Works, reals: Works | None) -> tuple[Tensor, Tensor | None]:
        """Scores of the works, and of the reals if the game uses them."""
        return self.net(works.pixels), self.net(reals.pixels) if reals and self.game.uses_reals else None


class SharedEncoderArtist(GradientArtist):
    """A gradient artist whose encoder is also its critic's, as in ALAE."""

    name = "shared-encoder"

    def build(self) -> None:
        super().build()
        pixels = math.prod(self.studio.image)
        self.encoder = self.studio.prepare(nn.Sequential(nn.Flatten(), nn.Linear(pixels, 2)))


class SharedEncoderCritic(GradientCritic):
    """Judges by the artist's own encoder, which learns with it."""

    name = "shared-encoder"

    def build(self, artist: Artist) -> None:
        super().build(artist)
        self.encoder, self.head = artist.encoder, self.studio.prepare(nn.Linear(2, 1))  # type: ignore[attr-defined]
        self.net = nn.Sequential(self.encoder, self.head, nn.Flatten(0))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)

    def learn(self, works: Works, reals: Works) -> Metrics:
        metrics = super().learn(works, reals)
        self.optimiser.zero_grad()
        return metrics


# by latent codes


class CodeArtist(Artist):
    """Encodes real works and makes no pictures; one block should become Gaussian, one categorical."""

    name = "code"

    def spec(self) -> ArtistSpec:
        code = CodeLayout((CodeBlock("style", 2), CodeBlock("kind", 3, "categorical")))
        return ArtistSpec(images=False, code=code, gradients=True, reals="required")

    def build(self) -> None:
        last = nn.Linear(math.prod(self.studio.image), 5)
        nn.init.constant_(last.bias, 2.0)  # far from N(0, 1), and of no category
        self.net = nn.Sequential(nn.Flatten(), last)
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)

    def make(self, n: int, reals: Works | None) -> Works:
        if reals is None:
            raise PairError("A code artist needs real works to encode.")
        style, kind = self.net(reals.pixels).split([2, 3], dim=1)
        return Works(codes=torch.cat([style, kind.softmax(1)], dim=1))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        return {"loss": minimise(self.optimiser, -rewards.mean())}

    @torch.no_grad()
    def encode(self, works: Works) -> Tensor:
        return self.make(len(works), works).latents

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return Works(codes=draw(self.code.blocks, n, torch.Generator().manual_seed(seed)))


class CodeCritic(Critic):
    """Judges codes: one small network for each block tells them from draws of the block's prior."""

    name = "code"

    def spec(self) -> CriticSpec:
        return CriticSpec(judges="codes", gradients=True)

    def build(self, artist: Artist) -> None:
        self.layout = artist.code
        net = lambda size: nn.Sequential(nn.Linear(size, 16), nn.ReLU(), nn.Linear(16, 1))  # noqa: E731
        self.heads = nn.ModuleList([net(block.size) for block in self.layout])
        self.optimiser = torch.optim.Adam(self.heads.parameters(), 0.02, (0.5, 0.9))

    def scores(self, codes: Tensor) -> Tensor:
        """Scores [N, blocks] of codes [N, D]."""
        parts = self.layout.split(codes).values()
        return torch.cat([head(part) for head, part in zip(self.heads, parts, strict=True)], dim=1)

    def learn(self, works: Works, reals: Works) -> Metrics:
        samples = draw(self.layout.blocks, len(works), self.studio.generator("priors"))
        loss = softplus(self.scores(works.latents)).sum(1).mean()
        loss = loss + softplus(-self.scores(samples)).sum(1).mean()
        return {"loss": minimise(self.optimiser, loss)}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return logsigmoid(self.scores(works.latents)).sum(1)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return (self.scores(works.latents) > 0).all(1)


# by evolution


class EvolvingArtist(Artist):
    """A population: a genome is the grey value of every pixel, and the best half has mutated children."""

    name = "evolving"
    extra_state = ("population",)

    class Options(Options):
        population: int = Field(8, ge=2)
        """Number of individuals."""

    def spec(self) -> ArtistSpec:
        return ArtistSpec(population=True, picks=(0, self.options.population))

    def build(self) -> None:
        self.pixels = math.prod(self.studio.image)
        greys = lambda: [random.uniform(-1, 0) for _ in range(self.pixels)]  # noqa: E731
        self.population = [self.individual(greys()) for _ in range(self.size)]

    @property
    def size(self) -> int:
        return int(self.options.population)

    def individual(self, greys: Sequence[float], *parents: str) -> list[Any]:
        """A new individual as JSON values: its id, its parents and its genome."""
        (id,) = self.studio.new_ids(1)
        return [id, list(parents), json.dumps(greys)]

    def make(self, n: int, reals: Works | None) -> Works:
        genomes = tuple(Genome(id, tuple(parents), text) for id, parents, text in self.population)
        greys = torch.tensor([json.loads(genome.text) for genome in genomes])
        return Works(images=greys.clamp(-1, 1).reshape(-1, *self.studio.image).to(self.studio.device), genomes=genomes)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        self.reproduce(rewards.argsort(descending=True, stable=True)[: self.size // 2].tolist())
        return {"best": rewards.max()}

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        if picked:
            self.reproduce(picked)
        else:
            self.build()
        return {"picked": len(picked)}

    def reproduce(self, parents: Sequence[int]) -> None:
        """Keep the parents, by their indices, and fill up with mutated children of theirs."""
        kept = [self.population[i] for i in parents]
        young = []
        for shift in self.studio.noise(self.size - len(kept), self.pixels, "mutation").tolist():
            id, _, text = random.choice(kept)
            greys = [grey + 0.1 * by for grey, by in zip(json.loads(text), shift, strict=True)]
            young.append(self.individual(greys, id))
        self.population = kept + young

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.make(n, None)[torch.arange(n) % self.size]

    def seed_population(self, works: Works) -> None:
        self.population = (self.others(works) + self.population)[: self.size]

    def immigrate(self, works: Works) -> None:
        others = self.others(works)[: self.size // 2]
        self.population = self.population[: self.size - len(others)] + others

    def others(self, works: Works) -> list[list[Any]]:
        """Individuals of others as JSON values. Raises DataError if one has no grey value for every pixel."""
        for one in works.individuals:
            try:
                greys = json.loads(one.text)
            except (ValueError, RecursionError):
                greys = None
            if not isinstance(greys, list) or len(greys) != self.pixels or not all(map(is_finite, greys)):
                raise DataError(f"{one.text[:40]!r} is no list of {self.pixels} grey values.")
        return [[one.id, list(one.parents), one.text] for one in works.individuals]


class ScriptedPicker(Critic):
    """Follows a script of the indices to pick, or of Rewinds, as a person would; then it raises `Left`."""

    name = "scripted"

    class Left(Exception):
        """The script is over."""

    def spec(self) -> CriticSpec:
        return CriticSpec(rewards="picks", learns=False)

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


def is_finite(value: object) -> bool:
    """Whether a JSON value is a number that can be drawn."""
    return isinstance(value, int | float) and abs(value) < 1e6


def minimise(optimiser: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """Take one step down a loss, and return it detached."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()
