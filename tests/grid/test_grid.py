"""A grid of pairs, from the command line: the same with any number of workers, and whichever of them are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coevo.grid.driver import Schedule
from coevo.grid.grid import Grid

SMALL = [*("--artist", "dcgan", "--artist", "gp", "--critic", "dcnn", "--every", "4", "--cells", "2x2")]
SMALL += [word for option in ("critic.width=8", "critic.norm=none", "run.batch=16") for word in ("-o", option)]


def grid(folder: Path, *words: str, workers: int = 2) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "coevo", "grid", *words, "--workers", str(workers), "--runs-dir", str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


def content(folder: Path) -> dict[str, bytes]:
    """The bytes of all logs, exchanges and last snapshots."""
    kinds = ("cells/*/metrics.jsonl", "cells/*/exchanges.json", "snapshots/*")
    return {str(path.relative_to(folder)): path.read_bytes() for kind in kinds for path in sorted(folder.glob(kind))}


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_grid_and_more_legs_go_on(tmp_path: Path) -> None:
    at_once = grid(tmp_path, *SMALL, "--legs", "3", "--name", "one", workers=1)
    assert at_once.returncode == 0, at_once.stderr
    for legs in ("1", "3"):
        done = grid(tmp_path, *SMALL, "--legs", legs, "--name", "two", "--json", workers=3)
        assert done.returncode == 0, done.stderr
    assert content(tmp_path / "two") == content(tmp_path / "one")
    rows = json.loads(done.stdout)["cells"]
    assert [row["artist"] for row in rows] == ["dcgan", "gp", "dcgan", "gp"]
    assert {row["legs"] for row in rows} == {3}
    assert (tmp_path / "two" / "grid.png").stat().st_size > 1000


@pytest.mark.slow
def test_workers_that_are_killed_lose_no_cell_and_change_nothing(tmp_path: Path) -> None:
    assert grid(tmp_path, *SMALL, "--legs", "4", "--name", "alone").returncode == 0
    command = [sys.executable, "-m", "coevo", "grid", *SMALL, "--legs", "4", "--name", "killed", "--workers", "2"]
    process = subprocess.Popen([*command, "--runs-dir", str(tmp_path)], stderr=subprocess.PIPE, text=True)
    killed = 0
    while process.poll() is None and killed < 4:
        time.sleep(1.5)
        found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        if found:
            os.kill(int(found[killed % len(found)]), signal.SIGKILL)
            killed += 1
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert killed
    assert content(tmp_path / "killed") == content(tmp_path / "alone")


@pytest.mark.slow
def test_the_same_command_goes_on_after_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "coevo", "grid", *SMALL, "--legs", "500", "--staleness", "1"]
    process = subprocess.Popen([*command, "--runs-dir", str(tmp_path)], stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("grid/snapshots/*-000001.json")):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    reached = max(int(path.stem.split("-")[1]) for path in tmp_path.glob("grid/snapshots/*.json"))
    done = grid(tmp_path, *SMALL, "--legs", str(reached + 1), "--staleness", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert {row["legs"] for row in json.loads(done.stdout)["cells"]} == {reached + 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Say what the cells play"),
        (["dcgan", "--cells", "0x3"], "--cells should be a number or rows and columns"),
        (["picbreeder"], "Critic 'human' gives no scores"),
        (["aae"], "'latent' judges more than pictures"),
        (["vae"], "'none' gives no scores"),
        (["dcgan", "-o", "run.rounds=5"], "in the place of agents, rounds and minutes"),
        (["dcgan", "--topology", "cube"], "--topology should be one of ring, von-neumann"),
        (["nowhere"], "There is no recipe named 'nowhere'"),
    ],
)
def test_what_is_no_grid_is_refused_in_a_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    done = grid(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("staleness", "kept"), [(0, {"0-2", "1-2", "1-3"}), (9, {"0-1", "0-2", "1-3"})])
def test_snapshots_that_nobody_will_ask_for_are_deleted(staleness: int, kept: set[str], tmp_path: Path) -> None:
    """Cell 0 has played two legs, and cell 1 three, of which the last has just ended; with staleness, cell 1 is at its
    next leg and looks at cell 0 as it was after one."""
    pair = Grid(tmp_path, "dcgan", (), None, {}, (), (1, 2), "ring", 4, 9, staleness)
    pair.keep()
    schedule = Schedule(pair)
    schedule.done = [2, 2]
    for name in ("0-1", "0-2", "1-1", "1-2", "1-3"):
        for suffix in ("json", "safetensors"):
            (pair.shown / f"{name[:2]}00000{name[2:]}.{suffix}").touch()
    schedule.playing = {1: {0: 2}, **({0: {}} if not staleness else {2: {0: 1}})}
    schedule.give_back(1, played=True)
    assert {path.stem.replace("-00000", "-") for path in pair.shown.iterdir()} == kept
