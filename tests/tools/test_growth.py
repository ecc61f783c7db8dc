"""Films of growth: which steps they show, what damage erases, and who can be filmed."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CommandLine
from PIL import Image

from coevo.tools.growth import erased, shown

TINY = ("-o", "artist.channels=6", "-o", "artist.hidden=8", "-o", "artist.min_steps=3", "-o", "artist.max_steps=5")


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line with a run named `flower`, of which only seeds grew yet: black cells on white."""
    command = CommandLine(tmp_path_factory.mktemp("growing") / "runs")
    pooled = ("-o", "artist.pool=8", "--size", 16, "--batch", 4)
    answer = command("run", "growing-nca", "--name", "flower", *TINY, *pooled, "--rounds", 2)
    assert answer.code == 0, answer.err
    return command


def test_a_film_shows_its_first_and_last_step_and_the_damage() -> None:
    steps = shown(200, 12, {100})
    assert steps[0] == 0 and steps[-1] == 200 and 100 in steps and len(steps) <= 13
    assert shown(5, 150, set()) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("damage", ["left", "right", "top", "bottom"])
def test_half_of_a_picture_is_erased(damage: str) -> None:
    assert erased(damage, 16, 16).float().mean() == 1 / 2


def test_two_halves_are_the_whole_picture() -> None:
    assert (erased("left", 9, 9) ^ erased("right", 9, 9)).all() and (erased("top", 9, 9) ^ erased("bottom", 9, 9)).all()


def test_a_film_is_of_a_row_of_works_or_a_sheet_of_rows(growing: CommandLine, tmp_path: Path) -> None:
    film, sheet = tmp_path / "film.gif", tmp_path / "sheet.png"
    answer = growing("grow", "flower", "-n", 2, "--steps", 6, "--damage", "middle", "-o", film)
    assert answer.code == 0 and "2 works, 6 steps of growth" in answer.out
    with Image.open(film) as frames:
        assert frames.n_frames == 2  # those that look alike are one: the seed, and nothing
    assert growing("grow", "flower", "-n", 2, "--steps", 6, "-o", sheet).code == 0
    with Image.open(sheet) as picture:
        assert picture.width > 2 * picture.height
    assert "should end with .png or .gif or .webp or .apng or .mp4" in growing.refuses(
        "grow", "flower", "-o", tmp_path / "film.avi"
    )
    assert "--damage should be one of none, left" in growing.refuses("grow", "flower", "--damage", "all", "-o", film)


def test_only_artists_that_grow_their_works_are_filmed(played: CommandLine, tmp_path: Path) -> None:
    said = played.refuses("grow", "small", "-o", tmp_path / "film.gif")
    assert "Artist 'dcgan' of run 'small' does not grow its works" in said and not (tmp_path / "film.gif").exists()
