"""An observer of a run: it sees every turn, in order, and has a state of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from coevo.contract.players import Artist, Critic, State
from coevo.loop import Turn
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio


class ObservedRun(Protocol):
    """The parts of a run that observers look at."""

    @property
    def artist(self) -> Artist: ...
    @property
    def critic(self) -> Critic: ...
    @property
    def studio(self) -> Studio: ...
    @property
    def store(self) -> RunFolder: ...
    @property
    def round(self) -> int: ...
    @property
    def latest(self) -> dict[str, float]:
        """The newest row of the log."""
        ...

    @property
    def warnings(self) -> list[str]:
        """Problems of the game that are new in the newest row of the log."""
        ...

    @property
    def sheet(self) -> Path | None:
        """The newest contact sheet that this process has saved."""
        ...

    @property
    def finished(self) -> bool:
        """It has all its rounds or minutes."""
        ...

    @property
    def is_new(self) -> bool:
        """It has not been played, nor saved."""
        ...

    @property
    def is_session(self) -> bool:
        """A database keeps every turn."""
        ...

    @property
    def is_ending(self) -> bool:
        """It ends at the next safe turn."""
        ...

    @property
    def is_saving(self) -> bool:
        """A checkpoint is saved after this turn."""
        ...

    def save(self) -> str:
        """Save a checkpoint; its name."""
        ...


class Observer:
    """Sees every turn. All methods do nothing by default; `name` is the key of its state in checkpoints."""

    name: str
    problems: Sequence[str] = ()
    """Sentences about files of its own that are damaged; known when its state is restored."""

    def begin(self, run: ObservedRun) -> None:
        """The run starts, or goes on."""

    def see(self, turn: Turn, run: ObservedRun) -> None:
        """A step of either side was made."""

    def end(self, run: ObservedRun) -> None:
        """The run ended in order."""

    def close(self) -> None:
        """The run ended, however it did."""

    def state(self) -> State:
        """Whatever a resumed run has to know: tensors and JSON values."""
        return {}

    def restore(self, state: State) -> None:
        """Take back what `state()` gave."""
