"""How a person is asked: a face is shown a sheet, and answers with one command.

A terminal, a line of text, a script, a page: each is a `Face` with the one method `ask`. A plugin brings
one with the hook `coevo_faces`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from coevo.contract.works import Genome, Works
from coevo.errors import CoevoError, ConfigError
from coevo.images.sheets import to_bytes, to_picture
from coevo.interactive.session_db import History, Individual

if TYPE_CHECKING:
    from coevo.interactive.session import Session

SIZES = (16, 8192)  # px of a saved picture's side
SAVED = 1024
STEP = 1.25  # what + and - do to the mutation rate


class Command:
    """What a person wants."""


@dataclass(frozen=True)
class Pick(Command):
    """Those at these places (0 is the first) reproduce; nobody: roll again."""

    places: tuple[int, ...]


@dataclass(frozen=True)
class Undo(Command):
    """Back to the sheet before."""


@dataclass(frozen=True)
class Redo(Command):
    """Forward again, to the very sheet that was undone."""


@dataclass(frozen=True)
class Branch(Command):
    """Back to the sheet where an individual was first seen, to go on from there."""

    individual: str


@dataclass(frozen=True)
class Mutate(Command):
    """Change the mutation rate by so many steps, of a quarter each."""

    steps: int


@dataclass(frozen=True)
class Save(Command):
    """Save one picture as a PNG that carries its genome; without a path into the run's folder `saved`."""

    place: int
    size: int = SAVED
    path: str | None = None


@dataclass(frozen=True)
class Quit(Command):
    """Go, and keep everything."""


@dataclass(frozen=True)
class Sheet:
    """What a face shows: works, and what can be done with them. `note` says what became of the last command."""

    works: Works
    session: Session = field(repr=False)
    note: str = ""

    def __len__(self) -> int:
        return len(self.works)

    @property
    def generation(self) -> int:
        return self.session.position.round

    @property
    def title(self) -> str:
        folder = self.session.studio.folder
        players = f"{self.session.artist.name} × {self.session.critic.name}"
        return f"{folder.name} · {players}" if folder else players

    @property
    def picks(self) -> tuple[int, int]:
        """How many may be picked: at least, at most. Nobody may always be."""
        least, most = self.session.artist.picks
        return least, min(most, len(self))

    @property
    def picks_text(self) -> str:
        least, most = self.picks
        return f"pick {least}" if least == most else f"pick {least} to {most}"

    @property
    def mutation(self) -> float | None:
        """The artist's mutation rate, where it has one."""
        rate: float | None = getattr(self.session.artist.options, "mutation", None)
        return rate

    @property
    def can_undo(self) -> bool:
        return self.session.can_undo

    @property
    def can_redo(self) -> bool:
        return self.session.can_redo

    @property
    def history(self) -> History | None:
        return self.session.history

    def id(self, place: int) -> str:
        """The id of the individual at a place, or its number where the works have no genomes."""
        genomes = self.works.genomes
        return genomes[place].id if genomes else str(place + 1)

    def pictures(self) -> list[Image.Image]:
        """Every work as a picture, in its own size."""
        assert self.works.images is not None
        return [to_picture(pixels) for pixels in to_bytes(self.works.images)]

    def picture(self, place: int, size: int) -> Image.Image:
        """One work, drawn anew at another size."""
        return draw(self.session, self.works[place : place + 1], size)

    def relative(self, one: Individual, size: int) -> Image.Image:
        """An ancestor, drawn from its genome."""
        return draw(self.session, Works(genomes=(Genome(one.id, one.parents, one.genome),)), size)

    def flaw(self, command: Command) -> str:
        """Why a command cannot be followed, in one sentence; empty where it can."""
        match command:
            case Pick(places):
                least, most = self.picks
                if wrong := [place + 1 for place in places if not 0 <= place < len(self)]:
                    return f"There is no picture {wrong[0]}; there are 1 to {len(self)}."
                if len(set(places)) < len(places):
                    return "One picture is picked twice."
                if places and not least <= len(places) <= most:
                    wants = str(most) if least == most else f"{least} to {most}"
                    return f"{self.session.artist.name} can use {wants} picks at once, not {len(places)}."
            case Save(place, size, path):
                if not 0 <= place < len(self):
                    return f"There is no picture {place + 1}; there are 1 to {len(self)}."
                if not SIZES[0] <= size <= SIZES[1]:
                    return f"A picture can be saved with {SIZES[0]} to {SIZES[1]} px, not {size}."
                if path and Path(path).suffix.lower() != ".png":
                    return f"A picture is saved as a .png, not {Path(path).name!r}."
            case Mutate() if self.mutation is None:
                return f"{self.session.artist.name} has no mutation rate."
            case Undo() if not self.can_undo:
                return "This is the first sheet; there is nothing to undo."
            case Redo() if not self.can_redo:
                return "There is nothing to redo."
            case Branch(one):
                if self.history is None or one not in self.history.individuals(one):
                    return f"There is no individual {one!r} in this session."
        return ""


