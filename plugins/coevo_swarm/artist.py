"""Swarm art after Greenfield (2005, 2006): castes of ants lay scents, follow or avoid them, and paint their trails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from coevo import ConfigError, Works
from coevo.evolution.genetic import GeneticPopulation
from coevo.evolution.variety import is_noise, varies
from coevo_swarm.breeding import offspring
from coevo_swarm.genes import MAX_CASTES, Colony, parse
from coevo_swarm.machine import draw, strips
from coevo_swarm.random_colonies import random_colony

SMALLEST = 16  # px


class Swarm(GeneticPopulation[Colony]):
    """Colonies of ants, whose genes say what they sense, how they turn, what they lay and how they paint."""

    name = "swarm"

    class Options(GeneticPopulation.Options):
        castes: int = Field(4, ge=1, le=MAX_CASTES)
        """The most castes of a colony."""
        turmites: float = Field(0.05, ge=0, le=1)
        """Probability that a new caste walks from cell to cell by a rule, as Langton's ant does."""

    options: Options

    def check(self) -> None:
        super().check()
        _, height, width = self.studio.image
        if height != width or height < SMALLEST:
            raise ConfigError(f"Artist 'swarm' draws squares of at least {SMALLEST} px, not {height} × {width}.")

    def random_genome(self) -> Colony:
        return random_colony(self.options.castes, self.options.turmites)

    def offspring(self, mother: Colony, father: Colony | None) -> Colony:
        return offspring(mother, father, self.options.mutation, self.options.castes, self.options.turmites)

    def serialize(self, genome: Colony) -> str:
        return genome.text()

    def deserialize(self, text: str) -> Colony:
        return parse(text)

    def draw(self, genomes: Sequence[Colony], height: int, width: int) -> Tensor:
        return torch.from_numpy(draw(genomes, self.studio.image[0], height, self.studio.native_threads))

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        genome = self.deserialize(works.individuals[0].text)
        yield from map(torch.from_numpy, strips(genome, self.studio.image[0], size, self.studio.native_threads))

    def shows(self, images: Tensor) -> np.ndarray:
        return np.asarray(varies(images) & ~is_noise(images))
