"""Code that programs are bred with: past champions, and culled programs by the level of the change that made them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import Any, Generic, TypeVar

from coevo.native import Draws

G = TypeVar("G")

BANK = 64  # genomes of a bank
SLOT = 0.125  # probability that a culled genome takes a place of a bank, from the first on


class Library(Generic[G]):
    """Banks of culled genomes, one for every level of change, and a shelf of past champions; it may be shared by
    several ladders.

    Args:
        levels: number of levels.
        champions: the most past champions that are kept; the oldest make room.

    Example:
        >>> from coevo.native import Draws
        >>> library, draws = Library[str](levels=2, champions=2), Draws(0)
        >>> for name in ("first", "second", "third"):
        ...     library.remember(name)
        >>> library.cull("lost", 1, draws)
        >>> library.champions, library.banks
        (['second', 'third'], [[], ['lost']])
    """

    def __init__(self, levels: int, champions: int = 100):
        self.size = champions
        self.banks: list[list[G]] = [[] for _ in range(levels)]
        self.champions: list[G] = []

    def cull(self, genome: G, level: int, draws: Draws) -> None:
        """Put a genome into the bank of a level, most often near the front; what is pushed beyond the end is lost."""
        bank = self.banks[level]
        bank.insert(int(log(1 - draws.uniform()) / log(1 - SLOT)), genome)  # geometric; beyond the end it is the last
        del bank[BANK:]

    def remember(self, champion: G) -> None:
        """Add a champion, whose code others may take from now on."""
        if self.size:
            self.champions = [*self.champions, champion][-self.size :]

    def culled(self, draws: Draws) -> G | None:
        """A genome of a random bank; None if all are empty."""
        banks = [bank for bank in self.banks if bank]
        return draws.choice(draws.choice(banks)) if banks else None

    def champion(self, draws: Draws) -> G | None:
        """A past champion; None if there is none."""
        return draws.choice(self.champions) if self.champions else None

    def state(self, write: Callable[[G], Any]) -> dict[str, Any]:
        """All of it, genomes as `write` makes JSON of them."""
        return {"banks": [list(map(write, bank)) for bank in self.banks], "champions": list(map(write, self.champions))}

    def restore(self, state: dict[str, Any], read: Callable[[Any], G]) -> None:
        """Take back what `state` gave."""
        banks: Sequence[Sequence[Any]] = state["banks"]
        self.banks = [list(map(read, bank)) for bank in banks]
        self.champions = list(map(read, state["champions"]))
