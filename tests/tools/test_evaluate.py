"""What is evaluated: a run's works, each individual of a population once, or a folder's pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine

import coevo
from coevo.tools.evaluate import evaluate_works

OPTIONS: dict[str, Any] = {"data": {"size": 16}, "artist": {"population": 12, "elites": 2, "islands": 1}}


@pytest.mark.slow
def test_each_individual_of_a_population_is_judged_once(tmp_path: Path) -> None:
    coevo.run("gp-dcnn", name="gp", rounds=1, batch=12, runs_dir=tmp_path, options=OPTIONS)
    report = evaluate_works("gp", tmp_path, n=1000, seed=0, data=None, data_dir=None)
    assert report["works"] == "run gp, round 1, individuals of a population of 12, each judged once"
    assert report["made"] == 12
    assert evaluate_works("gp", tmp_path, n=10, seed=0, data=None, data_dir=None)["made"] == 10


def test_a_folder_of_pictures_is_judged_beside_a_dataset(played: CommandLine, tmp_path: Path) -> None:
    assert played("sample", "small", "-n", 12, "-o", tmp_path / "pictures").code == 0
    sheet = tmp_path / "sheets" / "nearest.png"
    report = evaluate_works(str(tmp_path / "pictures"), played.runs, 100, 0, "digits", None, sheet)
    assert report["made"] == 12 and report["works"] == str(tmp_path / "pictures")
    assert sheet.is_file()
    own = evaluate_works("small", played.runs, 12, 0, None, None)
    assert own["works"] == "run small, round 12, seed 0"
    assert report["fid"] == pytest.approx(own["fid"], rel=0.01)  # the same works, but for rounding to bytes


def test_three_pictures_are_refused(played: CommandLine, tmp_path: Path) -> None:
    assert played("sample", "small", "-n", 3, "-o", tmp_path / "three").code == 0
    said = played.refuses("evaluate", tmp_path / "three")
    assert "3 works are too few to evaluate: give at least 10, or better 100." in said


def test_what_is_done_is_said_beside_the_figures(played: CommandLine) -> None:
    answer = played("evaluate", "small", "-n", 20, "--json")
    assert json.loads(answer.out)["trust"] in ("low", "medium", "high")
    assert [line for line in answer.err.splitlines() if not line.startswith("  ")][:2] == [
        "reading digits",
        "making 20 works",
    ]


def test_stopped_by_hand_it_says_what_is_kept(played: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("coevo.tools.evaluate.evaluate", stopped)
    answer = played("evaluate", "small", "-n", 20)
    assert (
        answer.code == 130 and "what was finished is kept, a trained evaluator and features of real works" in answer.err
    )
