"""What is evaluated: a run's works, each individual of a population once, or a folder's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine

import coevo
from coevo.tools.evaluate import evaluate_works

OPTIONS: dict[str, Any] = {"data": {"size": 16}, "artist": {"population": 8, "elites": 2, "islands": 1}}


@pytest.mark.slow
def test_each_individual_of_a_population_is_judged_once(tmp_path: Path) -> None:
    coevo.run("gp-dcnn", name="gp", rounds=1, batch=8, runs_dir=tmp_path, options=OPTIONS)
    report = evaluate_works("gp", tmp_path, n=1000, seed=0, data=None, data_dir=None)
    assert report["works"] == "run gp, round 1, individuals of a population of 8, each judged once"
    assert report["made"] == 8
    assert evaluate_works("gp", tmp_path, n=5, seed=0, data=None, data_dir=None)["made"] == 5


def test_a_folder_of_pictures_is_judged_beside_a_dataset(played: CommandLine, tmp_path: Path) -> None:
    assert played("sample", "small", "-n", 12, "-o", tmp_path / "pictures").code == 0
    sheet = tmp_path / "sheets" / "nearest.png"
    report = evaluate_works(str(tmp_path / "pictures"), played.runs, 100, 0, "digits", None, sheet)
    assert report["made"] == 12 and report["works"] == str(tmp_path / "pictures")
    assert sheet.is_file()
    own = evaluate_works("small", played.runs, 12, 0, None, None)
    assert own["works"] == "run small, round 12, seed 0"
    assert report["fid"] == pytest.approx(own["fid"], rel=0.01)  # the same works, but for rounding to bytes
