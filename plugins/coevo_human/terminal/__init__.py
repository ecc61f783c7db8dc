"""Breeding in the terminal: a sheet of pictures, keys and mouse."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable

import rich.style
from rich.console import Console

from coevo.errors import CoevoError
from coevo.interactive.commands import Command
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI

SMALLEST = (40, 14)  # columns and rows


class Terminal(UI):
    """A full-screen session.

    Raises:
        CoevoError: there is no terminal, or it cannot show pictures.
    """

    def __init__(self) -> None:
        check_terminal()
        from coevo_human.terminal.app import BreedingApp  # late: it asks the terminal what it can show

        # Before version 15 rich draws numbers for some styles from Python's global random stream, in the screen's
        # thread, while the players draw theirs from it: a session could not be replayed. rich gets a stream of its own.
        for name in {"getrandbits", "randint"} & vars(rich.style).keys():
            setattr(rich.style, name, getattr(random.Random(), name))
        self.app = BreedingApp()

    def ask(self, sheet: Sheet) -> Command:
        return self.app.ask(sheet)

    def host(self, play: Callable[[], None]) -> None:
        self.app.play = play
        try:
            self.app.run()
        finally:
            self.app.finish()


def check_terminal(
    offer: str = "Breed with --plain instead: numbered sheets and typed picks.",
    other: str = " Or replay a script with --picks FILE.",
) -> None:
    """Raise CoevoError if pictures cannot be shown; it says what is missing, and what does without it."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # pictures are drawn on stderr
        raise CoevoError(f"There is no terminal to show pictures in. {offer}{other}")
    console = Console()
    if console.color_system not in ("256", "truecolor") or console.no_color:
        why = "NO_COLOR is set" if console.no_color else f"TERM is {os.environ.get('TERM', 'not set')}"
        raise CoevoError(f"Pictures need a terminal of 256 colours, and this one has fewer ({why}). {offer}")
    columns, rows = os.get_terminal_size()
    if columns < SMALLEST[0] or rows < SMALLEST[1]:
        raise CoevoError(
            f"Pictures need a terminal of {SMALLEST[0]} × {SMALLEST[1]} characters; this one has {columns} × {rows}. "
            f"{offer}"
        )
