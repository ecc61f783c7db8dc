"""Logs that can be cut back to where a checkpoint found them."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from coevo.errors import StoreError
from coevo.storage.jsonl import Log, log_problem, read_log

ROWS = [{"round": number, "loss": number / 2} for number in range(4)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = Log(tmp_path / "log.jsonl")
    for row in ROWS:
        log.append(row)
    log.close()
    return tmp_path / "log.jsonl"


def test_rows_come_back(path: Path) -> None:
    assert read_log(path) == ROWS
    assert read_log(path.with_name("nowhere.jsonl")) == []


def test_a_log_is_cut_back_and_goes_on(path: Path) -> None:
    length = len(b'{"round": 0, "loss": 0.0}\n{"round": 1, "loss": 0.5}\n')
    log = Log(path, length)
    assert log.length == length
    log.append({"round": 9})
    assert log.crc == zlib.crc32(path.read_bytes())
    assert log.close() == path.stat().st_size
    assert read_log(path) == [*ROWS[:2], {"round": 9}]


def test_a_line_that_a_kill_cut_short_is_left_out(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"round": 4, "lo')
    assert read_log(path) == ROWS
    log = Log(path)
    log.append({"round": 5})
    log.close()
    assert read_log(path) == [*ROWS, {"round": 5}]


def test_damaged_rows_and_those_without_numbers_are_left_out(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'no json\n[1]\n{"round": "x"}\n{"round": -1}\n{"round": NaN}\n')
        file.write(b'{"round": Infinity}\n{"loss": 1}\n{"round": 0}\n')
    assert read_log(path, "round") == [*ROWS, {"round": 0}]
    assert read_log(path, "round", "loss") == ROWS


def test_a_log_that_was_changed_is_said(path: Path) -> None:
    content = path.read_bytes()
    length, crc = len(content) // 2, zlib.crc32(content[: len(content) // 2])
    assert log_problem(path, length, crc) == ""
    assert log_problem(path, length, None) == "" and log_problem(path, 0, 5) == "" and log_problem(path, None, 5) == ""
    path.write_bytes(b"x" + content[1:])
    assert "was changed since the checkpoint" in log_problem(path, length, crc)
    path.unlink()
    assert "cannot be read" in log_problem(path, length, crc)


def test_a_folder_in_the_place_of_a_log_is_said(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(StoreError, match=r"Could not write .*log\.jsonl"):
        Log(tmp_path / "log.jsonl")
