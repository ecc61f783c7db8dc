"""Genetic algorithms: selection by score and by novelty, species and islands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo import ConfigError, Genome, Studio, Works
from coevo.evolution.genetic import GeneticPopulation


class Greys(GeneticPopulation[float]):
    """A genome is a shade of grey; an offspring is a little lighter than the mean of its parents."""

    name = "greys"

    def random_genome(self) -> float:
        return 0.0

    def offspring(self, mother: float, father: float | None) -> float:
        return round((mother + (mother if father is None else father)) / 2 + 0.01, 4)

    def serialize(self, genome: float) -> str:
        return str(genome)

    def deserialize(self, text: str) -> float:
        return float(text)

    def draw(self, genomes: Sequence[float], height: int, width: int) -> Tensor:
        return torch.tensor(genomes)[:, None, None, None].expand(-1, 1, height, width)


def greys(size: int = 6, shades: Sequence[float] = (), **options: Any) -> Greys:
    studio = Studio((1, 16, 16), batch=size)
    studio.reseed()
    population = Greys(Greys.Options(**options), studio)
    population.check()
    population.build()
    if shades:
        genomes = tuple(Genome(f"run/{k}", (), str(shade)) for k, shade in enumerate(shades))
        population.seed_population(Works(genomes=genomes))
    return population


def generation(population: Greys, scores: Sequence[float] = ()) -> None:
    """One generation; by default light individuals score high."""
    works = population.make(population.size, None)
    population.learn(works, torch.tensor(scores) if scores else works.pixels.mean((1, 2, 3)) * 10 - 3)


def shades_of(population: Greys) -> list[float]:
    return [float(one.text) for one in population.population]


def test_the_best_lives_on_and_its_offspring_spread() -> None:
    population = greys(8, [0.0, 0.1, 0.2, 0.9, 0.1, 0.2, 0.1, 0.0], tournament=4)
    generation(population)
    assert shades_of(population)[0] == 0.9
    for _ in range(5):
        generation(population)
    assert min(shades_of(population)) > 0.4


def test_only_the_picked_reproduce() -> None:
    population = greys(6, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], crossover=0.0)
    ids = [one.id for one in population.population]
    population.breed(population.make(6, None), [2, 4])
    assert [one.id for one in population.population[:2]] == [ids[2], ids[4]]
    assert {parent for one in population.population[2:] for parent in one.parents} <= {ids[2], ids[4]}


def test_scores_of_zeros_and_ones_are_not_taken_for_picks() -> None:
    population = greys(6, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    best = population.population[3]
    generation(population, [0.0, 0, 0, 1, 0, 0])
    assert population.population[0] == best
    generation(population, [0.0] * 6)  # whatever is selected: nobody is thrown away
    assert min(shades_of(population)) > 0.0


def test_novelty_is_rewarded() -> None:
    population = greys(6, [0.5, 0.5, 0.5, 0.5, 0.5, -0.5], novelty=1.0, archive=4)
    generation(population, [0.1, 0.2, 0.3, 0.4, 0.5, 0.0])
    assert shades_of(population)[0] == -0.5
    assert len(population.novelty_archive) == 4


def test_metrics_describe_a_generation() -> None:
    population = greys(6, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    metrics = population.learn(population.make(6, None), torch.arange(6) - 2.5)
    assert metrics["best"] == 2.5 and metrics["median"] == -0.5
    assert metrics["length"] == 3  # characters of a genome


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"elites": 6}, "elites=6 leaves no room for offspring in a population of 6"),
        ({"tournament": 7}, "larger than the population of 6"),
        ({"islands": 6}, "islands=6 leaves no room for offspring in a population of 6"),
        ({"islands": 2, "species": 3}, "both say who breeds with whom"),
    ],
)
def test_options_that_leave_no_offspring_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        greys(6, **options)


def test_a_species_that_is_not_the_best_has_offspring_too() -> None:
    population = greys(40, [0.1] * 20 + [0.9] * 20, species=2, crossover=0.0, elites=1)
    for _ in range(3):
        generation(population)
    shades = shades_of(population)
    assert min(shades) < 0.3 and max(shades) > 0.9
    assert sum(shade < 0.3 for shade in shades) < sum(shade > 0.8 for shade in shades)


@pytest.mark.parametrize(("migration", "expected"), [(0.0, [0.1, 0.3, 0.9]), (1.0, [0.9, 0.9, 0.9])])
def test_islands_breed_among_themselves_until_elites_migrate(migration: float, expected: list[float]) -> None:
    population = greys(10, [0.1, 0.3, 0.9] * 3 + [0.1], islands=3, migration=migration, elites=3, tournament=2)
    for _ in range(12):
        generation(population)
    shades = shades_of(population)
    assert [min(shades[home::3]) for home in range(3)] == pytest.approx(expected, abs=0.15)
    assert [max(shades[home::3]) for home in range(3)] == pytest.approx(expected, abs=0.15)
