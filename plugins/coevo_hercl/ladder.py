"""Hierarchical evolutionary re-combination (Blair 2013): a search by changes of many scales.

The champion stands on the lowest rung of a ladder. A child by a large change is seldom better at once, so it becomes a
challenger: it gets a rung of its own and children by smaller changes, which adapt it and may get rungs in their turn. A
child that is better than its parent takes the parent's place, then that of the parent's parent, down to the champion's.
A challenger that is not better after its number of children is culled, as are children that get no rung: their code
goes to a bank.

The ladder knows neither programs nor pictures: it is given how good its children are, and says which are next. It
offers several at once, so that they can be drawn and judged together; of those that are not better, the best is the
next challenger. One at a time, it is the ladder of the paper.

Reference: Blair, Learning the Caesar and Vigenere ciphers by hierarchical evolutionary re-combination, CEC 2013.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import exp, inf, isfinite
from typing import Any, Generic, NamedTuple, TypeVar

from coevo.native import Draws
from coevo_hercl.library import Library

G = TypeVar("G")

MOST = 1024  # children of a challenger


class Level(IntEnum):
    """The scales of change, from the smallest to the largest."""

    TUNE = 0
    """A number becomes another."""
    TRIM = 1
    """A few instructions are left out."""
    POINT = 2
    """An instruction is put in, left out, replaced or moved."""
    BAR = 3
    """A part of a bar is taken from a mate."""
    BRANCH = 4
    """Some bars that follow each other, as a loop's do, are taken from a mate."""
    CELL = 5
    """The rest of a cell is taken from a mate."""
    BLOCK = 6
    """Several cells are taken from a mate."""


CHAMPION = len(Level)
"""The level of a champion: its children may be made by any change."""


class Merit(NamedTuple):
    """How good a genome is: less is better, the penalty first."""

    penalty: float = 0.0
    """Above 0 if the genome gives no real answer, such as an empty picture."""
    cost: float = inf
    """What the search lowers."""
    effort: float = 0.0
    """Instructions of the program, and steps that it takes."""

    @property
    def total(self) -> float:
        """The cost, with a little for the effort: the shorter of two equally good programs is better."""
        return 1000 * self.cost + 0.01 * self.effort if isfinite(self.cost) else inf


UNKNOWN = Merit(inf)


@dataclass(frozen=True, slots=True)
class Candidate(Generic[G]):
    """A genome on a rung, or a child that waits to be judged.

    Args:
        genome: the genome.
        level: of the change that made it.
        rung: of a child: its parent's rung.
        merit: how good it is.
        children: how many were tried.
    """

    genome: G
    level: int
    rung: int = 0
    merit: Merit = UNKNOWN
    children: int = 0


class Mating(NamedTuple, Generic[G]):
    """How a child is to be made."""

    parent: G
    mate: G | None
    """Whom to take code from; None: random code."""
    level: Level
    aligned: bool
    """The mate's code comes from the same place as the code that it replaces."""


