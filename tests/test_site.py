"""The site: every recipe has a picture, and links lead where they do on a forge. `make docs` builds it in CI."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from builder import links, pictures, recipes

from coevo.cli import main
from coevo.plugin.registry import registry

ROOT = Path(__file__).parents[1]
SCRIPTS = pictures.scripts()


def test_every_recipe_has_a_picture() -> None:
    assert set(registry().offers("recipe")) == set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=lambda script: script.recipe)
def test_the_commands_of_a_picture_can_be_typed(script: pictures.Script) -> None:
    """They play the recipe, and the last one writes the picture."""
    for command in script.commands:
        name, *words = shlex.split(command)
        words = [word for word in words if word not in ("--picks", "it.picks")]  # there is no such file yet
        click.Context(main).command.get_command(click.Context(main), name).make_context(name, words)  # type: ignore
    assert any(script.recipe in shlex.split(command) for command in script.commands)
    assert script.commands[-1].endswith("-o picture.png")


def test_a_picture_follows_from_its_commands() -> None:
    one = SCRIPTS["dcgan"]
    other = pictures.Script(one.recipe, ("run dcgan --rounds 1", *one.commands[1:]))
    assert one.key == pictures.scripts()["dcgan"].key != other.key


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("[a](../index.md#b)", "[a](../index.md#b)"),
        ("[a](../../CHANGELOG.md)", "[a](../generated/changes.md)"),
        ("[a](../../README.md)", "[a](../index.md)"),
        ("[`loop`](../../coevo/loop)", "`loop`"),
        ("[a](https://example.org)", "[a](https://example.org)"),
        ("```\n[a](../../CHANGELOG.md)\n```", "```\n[a](../../CHANGELOG.md)\n```"),
    ],
)
def test_links_lead_to_pages_of_the_site(written: str, read: str) -> None:
    page = ROOT / "docs" / "how-to" / "index.md"
    assert links.rewritten(written, page, page) == read


def test_a_recipe_has_its_row_of_the_papers_and_its_figures() -> None:
    assert any("Goodfellow" in line for line in recipes.kept("gan"))
    assert (
        "KID" in recipes.figures("dcgan") or "FID" in recipes.figures("dcgan") or "classes" in recipes.figures("dcgan")
    )
    assert "no headline figure" in recipes.figures("sims")
