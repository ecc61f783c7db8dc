"""Populations of programs: pictures at any size, and constants that are learned by gradient."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from coevo import Genome, Studio, Works
from coevo.evolution.programs import ProgramPopulation
from coevo.shader import Canvas, Expression, Program, render
from coevo_cppn.artist import CPPN
from coevo_gp.artist import GP


class Slopes(ProgramPopulation[float]):
    """A genome is a number, and its picture a slope as steep; an offspring is a little steeper."""

    name = "slopes"

    def random_genome(self) -> float:
        return 0.0

    def offspring(self, mother: float, father: float | None) -> float:
        return round(mother + 0.01, 4)

    def serialize(self, genome: float) -> str:
        return str(genome)

    def deserialize(self, text: str) -> float:
        return float(text)

    def program(self, genome: float, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Program:
        return (canvas.x * (genome if constants is None else constants[0]),)

    def constants(self, genome: float) -> list[float]:
        return [genome]

    def with_constants(self, genome: float, constants: Sequence[float]) -> float:
        return round(constants[0], 4)


def slopes(size: int = 6, **options: Any) -> Slopes:
    studio = Studio((1, 16, 16), batch=size)
    studio.reseed()
    population = Slopes(Slopes.Options(**options), studio)
    population.check()
    population.build()
    return population


def test_any_number_of_genomes_is_drawn_in_their_order() -> None:
    steepness = [k / 200 for k in range(150)]
    drawn = slopes().draw(steepness, 4, 4)
    assert drawn.shape == (150, 1, 4, 4)
    torch.testing.assert_close(drawn[:, 0, 0, -1], torch.tensor(steepness))


def test_a_large_picture_is_drawn_in_strips() -> None:
    work = Works(genomes=(Genome("a", (), "0.5"),))
    strips = list(slopes().render_strips(work, 600))
    assert [strip.shape for strip in strips] == [(1, 256, 600), (1, 256, 600), (1, 88, 600)]
    assert torch.equal(torch.cat(strips, 1), slopes().render(work, 600)[0])


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of threads by which pictures are drawn from now on."""
    asked: list[int] = []
    module = sys.modules[render.__module__]
    draw = module.in_threads
    monkeypatch.setattr(module, "in_threads", lambda tasks, threads: (asked.append(threads), draw(tasks, threads))[1])
    return asked


def test_a_studio_bounds_the_threads_that_draw_and_no_bit_depends_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch)
    population, steepness = slopes(), [k / 7 for k in range(7)]
    pictures = []
    for threads in (1, 2, 3):
        population.studio.threads = threads
        strips = population.render_strips(Works(genomes=(Genome("a", (), "0.5"),)), 300)
        pictures.append((population.draw(steepness, 90, 90), torch.cat(list(strips), 1)))
    assert set(asked) == {1, 2, 3}
    for drawn, strip in pictures[1:]:
        assert torch.equal(drawn, pictures[0][0]) and torch.equal(strip, pictures[0][1])


def test_constants_move_along_the_gradient() -> None:
    population = slopes(refine=0.05, crossover=0.0)
    assert population.spec().gradients
    works = population.make(6, None)
    parents = {one.id for one in population.population}
    target = 0.5 * torch.linspace(-1, 1, 16)
    population.learn(works, -(works.pixels - target).square().mean((1, 2, 3)))
    assert population.population[0].text == "0.0"  # an elite lives on as it is
    assert population.population[0].id in parents
    assert [float(one.text) for one in population.population[1:]] == [pytest.approx(0.05 + 0.01)] * 5  # and mutated


def test_a_critic_without_gradients_only_selects() -> None:
    population = slopes(refine=0.05, crossover=0.0)
    population.learn(population.make(6, None), torch.arange(6) / 10 - 3)
    assert sorted({one.text for one in population.population}) == ["0.0", "0.01"]


@pytest.mark.parametrize("artist", [GP, CPPN])
def test_artists_draw_with_the_threads_of_their_studio(
    artist: type[ProgramPopulation[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = counted(monkeypatch)
    it = artist(artist.Options(population=4), Studio((1, 32, 32), threads=3))
    it.build()
    it.make(4, None)
    assert set(asked) == {3}
