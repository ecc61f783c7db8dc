"""Branches of one session: each person has a sheet of their own, and breeds on from there.

All of them are in the session's one database, as any branch is; here stands only who is where. A person's sheet is read
from the database, so that to undo, to redo and to look at another's sheet need no players.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from coevo.contract.works import Genome, Works
from coevo.errors import StoreError
from coevo.images.rendering import render
from coevo.images.sheets import to_bytes, to_picture
from coevo.interactive.commands import Branch, Command, Redo, Undo
from coevo.interactive.session_db import SessionDB
from coevo.interactive.sheet import Sheet

MOVED, BREEDS = "own", "own-begun"
"""Events: a person's sheet is another one from now on; a person has asked for a new one, which is not there yet."""


@dataclass(frozen=True)
class Place:
    """Where a person stands.

    Args:
        snapshot: whose sheet the person sees.
        undone: snapshots to redo, the next one last.
    """

    snapshot: int
    undone: tuple[int, ...] = ()


class Branches:
    """Where everybody stands, as the session's database says: whoever never moved sees the newest sheet of all.

    Args:
        db: the session's.
    """

    def __init__(self, db: SessionDB):
        self.db = db
        self._places: dict[str, Place] = {}
        for event in db.events(MOVED):
            undone = tuple(number for number in event.detail.get("undone", ()) if isinstance(number, int))
            self._places[str(event.detail.get("voter"))] = Place(event.snapshot, undone)
        for event in db.pending(BREEDS):  # the server was killed before the new sheet was shown
            if db.parent(db.current) == event.snapshot:
                self.moves(str(event.detail.get("voter")), event.user, Place(db.current))
            db.mark_done(event.id)

    def place(self, voter: str) -> Place:
        if voter not in self._places:
            self.moves(voter, "", Place(self.db.current))
        return self._places[voter]

    def moves(self, voter: str, name: str, place: Place) -> None:
        """Record where a person stands now."""
        self.db.record_event(MOVED, place.snapshot, name, {"voter": voter, "undone": list(place.undone)})
        self._places[voter] = place

    def begins(self, voter: str, name: str) -> int:
        """Record that a person has asked for a new sheet; the event's number, to be marked as done with `moves`."""
        return self.db.record_event(BREEDS, self.place(voter).snapshot, name, {"voter": voter}, done=False)

    def moved(self, voter: str, command: Command) -> Place:
        """Where a person stands after an undo, a redo or a branch, which Sheet.problem has found possible."""
        here = self.place(voter)
        match command:
            case Undo():
                before = self.db.parent(here.snapshot)
                return here if before is None else Place(before, (*here.undone, here.snapshot))
            case Redo() if here.undone:
                return Place(here.undone[-1], here.undone[:-1])
            case Branch(id):
                return Place(self.db.individual(id).first_snapshot)
        return here

    def way_to(self, snapshot: int) -> Branch:
        """The command that leads the session to a snapshot. Raises StoreError if none does."""
        for id in self.db.sheet(snapshot):
            if self.db.individual(id).first_snapshot == snapshot:
                return Branch(id)
        raise StoreError("Nobody on this sheet is new; breed from the one before it.")


@dataclass(frozen=True)
class OwnSheet(Sheet):
    """The sheet of a person, which need not be the one that the session shows.

    Args:
        place: where the person stands.
    """

    place: Place = Place(0)

    @classmethod
    def of(cls, sheet: Sheet, db: SessionDB, place: Place) -> OwnSheet:
        """The one at a place, read from the database."""
        some = db.individuals(*db.sheet(place.snapshot)).values()
        genomes = tuple(Genome(one.id, one.parents, one.genome) for one in some)
        return cls(Works(genomes=genomes), sheet.session, place=place)

    @property
    def generation(self) -> int:
        """That of the youngest on the sheet."""
        db = self.session.db
        assert db is not None and self.works.genomes is not None
        return max(one.round for one in db.individuals(*(genome.id for genome in self.works.genomes)).values())

    @property
    def snapshot(self) -> int:
        return self.place.snapshot

    def pictures(self, size: int = 0) -> list[Image.Image]:
        pixels = render(self.session.artist, self.works, size or self.session.studio.image[-1])
        return [to_picture(picture) for picture in to_bytes(pixels)]

    @property
    def can_undo(self) -> bool:
        return self.session.db is not None and self.session.db.parent(self.place.snapshot) is not None

    @property
    def can_redo(self) -> bool:
        return bool(self.place.undone)
