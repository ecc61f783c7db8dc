"""The session on the screen: through Textual's pilot, and in a real terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from threading import current_thread
from typing import Any

import numpy as np
import pytest
from conftest import CommandLine
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from rich.color import Color, ColorSystem
from rich.style import Style
from textual.pilot import Pilot
from textual.strip import Strip
from torch import Tensor

from coevo.contract.works import Works
from coevo.interactive.commands import Command
from coevo.interactive.session_db import FILE, SessionDB
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder
from coevo_human.human import Human
from coevo_human.terminal.app import ROWS, BreedingApp, layout
from coevo_human.terminal.pictures import QUARTERS, blocks, fit, style_of

SNAPSHOTS = Path(__file__).parent / "snapshots"


class OnScreen(UI):
    """The terminal's UI without a terminal: a test drives its app."""

    def __init__(self) -> None:
        self.app = BreedingApp()

    def ask(self, sheet: Sheet) -> Command:
        return self.app.ask(sheet)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A new session with biomorphs, not yet playing."""
    command = CommandLine(tmp_path / "runs")
    (tmp_path / "none").write_text("q")
    answer = command("run", "blind-watchmaker", "--size", 32, "--name", "bw", "--picks", tmp_path / "none")
    assert answer.code == 0, answer.err
    run = Run.resume(RunFolder.open("bw", tmp_path / "runs"))
    yield run
    run.close()


def drive(run: Run, script: Callable[[BreedingApp, Pilot[None]], Awaitable[None]], size: tuple[int, int]) -> None:
    """Play a run on a screen of a size, with a person who follows the script and then leaves."""
    ui = OnScreen()
    run.critic.ui = ui
    app = ui.app
    app.play = lambda: deque(run.turns(), maxlen=0) and None

    async def play() -> None:
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            await script(app, pilot)
            if app.is_running:
                await pilot.press("q")
                await gone(app)

    try:
        asyncio.run(play())
    finally:
        app.finish()


async def settled(app: BreedingApp, pilot: Pilot[None]) -> None:
    """Wait until the players wait for a person."""
    for _ in range(500):
        await pilot.pause(0.01)
        if app.sheet is not None and not app.busy:
            await pilot.pause()
            return
    raise AssertionError("no sheet came")


async def gone(app: BreedingApp) -> None:
    for _ in range(500):
        if not app.players.is_alive():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the players did not leave")


async def press(app: BreedingApp, pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


def text(app: BreedingApp) -> list[str]:
    """The characters on the screen."""
    return ["".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips()]


def db_of(run: Run) -> SessionDB:
    assert run.session.db
    return run.session.db


# what keys do


def test_arrows_and_space_pick_and_enter_breeds(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        await press(app, pilot, "right", "right", "down", "space")
        assert app.focus_index == 2 + app.columns and app.picked == {app.focus_index}
        chosen = app.sheet.id(app.focus_index)
        await press(app, pilot, "enter")
        assert app.sheet.generation == 1 and not app.picked
        assert app.sheet.id(7) == chosen  # the parent, in the middle

    drive(run, script, (140, 44))
    (event,) = db_of(run).events("pick")
    assert event.user == "human"


def test_undo_redo_and_new_offspring_after_undo(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        first = ids(app)
        await press(app, pilot, "space", "enter")
        second = ids(app)
        await press(app, pilot, "u")
        assert ids(app) == first
        await press(app, pilot, "r")
        assert ids(app) == second
        await press(app, pilot, "u", "space", "enter")
        assert not set(ids(app)) & (set(second) - set(first))
        await press(app, pilot, "r")
        assert "nothing to redo" in "".join(text(app))

    drive(run, script, (140, 44))


def ids(app: BreedingApp) -> list[str]:
    return [app.sheet.id(place) for place in range(len(app.sheet))]


def test_an_artist_of_one_parent_takes_one_pick(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        await press(app, pilot, "space", "right", "space")
        assert app.picked == {1}
        await press(app, pilot, "space")
        assert not app.picked

    drive(run, script, (140, 44))


def test_the_mouse_picks_and_zooms(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        await pilot.click(app.tiles[3].picture)
        assert app.picked == {3} and app.focus_index == 3
        await pilot.click(app.tiles[4].picture, times=2)
        assert len(app.screen_stack) == 2
        await pilot.press("escape")

    drive(run, script, (140, 44))


def test_plus_and_minus_change_the_mutation_rate(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        rate = app.sheet.mutation
        await press(app, pilot, "+")
        assert app.sheet.mutation == pytest.approx(rate * 1.25)
        await press(app, pilot, "-", "-")
        assert app.sheet.mutation == pytest.approx(rate / 1.25, rel=1e-2)
        assert "mutation" in text(app)[0]

    drive(run, script, (140, 44))


@pytest.mark.slow
def test_saving_asks_for_a_size_and_says_what_is_wrong(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        await press(app, pilot, "right", "s")
        await pilot.press(*["backspace"] * 4, "9", "enter")
        await pilot.pause()
        assert "16 to 8192 px, not 9" in "".join(text(app))
        await pilot.press("6", "enter")
        await settled(app, pilot)
        assert "Saved" in "".join(text(app))

    drive(run, script, (140, 44))
    (event,) = db_of(run).events("save")
    with Image.open(event.detail["path"]) as picture:
        assert picture.size == (96, 96) and "genome" in picture.info["coevo"]


@pytest.mark.slow
def test_lineage_shows_ancestors_and_branches_from_one(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        first = ids(app)
        await press(app, pilot, "space", "enter", "space", "enter")
        assert app.sheet.generation == 2
        await pilot.press("l")
        await pilot.pause()
        shown = "".join(text(app))
        assert "generation 2" in shown or "generation 1" in shown
        await pilot.press("end")
        await pilot.pause()
        await pilot.press("b")
        await settled(app, pilot)
        assert app.sheet.generation == 0 and ids(app) == first

    drive(run, script, (140, 44))
    assert [event.kind for event in db_of(run).events()] == ["pick", "pick", "branch"]


def test_zoom_and_help_open_and_close(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        await pilot.press("z")
        await pilot.pause()
        assert "its neighbours" in text(app)[-1]
        await pilot.press("right", "escape")
        await pilot.pause()
        assert app.focus_index == 1 and len(app.screen_stack) == 1
        await pilot.press("?")
        await pilot.pause()
        assert "coevo resume" in "".join(text(app))
        await pilot.press("x")
        await pilot.pause()
        assert len(app.screen_stack) == 1 and app.sheet.generation == 0

    drive(run, script, (140, 44))


def test_a_key_pressed_while_the_players_work_is_not_for_the_next_sheet(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        app.action_breed()
        app.action_breed()  # an impatient second one
        await settled(app, pilot)
        assert app.sheet.generation == 1

    drive(run, script, (140, 44))


def test_the_mutation_rate_changes_while_the_players_work_and_the_header_says_so(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        rate = app.sheet.mutation
        await pilot.press("space")
        app.action_breed()
        app.action_mutate(1)
        app.action_mutate(1)
        while app.sheet.mutation < 1.5 * rate or "from the next sheet on" not in app.sheet.note:
            await settled(app, pilot)
        await settled(app, pilot)
        assert f"mutation {rate * 1.25**2:.3g}" in text(app)[0]

    drive(run, script, (140, 44))


def test_pictures_have_all_the_pixels_that_their_place_has(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coevo_human.terminal.app.pixels_per_cell", lambda picture: 10)  # as kitty's protocol has

    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        tile = app.tiles[0].picture
        full = min(tile.size.width, 2 * tile.size.height) * 10
        await sharp(app, pilot, full)
        assert full > 128

    drive(run, script, (140, 44))


async def sharp(app: BreedingApp, pilot: Pilot[None], full: int) -> None:
    """Wait until every picture has that many pixels."""
    for _ in range(500):
        await pilot.pause(0.01)
        if {tile.picture.image.width for tile in app.tiles} == {full}:
            return
    raise AssertionError("the pictures stay blurred")


def test_a_sheet_is_drawn_small_at_once_and_sharpened_while_nobody_breeds(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coevo_human.terminal.app.pixels_per_cell", lambda picture: 10)
    render, drawn = run.artist.render, list[tuple[int, int, str]]()

    def seen(works: Works, size: int) -> Tensor:
        app = app_of(run)
        drawn.append((len(works), size, current_thread().name))
        assert len(works) > 1 or not app.busy  # the artist does not learn meanwhile
        pictures = render(works, size)
        if len(drawn) == 1 + 15 + 1 + 5:  # five pictures of the second sheet are sharp
            app.action_breed()
        return pictures

    run.artist.render = seen  # type: ignore[method-assign]

    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        full = app.resolution(len(app.tiles))
        await pilot.press("right")  # a key that breeds nothing stops nothing
        await sharp(app, pilot, full)
        await pilot.press("space", "enter")
        while app.sheet.generation < 2:
            await settled(app, pilot)
        await sharp(app, pilot, full)
        quick, one = (15, 128, "players"), (1, full, "MainThread")
        assert drawn == [quick, *[one] * 15, quick, *[one] * 5, quick, *[one] * 15]

    drive(run, script, (140, 44))


def app_of(run: Run) -> BreedingApp:
    assert isinstance(run.critic, Human) and isinstance(run.critic.ui, OnScreen)
    return run.critic.ui.app


def test_what_ends_the_players_is_raised_when_the_screen_has_gone(run: Run) -> None:
    def fail() -> None:
        raise RuntimeError("the artist broke")

    ui = OnScreen()
    ui.app.play = fail

    async def play() -> None:
        async with ui.app.run_test():
            await gone(ui.app)

    asyncio.run(play())
    with pytest.raises(RuntimeError, match="the artist broke"):
        ui.app.finish()


# how it looks


def test_a_small_terminal_pages_and_a_resized_one_is_followed(run: Run) -> None:
    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        assert (app.columns, app.rows) == (4, 2)
        assert "page 1 of 2" in text(app)[0]
        await press(app, pilot, "n")
        assert app.focus_index == 8 and "page 2 of 2" in text(app)[0]
        assert [tile.index for tile in app.tiles if tile.display] == list(range(8, 15))
        await pilot.resize_terminal(140, 44)
        await pilot.pause(0.1)
        assert all(tile.display for tile in app.tiles) and "page" not in text(app)[0]

    drive(run, script, (80, 24))


@given(some.integers(1, 60), some.integers(10, 300), some.integers(6, 100))
def test_a_page_always_fits_and_is_as_full_as_it_can_be(n: int, width: int, height: int) -> None:
    columns, rows = layout(n, width, height)
    assert columns * rows >= 1
    if columns * rows > 1:
        assert height // rows - 1 >= ROWS and ((width + 1) // columns - 1) / 2 >= ROWS
    if width >= 2 * (2 * ROWS + 1) and height >= ROWS + 1 and n >= 2:
        assert columns * rows >= 2


@given(some.integers(1, 500), some.integers(1, 500), some.integers(1, 200), some.integers(1, 60))
def test_a_picture_keeps_its_shape(width: int, height: int, columns: int, rows: int) -> None:
    across, down = fit(width, height, columns, rows)
    assert across <= columns and down <= rows


def test_blocks_draw_what_is_there() -> None:
    picture = np.full((4, 4, 3), 255, np.uint8)
    picture[:2, :2] = 0
    picture[2:, 2:] = (255, 0, 0)
    first, second = blocks(Image.fromarray(picture), 2, 2)
    cells = [(char, segment.style) for line in (first, second) for segment in line for char in segment.text]
    colours = [style.bgcolor.triplet.hex for _, style in cells]
    assert colours == ["#000000", "#fcfcfc", "#fcfcfc", "#fc0000"]
    diagonal = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8))
    ((segment,),) = blocks(diagonal, 1, 1)
    assert segment.text == QUARTERS[2 + 4]


@given(some.integers(0, 2**48 - 1))
def test_a_cells_style_is_the_one_with_its_colours(key: int) -> None:
    ink, ground = (Color.from_rgb(*colour.to_bytes(3)) for colour in divmod(key, 1 << 24))
    for system, true_colour in ((ColorSystem.TRUECOLOR, True), (ColorSystem.EIGHT_BIT, False)):
        style, plain = style_of(key, true_colour), Style(color=ink, bgcolor=ground)
        assert style == plain and hash(style) == hash(plain)
        assert Strip.render_style(style, "▚", system) == Strip.render_style(plain, "▚", system)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_the_screen_looks_as_it_did(run: Run, size: tuple[int, int]) -> None:
    """Snapshots of the characters on the screen; COEVO_SNAPSHOTS=1 takes them anew."""
    path = SNAPSHOTS / f"blind-watchmaker-{size[0]}x{size[1]}.txt"

    async def script(app: BreedingApp, pilot: Pilot[None]) -> None:
        await press(app, pilot, "right", "space", "enter", "right", "space")
        shown = "\n".join(text(app)) + "\n"
        if os.environ.get("COEVO_SNAPSHOTS"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(shown, encoding="utf-8")
        known = path.read_text("utf-8")
        words = str.maketrans(dict.fromkeys(QUARTERS, " "))
        assert shown.translate(words).split() == known.translate(words).split()
        # an antialiased edge may round otherwise in another version of Pillow
        rows = zip(shown.splitlines(), known.splitlines(), strict=True)
        cells = [(a, b) for one, other in rows for a, b in zip_longest(one, other, fillvalue=" ")]
        assert sum(a == b for a, b in cells) > 0.95 * len(cells)

    drive(run, script, size)


# in a real terminal


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """tmux(...) on a server of its own; skipped where there is none."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")

    def call(*words: object) -> str:
        command = ["tmux", "-L", tmp_path.name, "-f", "/dev/null", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    yield call
    call("kill-server")


def begin(tmux: Callable[..., str], tmp_path: Path, size: tuple[int, int], **environment: str) -> Callable[[str], str]:
    """Start blind-watchmaker in a pane; returns a function that waits for a text on it."""
    command = f"{sys.executable} -c 'from coevo.cli import main; main()' run blind-watchmaker --name t"
    given = {"COEVO_RUNS": str(tmp_path), "COLORTERM": "truecolor", "TERM": "xterm-256color", **environment}
    words = " ".join(f"{key}={value}" for key, value in given.items())
    tmux("new-session", "-d", "-x", size[0], "-y", size[1], f"env {words} {command}; echo code $?; sleep 60")

    def wait(wanted: str) -> str:
        for _ in range(300):
            pane = tmux("capture-pane", "-p", "-J", "-S", "-100")
            if wanted in pane:
                return pane
            time.sleep(0.1)
        raise AssertionError(f"{wanted!r} never came:\n{pane}")

    return wait


@pytest.mark.slow
def test_in_tmux_a_person_breeds_saves_and_quits(tmux: Any, tmp_path: Path) -> None:
    wait = begin(tmux, tmp_path, (100, 30))
    pane = wait("generation 0")
    assert "biomorph × human" in pane and any(mark in pane for mark in QUARTERS[1:])
    tmux("send-keys", "Space", "Enter")
    wait("generation 1")
    tmux("send-keys", "s")
    wait("Save picture")
    tmux("send-keys", "Enter")
    wait("Saved")
    tmux("resize-window", "-x", 80, "-y", 24)
    wait("page 1 of 2")
    tmux("send-keys", "q")
    pane = wait("code 0")
    assert "Kept everything, at generation 1" in pane
    assert len(list((tmp_path / "t" / "saved").glob("*.png"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "environment", "said"),
    [
        ((30, 10), {}, "40 × 14 characters"),
        ((100, 30), {"TERM": "dumb", "COLORTERM": ""}, "256 colours"),
        ((100, 30), {"NO_COLOR": "1"}, "NO_COLOR is set"),
    ],
    ids=["small", "dumb", "no colour"],
)
def test_a_terminal_that_cannot_show_pictures_is_told_what_else_there_is(
    tmux: Any, tmp_path: Path, size: tuple[int, int], environment: dict[str, str], said: str
) -> None:
    wait = begin(tmux, tmp_path, size, **environment)
    pane = " ".join(wait("code 2").split())
    assert all(word in pane for word in (*said.split(), "--plain")) and "Traceback" not in pane
    assert not (tmp_path / "t").exists()


@pytest.mark.slow
def test_a_terminal_that_is_closed_loses_nothing(tmux: Any, tmp_path: Path) -> None:
    wait = begin(tmux, tmp_path, (100, 30))
    wait("generation 0")
    tmux("send-keys", "Space", "Enter")
    wait("generation 1")
    tmux("kill-server")
    store = RunFolder(tmp_path / "t")
    for _ in range(100):
        if not store.locked:
            break
        time.sleep(0.1)
    assert not store.locked  # it has gone with its terminal
    assert SessionDB(tmp_path / "t" / FILE).head.snapshot == 2
