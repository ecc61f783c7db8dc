"""Files of a run that are cut short, flipped, swapped or gone: found by checksum, said, and passed over."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import CommandLine
from standins import flip

import coevo
from coevo.errors import StoreError
from coevo.runs.observers import Clock
from coevo.storage.run_folder import RunFolder

PACE = ("-o", "run.save_every=2", "-o", "run.log_every=1", "-o", "run.sheet_every=2", "--rounds", 4)


@pytest.fixture(scope="module")
def played_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CommandLine(tmp_path_factory.mktemp("damage") / "runs").play("it", *PACE)


@pytest.fixture
def command(played_run: Path, tmp_path: Path) -> CommandLine:
    """A command line whose runs folder has a copy of a run of four rounds."""
    shutil.copytree(played_run, tmp_path / "runs" / "it")
    return CommandLine(tmp_path / "runs")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
@pytest.mark.parametrize("part", ["json", "safetensors"])
def test_the_newest_whole_checkpoint_is_used_and_said(command: CommandLine, harm, part: str) -> None:
    harm(command.runs / "it" / "checkpoints" / f"00000004.{part}")
    answer = command("resume", "it", "--rounds", 6)
    assert answer.code == 0, answer.err
    if (harm, part) != (Path.unlink, "json"):  # without it, the checkpoint is only one that was never finished
        assert "damaged" in answer.err or "cannot be read" in answer.err
        assert "Going on from round 2" in answer.err and "killed" not in answer.err
    assert RunFolder(command.runs / "it").load()[0].position[0] == 6


def test_checkpoints_that_were_swapped_are_found(command: CommandLine) -> None:
    folder = command.runs / "it" / "checkpoints"
    for part in ("json", "safetensors"):
        shutil.copy(folder / f"00000002.{part}", folder / f"00000004.{part}")
    assert "holds round 2 under another name" in command("resume", "it", "--rounds", 6).err


def test_a_checkpoint_of_another_run_of_the_same_pair_is_found(command: CommandLine) -> None:
    path = command.runs / "it" / "config.toml"
    config = path.read_text().partition("\n")[2]  # without its checksum
    path.write_text(config.replace("seed = 0", "seed = 7"))
    assert "is of another run: that has the seed 0, and this one 7" in command.refuses("resume", "it", "--rounds", 6)


@pytest.mark.parametrize("harm", [flip, cut])
def test_a_damaged_config_is_found_and_hides_no_other_run(command: CommandLine, harm) -> None:
    shutil.copytree(command.runs / "it", command.runs / "other")
    harm(command.runs / "it" / "config.toml")
    said = command.refuses("resume", "it", "--rounds", 6)
    assert "config.toml" in said and "checksum" in said
    assert "other" in command("runs").out and "it" in command("runs").out


def test_a_config_without_its_checksum_is_taken_as_it_is(command: CommandLine) -> None:
    path = command.runs / "it" / "config.toml"
    path.write_text(path.read_text().partition("\n")[2])
    assert command("resume", "it", "--rounds", 5).code == 0


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
def test_a_log_that_changed_is_said(command: CommandLine, harm) -> None:
    harm(command.runs / "it" / "metrics.jsonl")
    answer = command("resume", "it", "--rounds", 6)
    assert answer.code == 0 and "metrics.jsonl" in answer.err
    assert command("show", "it").code == 0


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
@pytest.mark.parametrize("part", ["json", "safetensors"])
def test_an_ancestral_opponent_that_is_damaged_is_left_out(command: CommandLine, harm, part: str) -> None:
    harm(command.runs / "it" / "ancestral_opponents" / f"00000001.{part}")
    answer = command("resume", "it", "--rounds", 6)
    assert answer.code == 0 and "It is left out" in answer.err


def test_sheets_that_are_damaged_stop_nothing(command: CommandLine) -> None:
    for path in (command.runs / "it" / "sheets").glob("*.png"):
        cut(path)
    assert command("show", "it").code == 0
    assert command("resume", "it", "--rounds", 6).code == 0


@pytest.fixture
def session(tmp_path: Path) -> CommandLine:
    """A command line whose runs folder has a session of three picks."""
    (tmp_path / "x.picks").write_text("1\n2\n3\nq\n")
    command = CommandLine(tmp_path / "runs")
    words = ("run", "blind-watchmaker", "--size", 16, "--batch", 4, "--name", "it", "--picks", tmp_path / "x.picks")
    assert command(*words).code == 0
    return command


def test_a_session_cut_short_is_said_and_what_is_left_of_it_is_shown(session: CommandLine, tmp_path: Path) -> None:
    cut(session.runs / "it" / "session.db")
    lineage = session("lineage", "it")
    assert lineage.code == 0 and "is damaged" in lineage.err and "individuals can be read" in lineage.err
    assert "is damaged" in session.refuses("resume", "it", "--picks", tmp_path / "x.picks")


def test_a_snapshot_that_changed_is_said_and_individuals_are_still_shown(session: CommandLine, tmp_path: Path) -> None:
    path = session.runs / "it" / "session.db"
    whole = session("lineage", "it").out
    with sqlite3.connect(path) as db:
        newest, tensors = db.execute("SELECT id, tensors FROM moments ORDER BY id DESC").fetchone()
    content = bytearray(path.read_bytes())
    content[content.rindex(tensors[-64:])] ^= 1
    path.write_bytes(content)
    assert session("lineage", "it").out == whole
    said = session.refuses("resume", "it", "--picks", tmp_path / "x.picks")
    assert f"is damaged: snapshot {newest}: its checksum does not match" in said


def test_looking_at_a_session_whose_database_was_emptied_makes_no_new_one(session: CommandLine, tmp_path: Path) -> None:
    path = session.runs / "it" / "session.db"
    path.write_bytes(b"")
    for looking in (("lineage", "it"), ("sample", "it", "-o", tmp_path / "x.png"), ("export", "it", "1")):
        assert "session.db is empty" in session.refuses(*looking)
    with pytest.raises(StoreError, match=r"session\.db is missing or empty"):
        coevo.load("it", session.runs)
    assert path.read_bytes() == b""
    assert "is missing or empty" in session.refuses("resume", "it", "--picks", tmp_path / "x.picks")


# clocks


def test_time_that_jumps_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes are of a clock that never goes back, whatever the date is set to."""
    dates = iter(range(10**9, 0, -1_000_000))
    monkeypatch.setattr(time, "time", lambda: float(next(dates)))
    run = CommandLine(tmp_path / "runs").play("it", *PACE)
    clock = Clock(RunFolder(run), 1)
    assert 0 < clock.before < 100


