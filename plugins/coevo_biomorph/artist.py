"""Biomorphs (Dawkins 1986): one parent in the middle of its mutants, and whoever is picked is the next parent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

import coevo
from coevo import ArtistSpec, Genome, Metrics, Works
from coevo.contract.players import State
from coevo_biomorph.development import develop
from coevo_biomorph.drawing import draw
from coevo_biomorph.genotype import CHESS, INSECT, LATER, TREE, Genotype, mutate, parse

TRIES = 100  # for a child that differs from its parent


class Biomorph(coevo.Artist):
    """A sheet of trees that nine genes draw; asexual: the picked one has as many mutants as there are places."""

    name = "biomorph"
    extra_state = ("population", "parent")

    class Options(coevo.Options):
        population: int | None = Field(None, ge=2, le=1000)
        """Biomorphs on a sheet; by default the run's batch."""
        mutation: float = Field(0.1, gt=0, le=1)
        """How likely each gene mutates."""
        start: Literal["random", "tree", "insect", "chess"] = "random"
        """The first parent: one of Dawkins', or none and a sheet of random ones."""
        segments: bool = False
        """Segments one below the other, and the distance between them, evolve too."""
        gradients: bool = False
        """Genes that swell or shrink from segment to segment, and twigs that taper, evolve too."""
        symmetry: bool = False
        """Some are one-sided."""
        spokes: bool = False
        """Some are mirrored upside down, or four times around."""
        mutation_size: bool = False
        """The size of a mutation evolves too."""

    options: Options
    population: list[tuple[str, tuple[str, ...], str]]  # id, parents, genome of each, in their places
    parent: str | None  # the id of the one in the middle
    _drawn: Tensor | None

    def spec(self) -> ArtistSpec:
        return ArtistSpec(population=True, picks=(1, 1))

    def check(self) -> None:
        _, height, width = self.studio.image
        if height != width or height < 16:
            raise coevo.ConfigError(f"Artist 'biomorph' draws squares of at least 16 px, not {height} × {width}.")

    @property
    def size(self) -> int:
        return self.options.population or self.studio.batch

    @property
    def later(self) -> frozenset[str]:
        """Which of the later genes evolve."""
        return frozenset(gene for gene in LATER if getattr(self.options, gene))

    def build(self) -> None:
        first = {"tree": TREE, "insect": INSECT, "chess": CHESS}.get(self.options.start)
        if first is None:
            self._settle([self._stranger() for _ in range(self.size)])
        else:
            self._breed((self.studio.new_ids(1)[0], (), first.text()))

    def make(self, n: int, reals: Works | None) -> Works:
        if self._drawn is None:
            self._drawn = draw([develop(parse(text)) for _, _, text in self.population], self.studio.image)
        genomes = tuple(Genome(id, tuple(parents), text) for id, parents, text in self.population)
        return Works(images=self._drawn.to(self.studio.device), genomes=genomes)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        self._breed(self.population[int(rewards.argmax())])
        return {}

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        if picked:
            self._breed(self.population[picked[0]])
        elif self.parent is None:  # nobody was picked: roll again
            self._settle([self._stranger() for _ in range(self.size)])
        else:
            self._breed(next(one for one in self.population if one[0] == self.parent))
        return {}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.make(n, None)[torch.arange(n) % len(self.population)]

    def seed_population(self, works: Works) -> None:
        guests = [(parse(genome.text).text(), genome.id) for genome in works.individuals][: self.size]
        ids = self.studio.new_ids(len(guests))
        taken = [(id, (old,), text) for id, (text, old) in zip(ids, guests, strict=True)]
        if len(taken) == 1:
            self._breed(taken[0])
        else:
            self._settle([*taken, *self.population[len(taken) :]])

    def render(self, works: Works, size: int) -> Tensor:
        channels = self.studio.image[0]
        return draw([develop(parse(genome.text)) for genome in works.individuals], (channels, size, size))

    def restore(self, state: State) -> None:
        super().restore(state)
        self._drawn = None

    def _breed(self, parent: tuple[str, tuple[str, ...], str]) -> None:
        """The parent in the middle of its mutants, as on Dawkins' screen."""
        id, _, text = parent
        genotype = parse(text)
        children = [self._child(genotype).text() for _ in range(self.size - 1)]
        ids = self.studio.new_ids(len(children))
        litter = [(child, (id,), text) for child, text in zip(ids, children, strict=True)]
        middle = self.size // 2
        self._settle([*litter[:middle], parent, *litter[middle:]], id)

    def _settle(self, population: list[tuple[str, tuple[str, ...], str]], parent: str | None = None) -> None:
        self.population, self.parent, self._drawn = population, parent, None

    def _child(self, parent: Genotype) -> Genotype:
        rolls = self._rolls()
        children = (mutate(parent, self.options.mutation, self.later, rolls) for _ in range(TRIES))
        return next((child for child in children if child != parent), parent)

    def _stranger(self) -> tuple[str, tuple[str, ...], str]:
        """Somebody new: directions of one to three units, five to seven branchings deep."""
        rolls = self._rolls()
        genes = [round((6 * next(rolls) - 3) * 10) for _ in range(8)]
        genotype = Genotype((*genes, 5 + int(3 * next(rolls))))
        for _ in range(20 if self.later else 0):  # so that the later genes vary too
            genotype = mutate(genotype, 0.3, self.later, rolls)
        (id,) = self.studio.new_ids(1)
        return id, (), genotype.text()

    def _rolls(self) -> Iterator[float]:
        """Uniform draws without end, from the run's own stream."""
        generator = self.studio.generator("biomorph")
        while True:
            yield from torch.rand(64, generator=generator, device=generator.device).tolist()
