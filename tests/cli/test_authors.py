"""Commands for authors of plugins: `coevo check`."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from conftest import CommandLine

from coevo.cli import authors
from coevo.plugin.registry import Registry

PLUGIN = """
from coevo import Offer, hookimpl

@hookimpl
def coevo_artists():
    return [Offer("hasty", "stops early", "coevo_hasty.artist:Hasty")]

@hookimpl
def coevo_games():
    return [Offer("hasty", "a game", "coevo.adversarial.games:Hinge")]
"""
ARTIST = '''
from coevo.testing.standins import GradientArtist


class Hasty(GradientArtist):
    """Learns nothing."""

    name = "hasty"

    def learn(self, works, rewards):
        return {}
'''


@pytest.fixture
def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a plugin with an artist that breaks a rule, and a game that breaks none."""
    folder = tmp_path / "coevo_hasty"
    folder.mkdir()
    (folder / "__init__.py").write_text(PLUGIN)
    (folder / "artist.py").write_text(ARTIST)
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry([EntryPoint("hasty", "coevo_hasty", "coevo")])
    monkeypatch.setattr(authors, "registry", lambda: registry)
    return folder


def test_what_conforms_is_listed_rule_by_rule(coevo_command: CommandLine) -> None:
    answer = coevo_command("check", "hinge")
    assert answer.code == 0
    rows = answer.out.splitlines()
    assert rows[0] == "game hinge" and rows[-1] == "hinge conforms."
    assert (
        "  ok      reward                    rewards an artist for higher scores: rewards [N], finite, with gradients"
        in rows
    )


def test_a_recipe_is_tried_with_the_players_of_its_name(coevo_command: CommandLine) -> None:
    answer = coevo_command("check", "infogan", "--only", "pair", "--only", "spec")
    assert answer.code == 0
    assert [line for line in answer.out.splitlines() if not line.startswith(" ")] == [
        "artist infogan",
        "recipe infogan",
        "infogan conforms.",
    ]


def test_a_broken_rule_has_its_place_and_a_remedy(coevo_command: CommandLine, hasty: Path) -> None:
    answer = coevo_command("check", "hasty", "--only", "learn")
    assert answer.code == 2 and answer.err == "coevo: hasty breaks 1 rule.\n"
    rows = [line.strip() for line in answer.out.splitlines()]
    assert rows[0] == "artist hasty" and rows[1].startswith("broken  learn ")
    assert rows[2] == "its state is the same before and after learn()"
    assert rows[3].endswith(f"{hasty.name}/artist.py:10")
    assert rows[4].startswith("Take a step in learn(); what it changes must be a module")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("critic.widht=4", "no option named 'critic.widht'; did you mean 'critic.width'?"),
        ("critic.width=0", "critic.width should be at least 1, but got 0."),
        ("artist.latent=4", "'artist' is not a section of options of critic 'dcnn'."),
    ],
)
def test_an_option_that_is_wrong_is_refused(coevo_command: CommandLine, option: str, said: str) -> None:
    assert said in coevo_command.refuses("check", "dcnn", "-o", option)


def test_rules_are_tried_with_options(coevo_command: CommandLine) -> None:
    assert coevo_command("check", "dcnn", "--only", "judge", "-o", "critic.width=4").code == 0


def test_a_rule_that_does_not_exist_is_refused(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("check", "dcnn", "--only", "lern")
    assert said == "coevo: There is no rule named 'lern'; did you mean 'learn'?\n"


def test_a_rule_of_one_kind_is_tried_where_it_concerns_one(coevo_command: CommandLine, hasty: Path) -> None:
    answer = coevo_command("check", "hasty", "--only", "reward")
    assert answer.code == 0 and "game hasty" in answer.out and "artist hasty" not in answer.out


def test_a_dataset_says_what_it_needs(coevo_command: CommandLine) -> None:
    assert "needs --data-dir" in coevo_command.refuses("check", "mnist")


def test_checks_as_json(coevo_command: CommandLine, hasty: Path) -> None:
    answer = coevo_command("check", "hasty", "--only", "learn", "--json")
    (row,) = json.loads(answer.out)
    assert row["kind"] == "artist" and row["rule"] == "learn" and not row["passed"]
    assert row["place"].endswith("artist.py:10") and row["todo"].startswith("Take a step")
