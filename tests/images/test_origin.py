"""PNGs and SVGs that carry the origin of the work that they show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image, PngImagePlugin

from coevo import Genome, Works
from coevo.errors import DataError
from coevo.images.files import read_origin
from coevo.images.origin import describe
from coevo.images.png import save_png
from coevo.storage.run_folder import FORMAT


def test_a_picture_carries_its_genome_and_code_exactly(tmp_path: Path) -> None:
    codes = torch.randn(1, 5)
    works = Works(codes=codes, genomes=(Genome("7", ("3", "run-1/4"), "sin(x)"),))
    about = {"artist": "gp", "run": "run-2", "options": {"width": 3}, "channels": 3}
    save_png(tmp_path / "x.png", Image.new("RGB", (8, 8)), about | describe(works, 0))
    origin = read_origin(tmp_path / "x.png")
    assert (origin.artist, origin.run, origin.options, origin.channels) == ("gp", "run-2", {"width": 3}, 3)
    assert torch.equal(origin.works.latents, codes)
    assert origin.works.individuals == (Genome("run-2/7", ("3", "run-1/4"), "sin(x)"),)


def test_it_carries_the_format_of_its_options(tmp_path: Path) -> None:
    save_png(tmp_path / "new.png", Image.new("L", (8, 8)), {"artist": "gp", "code": [0.0]})
    info = PngImagePlugin.PngInfo()
    info.add_text("coevo", json.dumps({"artist": "gp", "code": [0.0]}))
    Image.new("L", (8, 8)).save(tmp_path / "old.png", pnginfo=info)
    assert read_origin(tmp_path / "new.png").format == FORMAT
    assert read_origin(tmp_path / "old.png").format == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "carries no genome or code"),
        ("{}", "carries no genome or code"),
        ("[", "cannot read"),
        ('{"genome": "x"}', "cannot read"),
        ('{"artist": "gp", "code": ["x"]}', "cannot read"),
    ],
)
def test_other_pictures_are_refused(tmp_path: Path, text: str | None, message: str) -> None:
    info = PngImagePlugin.PngInfo()
    if text is not None:
        info.add_text("coevo", text)
    Image.new("L", (8, 8)).save(tmp_path / "x.png", pnginfo=info)
    with pytest.raises(DataError, match=message):
        read_origin(tmp_path / "x.png")


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("no picture")
    with pytest.raises(DataError, match=r"x\.png cannot be read as a picture: it should be a PNG\.$"):
        read_origin(tmp_path / "x.png")


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.png cannot be read as a picture: no such file or directory\.$"):
        read_origin(tmp_path / "x.png")
