"""The sheets of a run as a film."""

from __future__ import annotations

from pathlib import Path

from conftest import CommandLine
from PIL import Image


def test_the_sheets_of_a_run_are_a_film(coevo_command: CommandLine, tmp_path: Path) -> None:
    run = coevo_command.play("small", "--rounds", 4, "-o", "run.sheet_every=2", "-o", "artist.ema=0")
    film = tmp_path / "it.gif"
    assert f"3 sheets of the run in {film}" in coevo_command("film", "small", "--width", 200, "-o", film).out
    with Image.open(film) as frames:
        assert 2 <= frames.n_frames <= 3 and frames.width == 200  # frames that are alike are one
    (run / "sheets" / "00000002.png").write_bytes(b"broken")
    assert "00000002.png cannot be read" in coevo_command.refuses("film", "small", "-o", film)
    for path in (run / "sheets").glob("*.png"):
        path.unlink()
    assert "has 0 contact sheets, and a film needs two or more" in coevo_command.refuses("film", "small", "-o", film)
    assert "should end with .gif" in coevo_command.refuses("film", "small", "-o", tmp_path / "it.png")
