"""collection.png: the works that a critic has taken in, if it keeps any."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from coevo.contract.works import Works
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.loop import Turn
from coevo.monitoring.observer import ObservedRun, Observer

FILE = "collection.png"
LIMIT = 100  # works on the sheet, the newest


@runtime_checkable
class Collector(Protocol):
    """A critic that keeps works which it has accepted."""

    def collection(self) -> Works:
        """The works that it keeps now, the oldest first, with images; N may be 0."""


class Collection(Observer):
    """Draws a critic's collection on a contact sheet, in the run's folder.

    Args:
        every: rounds from sheet to sheet; the end of a run has one too.
    """

    name = "collection"

    def __init__(self, every: int):
        self.every = every

    def see(self, turn: Turn, run: ObservedRun) -> None:
        if turn.ends_round and turn.next.round % self.every == 0:
            self.save(run)

    def end(self, run: ObservedRun) -> None:
        self.save(run)

    def save(self, run: ObservedRun) -> None:
        """Draw the collection as it is; nothing as long as there is none."""
        critic = run.critic
        if not isinstance(critic, Collector) or not len(works := critic.collection()):
            return
        few = works[-LIMIT:]
        newest = f"the newest {len(few)} of " if len(few) < len(works) else ""
        caption = (
            f"Accepted by critic {critic.name!r} up to round {run.round:,}: {newest}{len(works):,} works that it keeps."
        )
        save_png(run.store.folder / FILE, contact_sheet(few.pixels, caption=caption), {"round": run.round})
