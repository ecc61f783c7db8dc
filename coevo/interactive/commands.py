"""The commands of a session, and the lines of text for them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from coevo.errors import ConfigError
from coevo.images import PICTURES

SIZES = (16, 8192)  # px of a saved picture's side
DEFAULT_SIZE = 1024
MUTATION_STEP = 1.25  # the factor by which + and - change the mutation rate
HELP = (
    "3 7: breed these · . (or nothing): roll again · u: undo · r: redo · + or -: mutation rate · "
    "s 3 [PX] [FILE.png or .svg]: save · z 3: show large · l 3: lineage · b ID: branch · t ID: take a copy onto this "
    "sheet · q: quit and keep everything"
)


class Command:
    """One command of a person."""


@dataclass(frozen=True)
class Pick(Command):
    """Let these works reproduce (indices, 0 is the first); without any, the artist rolls again."""

    indices: tuple[int, ...]


@dataclass(frozen=True)
class Undo(Command):
    """Go back to the sheet before."""


@dataclass(frozen=True)
class Redo(Command):
    """Go forward again, to the very sheet that was undone."""


@dataclass(frozen=True)
class Branch(Command):
    """Go back to the sheet on which an individual first appeared, to breed on from there."""

    individual: str


@dataclass(frozen=True)
class Take(Command):
    """Put copies of individuals of other sheets onto this one, where they can be picked beside its own: two branches
    have common offspring then. The youngest make room."""

    individuals: tuple[str, ...]


@dataclass(frozen=True)
class Mutate(Command):
    """Multiply the mutation rate by `MUTATION_STEP` to the power of `steps`."""

    steps: int


@dataclass(frozen=True)
class Save(Command):
    """Save one work as a PNG or an SVG that carries its genome; without a path as a PNG in the run's folder `saved`."""

    index: int
    size: int = DEFAULT_SIZE
    path: str | None = None


@dataclass(frozen=True)
class Quit(Command):
    """End the session and keep everything."""


def parse_command(line: str) -> Command:
    """The command that a person typed; `HELP` lists the grammar.

    Raises:
        ConfigError: the line is not a command.

    Example:
        >>> parse_command("3 7")
        Pick(indices=(2, 6))
        >>> parse_command("s 3 2048")
        Save(index=2, size=2048, path=None)
    """
    words = _split(line)
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
        case ["t" | "take", *ids] if ids:
            return Take(tuple(ids))
        case ["s" | "save", number, *rest] if len(rest) <= 2:
            size = rest.pop(0) if rest and not rest[0].lower().endswith(PICTURES) else str(DEFAULT_SIZE)
            return Save(_number(number) - 1, _number(size), rest[0] if rest else None)
        case [sign] if set(sign) in ({"+"}, {"-"}):
            return Mutate(len(sign) if sign[0] == "+" else -len(sign))
        case [first, *_] if first[:1].isalpha():
            raise ConfigError(f"{line.strip()!r} is not a command. {HELP}.")
    return Pick(tuple(_number(word) - 1 for word in words))


def format_command(command: Command) -> str:
    """The line that `parse_command` reads as this command."""
    match command:
        case Pick(indices):
            return " ".join(str(index + 1) for index in indices) or "."
        case Branch(individual):
            return f"b {shlex.quote(individual)}"
        case Take(individuals):
            return shlex.join(["t", *individuals])
        case Save(index, size, path):
            return " ".join(["s", str(index + 1), str(size), *([shlex.quote(path)] if path else [])])
        case Mutate(steps):
            return ("+" if steps > 0 else "-") * abs(steps)
        case _:
            return type(command).__name__[0].lower()


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line.replace(",", " "))
    except ValueError as error:
        raise ConfigError(f"{line.strip()!r} is not a command: {error}.") from error


def _number(word: str) -> int:
    if not word.isdecimal() or len(word) > 9:
        raise ConfigError(f"{word[:40]!r} is not a number. {HELP}.")
    return int(word)
