"""Populations: ids and parents, picks, immigrants, state; by the smallest one there is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from coevo import Genome, PairError, Studio, Works
from coevo.contract.capabilities import Breedable, Evolving, Renderer
from coevo.evolution.population import Offspring, Population


class Greys(Population[float]):
    """A genome is a shade of grey; offspring are a little lighter than their parents, who take turns."""

    name = "greys"
    drawn = 0

    def random_genomes(self, n: int) -> list[float]:
        return torch.rand(n, generator=self.studio.generator("greys")).tolist()

    def reproduce(self, parents: Sequence[Genome], n: int) -> list[Offspring[float]]:
        bearers = [parents[k % len(parents)] for k in range(n)]
        return [(self.genome(one) + 0.01 * (k + 1), (one.id,)) for k, one in enumerate(bearers)]

    def serialize(self, genome: float) -> str:
        return repr(genome)

    def deserialize(self, text: str) -> float:
        return float(text)

    def draw(self, genomes: Sequence[float], height: int, width: int) -> Tensor:
        self.drawn += len(genomes)
        return torch.tensor(genomes)[:, None, None, None].expand(-1, 1, height, width)


def greys(size: int = 6, shades: Sequence[float] = ()) -> Greys:
    studio = Studio((1, 4, 4), batch=size)
    studio.reseed()
    population = Greys(Greys.Options(), studio)
    population.build()
    if shades:
        population.seed_population(genomes_of(*shades))
    return population


def genomes_of(*shades: float) -> Works:
    return Works(genomes=tuple(Genome(f"run/{k}", (), repr(shade)) for k, shade in enumerate(shades)))


def ids(population: Greys) -> list[str]:
    return [one.id for one in population.make(0, None).individuals]


def test_a_population_can_be_bred_seeded_and_drawn_at_any_size() -> None:
    population = greys()
    assert isinstance(population, Breedable) and isinstance(population, Evolving) and isinstance(population, Renderer)
    assert population.spec().population and population.spec().picks == (1, 6)
    assert population.render(genomes_of(0.5), 9).shape == (1, 1, 9, 9)


def test_the_picked_survive_with_their_ids_and_their_offspring_take_the_other_places() -> None:
    population = greys()
    assert ids(population) == list("123456")
    metrics = population.breed(population.make(0, None), [2, 4])
    assert metrics == {"parents": 2.0}
    assert ids(population) == ["3", "5", "7", "8", "9", "10"]
    assert [one.parents for one in population.population] == [(), (), ("3",), ("5",), ("3",), ("5",)]


def test_if_nobody_is_picked_the_last_parents_have_other_offspring() -> None:
    population = greys()
    population.breed(population.make(0, None), [5])
    parents, offspring = population.parents, ids(population)[1:]
    assert population.breed(population.make(0, None), []) == {"parents": 0.0}
    assert population.parents == parents
    assert ids(population)[0] == parents[0].id and set(ids(population)[1:]).isdisjoint(offspring)


def test_if_nobody_was_ever_picked_there_is_a_new_population() -> None:
    population = greys()
    before = ids(population)
    population.breed(population.make(0, None), [])
    assert set(ids(population)).isdisjoint(before)


def test_only_new_individuals_are_drawn() -> None:
    population = greys()
    shown = population.make(0, None).pixels
    assert torch.equal(population.make(0, None).pixels, shown)
    assert population.drawn == 6
    population.breed(population.make(0, None), [3, 1])
    assert torch.equal(population.make(0, None).pixels[:2], shown[[3, 1]])
    assert population.drawn == 10


def test_immigrants_are_offspring_of_those_that_they_copy() -> None:
    population = greys(4, [0.7])
    assert population.population[0].parents == ("run/0",)
    assert all(one.parents == (population.population[0].id,) for one in population.population[1:])
    population.immigrate(genomes_of(0.1, 0.2))
    assert [one.parents for one in population.population[2:]] == [("run/0",), ("run/1",)]
    assert population.make(0, None).pixels[2:, 0, 0, 0].tolist() == pytest.approx([0.1, 0.2])


def test_a_population_that_consists_of_immigrants_has_no_parents_yet() -> None:
    population = greys(3, [0.1, 0.2, 0.3, 0.4])
    assert len(population.population) == 3
    before = ids(population)
    population.breed(population.make(0, None), [])
    assert set(ids(population)).isdisjoint(before)


def test_works_without_genomes_are_refused() -> None:
    with pytest.raises(PairError, match="no genomes; they have images"):
        greys().seed_population(Works(images=torch.zeros(1, 1, 4, 4)))


def test_a_sheet_shows_the_population_again_and_again() -> None:
    population = greys(3)
    sheet = population.exhibit(5, seed=0).pixels
    assert torch.equal(sheet[:3], population.make(0, None).pixels) and torch.equal(sheet[3:], sheet[:2])


def test_a_state_is_restored_whole() -> None:
    population, other = greys(5), greys(5, [0.3])
    population.breed(population.make(0, None), [1, 2])
    with pytest.raises(KeyError, match="'population' is not a part of artist"):
        type(other)(other.options, other.studio).restore(population.state())
    other.restore(population.state())
    assert other.population == population.population and other.parents == population.parents
    assert torch.equal(other.make(0, None).pixels, population.make(0, None).pixels)


def test_a_state_of_an_older_version_is_upgraded() -> None:
    population, other = greys(5), greys(5)
    population.breed(population.make(0, None), [1])
    state = population.state()
    state["breeders"] = state.pop("parents")
    other.restore(Greys.upgrade_state(state))
    assert other.parents == population.parents
