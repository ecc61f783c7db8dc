"""`coevo sweep`: a run for every combination and seed, kept as they are finished, and a table over seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine

from coevo.runs.config import assignments
from coevo.storage.run_folder import check_name
from coevo.tools import sweep as sweeps
from coevo.tools.sweep import Sweep, Trial, chart, play, table

FOUND: dict[str, dict[str, float] | str] = {
    "critic.r1=0,seed=0": {"kid": 0.2, "minutes": 1.0},
    "critic.r1=0,seed=1": {"kid": 0.4, "minutes": 1.0},
    "critic.r1=0.5,seed=0": {"kid": 0.1, "minutes": 1.0},
    "critic.r1=0.5,seed=1": "a parameter of the critic is not finite",
}
TINY = ("sweep", "dcgan", "-o", "run.batch=16", "-o", "artist.width=4", "-o", "critic.width=4", "-o", "data.size=16")


def sweep(folder: Path, **changes: Any) -> Sweep:
    asked = {"options": ["dcgan"], "varied": {"critic.r1": ["0", "0.5"]}, "seeds": 2, "rounds": 5}
    return Sweep(folder, **{**asked, **changes})


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that were played; none takes time."""
    names: list[str] = []

    def play_none(sweep: Sweep, trial: Trial, alone: bool) -> Any:
        names.append(trial.name)
        return FOUND[trial.name]

    monkeypatch.setattr(sweeps, "_played", play_none)
    return names


def test_every_combination_has_every_seed() -> None:
    trials = sweep(Path("x"), varied={"critic.r1": ["0", "1"], "artist.width": ["8", "16"]}, seeds=2).trials
    assert len(trials) == 8
    assert trials[3] == Trial((("critic.r1", "0"), ("artist.width", "16")), 1)
    assert trials[3].name == "critic.r1=0,artist.width=16,seed=1"
    assert trials[3].assignments == ["critic.r1=0", "artist.width=16"]


def test_values_with_slashes_have_names_that_differ() -> None:
    values = ("a/b", "a_b", "a%2Fb", "a\\b")
    names = [Trial((("data.dir", value),), 0).name for value in values]
    assert names[0] == "data.dir=a%2Fb,seed=0" and len(set(names)) == len(values)
    for name in names:
        check_name(name)


def test_what_was_finished_is_not_played_again_and_what_failed_is(tmp_path: Path, played: list[str]) -> None:
    assert play(sweep(tmp_path / "s")) == FOUND
    record = json.loads((tmp_path / "s" / "sweep.json").read_text())
    assert record["done"] == {name: run for name, run in FOUND.items() if not isinstance(run, str)}
    del record["done"]["critic.r1=0.5,seed=0"]
    (tmp_path / "s" / "sweep.json").write_text(json.dumps(record))
    played.clear()
    assert play(sweep(tmp_path / "s"), jobs=2) == FOUND
    assert sorted(played) == ["critic.r1=0.5,seed=0", "critic.r1=0.5,seed=1"]


def test_runs_beside_each_other_have_one_thread_unless_the_user_says_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(sweeps, "_call", lambda *words: commands.append(words) or "{}")
    for jobs, options in ((1, ["dcgan"]), (2, ["dcgan"]), (2, ["dcgan", "-o", "run.threads=3"])):
        play(sweep(tmp_path / f"{len(commands)}", options=options, varied={"critic.r1": ["0"]}, seeds=1), jobs)
    asked = [assignments([word for word in words if word.startswith("run.")]) for words in commands if "run" in words]
    assert asked == [{}, {"run": {"threads": 1}}, {"run": {"threads": 3}}]  # the last one counts


