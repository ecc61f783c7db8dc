"""Trackers are told of a run, and one that fails costs nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine

import coevo
from coevo.errors import ConfigError
from coevo.plugin.registry import Registry
from coevo.runs import tracking
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder

PLUGIN = """
import random
from coevo import Offer, hookimpl
from coevo.errors import ConfigError
from coevo.monitoring.tracker import Tracker

told = []

@hookimpl
def coevo_trackers():
    return [Offer(name.lower(), "a tracker", f"coevo_diary:{name}") for name in ("Diary", "Clumsy", "Late", "Refusing")]

class Diary(Tracker):
    def begin(self, run):
        told.append(("begin", run.round, run.id, run.options["artist.width"]))
        return f"{run.name}-{run.round}"
    def row(self, round, figures):
        random.random()
        print("a line that is no JSON")
        told.append(("row", round, "artist.loss" in figures and "round" not in figures))
    def sheet(self, round, picture):
        told.append(("sheet", round, picture.name))
    def warning(self, round, message):
        told.append(("warning", round, message))
    def end(self, ending):
        told.append(("end", ending))

class Clumsy(Tracker):
    def row(self, round, figures):
        figures.clear()
        raise SystemExit(3)
    def end(self, ending):
        told.append("the clumsy one was asked again")

class Late(Tracker):
    def end(self, ending):
        raise ValueError("no disk")

class Refusing(Tracker):
    def begin(self, run):
        raise ConfigError("Tracker 'refusing' needs a key.")
"""
SMALL: dict[str, Any] = {"artist": {"width": 4}, "critic": {"width": 4}, "data": {"size": 16}}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """A plugin with trackers, and what its diary was told."""
    (tmp_path / "coevo_diary.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry([EntryPoint(name, f"coevo_{name}", "coevo") for name in ("diary", "gan")])
    monkeypatch.setattr(tracking, "registry", lambda: registry)
    import coevo_diary  # type: ignore[import-not-found]

    yield coevo_diary.told


def played(runs: Path, name: str, **options: Any) -> Run:
    return coevo.run(
        "dcgan", name=name, batch=8, runs_dir=runs, options=SMALL, **{"rounds": 4, "log_every": 2} | options
    )


def test_a_tracker_is_told_of_everything_in_order(tmp_path: Path, told: list[Any]) -> None:
    played(tmp_path, "it", trackers=["diary"])
    assert told == [
        ("begin", 0, None, 4),
        ("sheet", 0, "00000000.png"),
        ("row", 2, True),
        ("row", 4, True),
        ("sheet", 4, "00000004.png"),
        ("end", "finished"),
    ]


def test_a_run_that_goes_on_has_the_id_that_its_tracker_gave_it(tmp_path: Path, told: list[Any]) -> None:
    with played(tmp_path, "it", trackers="diary") as run:
        assert json.loads((run.store.folder / "trackers.json").read_text()) == {"diary": "it-0"}
    told.clear()
    with Run.resume(RunFolder(tmp_path / "it"), rounds=9) as run:
        for turn in run.turns():
            run.stopping = turn.next.round == 6
    assert told[0] == ("begin", 4, "it-0", 4) and told[-1] == ("end", "stopped")
    assert ("row", 6, True) in told


def test_a_run_is_the_same_with_trackers_and_without(tmp_path: Path, told: list[Any]) -> None:
    """Also if they draw random numbers, which are the caller's."""
    random.seed(1)
    first = random.random()
    random.seed(1)
    one = played(tmp_path, "one").store
    assert random.random() == first
    other = played(tmp_path, "other", trackers=["diary", "clumsy"]).store
    for file in ("metrics.jsonl", "checkpoints/00000004/tensors.safetensors"):
        paths = [store.folder / file for store in (one, other)]
        if file == "metrics.jsonl" or paths[0].exists():
            assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_tracker_that_fails_is_named_and_left_out(tmp_path: Path, told: list[Any]) -> None:
    run = played(tmp_path, "it", trackers=["clumsy", "diary", "late"])
    assert run.round == 4 and told[-1] == ("end", "finished")
    assert "the clumsy one was asked again" not in told
    first, last = run.clock.warnings
    assert first.startswith(
        "round 2: tracker 'clumsy' of plugin 'diary' failed in row(): it called sys.exit(3) (coevo_d"
    )
    assert first.endswith("it is left out, and the run goes on")
    assert "tracker 'late' of plugin 'diary' failed in end(): ValueError: no disk" in last
    assert ("warning", 2, first) in told or any(first in str(one) for one in told)


@pytest.mark.usefixtures("told")
def test_it_is_said_in_the_terminal_and_kept(coevo_command: CommandLine) -> None:
    play = ("run", "dcgan", "--size", 16, "--batch", 8, "-o", "artist.width=4", "--rounds", 4, "-o", "run.log_every=2")
    answer = coevo_command(*play, "--track", "clumsy", "--track", "diary", "--track", "late", "--name", "it", "--json")
    lines = [json.loads(line) for line in answer.out.splitlines()]  # what a tracker prints goes elsewhere
    said = [line["warning"] for line in lines if "warning" in line]
    assert answer.code == 0 and ["clumsy" in said[0], "late" in said[1]] == [True, True]
    assert "a line that is no JSON" in answer.err
    assert "tracker 'clumsy' of plugin 'diary' failed" in coevo_command("show", "it", "--plain").out


@pytest.mark.usefixtures("told")
def test_a_tracker_may_refuse_the_run_before_it_is_played(coevo_command: CommandLine) -> None:
    play = ("run", "dcgan", "--size", 16, "--batch", 8, "--rounds", 2, "--name", "it")
    assert "Tracker 'refusing' needs a key." in coevo_command.refuses(*play, "--track", "refusing")
    assert "There is no tracker named 'diray'; did you mean 'diary'?" in coevo_command.refuses(
        *play, "--track", "diray"
    )
    assert not (coevo_command.runs / "it").exists()


def test_a_run_is_opened_where_its_trackers_are_missing(tmp_path: Path, told: list[Any]) -> None:
    played(tmp_path, "it", trackers=["diary"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracking, "registry", lambda: Registry([]))
        assert coevo.load("it", tmp_path).round == 4
        with pytest.raises(ConfigError, match="There is no tracker named 'diary'"):
            coevo.resume("it", runs_dir=tmp_path, rounds=6)
        assert coevo.resume("it", runs_dir=tmp_path, rounds=6, trackers=[]).round == 6


def test_a_damaged_file_of_ids_lets_trackers_begin_anew(tmp_path: Path, told: list[Any]) -> None:
    run = played(tmp_path, "it", trackers=["diary"])
    for damaged in ("[1]", "{", '{"diary": 3}', "\xff"):
        (run.store.folder / "trackers.json").write_text(damaged, "latin-1")
        told.clear()
        coevo.resume("it", runs_dir=tmp_path, rounds=run.round + 1, log_every=50)
        assert told[0][:3] == ("begin", run.round, None)
        run = coevo.load("it", tmp_path)


def test_what_was_tensorboard_is_a_tracker_now(tmp_path: Path, coevo_command: CommandLine) -> None:
    run = played(coevo_command.runs, "it")
    path = run.store.folder / "config.toml"
    _, _, unsealed = path.read_text().partition("\n")
    path.write_text(unsealed.replace("trackers = []", "tensorboard = true"))
    assert coevo.load("it", coevo_command.runs).config.run.trackers == ("tensorboard",)
    said = coevo_command.refuses("run", "dcgan", "-o", "run.tensorboard=true")
    assert "Option run.tensorboard is now called run.trackers." in said
