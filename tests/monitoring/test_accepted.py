"""The list of works that fooled their critic: each once, with score, parents, round and genome; it resumes exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CommandLine
from PIL import Image

import coevo
from coevo.monitoring.accepted import read_accepted

OPTIONS = {
    "data": {"size": 16},
    "run": {"accepted": 2, "save_every": 1},
    "artist": {"elites": 2, "functions": "arithmetic"},
    "phases": {"critic": {"steps": 1}, "artist": {"steps": 1}},
}


@pytest.fixture(scope="module")
def evolved(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    command = CommandLine(tmp_path_factory.mktemp("accepted"))
    coevo.run("evolved-art", name="it", rounds=6, batch=8, runs_dir=command.runs, options=OPTIONS)
    return command


def test_each_accepted_work_is_a_line_with_score_parents_and_round(evolved: CommandLine) -> None:
    rows = read_accepted(evolved.runs / "it")
    assert rows and len({row["id"] for row in rows}) == len(rows)  # an elite is accepted once
    rounds = [row["round"] for row in rows]
    assert rounds == sorted(rounds) and all(rounds.count(round) <= 2 for round in rounds)
    assert all(row["parents"] or row["round"] == 1 for row in rows)
    assert all(isinstance(row["score"], float) and row["genome"] for row in rows)


def test_the_list_resumes_exactly(evolved: CommandLine) -> None:
    coevo.run("evolved-art", name="parts", rounds=3, batch=8, runs_dir=evolved.runs, options=OPTIONS)
    with (evolved.runs / "parts" / "accepted.jsonl").open("a") as file:
        file.write('{"id": "after the last checkpoint"}\n')
    coevo.resume("parts", rounds=6, runs_dir=evolved.runs)
    assert read_accepted(evolved.runs / "parts") == read_accepted(evolved.runs / "it")


def test_a_run_that_goes_on_without_the_list_keeps_what_is_in_it(evolved: CommandLine) -> None:
    folder = evolved.runs / "kept"
    coevo.run("evolved-art", name="kept", rounds=4, batch=8, runs_dir=evolved.runs, options=OPTIONS)
    before = read_accepted(folder)
    coevo.resume("kept", rounds=5, accepted=0, runs_dir=evolved.runs)
    assert before and read_accepted(folder) == before
    coevo.resume("kept", rounds=6, runs_dir=evolved.runs)
    after = read_accepted(folder)
    assert after[: len(before)] == before and {row["round"] for row in after[len(before) :]} <= {6}


def test_accepted_works_are_listed_and_drawn(evolved: CommandLine, tmp_path: Path) -> None:
    sheet, one = tmp_path / "sheet.png", tmp_path / "one.png"
    rows = json.loads(evolved("accepted", "it", "--json", "-o", sheet).out)
    assert rows == read_accepted(evolved.runs / "it")
    answer = evolved("accepted", "it", rows[0]["id"], "-o", one, "--size", 64)
    assert answer.code == 0 and f"1 work in {one}" in answer.out
    with Image.open(one) as picture:
        about = json.loads(picture.info["coevo"])
        assert picture.size == (64, 64)
    assert about["genome"] == rows[0]["genome"]
    assert about["score"] == rows[0]["score"] and about["round"] == rows[0]["round"]
    with Image.open(sheet) as picture:
        assert picture.width > 200
    again = evolved("render", one, "--size", 32, "-o", tmp_path / "again.png")
    assert again.code == 0, again.err


def test_works_that_were_not_accepted_are_refused(evolved: CommandLine, played: CommandLine, tmp_path: Path) -> None:
    assert "no accepted work named 'nobody'" in evolved.refuses("accepted", "it", "nobody")
    said = "records no accepted works: its artist 'dcgan' does not evolve. Draw its works with: coevo sample small -o"
    assert said in played.refuses("accepted", "small")
    assert "should end with .png" in evolved.refuses("accepted", "it", "-o", tmp_path / "x.gif")


SPECTRAL = {"name": "dcnn", "spectral_norm": True, "width": 4}


@pytest.mark.parametrize(
    ("critic", "agents"),
    [(SPECTRAL, 1), ({"name": "mlp", "dropout": 0.5}, 1), (SPECTRAL, 2), ({**SPECTRAL, "past_critics": 2}, 1)],
)
def test_the_list_changes_nothing_of_a_run(critic: dict[str, object], agents: int, tmp_path: Path) -> None:
    """Dropout draws from the run's streams, and spectral normalisation moves with every look."""
    for accepted in (0, 4):
        run = {"accepted": accepted, "log_every": 1, "agents": agents}
        options = {"data": {"size": 16}, "critic": critic, "run": run}
        coevo.run(artist="gp", name=f"{accepted}", rounds=4, batch=8, runs_dir=tmp_path, options=options)
    without, with_list = ((tmp_path / name / "metrics.jsonl").read_text() for name in ("0", "4"))
    assert without == with_list