class Ladder(Generic[G]):
    """A champion and its challengers.

    Args:
        first: the first champion.
        vary: makes a child of a Mating, with the ladder's draws.
        library: where mates come from and culled code goes, perhaps shared with other ladders.
        seed: of its draws, 64 bits.
        highest: the largest change that there is to make.
        rungs: the most that there are.

    Example: the ladder looks for a word, by changes of single letters.
        >>> def vary(mating, draws):
        ...     place = draws.below(5)
        ...     return mating.parent[:place] + draws.choice("abcdehlo") + mating.parent[place + 1 :]
        >>> ladder = Ladder("aaaaa", vary, Library(len(Level)), seed=1, highest=Level.POINT)
        >>> while ladder.champion.merit.cost != 0:
        ...     ladder.propose(8)
        ...     words = [child.genome for child in ladder.pending]
        ...     ladder.accept([Merit(0, sum(a != b for a, b in zip(word, "hello"))) for word in words])
        >>> ladder.champion.genome
        'hello'
    """

    def __init__(
        self,
        first: G,
        vary: Callable[[Mating[G], Draws], G],
        library: Library[G],
        seed: int,
        highest: Level = Level.BLOCK,
        rungs: int = CHAMPION,
    ):
        self.vary, self.library, self.highest, self.most_rungs = vary, library, highest, rungs
        self.draws = Draws(seed)
        self.rungs: list[Candidate[G]] = [Candidate(first, CHAMPION)]
        self.pending: list[Candidate[G]] = []
        self.tries, self.successes, self.descendants = ([0] * (CHAMPION + 1) for _ in range(3))
        """By level: children that were made, those that took their parent's place, and children of challengers."""

    @property
    def champion(self) -> Candidate[G]:
        return self.rungs[0]

    # children

    def propose(self, n: int) -> None:
        """Make n children, which are `pending` until `accept` is given their merits.

        The youngest challenger has as many as it still may; what is left over goes to the rungs below, and at last to
        the champion.
        """
        self.pending = []
        for rung in reversed(range(len(self.rungs))):
            left = n - len(self.pending)
            if rung:
                left = min(left, self._allowed(rung) - self.rungs[rung].children)
            self.pending += [self._child(rung) for _ in range(left)]

    def _child(self, rung: int) -> Candidate[G]:
        parent = self.rungs[rung]
        level = self._level(min(parent.level, self.highest + 1))
        mate = self._mate() if level > Level.POINT else None
        mating = Mating(parent.genome, mate, level, aligned=self.draws.uniform() < 0.5)
        return Candidate(self.vary(mating, self.draws), level, rung)

    def _level(self, below: int) -> Level:
        """A level below another. Small changes weigh 1; the more descendants the challengers of a level take, the
        less it weighs."""
        weights = [
            1.0
            if level <= Level.POINT
            else ((1 + self.tries[level]) / (1 + self.tries[level] + self.descendants[level])) ** 0.5
            for level in range(below)
        ]
        rest = self.draws.uniform() * sum(weights)
        for level, weight in enumerate(weights):
            rest -= weight
            if rest < 0:
                return Level(level)
        return Level(below - 1)

    def _mate(self) -> G | None:
        """Half of all mates are past champions; the others are random code, culled, or on the ladder."""
        if self.draws.uniform() < 0.5 and (champion := self.library.champion(self.draws)) is not None:
            return champion
        kind = self.draws.below(3)
        if kind == 0:
            return None
        culled = self.library.culled(self.draws) if kind == 1 else None
        return self.draws.choice(self.rungs).genome if culled is None else culled

    def _allowed(self, rung: int) -> int:
        """The most children of a challenger: as many as its level takes for a success, but at least 2^(7 - 2 rung)."""
        level = self.rungs[rung].level
        mean = self.tries[level] / max(1, self.successes[level])
        return min(MOST, max(int(mean), 2 ** max(1, 7 - 2 * rung)))

    # merits

    def remeasure(self, merits: Sequence[Merit]) -> None:
        """Take new merits of the rungs, from the champion up: what is good has changed."""
        self.rungs = [replace(one, merit=merit) for one, merit in zip(self.rungs, merits, strict=True)]
        self._settle(len(self.rungs) - 1)

    def accept(self, merits: Sequence[Merit]) -> None:
        """Take the merits of the pending children: some take their parents' places, and one may become a challenger."""
        top, challenger, better = len(self.rungs) - 1, None, False
        for child, merit in zip(self.pending, merits, strict=True):
            child = replace(child, merit=merit, rung=min(child.rung, top))
            parent = self.rungs[child.rung]
            self.tries[child.level] += 1
            for above in self.rungs[1 : child.rung + 1]:
                self.descendants[above.level] += 1
            self.rungs[child.rung] = replace(parent, children=parent.children + 1)
            if self._better(child, parent):
                self.successes[child.level] += 1
                self._replace(child.rung, child)
                better |= child.rung == top and merit.total < parent.merit.total
            elif child.rung == top and child.level > Level.POINT:
                wins = challenger is None or self._better(child, challenger)
                challenger, loser = (child, challenger) if wins else (challenger, child)
                if loser:
                    self._cull(loser)
            else:
                self._cull(child)
        self.pending = []
        better |= self._settle(top)
        if challenger and (better or len(self.rungs) >= self.most_rungs):
            self._cull(challenger)
        elif challenger:
            self.rungs.append(challenger)
        while len(self.rungs) > 1 and self.rungs[-1].children >= self._allowed(len(self.rungs) - 1):
            self._cull(self.rungs.pop())

    def _settle(self, top: int) -> bool:
        """Let challengers that are better now take the places below them; whether the youngest did."""
        for rung in range(top, 0, -1):
            if self._better(self.rungs[rung], self.rungs[rung - 1]):
                winner = self.rungs[rung]
                self.successes[winner.level] += 1
                del self.rungs[rung:]
                self._replace(rung - 1, winner)
        return len(self.rungs) - 1 < top

    def _replace(self, rung: int, winner: Candidate[G]) -> None:
        loser = self.rungs[rung]
        self._cull(loser)
        self.rungs[rung] = replace(loser, genome=winner.genome, merit=winner.merit)

    def _cull(self, one: Candidate[G]) -> None:
        if one.merit.penalty < inf:
            self.library.cull(one.genome, min(one.level, Level.BLOCK), self.draws)

    def _better(self, one: Candidate[G], other: Candidate[G]) -> bool:
        """Whether one is better; of two that are equal, by a coin. A small change that costs less may be longer."""
        a, b = one.merit, other.merit
        if a.penalty != b.penalty:
            return a.penalty < b.penalty
        if a.total == b.total:
            return a.penalty < inf and self.draws.uniform() < 0.5
        if a.total > b.total and one.level <= Level.POINT and a.cost < b.cost:
            return self.draws.uniform() < 1 / (1 + exp(min(700.0, a.total - b.total)))
        return a.total < b.total

    # state

    def state(self, write: Callable[[G], Any]) -> dict[str, Any]:
        """All of it but the library, genomes as `write` makes JSON of them: it goes on as if nothing had happened."""

        def plain(one: Candidate[G]) -> list[Any]:
            return [write(one.genome), one.level, one.rung, list(one.merit), one.children]

        return {
            "rungs": list(map(plain, self.rungs)),
            "pending": list(map(plain, self.pending)),
            "tries": self.tries,
            "successes": self.successes,
            "descendants": self.descendants,
            "draws": self.draws.state,
        }

    def restore(self, state: dict[str, Any], read: Callable[[Any], G]) -> None:
        """Take back what `state` gave."""

        def candidate(row: list[Any]) -> Candidate[G]:
            genome, level, rung, merit, children = row
            return Candidate(read(genome), level, rung, Merit(*merit), children)

        self.rungs = list(map(candidate, state["rungs"]))
        self.pending = list(map(candidate, state["pending"]))
        self.tries, self.successes, self.descendants = (
            list(state[name]) for name in ("tries", "successes", "descendants")
        )
        self.draws.state = state["draws"]


