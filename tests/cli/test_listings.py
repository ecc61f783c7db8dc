"""Lists of recipes, plugins and runs, and the description of a player: also where a plugin is broken."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Protocol

import pytest
from conftest import CommandLine

import coevo
from coevo.cli import authors, looking, plugins
from coevo.cli.plugins import ABILITIES
from coevo.contract import capabilities
from coevo.interactive.commands import Command, Pick, Quit
from coevo.interactive.script import Script
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI
from coevo.plugin.describe import CAPABILITIES
from coevo.plugin.registry import Registry

PLUGIN = """
from coevo import Offer, hookimpl

@hookimpl
def coevo_recipes():
    return [Offer(name, "a recipe", f"coevo_odd:{name}.toml") for name in ("whole", "nameless", "half", "missing")]
"""
WHOLE = """
[recipe]
title = "Whole"
year = 1999
group = "coevolution"

[artist]
name = "gp"

[critic]
name = "dcnn"
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin whose recipes are broken, but for one."""
    package = tmp_path / "coevo_odd"
    package.mkdir()
    (package / "__init__.py").write_text(PLUGIN)
    (package / "whole.toml").write_text(WHOLE)
    (package / "nameless.toml").write_text('artist = 3\n[critic]\nname = "dcnn"\n')
    (package / "half.toml").write_text("[artist\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry([EntryPoint("odd", "coevo_odd", "coevo")])
    for module in (looking, plugins):
        monkeypatch.setattr(module, "registry", lambda: registry)


def test_recipes_are_grouped_and_short(coevo_command: CommandLine) -> None:
    text = coevo_command("recipes").out
    titles = ["The history of evolutionary art", "Generative adversarial networks", "Autoencoders", "Evolution against"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    history, gans = text[: places[1]], text[places[1] : places[2]]
    for name in ("blind-watchmaker", "sims", "artificial-creativity", "aesthetic-learning", "picbreeder"):
        assert name in history
    assert "wgan-gp" in gans and "Goodfellow" not in text
    assert "Other recipes" not in text


def test_recipes_at_length(coevo_command: CommandLine) -> None:
    text = coevo_command("recipes", "--long").out
    for part in ("Dawkins, 1986", "biomorph × human", "https://doi.org/10.1145/122718.122752"):
        assert part in text


def test_recipes_as_json_are_complete(coevo_command: CommandLine) -> None:
    rows = {row["recipe"]: row for row in json.loads(coevo_command("recipes", "--json").out)}
    assert rows["dcgan"]["group"] == "gan" and rows["dcgan"]["artist"] == "dcgan" and rows["dcgan"]["year"] == 2015
    for row in rows.values():
        assert row["group"] in ("history", "gan", "autoencoder", "energy", "coevolution", "growth", "translation")
        assert not row["error"] and all(row[key] for key in ("title", "authors", "about", "reference", "critic"))


@pytest.mark.usefixtures("odd")
def test_a_broken_recipe_does_not_stop_the_list(coevo_command: CommandLine) -> None:
    rows = {row["recipe"]: row for row in json.loads(coevo_command("recipes", "--json").out)}
    assert rows["whole"]["artist"] == "gp" and not rows["whole"]["error"]
    assert rows["nameless"]["error"] == "It names no artist."
    assert "cannot be read" in rows["half"]["error"] and "cannot be read" in rows["missing"]["error"]
    for words in ((), ("--long",)):
        answer = coevo_command("recipes", *words)
        assert answer.code == 0 and "Whole" in answer.out and "Other recipes" in answer.out


def test_info_says_what_a_player_needs_and_gives(coevo_command: CommandLine) -> None:
    text = coevo_command("info", "artist", "gp").out
    assert "population  yes" in text and "gradients   no" in text
    assert "is bred by picks (Breedable)" in text and "depends" not in text
    described = json.loads(coevo_command("info", "artist", "gp", "--json").out)
    assert described["spec"]["population"] and described["plugin"] == "gp"
    assert {"Renderer", "Evolving"} <= set(described["capabilities"])


def test_info_lists_capabilities_in_the_order_of_the_contract(coevo_command: CommandLine) -> None:
    described = json.loads(coevo_command("info", "artist", "ae", "--json").out)
    assert described["capabilities"][:3] == ["Encoder", "DifferentiableEncoder", "Decoder"]


def test_every_capability_is_described() -> None:
    protocols = {value for value in vars(capabilities).values() if getattr(value, "_is_protocol", False)} - {Protocol}
    assert {one for some in CAPABILITIES.values() for one in some} == protocols
    assert ABILITIES.keys() == {protocol.__name__ for protocol in protocols}


def test_info_of_a_code_has_its_blocks(coevo_command: CommandLine) -> None:
    described = json.loads(coevo_command("info", "artist", "dcgan", "--json").out)
    assert described["spec"]["code"][0] == {"name": "z", "size": 16, "prior": "gaussian", "role": "latent"}
    assert "Decoder" in described["capabilities"] and "Encoder" not in described["capabilities"]


def test_two_plugins_with_one_name_and_one_for_a_newer_contract(
    coevo_command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        'from coevo import Offer, hookimpl\n\n@hookimpl\ndef coevo_artists():\n    return [Offer("{}", "x", "y:z")]\n'
    )
    (tmp_path / "coevo_sky.py").write_text(code.format("sunrise"))
    (tmp_path / "coevo_sea.py").write_text(code.format("sunrise"))
    (tmp_path / "coevo_new.py").write_text("COEVO_CONTRACT = 7\n" + code.format("tomorrow"))
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint(name, f"coevo_{name}", "coevo") for name in ("new", "sea", "sky")]
    registry = Registry(points)
    for module in (authors, plugins):
        monkeypatch.setattr(module, "registry", lambda: registry)
    listed = coevo_command("plugins").out
    assert (
        "Several plugins offer the artist 'sunrise': 'sea' and 'sky'; say which: sea:sunrise or sky:sunrise." in listed
    )
    assert "cannot be used: Plugin 'new' is written for contract 7" in listed
    assert "Several plugins offer" in coevo_command.refuses("check", "sunrise")
    assert "is written for contract 7" in coevo_command.refuses("check", "tomorrow")


def test_runs_with_a_broken_config_do_not_stop_the_list(coevo_command: CommandLine) -> None:
    for name, text in (
        ("broken", "[artist"),
        ("whole", '[artist]\nname = "a"\n[critic]\nname = "c"\n[data]\nname = "d"\n'),
    ):
        (coevo_command.runs / name).mkdir(parents=True)
        (coevo_command.runs / name / "config.toml").write_text(text)
    rows = {row["run"]: row for row in json.loads(coevo_command("runs", "--json").out)}
    assert rows["whole"]["artist"] == "a" and rows["broken"]["artist"] == "?"


class Onlooker(UI):
    """Picks twice, and lists the runs while the session waits for it."""

    def __init__(self, command: CommandLine):
        self.command, self.seen, self.asked = command, list[Any](), ""

    def ask(self, sheet: Sheet) -> Command:
        self.asked = sheet.picks_text
        (row,) = json.loads(self.command("runs", "--json").out)
        shown = self.command("show", "--plain").out.splitlines()[0]
        self.seen.append((row["rounds"], row["playing"], shown.split(" in ")[0]))
        return Pick((0,)) if len(self.seen) < 3 else Quit()


def test_a_session_stands_where_its_sheet_is_also_while_it_is_played(coevo_command: CommandLine) -> None:
    onlooker = Onlooker(coevo_command)
    options = {"data": {"size": 16}}
    coevo.run("blind-watchmaker", name="bred", batch=4, ui=onlooker, runs_dir=coevo_command.runs, options=options)
    assert onlooker.asked == "pick one"
    assert onlooker.seen == [(0, True, "bred"), (1, True, "bred, 1 round"), (2, True, "bred, 2 rounds")]


def test_runs_that_read_no_data_name_no_dataset(coevo_command: CommandLine, played: CommandLine) -> None:
    coevo.run("blind-watchmaker", batch=4, ui=Script("q"), runs_dir=coevo_command.runs)
    assert [row["data"] for row in json.loads(coevo_command("runs", "--json").out)] == [""]
    assert "digits" not in coevo_command("runs").out and "digits" in played("runs").out
