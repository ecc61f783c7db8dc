"""Populations: selection by score, by novelty and by picks; niches; numbers that move along a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo import ConfigError, Genome, PairError, Studio, Works
from coevo.coevolution.archive import novelty
from coevo.contract.players import picked
from coevo.evolution.population import Population, ranks, thumbnails
from coevo.shader import Canvas, Expression, Program


class Greys(Population[float]):
    """Genomes are one number, and pictures a sheet of that grey."""

    name = "greys"

    def stranger(self) -> float:
        return 0.0

    def child(self, mother: float, father: float | None) -> float:
        return round((mother + (mother if father is None else father)) / 2 + 0.01, 4)

    def parse(self, text: str) -> float:
        return float(text)

    def spell(self, genome: float) -> str:
        return str(genome)

    def picture(self, genome: float, canvas: Canvas, numbers: Sequence[Expression] | None = None) -> Program:
        return (canvas.wrap(genome) if numbers is None else numbers[0],)

    def numbers(self, genome: float) -> list[float]:
        return [genome]

    def renumbered(self, genome: float, numbers: Sequence[float]) -> float:
        return numbers[0]


def greys(size: int = 6, start: Sequence[float] = (), **options: Any) -> Greys:
    studio = Studio((1, 16, 16), batch=size)
    studio.reseed()
    it = Greys(Greys.Options(**options), studio)
    it.check()
    it.build()
    if start:
        it.seed_population(Works(genomes=tuple(Genome(f"run/{k}", (), str(grey)) for k, grey in enumerate(start))))
    return it


def step(it: Greys, rewards: Tensor | None = None) -> Works:
    works = it.make(it.size, None)
    assert works.images is not None
    it.learn(works, works.images.mean((1, 2, 3)) * 10 - 3 if rewards is None else rewards)
    return works


def test_a_population_is_the_same_until_it_learns() -> None:
    it = greys()
    assert it.make(6, None).genomes == it.make(6, None).genomes
    before = step(it).genomes
    assert it.make(6, None).genomes != before


def test_the_best_lives_on_and_its_kind_spreads() -> None:
    it = greys(8, [0.0, 0.1, 0.2, 0.9, 0.1, 0.2, 0.1, 0.0], tournament=4)
    step(it)
    assert float(it.population[0].text) == 0.9
    for _ in range(5):
        step(it)
    assert min(float(one.text) for one in it.population) > 0.4


def test_only_the_picked_reproduce() -> None:
    it = greys(6, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], crossover=0.0)
    ids = [one.id for one in it.population]
    step(it, torch.tensor([0.0, 0, 1, 0, 1, 0]))
    assert [one.id for one in it.population[:2]] == [ids[2], ids[4]]
    assert {parent for one in it.population[2:] for parent in one.parents} <= {ids[2], ids[4]}


def test_who_picks_nobody_sees_other_children_of_the_same_parents() -> None:
    it = greys(6, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    step(it, torch.tensor([0.0, 0, 0, 0, 0, 1]))
    parents, children = it.breeders, it.population[1:]
    step(it, torch.zeros(6))
    assert it.breeders == parents
    assert it.population[0] == parents[0]
    assert {one.id for one in children}.isdisjoint(one.id for one in it.population)


def test_guests_are_named_as_the_parents_of_their_copies() -> None:
    it = greys(4, [0.7])
    assert it.population[0].parents == ("run/0",)
    assert all(one.parents == (it.population[0].id,) for one in it.population[1:])
    with pytest.raises(PairError, match="'greys' works with genomes, and these works have none"):
        it.seed_population(Works(images=torch.zeros(1, 1, 16, 16)))


def test_what_is_unlike_the_rest_is_worth_something() -> None:
    it = greys(6, [0.5, 0.5, 0.5, 0.5, 0.5, -0.5], novelty=1.0)
    step(it, torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.0]))
    assert float(it.population[0].text) == -0.5


def test_numbers_move_along_the_gradient() -> None:
    it = greys(6, [0.0] * 6, refine=0.05, crossover=0.0)
    assert it.wants_gradients
    works = it.make(6, None)
    assert works.images is not None
    parents = {one.id for one in it.population}
    it.learn(works, (works.images - 0.5).square().mean((1, 2, 3)).neg())
    assert it.population[0].text == "0.0"  # an elite lives on as it is
    assert [float(one.text) for one in it.population[1:]] == [pytest.approx(0.05 + 0.01)] * 5  # and mutated
    assert it.population[0].id in parents
    with torch.no_grad():
        again = it.make(6, None)
    it.learn(again, torch.arange(6) / 10 - 3)  # a critic without gradients only selects


def test_a_state_is_taken_back_whole() -> None:
    it, other = greys(5, [0.1, 0.2, 0.3]), greys(5)
    other.restore(it.state())
    assert other.population == it.population
    assert torch.equal(other.make(5, None).images, it.make(5, None).images)  # type: ignore[arg-type]


def test_figures_tell_of_evolution() -> None:
    it = greys(6, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    works = it.make(6, None)
    figures = it.learn(works, torch.arange(6) - 2.5)
    assert figures["best"] == 2.5
    assert figures["median"] == -0.5
    assert figures["length"] == 3  # letters of a genome, in the middle


@pytest.mark.parametrize(
    ("options", "message"),
    [({"elites": 6}, "leaves no place for children in a population of 6"), ({"tournament": 7}, "more than the 6")],
)
def test_too_small_a_population_is_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        greys(6, **options)


def test_picks_are_ones_and_zeros() -> None:
    assert picked(torch.tensor([0.0, 1, 1])) == [1, 2]
    assert picked(torch.zeros(3)) == []
    assert picked(torch.tensor([0.0, 1, 0.5])) is None


def test_ranks_and_novelty() -> None:
    assert ranks(torch.tensor([30.0, -1, 7])).tolist() == [1, 0, 0.5]
    images = torch.tensor([0.0, 0.0, 1.0]).view(3, 1, 1, 1).expand(3, 1, 16, 16)
    assert novelty(thumbnails(images)).tolist() == pytest.approx([0.5, 0.5, 1.0])


def test_a_kind_that_is_not_the_best_yet_has_children_too() -> None:
    it = greys(40, [0.1] * 20 + [0.9] * 20, species=2, crossover=0.0, elites=1)
    for _ in range(3):
        step(it)
    drawn = [float(one.text) for one in it.population]
    assert min(drawn) < 0.3 and max(drawn) > 0.9
    assert sum(shade < 0.3 for shade in drawn) < sum(shade > 0.8 for shade in drawn)


@pytest.mark.parametrize(("migration", "isles"), [(0.0, [0.1, 0.3, 0.9]), (1.0, [0.9, 0.9, 0.9])])
def test_islands_breed_among_themselves_until_their_best_move_on(migration: float, isles: list[float]) -> None:
    it = greys(10, [0.1, 0.3, 0.9] * 3 + [0.1], islands=3, migration=migration, elites=3, tournament=2)
    for _ in range(12):
        step(it)
    drawn = [float(one.text) for one in it.population]
    assert [min(drawn[home::3]) for home in range(3)] == pytest.approx(isles, abs=0.15)
    assert [max(drawn[home::3]) for home in range(3)] == pytest.approx(isles, abs=0.15)


def test_islands_without_a_place_for_children_are_refused() -> None:
    with pytest.raises(ConfigError, match="islands=5 leaves no place for children in a population of 5"):
        greys(5, islands=5)
    with pytest.raises(ConfigError, match="both say who breeds with whom"):
        greys(20, islands=2, species=3)


def test_any_number_of_genomes_is_drawn_in_their_order() -> None:
    shades = [k / 200 for k in range(150)]
    drawn = greys().draw(shades, 4, 4)
    assert drawn.shape == (150, 1, 4, 4)
    torch.testing.assert_close(drawn[:, 0, 0, 0], torch.tensor(shades))
