"""The example plugin of the docs: short, conforming, and at home with every built-in that fits."""

from __future__ import annotations

import ast
import importlib
import math
import sys
from importlib.metadata import EntryPoint
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from coevo import Artist, Critic, PairError, Studio, coevolve
from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, digits
from coevo.evolution.latent_population import LatentPopulation
from coevo.loop import DEFAULT_PHASES, check_pair
from coevo.plugin.registry import Registry, registry
from coevo.storage.state_tools import equal_states
from coevo.testing import conform

FOLDER = Path(__file__).parents[2] / "docs" / "example-plugin"
LINES = 30
OPTIONS = {"taste": {"likes": "symmetry"}, "gp": {"max_depth": 3}}
BATCH = 6


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)


def example(kind: str) -> Any:
    module, name = {"artist": ("artist", "Sunrise"), "critic": ("critic", "Horizon")}[kind]
    return getattr(importlib.import_module(f"coevo_sunrise.{module}"), name)


def own_lines(path: Path) -> int:
    """Lines of code of a module: all but imports, docstrings and blank lines."""
    text = path.read_text("utf-8")
    aside = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom) or (isinstance(node, ast.Expr) and is_text(node.value))
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    return sum(1 for number, line in enumerate(text.splitlines(), 1) if line.strip() and number not in aside)


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("kind", ["artist", "critic"])
def test_it_is_short(kind: str) -> None:
    assert own_lines(FOLDER / "coevo_sunrise" / f"{kind}.py") <= LINES


@pytest.mark.parametrize("kind", ["artist", "critic"])
def test_it_conforms(kind: Any) -> None:
    conform(kind, example(kind))


def test_its_offers_are_found() -> None:
    found = Registry([EntryPoint("sunrise", "coevo_sunrise", "coevo")])
    assert found.load("artist", "sunrise") is example("artist")
    assert found.load("critic", "horizon") is example("critic")
    assert sys.modules["coevo_sunrise"].COEVO_CONTRACT == 1


def play(artist: Artist, critic: Critic, labelled: int | None) -> None:
    """Two rounds; every metric is a number."""
    studio = artist.studio
    data = digits(DataOptions(size=studio.image[1]))
    batches = DatasetBatches(data, BATCH, 0, [1, 1], studio.device, 1, 1024, labelled)
    phases = [phase for phase in DEFAULT_PHASES if phase.role == "artist" or critic.spec().learns]
    for turn in islice(coevolve(artist, critic, batches, phases), 2 * len(phases)):
        assert all(math.isfinite(float(value)) for value in turn.metrics.values()), turn


def pair(artist: type[Artist], critic: type[Critic]) -> tuple[Artist, Critic, int | None]:
    """The two, built, with small options, and how many labels they want; skips those that do not fit."""
    studio = Studio((1, 32, 32), tuple("0123456789"), batch=BATCH)
    a = artist(artist.Options(**OPTIONS.get(artist.name, {})), studio)
    c = critic(critic.Options(**OPTIONS.get(critic.name, {})), studio)
    labelled = 100 if "some" in (a.spec().labels, c.spec().labels) else None
    try:
        check_pair(a, c, labels="some" if labelled else "all", given="none")
        studio.reseed()
        a.build()
        c.build(a)
    except PairError as reason:
        pytest.skip(str(reason))
    return a, c, labelled


@pytest.mark.parametrize("critic", [*registry().offers("critic"), "horizon"])
def test_the_artist_plays_with_every_critic_that_fits(critic: str) -> None:
    player = example("critic") if critic == "horizon" else registry().load("critic", critic)
    play(*pair(example("artist"), player))


@pytest.mark.parametrize("artist", registry().offers("artist"))
def test_the_critic_plays_with_every_artist_that_fits(artist: str) -> None:
    play(*pair(registry().load("artist", artist), example("critic")))


def test_its_latent_codes_can_be_bred() -> None:
    """As by a person, or by any other critic that gives no gradients."""
    studio = Studio((1, 32, 32), batch=BATCH)
    decoder = example("artist")(example("artist").Options(), studio)
    decoder.build()
    population = LatentPopulation(decoder)
    population.build()
    works = population.make(BATCH, None)
    population.breed(works, [0, 2])
    again = population.make(BATCH, None)
    assert equal_states(again.pixels[:2], works.pixels[torch.tensor([0, 2])])
    assert population.render(again, 64).shape == (BATCH, 1, 64, 64)
