"""Breeding in the terminal: a sheet of pictures, keys and mouse."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable

import rich.style
from rich.console import Console

from coevo.errors import CoevoError
from coevo.interactive.ui import Command, Face, Sheet

LEAST = (40, 14)  # columns and rows


class Terminal(Face):
    """A full-screen session. Raises CoevoError where there is no terminal, or one that cannot show pictures."""

    def __init__(self) -> None:
        check_terminal()
        from coevo_human.terminal.app import Breeding  # late: it asks the terminal what it can show

        # rich draws names for its styles from the global random stream, from the thread that keeps the screen,
        # while the players draw theirs: a session could not be replayed. It gets a stream of its own.
        rich.style.getrandbits = random.Random().getrandbits
        self.app = Breeding()

    def ask(self, sheet: Sheet) -> Command:
        return self.app.ask(sheet)

    def host(self, play: Callable[[], None]) -> None:
        self.app.play = play
        try:
            self.app.run()
        finally:
            self.app.part()


def check_terminal() -> None:
    """Say what is missing, and that --plain does without it."""
    offer = "Breed with --plain instead: numbered sheets and typed picks."
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # pictures are drawn on stderr
        raise CoevoError(f"There is no terminal to show pictures in. {offer} Or replay a script with --picks FILE.")
    console = Console()
    if console.color_system not in ("256", "truecolor") or console.no_color:
        why = "NO_COLOR is set" if console.no_color else f"TERM is {os.environ.get('TERM', 'not set')}"
        raise CoevoError(f"Pictures need a terminal of 256 colours, and this one has fewer ({why}). {offer}")
    columns, rows = os.get_terminal_size()
    if columns < LEAST[0] or rows < LEAST[1]:
        raise CoevoError(
            f"Pictures need a terminal of {LEAST[0]} × {LEAST[1]} characters; this one has {columns} × {rows}. {offer}"
        )