class Face:
    """Shows a sheet to a person and brings back a command. `Critic.face` takes one."""

    def ask(self, sheet: Sheet) -> Command:
        """Show a sheet and wait. Called again with a `note` where the command did not breed."""
        raise NotImplementedError

    def host(self, play: Callable[[], None]) -> None:
        """Play the whole run, in front of the person. A face with an event loop of its own gives the run a
        thread here, and keeps the main one."""
        play()


class Script(Face):
    """A session written down, a command a line, as `parse` reads them; it leaves at the end.

    Raises ConfigError, with every line that is no command.
    """

    def __init__(self, text: str, name: str = "script"):
        self.lines: list[tuple[int, Command]] = []
        mistakes = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                self.lines.append((number, parse(line)))
            except ConfigError as error:
                mistakes += [f"{name}, line {number}: {mistake}" for mistake in error.mistakes]
        if mistakes:
            raise ConfigError(mistakes)
        self.name, self._left = name, iter(self.lines)

    @classmethod
    def read(cls, path: Path) -> Script:
        try:
            return cls(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"Cannot read the picks in {path}: {error}.") from error

    def ask(self, sheet: Sheet) -> Command:
        number, command = next(self._left, (0, Quit()))
        if flaw := sheet.flaw(command):
            raise CoevoError(f"{self.name}, line {number}: {flaw} The session is kept as far as it came.")
        return command


HELP = (
    "3 7: breed these · . (or nothing): roll again · u: undo · r: redo · + or -: mutation rate · "
    "s 3 [PX] [FILE.png]: save · z 3: show large · l 3: lineage · b ID: branch · q: quit and keep everything"
)


def parse(line: str) -> Command:
    """A command as a person types it: `3 7` breeds the third and the seventh, `.` nobody; see `HELP`.

    Raises ConfigError where it is none.
    """
    words = _words(line)
    match words:
        case ["."] | []:
            return Pick(())
        case ["u" | "undo"]:
            return Undo()
        case ["r" | "redo"]:
            return Redo()
        case ["q" | "quit"]:
            return Quit()
        case ["b" | "branch", id]:
            return Branch(id)
        case ["s" | "save", place, *rest] if len(rest) <= 2:
            size = rest.pop(0) if rest and not rest[0].lower().endswith(".png") else str(SAVED)
            return Save(_number(place) - 1, _number(size), rest[0] if rest else None)
        case [sign] if set(sign) in ({"+"}, {"-"}):
            return Mutate(len(sign) if sign[0] == "+" else -len(sign))
        case [first, *_] if first[0].isalpha():
            raise ConfigError(f"{line.strip()!r} is no command. {HELP}.")
    return Pick(tuple(_number(word) - 1 for word in words))


def spell(command: Command) -> str:
    """The line that `parse` reads as this command."""
    match command:
        case Pick(places):
            return " ".join(str(place + 1) for place in places) or "."
        case Branch(one):
            return f"b {shlex.quote(one)}"
        case Save(place, size, path):
            return " ".join(["s", str(place + 1), str(size), *([shlex.quote(path)] if path else [])])
        case Mutate(steps):
            return ("+" if steps > 0 else "-") * abs(steps)
        case _:
            return type(command).__name__[0].lower()


def script_of(history: History) -> Iterator[str]:
    """The lines of a script that breeds a session again, from its first sheet to its last."""
    for event in history.events():
        match event.kind, event.detail:
            case "pick", {"places": places}:
                yield spell(Pick(tuple(places)))
            case "undo" | "redo", _:
                yield event.kind[0]
            case "branch", {"to": moment}:
                first = (one for one in history.sheet(moment) if history.individual(one).moment == moment)
                yield spell(Branch(next(first)))
            case "tune", {"steps": steps}:
                yield spell(Mutate(steps))
    yield "q"


def draw(session: Session, works: Works, size: int) -> Image.Image:
    return to_picture(to_bytes(session.artist.render(works, size))[0])


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line.replace(",", " "))
    except ValueError as error:
        raise ConfigError(f"{line.strip()!r} is no command: {error}.") from error


def _number(word: str) -> int:
    if not word.isdecimal():
        raise ConfigError(f"{word!r} is no number. {HELP}.")
    return int(word)
