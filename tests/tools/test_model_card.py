"""A run as a folder for a model hub, which is a run again."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

import coevo
from coevo.errors import ConfigError, StoreError
from coevo.storage.run_folder import RunFolder
from coevo.tools.model_card import read_figures, write_model

SMALL = {"artist": {"width": 8}, "critic": {"width": 8}, "run": {"threads": 1}}


@pytest.fixture
def run(tmp_path: Path) -> coevo.Run:
    pictures = np.random.default_rng(0).integers(0, 256, (40, 16, 16), dtype=np.uint8)
    np.savez(tmp_path / "secret.npz", images=pictures)
    options = {**SMALL, "data": {"name": str(tmp_path / "secret.npz"), "size": 16}}
    return coevo.run("dcgan", runs_dir=tmp_path / "runs", name="one", rounds=3, batch=8, options=options)


def test_the_model_gives_the_same_works_and_goes_on(run: coevo.Run, tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "digits-gan"
    write_model(run.store, folder, {}, "mit")
    again = coevo.load(folder)
    assert torch.equal(again.artist.exhibit(8, 1).pixels, run.artist.exhibit(8, 1).pixels)
    assert not again.problems
    further = coevo.run(
        "dcgan", runs_dir=tmp_path / "runs", rounds=1, batch=8, data=tmp_path / "secret.npz",
        options={**SMALL, "data": {"size": 16}, "run": {"start": str(folder), "threads": 1}},
    )  # fmt: skip
    assert further.round == 1


def test_it_holds_no_code_and_no_place_of_this_machine(run: coevo.Run, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write_model(run.store, folder, {}, None)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    kinds = {path.rpartition(".")[2] for path in files}
    assert kinds <= {"md", "toml", "json", "jsonl", "safetensors", "png", "checkpoints/latest"}
    for path in folder.rglob("*"):
        assert not path.is_file() or str(tmp_path).encode() not in path.read_bytes(), path
    assert tomllib.loads((folder / "config.toml").read_text())["data"]["name"] == "secret.npz"


def test_the_card_has_front_matter_figures_and_a_picture(run: coevo.Run, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (tmp_path / "figures.json").write_text('{"kid": 0.25, "made": 100, "class_shares": {"1": 0.5}}')
    write_model(run.store, folder, read_figures(tmp_path / "figures.json"), "cc-by-4.0")
    card = (folder / "README.md").read_text()
    _, matter, text = card.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in matter.splitlines())
    assert {key: json.loads(value) for key, value in fields.items()}["license"] == "cc-by-4.0"
    assert "dcgan" in json.loads(fields["tags"])
    assert "| kid | 0.25 |" in text and "class_shares" not in text
    assert "![Works](works.png)" in text and (folder / "works.png").is_file()
    assert re.search(r"by the artist `dcgan` that learned before the critic `dcnn` on `secret.npz`: 3 rounds", text)
    assert "round 0" not in text


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_what_are_no_figures_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text(content)
    with pytest.raises(StoreError, match="coevo evaluate --json"):
        read_figures(tmp_path / "figures.json")


def test_a_folder_with_files_and_a_session_are_refused(run: coevo.Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="already exists and has files"):
        write_model(run.store, tmp_path, {}, None)
    assert RunFolder.open("one", tmp_path / "runs").names()
