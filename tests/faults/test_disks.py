"""Disks that are full, read-only, gone or slow: nothing half is left, one sentence says so, and the run goes on."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, CommandLine
from faults.systems import differing, events, script, small
from faults.systems import ending as session

from coevo.storage.atomic import writing
from coevo.storage.jsonl import Log
from coevo.storage.run_folder import RunFolder

PACE = ("-o", "run.save_every=2", "-o", "run.log_every=1", "-o", "run.sheet_every=2", "--rounds", 4)


class Disk:
    """Counts the moments at which files are written, and fails at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int = -1, why: int = errno.ENOSPC, wait: float = 0.0):
        self.writes = 0
        for module, name in ((os, "fsync"), (os, "replace"), (os, "rename"), (os, "mkdir")):
            monkeypatch.setattr(module, name, self.failing(getattr(module, name), fails_at, why, wait))
        append = self.failing(Log.append, fails_at, why, wait)

        def half_a_line(log: Log, row: dict[str, Any]) -> None:
            with writing(log.path):
                try:
                    append(log, row)
                except OSError:
                    log._file.write(b'{"round": 1')
                    log._file.flush()
                    raise

        monkeypatch.setattr(Log, "append", half_a_line)

    def failing(self, real: Any, fails_at: int, why: int, wait: float) -> Any:
        def write(*args: Any, **named: Any) -> Any:
            self.writes += 1
            time.sleep(wait)
            if self.writes - 1 == fails_at or (fails_at < 0 and why == errno.EROFS):
                raise OSError(why, os.strerror(why))
            return real(*args, **named)

        return write


def ending(run: Path) -> dict[str, bytes]:
    """What a run ends in, but for times."""
    last = max(path.stem for path in (run / "checkpoints").glob("*.json"))
    files = [run / "checkpoints" / f"{last}.{end}" for end in ("json", "safetensors")]
    files += [run / "metrics.jsonl", *sorted((run / "sheets").glob("*.png"))]
    return {path.name: path.read_bytes() for path in files}


@contextmanager
def failing_disk(**about: Any) -> Iterator[Disk]:
    with pytest.MonkeyPatch.context() as patch:
        yield Disk(patch, **about)


@pytest.mark.slow
def test_full_at_every_write_of_a_run(tmp_path: Path) -> None:
    """Writes come in order, so a run that fails at the k-th has done all before it."""
    command = CommandLine(tmp_path / "whole")
    with failing_disk() as disk:
        whole = ending(command.play("it", *PACE))
    for number in range(disk.writes):
        command = CommandLine(tmp_path / f"full-{number}")
        with failing_disk(fails_at=number):
            answer = command("run", "dcgan", "--name", "it", *SMALL, *PACE)
        run = command.runs / "it"
        assert not list(command.runs.rglob(".part-*")) and not list(command.runs.glob(".starting-*"))
        if answer.code:
            *_, said = answer.err.strip().splitlines()
            assert answer.code == 2 and "the disk is full" in said and "Traceback" not in answer.err, (
                number,
                answer.err,
            )
        again = ("resume", "it", "--rounds", 4) if run.exists() else ("run", "dcgan", "--name", "it", *SMALL, *PACE)
        done = command(*again)
        assert done.code == 0 or "is finished" in done.err, (number, done.err)
        assert ending(run) == whole, number
        shutil.rmtree(command.runs)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Files cannot grow beyond that many bytes, SQLite's too: a write fails in its middle, as on a small disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)


@pytest.mark.slow
def test_a_session_on_a_disk_that_fills_goes_on_where_it_was(tmp_path: Path) -> None:
    """The database grows as it is bred, so it meets its limit at one pick after another."""
    recipe, picks = "blind-watchmaker", tmp_path / "x.picks"

    def play(command: CommandLine) -> Any:
        run = command.runs / "it"
        picks.write_text(script(recipe, run))
        words = ("resume", "it") if run.exists() else ("run", *small(recipe), "--name", "it")
        return command(*words, "--picks", picks)

    whole = CommandLine(tmp_path / "whole")
    assert play(whole).code == 0
    size = (whole.runs / "it" / "session.db").stat().st_size
    recorded = set()
    for limit in range(4096, size, size // 10):
        command = CommandLine(tmp_path / f"{limit}")
        with files_up_to(limit):
            answer = play(command)
        assert answer.code == 2 and "ree some space" in answer.err and "Traceback" not in answer.err, answer.err
        recorded.add(events(command.runs / "it"))
        assert play(command).code == 0
        assert differing(session(command.runs / "it"), session(whole.runs / "it")) == [], limit
    assert len(recorded) > 4


def test_a_run_on_a_disk_that_fills_keeps_its_last_checkpoint(tmp_path: Path) -> None:
    command = CommandLine(tmp_path / "runs")
    run = command.play("it", *PACE)
    whole = ending(run)
    with files_up_to(8192):
        assert "the disk is full" in command.refuses("resume", "it", "--rounds", 6)
    assert RunFolder(run).load()[0].position[0] == 4 and ending(run).items() >= whole.items()
    assert command("resume", "it", "--rounds", 6).code == 0


def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    command = CommandLine(tmp_path / "runs")
    run = command.play("it", *PACE)
    with failing_disk(why=errno.EROFS):
        assert "cannot be written to; choose another with --runs-dir" in command.refuses("resume", "it", "--rounds", 6)
        assert "cannot be written to" in command.refuses("run", "dcgan", *SMALL, "--rounds", 1)
    assert [one.name for one in RunFolder.all(command.runs)] == [run.name]


@pytest.mark.parametrize(("why", "said"), [(errno.EROFS, "give another path"), (errno.ENOSPC, "free some space, or")])
def test_a_file_that_cannot_be_written_is_given_another_path(why: int, said: str, tmp_path: Path) -> None:
    command = CommandLine(tmp_path / "runs")
    command.play("it", *PACE)
    with failing_disk(why=why, fails_at=-1 if why == errno.EROFS else 1):
        answer = command.refuses("sample", "it", "-n", 4, "-o", tmp_path / "x.png")
    assert said in answer and "resume" not in answer and "--runs-dir" not in answer


@pytest.mark.parametrize("part", ["checkpoints", "sheets", "."])
def test_a_folder_that_vanishes_while_the_run_is_played(part: str, tmp_path: Path) -> None:
    from coevo.errors import StoreError
    from coevo.runs.run import Run

    command = CommandLine(tmp_path / "runs")
    folder = command.play("it", *PACE)
    run = Run.resume(RunFolder(folder), rounds=8)
    with pytest.raises(StoreError, match="Could not write"), run:
        for turn in run.turns():
            if turn.next.round == 5:
                shutil.rmtree(folder / part, ignore_errors=True)


def test_a_slow_disk_changes_nothing(tmp_path: Path) -> None:
    command = CommandLine(tmp_path / "runs")
    fast = ending(command.play("fast", *PACE))
    with failing_disk(wait=0.02):
        slow = ending(command.play("slow", *PACE))
    same = [name for name in fast if not name.endswith(".png")]  # a sheet carries the name of its run
    assert [name for name in same if fast[name] != slow[name]] == []
