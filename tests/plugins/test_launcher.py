"""Recipes to choose from in the terminal."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable

import pytest
from conftest import CommandLine
from PIL import Image
from textual.pilot import Pilot
from textual.widgets import Input

from coevo.cli.looking import recipe_rows
from coevo.plugin.registry import registry
from coevo.runs.config import recipe_picture
from coevo_human.terminal.launcher import Launcher

OURS = [name for name in registry().offers("recipe") if registry().owner("recipe", name) != "sunrise"]


def drive(script: Callable[[Launcher, Pilot[tuple[str, ...]]], Awaitable[None]]) -> Launcher:
    app = Launcher([*recipe_rows(), {"recipe": "broken", "error": "It names no critic.", "group": "", "year": ""}])

    async def play() -> None:
        async with app.run_test(size=(110, 40)) as pilot:
            await pilot.pause()
            await script(app, pilot)

    asyncio.run(play())
    return app


def test_the_oldest_of_a_group_is_first_and_enter_plays_it() -> None:
    async def script(app: Launcher, pilot: Pilot[tuple[str, ...]]) -> None:
        assert app.chosen and app.chosen["recipe"] == "blind-watchmaker"
        await pilot.press("down", "up", "down", "enter")

    assert drive(script).return_value == ("run", "sims")


def test_words_narrow_the_list_and_escape_brings_it_back() -> None:
    async def script(app: Launcher, pilot: Pilot[tuple[str, ...]]) -> None:
        every = list(app.shown)
        assert "broken" not in every and set(OURS) <= set(every)
        await pilot.press(*"penalty")
        assert "wgan-gp" in app.shown and "vae" not in app.shown
        app.query_one("#search", Input).value = "wasserstein penalty"
        await pilot.pause()
        assert app.shown == ["wgan-gp"]
        app.query_one("#search", Input).value = "nothing has this"
        await pilot.pause()
        assert app.shown == [] and app.chosen is None
        await pilot.press("enter", "down", "escape")
        await pilot.pause()
        assert app.shown == every
        await pilot.press("escape")

    assert drive(script).return_value is None


def test_without_a_person_coevo_alone_prints_its_help(coevo_command: CommandLine) -> None:
    answer = coevo_command()
    assert "Begin with:" in answer.out + answer.err
    assert "There is no terminal" in coevo_command.refuses("start")


@pytest.mark.parametrize("name", OURS)
def test_every_recipe_has_a_small_picture(name: str) -> None:
    content = recipe_picture(name, registry())
    assert content and len(content) < 16_000
    with Image.open(io.BytesIO(content)) as picture:
        assert max(picture.size) == 192
