"""What watches a run: it sees every turn, in order, and has a state of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coevo.contract.players import State
from coevo.loop import Turn

if TYPE_CHECKING:
    from coevo.runs.run import Run


class Observer:
    """Sees every turn. All methods do nothing by default; `name` is the key of its state in checkpoints."""

    name: str

    def begin(self, run: Run) -> None:
        """The run starts, or goes on."""

    def see(self, turn: Turn, run: Run) -> None:
        """A step of either side was made."""

    def end(self, run: Run) -> None:
        """The run ended in order."""

    def close(self) -> None:
        """The run ended, however it did."""

    def state(self) -> State:
        """Whatever a resumed run has to know: tensors and JSON values."""
        return {}

    def restore(self, state: State) -> None:
        """Take back what `state()` gave."""
