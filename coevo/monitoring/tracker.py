"""A tracker shows a run where people already look at their experiments, such as TensorBoard: its beginning, every
row of the log, every sheet, every warning and its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Ending = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True)
class TrackedRun:
    """The facts of a run that begins or goes on.

    Args:
        name: the run's name.
        folder: its folder; a tracker that keeps files may make a folder of its own in it.
        round: the round that it stands at; 0 of a new run.
        options: all its options by their dotted names, such as "artist.latent"; texts, numbers and lists of them.
        id: what `begin` returned when the run was new; None if it is new, or was not tracked yet.
    """

    name: str
    folder: Path
    round: int
    options: Mapping[str, Any]
    id: str | None = None


class Tracker:
    """Shows a run elsewhere. All methods do nothing by default; it is made without arguments.

    Whatever a method raises ends this tracker and nothing else: the run plays on, and says which tracker failed. Only a
    ConfigError of `begin` refuses the run, as where a package is missing. Rounds that were lost when a run was killed
    come again when it goes on.

    Example:
        >>> class Printer(Tracker):
        ...     '''Prints every row.'''
        ...
        ...     def row(self, round, figures):
        ...         print(round, *figures)
        >>> Printer().row(10, {"artist.loss": 0.5})
        10 artist.loss
    """

    def begin(self, run: TrackedRun) -> str | None:
        """The run starts, or goes on.

        Returns:
            The tracker's own id of the run, which it is given when the run goes on; None if it needs none.
        """

    def row(self, round: int, figures: Mapping[str, float]) -> None:
        """A row of the log: means of the figures since the last row, by name, such as "artist.loss"; all finite."""

    def sheet(self, round: int, picture: Path) -> None:
        """A contact sheet was saved, a PNG."""

    def warning(self, round: int, message: str) -> None:
        """A problem of the game or of its speed, as a sentence."""

    def end(self, ending: Ending) -> None:
        """The run has all its rounds or minutes, was stopped before, or failed. Called once after every `begin`."""
