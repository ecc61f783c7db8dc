"""Sessions as scripts: one command a line, replayed in place of a person, or exported from a database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from coevo.errors import CoevoError, ConfigError, reason
from coevo.interactive.commands import HELP, Branch, Command, Mutate, Pick, Quit, Take, format_command, parse_command
from coevo.interactive.session_db import SessionDB
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI


class Script(UI):
    """Replays a written session, and quits at its end; empty lines and lines that begin with # say nothing.

    Raises:
        ConfigError: some lines are not commands; each is named.
    """

    def __init__(self, text: str, name: str = "script"):
        self.commands: list[tuple[int, Command]] = []
        mistakes = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                self.commands.append((number, parse_command(line)))
            except ConfigError as error:
                said = [mistake.removesuffix(f" {HELP}.") for mistake in error.mistakes]
                mistakes += [f"{name}, line {number}: {mistake}" for mistake in said]
        if mistakes:
            raise ConfigError([*mistakes, f"Commands are {HELP}."])
        self.name, self._remaining = name, iter(self.commands)

    @classmethod
    def read(cls, path: Path) -> Script:
        """The script in a file. Raises ConfigError if it cannot be read."""
        try:
            return cls(path.read_text("utf-8"), str(path))
        except OSError as error:
            raise ConfigError(f"Cannot read the picks in {path}: {reason(error)}.") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"Cannot read the picks in {path}: it is not text in UTF-8.") from error

    def ask(self, sheet: Sheet) -> Command:
        number, command = next(self._remaining, (0, Quit()))
        if problem := sheet.problem(command):
            raise CoevoError(f"{self.name}, line {number}: {problem} The session is kept up to this line.")
        return command


def export_script(db: SessionDB) -> Iterator[str]:
    """The lines of a script that breeds a session again, from its first sheet to its last."""
    for event in db.events():
        match event.kind, event.detail:
            case "pick", {"places": indices}:
                yield format_command(Pick(tuple(indices)))
            case "undo" | "redo", _:
                yield event.kind[0]
            case "branch", {"to": snapshot}:
                first = (id for id in db.sheet(snapshot) if db.individual(id).first_snapshot == snapshot)
                yield format_command(Branch(next(first)))
            case "take", {"ids": ids}:
                yield format_command(Take(tuple(ids)))
            case "tune", {"steps": steps}:
                yield format_command(Mutate(steps))
    yield "q"
