"""Genetic algorithms: individuals are selected by score, by novelty and within niches, and varied."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from statistics import median
from typing import ClassVar, TypeVar

import numpy as np
from pydantic import Field
from torch import Tensor

from coevo.coevolution.archive import Archive, novelty
from coevo.contract.players import Metrics
from coevo.contract.works import Genome, Works
from coevo.errors import ConfigError
from coevo.evolution.niches import farthest_first_clusters, select_by_species, select_on_islands
from coevo.evolution.population import Offspring, Population
from coevo.evolution.selection import ranks
from coevo.images.rendering import thumbnails

G = TypeVar("G")
NEIGHBOURS = 5  # whose mean distance is the novelty of a work
THUMBNAIL = 8  # px of the side at which works are compared


class GeneticPopulation(Population[G]):
    """Individuals that are selected by tournament, with elites, and varied by mutation and crossover.

    A subclass says how one genome is made (`random_genome`) and how it is varied (`offspring`). Draws are Python's
    global ones, which the run seeds and saves, as those of DEAP's operators are.
    """

    renamed_state: ClassVar[Mapping[str, str]] = {**Population.renamed_state, "past": "novelty_archive"}

    class Options(Population.Options):
        mutation: float = Field(1.0, ge=0, le=100)
        """Mean number of mutations of an offspring."""
        crossover: float = Field(0.5, ge=0, le=1)
        """Probability that an offspring has two parents."""
        elites: int | None = Field(None, ge=0)
        """With scores: number of the best that live on unchanged and are shown first; by default a sixteenth of the
        population."""
        tournament: int = Field(3, ge=1)
        """With scores: tournament size; a parent is the best of this many, drawn at random."""
        novelty: float = Field(0.0, ge=0, le=1)
        """With scores: weight of novelty beside the critic's reward; both count by rank."""
        species: int = Field(1, ge=1, le=1000)
        """With scores: number of species, formed by likeness. Mates are of one species, which has offspring by its mean
        fitness, so that what is promising is not crowded out by what is good already."""
        islands: int = Field(1, ge=1, le=1000)
        """With scores: number of groups that breed among themselves, with equally many offspring each. Their members
        take turns in the population."""
        migration: float = Field(0.01, ge=0, le=1)
        """With islands: probability, each generation, that the elites of every island move on to the next."""
        archive: int = Field(0, ge=0, le=100_000)
        """With novelty: number of past works, a fair sample of all, that novelty is measured against too."""

        needs: ClassVar[Mapping[str, str]] = {"migration": "islands>1", "archive": "novelty"} | dict.fromkeys(
            ("elites", "tournament", "novelty", "species", "islands"), "rewards=scores"
        )

    def random_genome(self) -> G:
        """A random genome, by Python's global stream."""
        raise NotImplementedError

    def offspring(self, mother: G, father: G | None) -> G:
        """Vary genomes, by Python's global stream.

        Args:
            mother: a parent's genome, which stays as it is.
            father: another parent's genome to cross it with; None for mutation alone.

        Returns:
            A new genome, with `options.mutation` mutations on average.
        """
        raise NotImplementedError

    def random_genomes(self, n: int) -> list[G]:
        return [self.random_genome() for _ in range(n)]

    def offspring_of(self, parents: Sequence[tuple[G, G | None]]) -> list[G]:
        """The offspring of each mother and father, as `offspring` makes one: a whole generation at once."""
        return [self.offspring(mother, father) for mother, father in parents]

    def species(self, works: Works, n: int) -> Sequence[Sequence[int]]:
        """The population's indices in at most n species, by the likeness of its pictures."""
        small = self.features(works).cpu().numpy()
        return farthest_first_clusters(len(small), n, lambda one: np.linalg.norm(small - small[one], axis=1))

    def refine(self, works: Works, rewards: Tensor) -> None:
        """Improve individuals before they breed; elites live on as they were. By default nothing."""

    @property
    def elite_count(self) -> int:
        """Number of individuals that live on."""
        return max(1, self.size // 16) if self.options.elites is None else int(self.options.elites)

    @property
    def elites_per_island(self) -> int:
        return max(1, self.elite_count // self.options.islands)

    def check(self) -> None:
        o = self.options
        if self.elite_count >= self.size:
            raise ConfigError(
                f"artist.elites={self.elite_count} leaves no room for offspring in a population of {self.size}; choose "
                "fewer."
            )
        if o.islands > 1 and o.species > 1:
            raise ConfigError(
                f"artist.islands={o.islands} and artist.species={o.species} both say who breeds with whom; leave one "
                "of them at 1."
            )
        if o.islands > 1 and self.size // o.islands <= self.elites_per_island:
            raise ConfigError(
                f"artist.islands={o.islands} leaves no room for offspring in a population of {self.size}; choose fewer."
            )
        if o.tournament > self.size:
            raise ConfigError(
                f"artist.tournament={o.tournament} is larger than the population of {self.size}; choose a smaller one."
            )

    def build(self) -> None:
        self.novelty_archive = Archive(self.options.archive)
        super().build()

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        """One generation."""
        o, scores = self.options, rewards.detach()
        fitness = self.fitness(works, scores)
        metrics: dict[str, Tensor | float] = {
            "best": scores.max(),
            "median": scores.median(),
            "length": float(median(len(one.text) for one in self.population)),
        }
        before = self.population
        self.refine(works, rewards)
        if o.islands > 1:
            selection = select_on_islands(fitness, o.islands, self.elites_per_island, o.tournament, o.migration)
        else:
            species = self.species(works, o.species) if o.species > 1 else [range(len(fitness))]
            selection = select_by_species(fitness, species, self.elite_count, o.tournament)
            metrics |= {"species": float(len(species))} if o.species > 1 else {}
        pairs = [[self.population[i] for i in pair] for pair in selection.pairs]
        self.replace_population([before[i] for i in selection.elites], self.vary(pairs))
        return metrics

    def fitness(self, works: Works, scores: Tensor) -> list[float]:
        """The values [N] in [0, 1] that selection compares: ranks of scores [N], mixed with ranks of novelty."""
        o, fitness = self.options, ranks(scores)
        if o.novelty:
            features = self.features(works)
            past = self.novelty_archive["works"] if len(self.novelty_archive) else None
            fitness = (1 - o.novelty) * fitness + o.novelty * ranks(novelty(features, past, NEIGHBOURS))
            if o.archive:
                self.novelty_archive.add(works=features)
        values: list[float] = fitness.tolist()
        return values

    def features(self, works: Works) -> Tensor:
        """Features [N, D] by which works are compared: their distance is the root mean squared difference."""
        small = thumbnails(works.pixels.detach(), THUMBNAIL)
        return small / small.shape[1] ** 0.5

    def reproduce(self, parents: Sequence[Genome], n: int) -> list[Offspring[G]]:
        return self.vary([random.sample(parents, 2) if len(parents) > 1 else parents for _ in range(n)])

    def vary(self, pairs: Sequence[Sequence[Genome]]) -> list[Offspring[G]]:
        """One offspring of each pair, or of its first parent alone."""
        families = [tuple(pair[: 2 if self._mates(pair) else 1]) for pair in pairs]
        parents = [(self.genome(one[0]), self.genome(one[1]) if len(one) > 1 else None) for one in families]
        ids = [tuple([parent.id for parent in family]) for family in families]
        return list(zip(self.offspring_of(parents), ids, strict=True))

    def _mates(self, pair: Sequence[Genome]) -> bool:
        return len(pair) > 1 and pair[0].id != pair[1].id and random.random() < self.options.crossover
