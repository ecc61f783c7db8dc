"""A run of each family opens, samples and shows after its dataset has been deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import CommandLine
from PIL import Image

import coevo

TINY = ("--size", 16, "--batch", 8, "--rounds", 1)
NETWORKS = ("-o", "artist.width=4", "-o", "critic.width=4")
EVOLVED = ("-o", "artist.population=8", "-o", "artist.elites=2", "-o", "critic.width=4")
FAMILIES = {
    "dcgan": (*TINY, *NETWORKS),
    "cgan": (*TINY, *NETWORKS),
    "infogan": (*TINY, *NETWORKS),
    "vae": (*TINY, "-o", "artist.hidden=[8]"),
    "aae-semi-supervised": (*TINY, "-o", "data.labelled=6"),
    "alae": (*TINY, "-o", "artist.hidden=[8]"),
    "cppn-dcnn": (*TINY, *EVOLVED),
    "gp-dcnn": (*TINY, *EVOLVED),
    "evolved-art": (*TINY, "--channels", 1, *EVOLVED[:4], "-o", "phases.critic.steps=1", "-o", "phases.artist.steps=1"),
}


BRED = ("--artist", "dcgan", "--critic", "human", "--from", "dcgan", "--name", "bred", "--batch", 6)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line with a run of each family, and one that is bred, whose pictures are not there any more."""
    command = CommandLine(tmp_path_factory.mktemp("lost") / "runs")
    pictures = command.runs.parent / "pictures"
    rng = np.random.default_rng(0)
    for number in range(60):
        path = pictures / "abc"[number % 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16), np.uint8)).save(path)
    for recipe, words in FAMILIES.items():
        answer = command("run", recipe, "--name", recipe, "--data", pictures, *words)
        assert answer.code == 0, (recipe, answer.err)
    picks = command.runs.parent / "it.picks"
    picks.write_text("1 2\n3\nq\n")
    answer = command("run", *BRED, "--picks", picks)
    assert answer.code == 0, answer.err
    shutil.rmtree(pictures)
    return command


@pytest.mark.slow
@pytest.mark.parametrize("run", [*FAMILIES, "bred"])
def test_a_run_opens_samples_and_shows_without_its_dataset(run: str, command: CommandLine, tmp_path: Path) -> None:
    works = coevo.load(run, command.runs).artist.exhibit(3, seed=1)
    assert works.images is not None and works.images.shape == (3, 1, 16, 16)
    for words in (("sample", run, "-n", 4, "-o", tmp_path / "x.png"), ("show", run)):
        answer = command(*words)
        assert answer.code == 0, answer.err