class Ladders(Generic[G]):
    """Several ladders side by side, which share a library; part of a player's state like a module.

    Args:
        vary: makes a child of a Mating.
        write, read: make JSON of genomes, and genomes of it.
        highest: the largest change that there is to make.
        champions: the most past champions that the library keeps.
        rungs: the most that a ladder has.
    """

    def __init__(
        self,
        vary: Callable[[Mating[G], Draws], G],
        write: Callable[[G], Any],
        read: Callable[[Any], G],
        highest: Level = Level.BLOCK,
        champions: int = 100,
        rungs: int = CHAMPION,
    ):
        self.vary, self.write, self.read, self.highest, self.rungs = vary, write, read, highest, rungs
        self.library = Library[G](len(Level), champions)
        self.ladders: list[Ladder[G]] = []

    def start(self, firsts: Sequence[G], seeds: Sequence[int]) -> None:
        """Begin again, a ladder with each of these as its champion."""
        self.ladders = [
            Ladder(first, self.vary, self.library, seed, self.highest, self.rungs)
            for first, seed in zip(firsts, seeds, strict=True)
        ]

    def retire(self) -> None:
        """Put all champions into the library; no ladder is left."""
        for ladder in self.ladders:
            self.library.remember(ladder.champion.genome)
        self.ladders = []

    def state_dict(self) -> dict[str, Any]:
        ladders = [ladder.state(self.write) for ladder in self.ladders]
        return {"ladders": ladders, "library": self.library.state(self.write)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.library.restore(state["library"], self.read)
        firsts = [self.read(ladder["rungs"][0][0]) for ladder in state["ladders"]]
        self.start(firsts, [0] * len(firsts))
        for ladder, its in zip(self.ladders, state["ladders"], strict=True):
            ladder.restore(its, self.read)
