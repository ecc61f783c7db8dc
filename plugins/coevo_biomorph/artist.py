"""Biomorphs (Dawkins 1986): one parent in the middle of its mutants; the one that is picked is the next parent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from coevo import ArtistSpec, ConfigError, Genome, Metrics, Works
from coevo.contract.drawings import Drawing
from coevo.contract.players import State
from coevo.evolution.population import Offspring, Population
from coevo_biomorph.drawing import draw, draw_strips, drawing
from coevo_biomorph.genotype import CHESS, INSECT, LATER, TREE, Genotype, mutate, parse

TRIES = 100  # for an offspring that differs from its parent
STARTS = {"tree": TREE, "insect": INSECT, "chess": CHESS}


class Biomorph(Population[Genotype]):
    """Trees that nine genes draw. They are asexual: the picked one's mutants fill the sheet around it."""

    name = "biomorph"

    class Options(Population.Options):
        population: int | None = Field(None, ge=2, le=1000)
        """Number of biomorphs on a sheet; by default the run's batch."""
        mutation: float = Field(0.1, gt=0, le=1)
        """Mutation probability of each gene."""
        start: Literal["random", "tree", "insect", "chess"] = "random"
        """The first parent: one of Dawkins', or none and a sheet of random biomorphs."""
        segments: bool = False
        """The number of segments, one below the other, and their distance evolve too."""
        gradients: bool = False
        """Genes that grow or shrink from segment to segment, and the taper of twigs, evolve too."""
        symmetry: bool = False
        """Bilateral symmetry evolves too."""
        spokes: bool = False
        """Symmetry about the horizontal axis, and in four directions, evolves too."""
        mutation_size: bool = False
        """The mutation step evolves too."""

    options: Options

    def spec(self) -> ArtistSpec:
        return replace(super().spec(), picks=(1, 1))

    def check(self) -> None:
        _, height, width = self.studio.image
        if height != width or height < 16:
            raise ConfigError(f"Artist 'biomorph' draws squares of at least 16 px, not {height} × {width}.")

    def initialise(self) -> None:
        if self.options.start == "random":
            super().initialise()
        else:
            (first,) = self.newborn([(STARTS[self.options.start], ())])
            mutants = self.distinct_offspring(self.size - 1, [self.genome(first)], partial(self.reproduce, [first]))
            self.replace_population([first], mutants)
            self.parents = [first]

    def reproduce(self, parents: Sequence[Genome], n: int) -> list[Offspring[Genotype]]:
        bearers = [parents[k % len(parents)] for k in range(n)]
        return [(self._mutant(self.genome(one)), (one.id,)) for one in bearers]

    def arrange(self, survivors: Sequence[Genome], newborn: Sequence[Genome]) -> list[Genome]:
        """The parent in the middle, as on Dawkins' screen."""
        middle = self.size // 2
        return [*newborn[:middle], *survivors, *newborn[middle:]]

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        best = (rewards == rewards.max()).nonzero().flatten().tolist()
        return self.breed(works, [best[int(next(self._rolls()) * len(best))]])

    def serialize(self, genome: Genotype) -> str:
        return genome.text()

    def deserialize(self, text: str) -> Genotype:
        return parse(text)

    def draw(self, genomes: Sequence[Genotype], height: int, width: int) -> Tensor:
        return draw(genomes, self.studio.image[0], height, self.studio.native_threads)

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        genome = self.deserialize(works.individuals[0].text)
        return draw_strips(genome, self.studio.image[0], size)

    def vector(self, works: Works) -> list[Drawing]:
        return [drawing(self.deserialize(one.text)) for one in works.individuals]

    def random_genomes(self, n: int) -> list[Genotype]:
        return [self._random_genome() for _ in range(n)]

    @classmethod
    def upgrade_state(cls, state: State) -> State:
        new = super().upgrade_state(state)
        if "parent" not in new:
            return new
        parent = new.pop("parent")  # only its id
        return new | {"parents": [one for one in new["population"] if one[0] == parent]}

    @property
    def later(self) -> frozenset[str]:
        """Which of the genes that came later evolve."""
        return frozenset(gene for gene in LATER if getattr(self.options, gene))

    def _random_genome(self) -> Genotype:
        """Directions of one to three units, five to seven branchings deep."""
        rolls = self._rolls()
        genes = [round((6 * next(rolls) - 3) * 10) for _ in range(8)]
        genotype = Genotype((*genes, 5 + int(3 * next(rolls))))
        for _ in range(20 if self.later else 0):  # so that the later genes vary too
            genotype = mutate(genotype, 0.3, self.later, rolls)
        return genotype

    def _mutant(self, parent: Genotype) -> Genotype:
        rolls = self._rolls()
        mutants = (mutate(parent, self.options.mutation, self.later, rolls) for _ in range(TRIES))
        return next((mutant for mutant in mutants if mutant != parent), parent)

    def _rolls(self) -> Iterator[float]:
        """Uniform draws without end, from the run's own stream."""
        generator = self.studio.generator("biomorph")
        while True:
            yield from torch.rand(64, generator=generator, device=generator.device).tolist()
