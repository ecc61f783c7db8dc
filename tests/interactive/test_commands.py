"""The language of commands, and scripts written in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from coevo import ConfigError
from coevo.interactive.commands import (
    HELP,
    Branch,
    Command,
    Mutate,
    Pick,
    Quit,
    Redo,
    Save,
    Take,
    Undo,
    format_command,
    parse_command,
)
from coevo.interactive.script import Script


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("3 7", Pick((2, 6))),
        ("3, 7", Pick((2, 6))),
        (".", Pick(())),
        ("", Pick(())),
        ("u", Undo()),
        ("redo", Redo()),
        ("++", Mutate(2)),
        ("-", Mutate(-1)),
        ("b 12", Branch("12")),
        ("t 12 'of/7'", Take(("12", "of/7"))),
        ("s 3", Save(2)),
        ("s 3 64", Save(2, 64)),
        ("s 3 my.png", Save(2, 1024, "my.png")),
        ("s 3 64 'my own.png'", Save(2, 64, "my own.png")),
        ("s 3 my.SVG", Save(2, 1024, "my.SVG")),
        ("q", Quit()),
    ],
)
def test_a_line_is_a_command(line: str, command: Command) -> None:
    assert parse_command(line) == command
    assert parse_command(format_command(command)) == command


@pytest.mark.parametrize("line", ["three", "3 x", "s", "s x", "b", "1.5", "-3", "s 3 64 a.png more", "t", "'"])
def test_a_line_that_is_not_a_command_is_refused(line: str) -> None:
    with pytest.raises(ConfigError):
        parse_command(line)


@given(some.text())
def test_any_line_is_a_command_or_is_refused(line: str) -> None:
    try:
        command = parse_command(line)
    except ConfigError as error:
        assert str(error)
    else:
        assert parse_command(format_command(command)) == command


def test_every_bad_line_of_a_script_is_named() -> None:
    with pytest.raises(ConfigError, match=r"(?s)script, line 2: 'x'.*script, line 4: 'y'") as refused:
        Script("1\nx\n# a comment\ny")
    assert str(refused.value).count(HELP) == 1