def test_a_run_that_failed_is_said_and_is_the_exit_code(
    coevo_command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> str:
        raise sweeps.Failed("There is no room.")

    monkeypatch.setattr(sweeps, "_call", fail)
    answer = coevo_command(*TINY, "--vary", "critic.r1=0,0.5", "--seeds", 1, "--rounds", 1)
    assert answer.code == 1 and "critic.r1=0,seed=0 failed: There is no room." in answer.out
    answer = coevo_command(*TINY, "--vary", "critic.r1=0,0.5", "--seeds", 1, "--rounds", 1, "--json")
    assert answer.code == 1 and json.loads(answer.out)["runs"]["critic.r1=0,seed=0"] == "There is no room."


def test_another_sweep_of_that_name_is_refused(tmp_path: Path, played: list[str]) -> None:
    play(sweep(tmp_path))
    with pytest.raises(sweeps.ConfigError, match="has another sweep: its seeds are 2, not 3"):
        play(sweep(tmp_path, seeds=3))
    (tmp_path / "sweep.json").write_text("[]")
    with pytest.raises(sweeps.DataError, match="is not the record of a sweep"):
        play(sweep(tmp_path))


def test_the_table_has_means_and_deviations_over_seeds_and_says_what_failed() -> None:
    assert table(sweep(Path("x")), FOUND, ["kid"]) == [
        {"critic.r1": "0", "kid": "0.3 ± 0.14", "runs": "2"},
        {"critic.r1": "0.5", "kid": "0.1", "runs": "1, 1 failed"},
    ]
    with pytest.raises(sweeps.ConfigError, match="No run has the figure 'kit'; there are: kid, minutes"):
        table(sweep(Path("x")), FOUND, ["kit"])


def test_the_chart_has_a_line_and_a_name_for_each_combination_of_the_others() -> None:
    found = {name.replace(",", f",artist.width={width},"): run for name, run in FOUND.items() for width in (8, 16)}
    picture = chart(sweep(Path("x"), varied={"critic.r1": ["0", "0.5"], "artist.width": ["8", "16"]}), found, "kid")
    colours = {colour for _, colour in picture.getcolors(2**16) or []}
    assert picture.size == sweeps.CHART and {(0x1F, 0x77, 0xB4), (0xFF, 0x7F, 0x0E)} <= colours


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "critic.r1=0,x", "--rounds", "1"], "critic.r1 should be a number, but got 'x'"),
        (["--vary", "critic.r1", "--rounds", "1"], "--vary expects an option and different values of it"),
        (["--vary", "critic.r1=1,1", "--rounds", "1"], "--vary expects an option and different values of it"),
        (["--vary", "critic.r1=0,1"], "Say how long every run is"),
        (["--vary", "critic.r1=0,1", "--rounds", "1", "-n", "0"], "say which figures of the log"),
        (["--vary", "critic.r1=0,1", "--rounds", "1", "--name", "../x"], "A run cannot be named"),
        (["--vary", "run.seed=1,2", "--rounds", "1"], "A sweep takes --seeds in the place of run.seed"),
        (["--vary", "critic.r1=0,1", "--rounds", "1", "-o", "run.minutes=3"], "takes --minutes in the place of"),
    ],
)
def test_bad_input_is_refused_before_anything_is_played(
    coevo_command: CommandLine, words: list[str], said: str
) -> None:
    assert said in coevo_command.refuses(*TINY, *words)
    assert not (coevo_command.runs / "sweep").exists()


def test_a_sweep_asks_nobody(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("sweep", "sims", "--vary", "artist.population=4,8", "--rounds", "1")
    assert "Critic 'human' picks" in said


@pytest.mark.slow
def test_a_sweep_is_played_and_goes_on(coevo_command: CommandLine) -> None:
    words = (*TINY, "--vary", "critic.r1=0,0.5", "--seeds", 1, "--rounds", 4, "-n", 0, "--metric", "critic.loss")
    answer = coevo_command(*words, "-o", "run.log_every=1", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert [row["critic.r1"] for row in found["table"]] == ["0", "0.5"]
    assert all(figures["rounds"] == 4 for figures in found["runs"].values())
    assert (coevo_command.runs / "sweep" / "critic.loss.png").is_file()
    assert json.loads(coevo_command(*words, "-o", "run.log_every=1", "--json").out) == found
