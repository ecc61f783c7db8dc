"""`coevo doctor`: a sound installation has nothing to do, and every fault is named with what to do about it."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from conftest import CommandLine

from coevo import native
from coevo.cli import doctor
from coevo.plugin.registry import Registry


def test_a_sound_installation_has_nothing_to_do(coevo_command: CommandLine) -> None:
    answer = coevo_command("doctor")
    assert answer.code == 0, answer.out
    assert "machine code  built" in answer.out and answer.out.endswith("Nothing is wrong.\n")


def test_a_folder_that_cannot_be_written_to(coevo_command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = coevo_command("doctor", "--runs-dir", tmp_path / "file" / "runs")
    assert answer.code == 1
    assert "name another folder with --runs-dir" in " ".join(answer.out.split()) and "1 problem." in answer.out


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 2**20}))
    assert (
        doctor.folder("runs", tmp_path, "move").advice
        == f"There is little room in {tmp_path}; free some space, or move."
    )


def test_without_machine_code_it_says_what_that_costs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native, "native", lambda: None)
    monkeypatch.setattr(native, "SOURCES", tmp_path)
    finding = doctor.machine_code()
    assert "many times slower" in finding.found and "Install a C compiler" in finding.advice
    (tmp_path / "native.so").touch()
    assert doctor.machine_code().advice == "Install coevo again."


def test_a_broken_plugin_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "registry", lambda: Registry([EntryPoint("odd", "coevo_that_is_not_there", "coevo")]))
    finding = doctor.plugins()
    assert "odd cannot be used" in finding.found and "coevo plugins" in finding.advice


def test_a_plugin_of_which_a_part_fails_is_named_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, coevo_command: CommandLine
) -> None:
    (tmp_path / "coevo_sky.py").write_text("from coevo import hookimpl\n\n@hookimpl\ndef coevo_artist(): return []\n")
    monkeypatch.syspath_prepend(tmp_path)
    sky = Registry([EntryPoint("sky", "coevo_sky", "coevo")])
    monkeypatch.setattr(doctor, "registry", lambda: sky)
    answer = coevo_command("doctor")
    assert answer.code == 1 and "2 plugins; a part of sky fails, is slow or deprecated" in answer.out
    assert "`coevo plugins` says what is wrong." in answer.out


def test_findings_as_json(coevo_command: CommandLine) -> None:
    rows = json.loads(coevo_command("doctor", "--json").out)
    assert [row["what"] for row in rows][:3] == ["coevo", "packages", "machine code"]
    assert all(row.keys() == {"what", "found", "advice"} for row in rows)
