"""What coevo says when it cannot go on: one sentence that names the thing and what would be right.

The command line prints a `CoevoError` on stderr and exits with code 2; from Python it is an exception.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


class CoevoError(Exception):
    """Anything a user can fix. The message is whole sentences, fit to be shown as it is."""


class ConfigError(CoevoError):
    """One or more options are wrong; every mistake is a line of the message."""

    def __init__(self, mistakes: str | Iterable[str]):
        self.mistakes = [mistakes] if isinstance(mistakes, str) else list(mistakes)
        super().__init__("\n".join(self.mistakes))


class PairError(CoevoError):
    """This Artist and this Critic cannot work together; the message names both and the reason."""


class DataError(CoevoError):
    """The data is missing, unreadable or not what it should be."""


class NoTestPartError(DataError):
    """The dataset has no test part."""


class StoreError(CoevoError):
    """A run's folder cannot be read or written."""


class DamagedError(StoreError):
    """A session's database is damaged; part of it may still be read."""


class PlayerError(CoevoError):
    """A player gave something else than the contract says; the message names it and what was expected.

    Args:
        message: the message.
        player: the class of the player.
    """

    def __init__(self, message: str, player: type | None = None):
        super().__init__(message)
        self.player = player


class NotFiniteError(CoevoError):
    """A loss or a parameter became NaN or infinite."""


class DamageWarning(UserWarning):
    """Part of what was kept is damaged and passed over; the command line prints it on stderr."""


def reason(error: OSError) -> str:
    """The reason of the operating system, fit to end a sentence; without numbers and paths."""
    said = error.strerror or str(error)
    return said[:1].lower() + said[1:]


RUNS, RUNS_VARIABLE = "runs", "COEVO_RUNS"  # the folder of all runs, and what in the environment names another


def command(words: str, *names: str, runs: Path | None = None) -> str:
    """A command as it can be typed: `command("coevo resume", "my run")` is coevo resume 'my run'.

    It has --runs-dir where its runs are in another folder than the usual one.
    """
    from shlex import join

    usual = os.environ.get(RUNS_VARIABLE) or RUNS
    elsewhere = runs is not None and runs.absolute() != Path(usual).absolute()
    return f"{words} {join([*names, *(['--runs-dir', str(runs)] if elsewhere else [])])}"


LISTED = 12  # names in a sentence


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that does not exist: with the nearest one that does, or with all of them."""
    from difflib import get_close_matches

    names = sorted(known, key=lambda one: (int(one) if one.isdecimal() else 0, one))
    if name[:1].isalpha() and (nearest := get_close_matches(name, names, n=1, cutoff=0.6)):
        return f"There is no {kind} named {name!r}; did you mean {nearest[0]!r}?"
    listed = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
    return f"There is no {kind} named {name!r}; there are: {listed or 'none'}."