def test_seconds_of_a_damaged_log_are_never_negative(command: CommandLine) -> None:
    with (command.runs / "it" / "timing.jsonl").open("a") as file:
        file.write('{"round": 4, "seconds": -5}\n{"round": 4, "seconds": NaN}\n{"round": 4, "seconds": "1"}\n')
    assert Clock(RunFolder(command.runs / "it"), 1).before > 0


# two at once


@pytest.mark.slow
def test_two_processes_do_not_play_one_run(command: CommandLine) -> None:
    words = ["resume", "it", "--rounds", "100000", "--runs-dir", str(command.runs)]
    process = subprocess.Popen([sys.executable, "-m", "coevo", *words], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    try:
        while not RunFolder(command.runs / "it").locked:
            assert process.poll() is None and time.monotonic() < deadline, "it did not start to play"
            time.sleep(0.05)
        assert "is in use by another process" in command.refuses("resume", "it", "--rounds", 6)
        assert command("sample", "it", "-n", 1, "-o", command.runs / "x.png").code == 0  # looking is allowed
    finally:
        process.kill()
        process.wait()
    played = RunFolder(command.runs / "it").load()[0].position[0]
    assert command("resume", "it", "--rounds", played + 2).code == 0


def test_a_session_that_was_killed_while_its_database_was_made_goes_on(session: CommandLine, tmp_path: Path) -> None:
    run = session.runs / "it"
    (run / "session.db").write_bytes(b"")  # as it is before its tables
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    (run / "timing.jsonl").unlink()
    with coevo.load("it", session.runs) as opened:
        assert opened.round == 0
    assert (run / "session.db").read_bytes() == b""  # it was only looked at
    assert session("resume", "it", "--picks", tmp_path / "x.picks").code == 0
    assert RunFolder(run).names() == ["00000000"] and coevo.load("it", session.runs).round == 3
