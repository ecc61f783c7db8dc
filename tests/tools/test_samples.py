"""`coevo sample --truncation`: codes near the middle of their prior, and sheets over several truncations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import CommandLine
from PIL import Image

from coevo.images.files import read_origin


def sampled(command: CommandLine, folder: Path, *words: object) -> np.ndarray:
    answer = command("sample", "small", "-n", 40, "--seed", 5, *words, "-o", folder / "x.npy")
    assert answer.code == 0, answer.err
    return np.load(folder / "x.npy").astype(float)


def test_truncation_narrows_the_spread_of_works(played: CommandLine, tmp_path: Path) -> None:
    spreads = [
        sampled(played, tmp_path, *words).std(0).mean()
        for words in ((), ("--truncation", 1), ("--truncation", 0.5), ("--truncation", 0.01))
    ]
    assert spreads == sorted(spreads, reverse=True) and spreads[3] < 0.1 * spreads[0]


def test_a_far_truncation_gives_the_works_that_there_are_without(played: CommandLine, tmp_path: Path) -> None:
    assert np.abs(sampled(played, tmp_path) - sampled(played, tmp_path, "--truncation", 50)).max() <= 1


def test_every_picture_carries_its_truncated_code(played: CommandLine, tmp_path: Path) -> None:
    played("sample", "small", "-n", 2, "--truncation", 0.5, "-o", tmp_path / "few/")
    codes = read_origin(tmp_path / "few" / "000000.png").works.latents
    assert codes.abs().max() <= 0.5


def test_several_truncations_are_rows_of_a_sheet(played: CommandLine, tmp_path: Path) -> None:
    answer = played("sample", "small", "-n", 13, "--truncation", "2,1,0.5", "-o", tmp_path / "rows.png")
    assert answer.code == 0 and answer.out.startswith("12 works in")
    with Image.open(tmp_path / "rows.png") as sheet:
        assert "2,1,0.5" in sheet.info["coevo"]
        assert sheet.width > sheet.height


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--truncation", "x", "-o", "x.png"), "--truncation is a number above 0"),
        (("--truncation", "1,-2", "-o", "x.png"), "--truncation is a number above 0"),
        (("--truncation", "nan", "-o", "x.png"), "--truncation is a number above 0"),
        (("--truncation", "2,1", "-o", "x.npy"), "should end with .png"),
    ],
)
def test_what_cannot_be_truncated_is_refused(played: CommandLine, words: tuple[str, ...], said: str) -> None:
    assert said in played.refuses("sample", "small", *words)


def test_artists_without_gaussian_codes_are_refused(coevo_command: CommandLine, tmp_path: Path) -> None:
    small = ("--rounds", 1, "--size", 16)
    coevo_command("run", "gan", "--name", "flat", "-o", "artist.width=8", "--batch", 4, *small)
    said = coevo_command.refuses("sample", "flat", "--truncation", 1, "-o", tmp_path / "x.png")
    assert "narrows Gaussian codes, and of artist 'mlp' z is uniform" in said
    coevo_command(
        "run", "--artist", "gp", "--critic", "rbm", "--name", "programs", "-o", "artist.population=12", *small
    )
    said = coevo_command.refuses("sample", "programs", "--truncation", 1, "-o", tmp_path / "x.png")
    assert "decodes no works of codes that it draws" in said
