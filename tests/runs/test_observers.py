"""Observers show and keep what a run makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from torch import Tensor

import coevo
from coevo.images.sheets import contact_sheet
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder


def test_a_sheet_of_a_large_population_compares_and_shows_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(images: Tensor, columns: int | None = None, caption: str = "") -> object:
        sheets.append((len(images), caption))
        return contact_sheet(images, caption=caption)

    sheets = list[tuple[int, str]]()
    monkeypatch.setattr("coevo.runs.observers.contact_sheet", seen)
    size = {"data": {"size": 16}, "artist": {"population": 300}}
    coevo.run("gp-dcnn", rounds=1, batch=300, runs_dir=tmp_path, options=size)
    shown, caption = sheets[0]
    assert 1 < shown <= 256
    assert re.fullmatch(rf"{shown} of the first 256 of 300 works: twins and empty works are left out\.", caption)


def test_a_run_that_stops_within_a_round_leaves_the_sheet_of_its_beginning(tmp_path: Path) -> None:
    steps = {"data": {"size": 16}, "phases": {"artist": {"steps": 4}}, "artist": {"population": 8, "elites": 1}}
    coevo.run("gp-dcnn", name="it", rounds=2, batch=8, runs_dir=tmp_path, options=steps)
    sheet = tmp_path / "it" / "sheets" / "00000002.png"
    drawn = sheet.read_bytes()
    with Run.resume(RunFolder(tmp_path / "it"), rounds=4) as run:
        for turn in run.turns():
            run.stopping = turn.next.step == 2 and turn.role == "artist"
        assert turn.next == (2, 1, 3) and run.sheet == sheet
    assert sheet.read_bytes() == drawn


def test_the_best_of_one_metric_is_not_compared_with_that_of_another(tmp_path: Path) -> None:
    """The rounds themselves are a metric that always rises."""
    small = {"artist": {"width": 4}, "critic": {"width": 4}, "data": {"size": 16}}
    options = {**small, "run": {"best": "max:round", "log_every": 1, "save_every": 1}}
    store = coevo.run("dcgan", name="it", rounds=2, batch=8, runs_dir=tmp_path, options=options).store
    assert store.pointed("best") == "00000002"
    coevo.resume("it", rounds=3, best="min:round", runs_dir=tmp_path)
    assert store.pointed("best") == "00000003"  # of its metric the best so far
    coevo.resume("it", rounds=4, best="min:round", runs_dir=tmp_path)
    assert store.pointed("best") == "00000003"
