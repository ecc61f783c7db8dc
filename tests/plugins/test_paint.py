"""Painting label maps in the terminal: what is kept, and the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import CommandLine
from PIL import Image, PngImagePlugin
from textual.pilot import Pilot

from coevo.errors import ConfigError, DataError
from coevo.images.png import png_text
from coevo.interactive.painting import Painting
from coevo.storage.run_folder import RunFolder
from coevo.tools.paint import Painter, Style
from coevo_human.terminal.canvas import MapCanvas
from coevo_human.terminal.painting import PaintingApp, Swatch

SMALL = ("--size", 32, "--batch", 4, "--rounds", 1, "-o", "artist.width=4", "-o", "critic.width=4")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A run with styles, one without, and one that is given no map."""
    command = CommandLine(tmp_path_factory.mktemp("runs"))
    for recipe, *options in (["gaugan", *SMALL], ["pix2pix", *SMALL]):
        answer = command("run", recipe, "--name", recipe, *options)
        assert answer.code == 0, answer.err
    command.play("plain", "--rounds", 1)
    return command


@pytest.fixture(scope="module")
def painter(runs: CommandLine) -> Painter:
    return Painter(RunFolder.open("gaugan", runs.runs))


def landscape(painter: Painter) -> np.ndarray:
    numbers = painter.blank()
    numbers[16:] = 2
    return numbers


def test_a_picture_carries_its_map_and_its_style(painter: Painter, tmp_path: Path) -> None:
    numbers = landscape(painter)
    painter.save(numbers, Style(7), tmp_path / "it.png")
    read, style = painter.read(tmp_path / "it.png")
    assert (read == numbers).all() and style == Style(7)
    with Image.open(tmp_path / "it.png") as picture:
        assert picture.size == (32, 32)
    again = painter.style_of(tmp_path / "it.png")
    painter.save(numbers, again, tmp_path / "styled.png")
    assert painter.read(tmp_path / "styled.png")[1] == again
    one, other = (np.asarray(painter.picture(numbers, style)) for style in (again, Style(7)))
    assert (one != other).any()
    assert (np.asarray(painter.picture(numbers, Style(7))) == np.asarray(painter.picture(numbers, Style(7)))).all()


def test_a_label_map_in_colours_can_be_painted_on(painter: Painter, tmp_path: Path) -> None:
    numbers = landscape(painter)
    painter.map_picture(numbers).save(tmp_path / "map.png")
    assert (painter.read(tmp_path / "map.png")[0] == numbers).all()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('{"map": {"size": [32, 32], "numbers": "AAAA"}}', "carries a label map that cannot be read"),
        ('{"map": {"size": [9, 9], "numbers": ""}}', r"a map of 9 × 9 px, and run 'gaugan' has \(32, 32\)"),
        ('{"map": 3}', "carries a label map that cannot be read"),
        ('{"map"', "carries a label map that cannot be read"),
    ],
)
def test_a_broken_map_is_refused(painter: Painter, tmp_path: Path, said: str, problem: str) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("coevo", said)
    Image.new("RGB", (32, 32)).save(tmp_path / "it.png", pnginfo=info)
    with pytest.raises(DataError, match=problem):
        painter.read(tmp_path / "it.png")


def test_artists_without_styles_paint_by_a_seed(runs: CommandLine, tmp_path: Path) -> None:
    painter = Painter(RunFolder.open("pix2pix", runs.runs))
    painter.save(painter.blank(), Style(3), tmp_path / "it.png")
    assert painter.read(tmp_path / "it.png")[1] == Style(3)
    with pytest.raises(ConfigError, match="has no styles of pictures"):
        painter.style_of(tmp_path / "it.png")


def test_what_cannot_be_painted_is_refused(runs: CommandLine, tmp_path: Path) -> None:
    assert "artist 'dcgan' is given nothing, no label maps" in runs.refuses("paint", "plain")
    assert "There is no terminal" in runs.refuses("paint", "gaugan")
    assert "A picture has one style" in runs.refuses("paint", "gaugan", "--seed", 1, "--style", tmp_path / "no.png")
    assert "cannot be read" in runs.refuses("paint", "gaugan", "--from", tmp_path / "no.png")


# the screen


def drive(
    painter: Painter, script: Callable[[PaintingApp, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (100, 30)
) -> PaintingApp:
    app = PaintingApp(painter, Painting(painter.blank(), len(painter.regions)), Style())

    async def play() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await script(app, pilot)

    asyncio.run(play())
    return app


def test_a_map_is_painted_by_keys_alone(painter: Painter) -> None:
    async def script(app: PaintingApp, pilot: Pilot[None]) -> None:
        await pilot.press("3", "right_square_bracket", "space", "shift+right", "enter", "down", "down", "enter")
        assert (app.painting.numbers == 2).any()
        await pilot.press("e", "shift+down", "shift+down", "2", "f")
        assert (app.painting.numbers == 1).sum() > 500
        before = app.painting.numbers.copy()
        await pilot.press("c", "u")
        assert (app.painting.numbers == before).all()
        await pilot.press("x")
        assert app.style == Style(1)

    app = drive(painter, script)
    numbers, style = painter.kept() or (None, None)
    assert style == Style(1) and (numbers == app.painting.numbers).all()


def test_a_map_is_painted_by_the_mouse(painter: Painter) -> None:
    async def script(app: PaintingApp, pilot: Pilot[None]) -> None:
        canvas = app.query_one("#map", MapCanvas)
        middle = canvas.size.width // 2, canvas.size.height // 2
        await pilot.click(list(app.query(Swatch))[4])
        assert app.region == 4
        await pilot.mouse_down("#map", offset=middle)
        await pilot.hover("#map", offset=(middle[0] + 8, middle[1]))
        await pilot.mouse_up("#map", offset=(middle[0] + 8, middle[1]))
        await pilot.pause()
        painted = app.painting.numbers == 4
        assert painted.any(0).sum() > painted.any(1).sum()  # a stroke from left to right
        await pilot.press("u")
        assert not app.painting.numbers.any()

    drive(painter, script)


def test_a_picture_is_saved_where_the_person_says(painter: Painter, tmp_path: Path) -> None:
    async def script(app: PaintingApp, pilot: Pilot[None]) -> None:
        await pilot.press("3", "space", "s")
        await pilot.pause()
        app.screen.query_one("Input").value = str(tmp_path / "it.txt")  # type: ignore[attr-defined]
        await pilot.press("enter")
        assert not (tmp_path / "it.txt").exists()
        app.screen.query_one("Input").value = str(tmp_path / "it.png")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await pilot.pause()

    app = drive(painter, script)
    assert (painter.read(tmp_path / "it.png")[0] == app.painting.numbers).all()
    assert "gaugan" in (png_text(tmp_path / "it.png") or "")


@pytest.mark.parametrize("size", [(40, 14), (80, 24), (200, 60)])
def test_every_pixel_of_the_map_is_somewhere_on_the_screen(painter: Painter, size: tuple[int, int]) -> None:
    async def script(app: PaintingApp, pilot: Pilot[None]) -> None:
        canvas = app.query_one("#map", MapCanvas)
        cells = [canvas.pixel_at(x, y) for x in range(canvas.size.width) for y in range(canvas.size.height)]
        found = {cell for cell in cells if cell}
        assert all(0 <= x < 32 and 0 <= y < 32 for x, y in found)
        assert len({x for x, _ in found}) >= min(32, canvas.size.width) // 2

    drive(painter, script, size)
