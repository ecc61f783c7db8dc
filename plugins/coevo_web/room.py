"""A room: a session whose user interface is a page that several people may look at, vote on, and branch from."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from threading import Timer
from typing import Any

from coevo.errors import CoevoError, ConfigError
from coevo.interactive.commands import Branch, Command, Pick, Redo, Take, Undo
from coevo.interactive.sheet import Sheet
from coevo_web.branches import Branches, OwnSheet, Place
from coevo_web.events import Channel, encoded
from coevo_web.jobs import Closed, Job, JobUI
from coevo_web.links import Visitor
from coevo_web.pictures import Pictures
from coevo_web.sheet_state import sheet_state
from coevo_web.votes import Rule, Votes, votes_in

QUICK = 256  # px of the side at which a new sheet is drawn at once; sharper ones follow while people look
SHARP, SHARPEST = 512, 1024  # that a person's own sheet is drawn at, and that all sheets are sharpened to
EARLIER = 64  # sheets whose pictures are remembered by name


@dataclass
class Person:
    """Somebody who looks at the sheet."""

    name: str
    role: str
    pages: int = 0
    marks: list[int] = field(default_factory=list)
    size: int = QUICK


class Room(JobUI):
    """A user interface that answers with what pages ask for.

    Args:
        name: of the session's run.
        pictures: where pictures are kept.
    """

    def __init__(self, name: str, pictures: Pictures):
        super().__init__()
        self.name, self.pictures, self.channel = name, pictures, Channel()
        self.people: dict[str, Person] = {}
        self.votes = Votes()
        self.state: dict[str, Any] = {"name": name, "epoch": secrets.token_hex(4), "version": 0, "busy": True}
        self._sheet: Sheet | None = None
        self._drawn: list[tuple[str, int]] = []  # each work's picture, and the px of its side
        self._earlier: OrderedDict[int, list[str]] = OrderedDict()  # pictures of earlier sheets, by their snapshots
        self._timer: Timer | None = None
        self.branches: Branches | None = None  # where everybody stands, if the works have genomes
        self.own: dict[str, dict[str, Any]] = {}  # what each person sees who has a branch
        self._begun: tuple[str, int] | None = None  # whose branch the next sheet is, and the event that says so
        self._then: tuple[int, Command] | None = None  # what is to be done at which snapshot, on the way there

    # in the players' thread

    def show(self, sheet: Sheet) -> Command | None:
        then, self._then = self._then, None
        if then and then[0] == sheet.snapshot:
            return then[1]
        old, self._sheet = self._sheet, sheet
        if old is None and sheet.db is not None:
            self.votes = votes_in(sheet.db)  # a server that was killed lost none
            self.branches = Branches(sheet.db) if sheet.works.genomes is not None else None
        same_sheet = old is not None and old.works.images is sheet.works.images
        if not same_sheet:
            if old is not None:
                self.votes.clear()
            for id, person in self.people.items():
                if id not in self.own:
                    person.marks = []
            self._keep_pictures(self.state.get("snapshot", 0), [name for name, _ in self._drawn])
            size = min(QUICK, self._wanted_size)
            self._drawn = [(self.pictures.add(picture), size) for picture in sheet.pictures(size)]
        self._tell(
            **sheet_state(sheet, [name for name, _ in self._drawn]), busy=False, closed=False, **self._people_state()
        )
        if self._begun and self.branches:
            (visitor, event), self._begun = self._begun, None
            self._stands(sheet, visitor, Place(sheet.snapshot))
            self.branches.db.mark_done(event)
        for id in [*self.own]:
            self._tell_own(id, mutation=self.state["mutation"])
        self._arm()
        return None

    def answer(self, job: Job) -> dict[str, Any]:
        return self.state_for(job.visitor)

    def begin(self, job: Job) -> None:
        self._tell(busy=True, note="")
        self._tell_own(job.visitor, busy=True, note="")

    def end(self, said: Closed) -> None:
        self._cancel_timer()
        self._tell(closed=True, busy=False, note=str(said))
        for id in [*self.own]:
            self._tell_own(id, closed=True, busy=False, note=str(said))

    @property
    def _wanted_size(self) -> int:
        return min(SHARPEST, max((person.size for person in self.people.values() if person.pages), default=QUICK))

    def _blurred(self, sheet: Sheet) -> int | None:
        """The place of a picture that could be sharper; of works that are stored as pixels none could."""
        if sheet.works.codes is not None:
            return None
        wanted = self._wanted_size
        return next((place for place, (_, size) in enumerate(self._drawn) if size < wanted), None)

    def refine(self, sheet: Sheet) -> bool:
        """Draw one picture as sharp as a page can show it."""
        place, size = self._blurred(sheet), self._wanted_size
        if place is None:
            return False
        (picture,) = Sheet(sheet.works[place : place + 1], sheet.session).pictures(size)
        name = self.pictures.add(picture)
        self._drawn[place] = name, size
        works = [dict(work) for work in self.state["works"]]
        works[place]["picture"] = f"/pictures/{name}.png"
        self.state = {**self.state, "works": works}
        self.channel.publish("sharper", {"snapshot": self.state["snapshot"], "place": place, **works[place]})
        return True

    def _tell(self, **changes: Any) -> None:
        self.state = {**self.state, **changes, "version": self.state["version"] + 1}
        own = frozenset(self.own)
        self.channel.publish("state", self.state, lambda reader: reader not in own)

    def _tell_own(self, visitor: str, **changes: Any) -> None:
        """The same for a person who has a branch, if it is one."""
        if visitor in self.own:
            version = self.state["version"] + 1
            self.state = {**self.state, "version": version}
            self.own[visitor] = {**self.own[visitor], **changes, "version": version}
            self.channel.publish("state", self.state_for(visitor), lambda reader: reader == visitor)

    # branches of their own

    def follow(self, sheet: Sheet, visitor: Visitor, command: Command) -> Command | dict[str, Any]:
        """What a command is for a visitor: one of the session, or a step along a branch of its own."""
        if self.branches is None or not self.is_own(visitor):
            return command
        name, place = self.person(visitor).name, self.branches.place(visitor.id)
        match command:
            case Undo() | Redo() | Branch():
                self._stands(sheet, visitor.id, self.branches.moved(visitor.id, command))
                return self.state_for(visitor.id)
            case Pick() | Take():
                way = None if place.snapshot == sheet.snapshot else self.branches.way_to(place.snapshot)
                self._begun = visitor.id, self.branches.begins(visitor.id, name)
                self._then = (place.snapshot, command) if way else None
                return way or command
        return command

    def is_own(self, visitor: Visitor) -> bool:
        """Whether a visitor has a branch of its own."""
        return self.votes.rule.own and self.branches is not None and visitor.may("voter")

    def sheet_of(self, sheet: Sheet, visitor: Visitor) -> Sheet:
        """The sheet that a visitor sees, given the session's."""
        if self.branches is None or not self.is_own(visitor):
            return sheet
        return OwnSheet.of(sheet, self.branches.db, self.branches.place(visitor.id))

    def state_for(self, visitor: str) -> dict[str, Any]:
        """What a visitor's page shows."""
        return {**self.own[visitor], **self._people_state()} if visitor in self.own else self.state

    def _stands(self, sheet: Sheet, visitor: str, place: Place) -> None:
        """A person goes to a place of the session, and sees its sheet."""
        if self.branches is None:
            return
        person = self.people.get(visitor)
        if place != self.branches.place(visitor):
            self.branches.moves(visitor, person.name if person else "", place)
        if person:
            person.marks = []
        self.give_own(sheet, visitor)
        self.tell_people()

    def give_own(self, sheet: Sheet, visitor: str) -> None:
        """Show a person its own sheet. Pictures of one that the session does not show are those of before, or drawn."""
        if self.branches is None:
            return
        own, person = OwnSheet.of(sheet, self.branches.db, self.branches.place(visitor)), self.people.get(visitor)
        if own.snapshot == sheet.snapshot:
            names = [name for name, _ in self._drawn]
        else:
            names = self._earlier.get(own.snapshot, [])
            if not names or any(self.pictures.get(name) is None for name in names):
                size = min(SHARP, max(QUICK, person.size if person else 0))
                names = [self.pictures.add(picture) for picture in own.pictures(size)]
            self._keep_pictures(own.snapshot, names)
        self.own.setdefault(visitor, {})
        state = {**self.state, **sheet_state(own, names), "note": sheet.note}
        self._tell_own(visitor, **{**state, "busy": False, "closed": False})

    def _keep_pictures(self, snapshot: int, names: list[str]) -> None:
        """Remember the pictures of a sheet, so that whoever goes back to it sees them at once."""
        self._earlier[snapshot] = names
        self._earlier.move_to_end(snapshot)
        while len(self._earlier) > EARLIER:
            self._earlier.popitem(last=False)

    # for those who ask, from any thread

    def first_event(self, visitor: str = "") -> bytes:
        return encoded("state", self.state_for(visitor))

    # people

    def enter(self, visitor: Visitor, name: str) -> None:
        """A page opened."""

        def entered(sheet: Sheet) -> None:
            person = self.people.setdefault(visitor.id, Person(name, visitor.role))
            person.name, person.pages = name or person.name, person.pages + 1
            if self.is_own(visitor):
                self.give_own(sheet, visitor.id)
            self.tell_people()

        self.submit(entered)

    def left(self, visitor: Visitor) -> None:
        """A page was closed."""

        def gone(sheet: Sheet) -> None:
            person = self.people.get(visitor.id)
            if person:
                person.pages -= 1
                if person.pages <= 0:
                    del self.people[visitor.id]
                    self.own.pop(visitor.id, None)
            self.tell_people()

        with suppress(CoevoError):
            self.submit(gone)

    def person(self, visitor: Visitor) -> Person:
        """Who a visitor is; one without an open page is known by its role."""
        return self.people.get(visitor.id) or Person(visitor.role, visitor.role)

    def resize(self, sheet: Sheet, visitor: Visitor, size: int) -> None:
        """A person's pictures are that many px wide."""
        self.person(visitor).size = size
        if visitor.id in self.own and self.own[visitor.id]["snapshot"] != sheet.snapshot:
            self._earlier.pop(self.own[visitor.id]["snapshot"], None)  # they may be too small
            self.give_own(sheet, visitor.id)

    def mark(self, visitor: Visitor, places: list[int]) -> None:
        self.person(visitor).marks = places
        self.tell_people()

    def vote(self, sheet: Sheet, visitor: Visitor, places: list[int]) -> Command | dict[str, Any]:
        """Count a vote, once it is recorded; the command that it leads to if it decides."""
        name = self.person(visitor).name
        if sheet.db:
            sheet.db.record_event("vote", sheet.db.current, name, {"voter": visitor.id, "places": places})
        if self.votes.give(visitor.id, name, places):
            return self.decided(sheet)
        self._arm()
        self.tell_people()
        return self.state

    def decided(self, sheet: Sheet) -> Pick:
        """The command that the votes give, in the name of all who voted."""
        self.user = self.votes.voters
        return Pick(tuple(self.votes.winners(*sheet.picks)))

    def set_rule(self, sheet: Sheet, rule: Rule, user: str) -> None:
        if rule.own and self.branches is None:
            raise ConfigError("These works have no genomes, so nobody can have a branch of their own.")
        if sheet.db:
            sheet.db.record_event("rule", sheet.db.current, user, asdict(rule))
        self.votes.rule = rule
        self._cancel_timer()
        self._arm()
        self.own.clear()
        if rule.own:
            for id in [id for id, one in self.people.items() if one.role != "watcher"]:
                self.give_own(sheet, id)
        self._tell(**self._people_state())

    def _arm(self) -> None:
        """Start the time of a vote, at its first one; a quorum that a kill or a new rule left over decides now."""
        rule, given = self.votes.rule, self.votes.given
        if not given or not rule.votes:
            self._cancel_timer()
        elif 0 < rule.quorum <= len(given):
            self._time_is_over(self.state["snapshot"])
        elif rule.seconds and self._timer is None:
            self._timer = Timer(rule.seconds, self._time_is_over, [self.state["snapshot"]])
            self._timer.daemon = True
            self._timer.start()

    def _time_is_over(self, voted: int) -> None:
        def decide(sheet: Sheet) -> Command | None:
            self._timer = None
            still = sheet.db is not None and sheet.db.current == voted and bool(self.votes.given)
            return self.decided(sheet) if still else None

        with suppress(CoevoError):
            self.submit(decide)

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _people_state(self) -> dict[str, Any]:
        rule, voted = self.votes.rule, self.votes.given
        return {
            "people": [
                {"id": id, "name": one.name, "role": one.role, "marks": one.marks, "voted": id in voted}
                | {key: self.own.get(id, self.state).get(key) for key in ("snapshot", "generation")}
                for id, one in self.people.items()
            ],
            "rule": asdict(rule),
            "votes": len(voted),
        }

    def tell_people(self) -> None:
        self.state = {**self.state, **self._people_state(), "version": self.state["version"] + 1}
        self.channel.publish("people", self._people_state())
