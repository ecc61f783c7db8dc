"""Troubles of a game, told from rows of its log."""

from __future__ import annotations

import json
from math import sin

import pytest
from conftest import SMALL, CommandLine

from coevo.monitoring.diagnostics import ROWS, Watch


def rows(accuracy: float = 0.8, diversity: float = 0.9) -> dict[str, float]:
    return {"critic.accuracy": accuracy, "artist.diversity": diversity}


def said(watch: Watch, *more: dict[str, float]) -> list[str]:
    return [sentence for row in more for sentence in watch.look(row)]


def test_a_game_that_goes_well_is_left_in_peace() -> None:
    assert not said(Watch(), *[rows(0.75 + 0.05 * sin(n), 0.8 + 0.1 * sin(n)) for n in range(200)])


@pytest.mark.parametrize(
    ("trouble", "healthy", "ill"),
    [
        ("guessed for long", rows(), rows(accuracy=0.51)),
        ("nearly always right", rows(), rows(accuracy=0.995)),
        ("mode collapse", rows(), rows(diversity=0.2)),
        ("rewarded all works alike for long", {"artist.spread": 2.0}, {"artist.spread": 0.001}),
        ("once saw through (50% of past ones)", {"past.critic_forgets": 0.1}, {"past.critic_forgets": 0.5}),
        ("earlier ones fooled (40% fewer)", {"past.artist_forgets": 0.1}, {"past.artist_forgets": 0.4}),
    ],
)
def test_a_trouble_is_said_once_until_it_comes_again(
    trouble: str, healthy: dict[str, float], ill: dict[str, float]
) -> None:
    watch = Watch()
    assert not said(watch, *[healthy] * 40)
    (sentence,) = said(watch, *[ill] * 100)
    assert trouble in sentence and "try" in sentence
    assert not said(watch, *[healthy] * ROWS)
    assert len(said(watch, *[ill] * 100)) == 1


def test_sides_that_chase_each_other_are_seen() -> None:
    (sentence,) = said(Watch(), *[rows(0.6 + 0.35 * (-1) ** (n // 2)) for n in range(60)])
    assert "in circles" in sentence and "0.70" in sentence


def test_works_that_were_never_varied_have_not_collapsed_yet() -> None:
    assert not said(Watch(), *[rows(diversity=0.1) for _ in range(50)])


def test_what_is_not_measured_is_not_watched() -> None:
    assert not said(Watch(), *[{"artist.loss": 1.0}] * 100)


def test_it_goes_on_where_it_was() -> None:
    whole, first, second = Watch(), Watch(), Watch()
    some = [rows(0.5 if n > 30 else 0.8) for n in range(80)]
    one = said(whole, *some)
    two = said(first, *some[:45])
    second.restore(first.state())
    assert two + said(second, *some[45:]) == one != []
    assert second.state() == whole.state()


def test_troubles_are_said_while_a_run_is_played_and_kept_in_its_log(
    coevo_command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coevo.monitoring.diagnostics.SURE", -1.0)  # everything is too sure
    monkeypatch.setattr("coevo.monitoring.diagnostics.ROWS", 5)
    options = ("dcgan", *SMALL, "--rounds", 8, "-o", "run.log_every=1")
    said = coevo_command("run", *options, "--name", "ill").out
    assert "round 5: the critic is nearly always right" in said
    log = [json.loads(line) for line in (coevo_command.runs / "ill" / "metrics.jsonl").read_text().splitlines()]
    assert [row["round"] for row in log if "warnings" in row] == [5]
    assert "nearly always right" in coevo_command("show", "ill").out
    rows = [json.loads(line) for line in coevo_command("run", *options, "--json").out.splitlines()]
    assert [row["round"] for row in rows if "warning" in row] == [5]
