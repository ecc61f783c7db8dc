"""Genetic programming: first pictures, bounds, constants that are learned, evolution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import coevo
from coevo import ConfigError, DataError, Genome, Studio, Works
from coevo.shader import Canvas, forest, render
from coevo.testing.kit import conform
from coevo.trees import machine
from coevo_gp.artist import GP


@pytest.mark.parametrize(
    "options",
    [
        {"functions": "arithmetic"},
        {"functions": "sims", "population": 6, "novelty": 0.5},
        {"functions": "x,y,+,*,sin", "refine": 0.05, "population": 6},
        {"functions": "arithmetic", "population": 5, "tournament": 2, "elites": 2, "crossover": 1.0},
        {"functions": "arithmetic", "population": 7, "islands": 2, "migration": 0.5},
    ],
)
def test_genetic_programming_conforms(options: dict[str, Any]) -> None:
    conform("artist", GP, options)


# the artist


def artist(size: int = 16, channels: int = 1, batch: int = 8, **options: Any) -> GP:
    studio = Studio((channels, size, size), batch=batch)
    studio.reseed()
    it = GP(GP.Options(**options), studio)
    it.check()
    it.build()
    return it


def test_first_pictures_show_something() -> None:
    images = artist(batch=20).make(20, None).pixels
    assert images.flatten(1).std(1).min() > 0.05


def test_pictures_are_grey_or_in_colours() -> None:
    work = Works(genomes=(Genome("a", (), "(* #(1 0.5 0.25) (color x))"),))
    rgb = artist(channels=3).render(work, 9)[0]
    torch.testing.assert_close(rgb[1], rgb[0] / 2)
    hsv = artist(channels=3, colour="hsv").render(work, 9)[0]
    assert not torch.allclose(hsv[1], hsv[0] / 2)
    grey = artist().render(work, 9)[0]
    torch.testing.assert_close(grey[0], torch.linspace(-1, 1, 9).expand(9, 9) * 1.75 / 3)


def test_pictures_are_those_of_the_programs_expressions() -> None:
    for options in ({}, {"colour": "hsv", "functions": "arithmetic"}):
        it = artist(channels=3, batch=30, **options)
        genomes = [it.genome(one) for one in it.population]
        canvas = Canvas()
        expected = render([it.program(genome, canvas) for genome in genomes], 16, 16)
        torch.testing.assert_close(it.draw(genomes, 16, 16), torch.from_numpy(expected), rtol=0, atol=1e-6)


def test_without_machine_code_the_same_programs_are_bred(monkeypatch: pytest.MonkeyPatch) -> None:
    def bred() -> list[Genome]:
        it = artist(batch=6, population=6, functions="arithmetic", max_nodes=40)
        it.learn(it.make(6, None), torch.arange(6.0))
        return it.population

    machine_made = bred()
    for module in (machine, forest):
        monkeypatch.setattr(module, "native", lambda: None)
    assert bred() == machine_made


def test_a_program_that_is_too_slow_is_neither_bred_nor_parsed() -> None:
    it = artist(max_instructions=200)
    assert all(it.language.price(it.deserialize(one.text)) <= 200 for one in it.population)
    slow = "(blur (blur (blur (bw-noise x y))))"
    with pytest.raises(DataError, match="too slow a program: it takes more than 200 instructions"):
        it.deserialize(slow)


def test_constants_are_learned_by_gradient() -> None:
    it = artist(refine=0.02, functions="arithmetic", elites=1, batch=4, population=4)
    it.seed_population(Works(genomes=(Genome("a", (), "(* 0.2 x)"),) * 4))
    target = torch.linspace(-1, 1, 16).expand(16, 16) * 0.45
    errors = []
    for _ in range(60):
        works = it.make(4, None)
        rewards = -(works.pixels[:, 0] - target).square().mean((1, 2)) - 1
        errors.append(-rewards.max().item() - 1)
        if len(errors) == 1:  # a constant of 0.2 that should be 0.45
            (slope,) = torch.autograd.grad(rewards.sum(), works.ctx.values, retain_graph=True)
            assert slope[0] > 0
        it.learn(works, rewards)
    assert errors[-1] < errors[0] / 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"functions": "foo"}, "no function named 'foo'"),
        ({"functions": "+"}, "plain colours only"),
        ({"elites": 8}, "no room for offspring"),
    ],
)
def test_wrong_options_are_one_sentence(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    small = {"population": 8, "elites": 1}
    with pytest.raises(ConfigError, match=message):
        coevo.run("gp-dcnn", rounds=1, runs_dir=tmp_path, batch=8, options={"artist": small | options})


@pytest.mark.parametrize("recipe", ["gp-dcnn", "cppn-dcnn"])
def test_evolution_resumes_exactly(recipe: str, tmp_path: Path) -> None:
    small = {"artist": {"population": 8, "elites": 1}, "critic": {"width": 4}, "data": {"size": 16}}
    options = {"batch": 8, "runs_dir": tmp_path, "options": small}
    straight = coevo.run(recipe, rounds=4, name="straight", **options)  # type: ignore[arg-type]
    coevo.run(recipe, rounds=2, name="halves", **options)  # type: ignore[arg-type]
    halves = coevo.resume("halves", runs_dir=tmp_path, rounds=4)
    assert halves.artist.population == straight.artist.population  # type: ignore[attr-defined]
    assert torch.equal(halves.artist.make(8, None).images, straight.artist.make(8, None).images)  # type: ignore[arg-type]
