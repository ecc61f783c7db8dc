"""Names that one has to type are whole in every table, however narrow the terminal is."""

from __future__ import annotations

import re
from collections.abc import Callable

import click
import pytest
from conftest import CommandLine

from coevo.cli import main
from coevo.cli.tables import table
from coevo.plugin.registry import registry

WIDTHS = pytest.mark.parametrize("width", [60, 80, 120, 200])
Terminal = Callable[[int], None]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Sets the terminal's width."""
    return lambda width: monkeypatch.setenv("COLUMNS", str(width))


def words(text: str) -> set[str]:
    return set(text.split())


@WIDTHS
def test_recipes(coevo_command: CommandLine, terminal: Terminal, width: int) -> None:
    terminal(width)
    listed = coevo_command("recipes").out
    assert registry().offers("recipe").keys() <= words(listed)
    assert "…" not in listed
    assert max(map(len, listed.splitlines())) <= max(width, 60)


@WIDTHS
def test_plugins(coevo_command: CommandLine, terminal: Terminal, width: int) -> None:
    terminal(width)
    listed = coevo_command("plugins").out
    for kind in ("artist", "critic", "game", "prior", "dataset", "ui", "importer", "function"):
        assert registry().offers(kind).keys() <= words(listed)
    assert "…" not in listed
    assert max(map(len, listed.splitlines())) <= max(width, 60)


@WIDTHS
def test_options(coevo_command: CommandLine, terminal: Terminal, width: int) -> None:
    terminal(width)
    listed = coevo_command("info", "artist", "gp").out
    options = registry().load("artist", "gp").Options.model_fields
    assert {f"artist.{name}" for name in options} <= {word.partition("=")[0] for word in words(listed)}
    assert max(map(len, listed.splitlines())) <= max(width, 60)


@WIDTHS
def test_runs(played: CommandLine, terminal: Terminal, width: int) -> None:
    terminal(width)
    name = f"a-run-with-quite-a-long-name-{width}"
    played.play(name, "--rounds", 1)
    listed = played("runs").out
    assert {"small", name} <= words(listed)


@WIDTHS
def test_comparisons(played: CommandLine, terminal: Terminal, width: int) -> None:
    terminal(width)
    names = [f"a-run-to-be-compared-{width}-{number}" for number in range(3)]
    for number, name in enumerate(names):
        played.play(name, "--rounds", 1, "--seed", number)
    listed = played("compare", *names).out
    assert set(names) <= words(listed) and "run.seed" in listed
    assert max(map(len, listed.splitlines())) <= width


@WIDTHS
def test_help_has_every_command_in_its_section_with_a_whole_sentence(width: int) -> None:
    text = click.Context(main, info_name="coevo", terminal_width=min(width, 100)).get_help()
    for section in ("Play", "Look", "Latent codes", "Breed", "Plugins"):
        assert f"\n{section}:\n" in text
    assert "..." not in text.replace("COMMAND [ARGS]...", "")
    assert max(map(len, text.splitlines())) <= width
    commands = text.partition("\nPlay:\n")[2]
    for command in re.split(r"\n+(?:[A-Z].*:\n)?  (?=\w)", commands):
        assert command.strip().endswith("."), command


def test_prose_wraps_and_keys_do_not(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal(40)
    name = "a-name-of-exactly-thirty-chars"
    table([{"name": name, "about": "some words that take several lines here"}], wrap=["about"])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.strip().startswith(name) for line in lines)
    assert words("\n".join(lines)) >= {"some", "words", "several", "lines", "here"}


def test_numbers_stand_to_the_right_and_flags_are_dots(capsys: pytest.CaptureFixture[str]) -> None:
    table([{"n": 5, "on": True}, {"n": 1000, "on": False}])
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines if "5" in line or "1000" in line] == ["5  ●", "1000"]


def test_no_rows_are_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    table([], empty="No works accepted yet.")
    assert capsys.readouterr().out == "No works accepted yet.\n"
