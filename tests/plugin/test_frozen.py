"""Plugins of old contracts, kept as their authors wrote them: they load, play, and go on with runs that they played
then. `frozen` holds the plugins, runs that they made, and what those drew; none of it is ever changed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import numpy as np
import pytest
from conftest import CommandLine

from coevo import CONTRACT_VERSION
from coevo.plugin import registry as plugins
from coevo.testing import conform

FROZEN = Path(__file__).parent / "frozen"
CONTRACTS = [1]


@pytest.fixture(params=CONTRACTS)
def contract(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A number; the plugin that was written for that contract is installed beside all others."""
    contract: int = request.param
    name = f"frozen-{contract}"
    points = [*entry_points(group="coevo"), EntryPoint(name, f"coevo_frozen_{contract}", "coevo")]
    monkeypatch.syspath_prepend(FROZEN)
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    plugins.registry.cache_clear()
    yield contract
    plugins.registry.cache_clear()


@pytest.fixture
def command(contract: int, tmp_path: Path) -> CommandLine:
    """A command line whose runs folder has the runs that the plugin played then."""
    shutil.copytree(FROZEN / f"runs-{contract}", tmp_path / "runs")
    return CommandLine(tmp_path / "runs")


def drawn(command: CommandLine, run: str, output: Path) -> np.ndarray:
    answer = command("sample", run, "-n", 4, "--seed", 3, "-o", output)
    assert answer.code == 0, answer.err
    return np.load(output).astype(int)


def test_there_is_one_for_every_contract() -> None:
    assert list(range(1, CONTRACT_VERSION + 1)) == CONTRACTS


def test_it_is_listed_without_a_complaint(contract: int, command: CommandLine) -> None:
    plugin = next(one for one in plugins.registry().plugins if one.name == f"frozen-{contract}")
    assert (plugin.error, plugin.notes) == ("", [])
    for kind, offers in plugin.offers.items():
        for offer in offers:
            assert kind == "recipe" or plugins.registry().load(kind, offer.name)
    assert f"embers-{contract}" in command("recipes").out and command(f"glow-{contract}").out == "it glows\n"


def test_its_artist_can_be_played_with_critics_games_and_functions_of_its_own_and_of_ours(
    contract: int, command: CommandLine
) -> None:
    small = ("--rounds", 2, "--size", 16, "--batch", 8)
    for words in (
        (f"embers-{contract}", "--rounds", 2),
        ("--artist", f"ember-{contract}", "--critic", "dcnn", "-o", f"critic.game=tug-{contract}", *small),
        ("--artist", "gp", "--critic", f"jury-{contract}", "-o", f"artist.functions=waves-{contract},x,y", *small),
        ("--artist", f"moss-{contract}", "--critic", f"jury-{contract}", "--data", f"ramps-{contract}", *small),
    ):
        answer = command("run", *words)
        assert answer.code == 0, answer.err


@pytest.mark.parametrize("run", ["ember", "moss"])
def test_a_run_of_then_draws_what_it_drew_and_goes_on(command: CommandLine, run: str, tmp_path: Path) -> None:
    made, expected = drawn(command, run, tmp_path / "x.npy"), np.load(FROZEN / f"{run}-1.npy").astype(int)
    assert made.shape == expected.shape and np.abs(made - expected).max() <= 1
    answer = command("resume", run, "--rounds", 8)
    assert answer.code == 0, answer.err
    made, expected = drawn(command, run, tmp_path / "x.npy"), np.load(FROZEN / f"{run}-1-resumed.npy").astype(int)
    assert np.abs(made - expected).mean() < 1  # other processors round otherwise


@pytest.mark.slow
def test_its_players_conform(contract: int) -> None:
    for kind, name in (("artist", "ember"), ("artist", "moss"), ("critic", "jury")):
        conform(kind, plugins.registry().load(kind, f"{name}-{contract}"))
    assert f"coevo_frozen_{contract}" in sys.modules
