"""Observers show and keep what a run makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from torch import Tensor

import coevo
from coevo.images.sheets import contact_sheet


def test_a_sheet_of_a_large_population_compares_and_shows_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(images: Tensor, caption: str = "") -> object:
        sheets.append((len(images), caption))
        return contact_sheet(images, caption=caption)

    sheets = list[tuple[int, str]]()
    monkeypatch.setattr("coevo.runs.observers.contact_sheet", seen)
    size = {"data": {"size": 16}, "artist": {"population": 300}}
    coevo.run("gp-dcnn", rounds=1, batch=300, runs_dir=tmp_path, options=size)
    shown, caption = sheets[0]
    assert 1 < shown <= 256
    assert re.fullmatch(rf"{shown} of the first 256 of 300 works: twins and empty works are left out\.", caption)
