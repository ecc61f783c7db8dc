"""Networks of a run as files of ONNX and of torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CommandLine

import coevo

ONNX = pytest.mark.skipif(
    any(__import__("importlib.util").util.find_spec(name) is None for name in ("onnxscript", "onnxruntime")),
    reason="coevo[onnx] is not installed",
)


def test_a_generator_as_pt2_makes_the_same_images(played: CommandLine, tmp_path: Path) -> None:
    answer = played("export", "small", "-o", tmp_path / "g.pt2")
    assert answer.code == 0, answer.err
    assert "The generator is" in answer.out and "codes [N, 8] → images [N, 1, 16, 16], within" in answer.out
    works = coevo.load("small", played.runs).artist.exhibit(5, seed=3)
    made = torch.export.load(tmp_path / "g.pt2").module()(works.codes)
    torch.testing.assert_close(made, works.pixels, atol=1e-5, rtol=1e-5)


@ONNX
@pytest.mark.slow
@pytest.mark.parametrize("part", ["generator", "encoder", "critic"])
def test_onnx_computes_the_same_for_any_number_of_works(part: str, coevo_command: CommandLine, tmp_path: Path) -> None:
    import onnxruntime

    options = {"data": {"size": 16}, "artist": {"judged": "both", "latent": 8}, "critic": {"width": 4}}
    pair = {"artist": "vae", "critic": "dcnn"}
    coevo.run(**pair, name="it", batch=8, rounds=3, runs_dir=coevo_command.runs, options=options)
    assert coevo_command("export", "it", "--part", part, "-o", tmp_path / "it.onnx").code == 0
    session = onnxruntime.InferenceSession(tmp_path / "it.onnx")
    artist = coevo.load("it", coevo_command.runs).artist
    (given,) = session.get_inputs()
    for n in (1, 9):
        works = artist.exhibit(n, seed=n)
        value = works.codes if given.name == "codes" else works.pixels
        (found,) = session.run(None, {given.name: value.numpy()})
        if part == "generator":
            assert np.abs(found - works.pixels.numpy()).max() < 1e-5
        elif part == "encoder":
            assert np.abs(found - artist.encode(works).numpy()).max() < 1e-5
        else:
            assert found.shape == (n,) and np.isfinite(found).all()


def test_what_cannot_be_exported_is_refused(coevo_command: CommandLine, played: CommandLine, tmp_path: Path) -> None:
    assert "Artist 'dcgan' has no encoder." in played.refuses(
        "export", "small", "--part", "encoder", "-o", tmp_path / "e.pt2"
    )
    play = ("run", "gp-dcnn", "--size", 16, "--batch", 8, "--rounds", 1, "--name", "it")
    assert coevo_command(*play, "-o", "artist.population=8", "-o", "artist.elites=1").code == 0
    said = coevo_command.refuses("export", "it", "-o", tmp_path / "g.pt2")
    assert "Artist 'gp' has no network that decodes codes, so there is no generator." in said
    assert not list(tmp_path.glob("*.pt2"))
