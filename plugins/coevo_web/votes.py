"""Votes of several people on one sheet, and when they decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from coevo.interactive.session_db import Event, SessionDB

MOVES = frozenset({"pick", "undo", "redo", "branch"})  # events after which another sheet is shown


@dataclass(frozen=True)
class Rule:
    """When a sheet is bred from.

    Args:
        quorum: as soon as that many have voted; 0: anyone breeds at any time, unless there are seconds.
        seconds: that long after the first vote; 0: without end.
        own: nobody votes, and each breeds a branch of their own.
    """

    quorum: int = 0
    seconds: int = 0
    own: bool = False

    @property
    def votes(self) -> bool:
        """Whether people vote."""
        return bool(self.quorum or self.seconds) and not self.own


@dataclass
class Votes:
    """One vote a person, the last that it gave, on the sheet that is shown.

    Example:
        >>> votes = Votes(Rule(quorum=3))
        >>> votes.give("a", "Ada", [0, 2]), votes.give("b", "Ben", [2]), votes.give("a", "Ada", [2, 4])
        (False, False, False)
        >>> votes.give("c", "Cem", [4]), votes.winners(1, 15), votes.voters
        (True, [2, 4], 'Ada, Ben, Cem')
    """

    rule: Rule = Rule()
    given: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    """By voter: name and places."""

    def give(self, voter: str, name: str, places: Iterable[int]) -> bool:
        """Count a vote; whether it was the last that was needed."""
        self.given[voter] = name, tuple(places)
        return bool(self.rule.quorum) and len(self.given) >= self.rule.quorum

    def winners(self, least: int, most: int) -> list[int]:
        """The places that most people chose, as many as the artist can breed; none if too few were chosen.

        All that have as many votes as the first are taken, and further ones only where the artist needs more parents.
        """
        count = Counter(place for _, places in self.given.values() for place in places)
        ranked = sorted(count, key=lambda place: (-count[place], place))
        chosen = [place for place in ranked if count[place] == count[ranked[0]]] if ranked else []
        chosen = ranked[: max(least, len(chosen))][:most]
        return sorted(chosen) if len(chosen) >= least else []

    @property
    def voters(self) -> str:
        """Their names, for the lineage."""
        return ", ".join(sorted({name for name, _ in self.given.values()}))

    def clear(self) -> None:
        self.given.clear()


def votes_in(db: SessionDB) -> Votes:
    """The rule of a session, and the votes on its newest sheet that were recorded and have not acted."""
    votes = Votes()
    for event in db.events("rule", "vote", *MOVES):
        if event.kind in MOVES:
            votes.clear()
        elif event.kind == "rule":
            votes.rule = rule_in(event.detail)
        else:
            count(votes, event)
    return votes


def count(votes: Votes, event: Event) -> None:
    voter, places = event.detail.get("voter"), event.detail.get("places")
    if isinstance(voter, str) and isinstance(places, Collection):
        votes.given[voter] = event.user, tuple(place for place in places if isinstance(place, int))


def rule_in(detail: Mapping[str, object]) -> Rule:
    numbers = {name: detail.get(name) for name in ("quorum", "seconds")}
    some = {name: value for name, value in numbers.items() if isinstance(value, int) and value > 0}
    return Rule(**some, own=detail.get("own") is True)
