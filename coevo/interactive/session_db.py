"""A session's memory: one SQLite database with every sheet, every individual, and who did what when.

Every command is written, in one transaction, before it acts: a pick before its offspring exist, an undo before the
earlier sheet is shown. An event that a crash cut off is `pending`, and is done again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from coevo.contract.players import State
from coevo.contract.works import Genome
from coevo.errors import DamagedError, PairError, StoreError
from coevo.loop import Position
from coevo.storage.serialization import UNREADABLE, pack_text, unpack_text

FORMAT = 2  # of the states in snapshots; the tables are those of format 1
FILE = "session.db"

SCHEMA = """
CREATE TABLE moments (             -- snapshots: a state to come back to, whose sheet comes next
    id INTEGER PRIMARY KEY,
    before INTEGER REFERENCES moments,
    round INTEGER NOT NULL, phase INTEGER NOT NULL, step INTEGER NOT NULL,
    tree TEXT NOT NULL, tensors BLOB NOT NULL,
    at TEXT NOT NULL
);
CREATE TABLE individuals (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parents TEXT NOT NULL,         -- JSON list of ids
    genome TEXT NOT NULL,
    moment INTEGER NOT NULL,       -- the snapshot on whose sheet it first appeared
    at TEXT NOT NULL
);
CREATE TABLE sheets (              -- which individual is where
    moment INTEGER NOT NULL, place INTEGER NOT NULL, individual TEXT NOT NULL,
    PRIMARY KEY (moment, place)
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,            -- pick, undo, redo, branch, take, tune, save
    moment INTEGER NOT NULL,
    who TEXT NOT NULL,
    detail TEXT NOT NULL,          -- JSON
    done INTEGER NOT NULL,         -- 0 until it has acted
    at TEXT NOT NULL
);
CREATE TABLE picks (event INTEGER NOT NULL, individual TEXT NOT NULL);
CREATE INDEX picked ON picks (individual);
CREATE TABLE pointer (             -- the head: the only row that changes
    id INTEGER PRIMARY KEY CHECK (id = 1),
    now INTEGER, undone TEXT NOT NULL, born INTEGER NOT NULL, books_tree TEXT, books_tensors BLOB
);
INSERT INTO pointer VALUES (1, NULL, '[]', 0, NULL, NULL);
"""
COLUMNS = {
    "moments": "id, before, round, phase, step, tree, tensors, at",
    "individuals": "number, id, parents, genome, moment, at",
    "sheets": "moment, place, individual",
    "events": "id, kind, moment, who, detail, done, at",
    "picks": "event, individual",
    "pointer": "id, now, undone, born, books_tree, books_tensors",
}


@dataclass(frozen=True)
class Event:
    """Something that a person did at a snapshot; not `done` if a crash came before it acted."""

    id: int
    kind: str
    snapshot: int
    user: str
    detail: dict[str, Any]
    done: bool
    at: str


@dataclass(frozen=True)
class Individual:
    """One individual that was bred: its genome, its parents, where it first appeared, who picked it and when."""

    id: str
    parents: tuple[str, ...]
    genome: str
    first_snapshot: int
    round: int
    at: str
    picked: tuple[tuple[str, str], ...] = ()  # (user, time)

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class Head:
    """The position of a session.

    Args:
        snapshot: the snapshot whose sheet is shown; None before the first.
        redo_stack: snapshots that were undone, the next one to redo last.
        ids: how many ids were given to individuals so far.
    """

    snapshot: int | None
    redo_stack: tuple[int, ...]
    ids: int


class SessionDB:
    """The database of one session; without a path it is a new one in memory.

    Args:
        path: its file.
        mode: "read" to look at it; "write" to go on with it, once all of it was checked; "create" to begin it, in a
            file that has no tables yet.

    Raises:
        StoreError: the file is missing, empty, not a session database, or of a version that this one cannot read.
        DamagedError: it is damaged; `rescue` reads what is left.
    """

    def __init__(self, path: Path | None = None, mode: Literal["read", "write", "create"] = "read"):
        self.path = path
        self.upgraded: Callable[[State], State] = lambda state: state
        """What the players make of a snapshot that an older version of theirs took."""
        where = f"{path.absolute().as_uri()}?mode={'rwc' if mode == 'create' else 'rw'}" if path else ":memory:"
        try:  # a UI may read from a thread of its own, while the session waits for it
            self._db = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
        except sqlite3.Error as error:
            raise StoreError(f"The session database {path} cannot be opened.") from error
        with self._reading():
            if not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                if path and mode != "create":
                    self._db.close()
                    raise StoreError(
                        f"The session database {path} is empty; put a copy of it back, or start a new session."
                    )
                self._db.executescript(f"PRAGMA user_version = {FORMAT}; BEGIN; {SCHEMA} COMMIT;")
            if path and mode == "read":  # not opened read-only: what a kill left half written is first taken back
                self._db.execute("PRAGMA query_only = ON")
            elif path and (problem := self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(problem)
            for table, columns in COLUMNS.items():
                self._db.execute(f"SELECT {columns} FROM {table} LIMIT 0")
            if not 1 <= self.format <= FORMAT:
                raise StoreError(
                    f"The session database {path} has format {self.format}; this version of coevo reads 1 to {FORMAT}."
                )
            self._db.execute("PRAGMA synchronous = FULL")

    @classmethod
    def rescue(cls, path: Path) -> SessionDB:
        """Read what is left of a damaged database into memory: each table from both of its ends.

        Raises:
            StoreError: nothing can be read.
        """
        rescued = cls()
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        source.execute("PRAGMA writable_schema = ON")  # so that it reads a file cut short at all
        for table, order in (("moments", "id"), ("individuals", "number"), ("sheets", "moment"), ("events", "id"),
                             ("picks", "rowid")):  # fmt: skip
            for way in ("ASC", "DESC"):
                with suppress(sqlite3.DatabaseError, UnicodeDecodeError):  # as far as it goes, from either end
                    for row in source.execute(f"SELECT * FROM {table} ORDER BY {order} {way}"):
                        marks = ", ".join("?" * len(row))
                        rescued._db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
                    break
        source.close()
        for (id,) in rescued._rows("SELECT id FROM individuals"):
            try:
                rescued.individuals(id)
            except DamagedError:
                rescued._db.execute("DELETE FROM individuals WHERE id IS ?", (id,))
        if not rescued.individuals():
            raise StoreError(f"The session database {path} is damaged, and nothing in it can be read.")
        return rescued

    @property
    def format(self) -> int:
        """The version that the states in its snapshots have."""
        return int(self._rows("PRAGMA user_version")[0][0])

    @property
    def is_read_only(self) -> bool:
        """Whether it was opened to look at."""
        return bool(self._rows("PRAGMA query_only")[0][0])

    def allow_writing(self) -> None:
        """Go on with what was opened to look at; the run must be locked."""
        self._rows("PRAGMA query_only = OFF")

    @property
    def is_current(self) -> bool:
        """Whether it has the newest format."""
        return self.format >= FORMAT

    def upgrade(self, state: Callable[[State], State], run_state: Callable[[State], State]) -> None:
        """Rewrite the states of an older format, all of them or none.

        Args:
            state: gives a snapshot's state of the older format the form that it has now.
            run_state: does the same for what the run keeps with the newest snapshot.
        """
        if self.is_current:
            return
        with self._writing() as db:
            for id, *packed in db.execute("SELECT id, tree, tensors FROM moments").fetchall():
                new = pack_text(state(unpack_text(*packed)))
                db.execute("UPDATE moments SET tree = ?, tensors = ? WHERE id = ?", (*new, id))
            if (old := self.run_state()) is not None:
                db.execute("UPDATE pointer SET books_tree = ?, books_tensors = ?", pack_text(run_state(old)))
            db.execute(f"PRAGMA user_version = {FORMAT}")

    def in_memory(self) -> SessionDB:
        """A copy to change without an effect on the file, which is closed."""
        copy = SessionDB()
        self._db.backup(copy._db)
        self.close()
        return copy

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # writing: each of these is one transaction

    def add_snapshot(self, parent: int | None, position: Position, state: State, ids: int, run_state: State) -> int:
        """Keep a state to come back to, and make it the head. Whatever was pending at its parent has acted.

        Args:
            parent: the snapshot before it.
            position, state: the session's.
            ids: how many ids were given so far.
            run_state: what the run keeps beside it, such as the length of its log; only the newest is kept.

        Returns:
            The snapshot's number.
        """
        tree, tensors = pack_text(state)
        with self._writing() as db:
            row = db.execute(
                "INSERT INTO moments (before, round, phase, step, tree, tensors, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (parent, *position, tree, tensors, _now()),
            )
            db.execute("UPDATE events SET done = 1 WHERE kind = 'pick' AND NOT done")
            db.execute(
                "UPDATE pointer SET now = ?, undone = '[]', born = ?, books_tree = ?, books_tensors = ?",
                (row.lastrowid, ids, *pack_text(run_state)),
            )
        return _row_id(row)

    def record_sheet(self, snapshot: int, genomes: Sequence[Genome], ids: int) -> None:
        """Record a snapshot's sheet, and the individuals on it that are new.

        Raises:
            PairError: an id was given to another individual before.
        """
        if self._rows("SELECT 1 FROM sheets WHERE moment = ?", snapshot):
            return
        at = _now()
        with self._writing() as db:
            shown = json.dumps([genome.id for genome in genomes])
            known = dict(
                db.execute("SELECT id, genome FROM individuals WHERE id IN (SELECT value FROM json_each(?))", (shown,))
            )
            new = {one.id: one for one in genomes if one.id not in known}
            texts = known | {one.id: one.text for one in new.values()}
            if twice := [one.id for one in genomes if texts[one.id] != one.text]:
                raise PairError(
                    f"The id {twice[0]!r} was given to two individuals of this session; an artist should take ids from "
                    "studio.new_ids, which gives none twice."
                )
            db.executemany(
                "INSERT INTO individuals (id, parents, genome, moment, at) VALUES (?, ?, ?, ?, ?)",
                [(one.id, json.dumps(one.parents), one.text, snapshot, at) for one in new.values()],
            )
            db.executemany(
                "INSERT INTO sheets VALUES (?, ?, ?)", [(snapshot, index, one.id) for index, one in enumerate(genomes)]
            )
            db.execute("UPDATE pointer SET born = ?", (ids,))

    def record_pick(self, snapshot: int, indices: Sequence[int], user: str, ids: int) -> str:
        """Record which works of a sheet are to reproduce.

        Returns:
            A salt for the random streams of the offspring. It is empty when a sheet breeds for the first time, and new
            every time after that, so that breeding again gives new offspring.
        """
        ((before,),) = self._rows("SELECT count(*) FROM events WHERE kind = 'pick' AND moment = ?", snapshot)
        salt = f"{snapshot}.{before}" if before else ""
        with self._writing() as db:
            event = self._insert_event(db, "pick", snapshot, user, {"places": list(indices), "salt": salt}, done=False)
            for index in indices:
                db.execute(
                    "INSERT INTO picks SELECT ?, individual FROM sheets WHERE moment = ? AND place = ?",
                    (event, snapshot, index),
                )
            db.execute("UPDATE pointer SET undone = '[]', born = ?", (ids,))
        return salt

    def cancel_pick(self) -> None:
        """Forget a pick that could not be bred from, so that a resumed session asks again."""
        with self._writing() as db:
            db.execute("DELETE FROM picks WHERE event IN (SELECT id FROM events WHERE kind = 'pick' AND NOT done)")
            db.execute("DELETE FROM events WHERE kind = 'pick' AND NOT done")

    def move_head(self, kind: str, user: str, to: int, redo_stack: Sequence[int], ids: int) -> None:
        """Record an undo, a redo or a branch: the head moves to another snapshot."""
        here = self.current
        with self._writing() as db:
            self._insert_event(db, kind, here, user, {"to": to}, done=True)
            db.execute("UPDATE pointer SET now = ?, undone = ?, born = ?", (to, json.dumps(list(redo_stack)), ids))

    def record_event(self, kind: str, snapshot: int, user: str, detail: dict[str, Any], done: bool = True) -> int:
        """Record anything else, such as a changed option or a picture to save. Returns the event's number."""
        with self._writing() as db:
            return self._insert_event(db, kind, snapshot, user, detail, done)

    def mark_done(self, event: int) -> None:
        """Record that an event has acted."""
        with self._writing() as db:
            db.execute("UPDATE events SET done = 1 WHERE id = ?", (event,))

    # reading

    @property
    def head(self) -> Head:
        with self._reading():
            snapshot, undone, born = self._db.execute("SELECT now, undone, born FROM pointer").fetchone()
            return Head(snapshot if snapshot is None else int(snapshot), tuple(map(int, json.loads(undone))), int(born))

    @property
    def current(self) -> int:
        """The snapshot whose sheet is shown. Raises StoreError if there is none yet."""
        if (snapshot := self.head.snapshot) is None:
            raise StoreError("This session has kept no snapshot yet.")
        return snapshot

    @property
    def position(self) -> Position | None:
        """Where the session stands; None if it has kept no snapshot yet."""
        rows = self._rows("SELECT round, phase, step FROM moments WHERE id = ?", self.head.snapshot)
        return Position(*map(int, rows[0])) if rows else None

    def run_state(self) -> State | None:
        """The run state of the newest snapshot."""
        ((tree, tensors),) = self._rows("SELECT books_tree, books_tensors FROM pointer")
        return None if tree is None else self._unpacked("its newest snapshot", tree, tensors)

    def snapshot(self, id: int) -> tuple[Position, State]:
        """Position and state of a snapshot. Raises StoreError if there is none of that number."""
        rows = self._rows("SELECT round, phase, step, tree, tensors FROM moments WHERE id = ?", id)
        if not rows:
            last = self._rows("SELECT max(id) FROM moments")[0][0] or 0
            raise StoreError(f"There is no snapshot {id} to go back to; there are 1 to {last}.")
        *position, tree, tensors = rows[0]
        state = self._unpacked(f"snapshot {id}", tree, tensors)
        with self._reading():
            if not all(isinstance(state[part], dict) for part in ("artist", "critic", "studio")):
                raise ValueError(f"snapshot {id} is no state of a session")
        return Position(*map(int, position)), self.upgraded(state)

    def parent(self, snapshot: int) -> int | None:
        """The snapshot before another; None for the first."""
        rows = self._rows("SELECT before FROM moments WHERE id = ?", snapshot)
        return rows[0][0] if rows else None

    def events(self, *kinds: str) -> list[Event]:
        """All events, oldest first, or those of some kinds."""
        where = f"WHERE kind IN ({', '.join('?' * len(kinds))}) " if kinds else ""
        rows = self._rows(f"SELECT id, kind, moment, who, detail, done, at FROM events {where}ORDER BY id", *kinds)
        with self._reading():
            return [
                Event(id, kind, snapshot, user, dict(json.loads(detail)), bool(done), at)
                for id, kind, snapshot, user, detail, done, at in rows
            ]

    def pending(self, kind: str) -> list[Event]:
        """Events that were recorded and have not acted, because of a crash."""
        if not self._rows("SELECT 1 FROM events WHERE kind = ? AND NOT done", kind):
            return []
        return [event for event in self.events(kind) if not event.done]

    def sheet(self, snapshot: int) -> list[str]:
        """The ids of the individuals on a snapshot's sheet, in order."""
        return [id for (id,) in self._rows("SELECT individual FROM sheets WHERE moment = ? ORDER BY place", snapshot)]

    def individuals(self, *ids: str) -> dict[str, Individual]:
        """Every individual that was ever shown, oldest first; or those of the ids that there are, in their order."""
        given = [json.dumps(ids)] if ids else []
        which = "json_each(?) JOIN individuals i ON i.id = value" if ids else "individuals i"
        rows = self._rows(
            f"SELECT i.id, parents, genome, moment, coalesce(round, 0), i.at FROM {which} "
            f"LEFT JOIN moments m ON m.id = moment ORDER BY {'key' if ids else 'number'}",
            *given,
        )
        picks: dict[str, list[tuple[str, str]]] = {}
        for id, user, at in self._rows(
            "SELECT individual, who, at FROM picks JOIN events ON events.id = event "
            f"{'WHERE individual IN (SELECT value FROM json_each(?)) ' if ids else ''}ORDER BY event",
            *given,
        ):
            picks.setdefault(id, []).append((user, at))
        with self._reading():
            return {row[0]: _individual(row, picks.get(row[0], ())) for row in rows}

    def individual(self, id: str) -> Individual:
        """One individual. Raises StoreError if there is none of that id."""
        found = self.individuals(id)
        if id not in found:
            total = self._rows("SELECT count(*) FROM individuals")[0][0]
            raise StoreError(f"There is no individual {id!r} in this session of {total}; `coevo lineage` shows them.")
        return found[id]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(
                f"Could not write the session database {self.path}: {error}. Nothing was bred; free some space or "
                "fix the permissions, then go on with `coevo resume`."
            ) from error

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._reading():
            return self._db.execute(query, values).fetchall()

    def _unpacked(self, what: str, tree: str, tensors: bytes) -> State:
        try:
            state: State = unpack_text(tree, tensors)
        except StoreError as error:
            raise DamagedError(f"The session database {self.path} is damaged: {what}: {error}.") from error
        return state

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, *UNREADABLE) as error:
            if self.path is not None:  # what was rescued into memory is read on
                self._db.close()
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR")):
                raise StoreError(
                    f"The session database {self.path} cannot be opened or used ({error}). Free some space or fix the "
                    "permissions, then go on with `coevo resume`."
                ) from error
            raise DamagedError(
                f"The session database {self.path} is damaged ({error}), so it is not written to any more. "
                "`coevo lineage` shows what can still be read; `coevo export RUN ID -o x.png` draws an individual, and "
                "`coevo run ... --from x.png` begins a new session from it."
            ) from error

    @staticmethod
    def _insert_event(
        db: sqlite3.Connection, kind: str, snapshot: int, user: str, detail: dict[str, Any], done: bool
    ) -> int:
        row = db.execute(
            "INSERT INTO events (kind, moment, who, detail, done, at) VALUES (?, ?, ?, ?, ?, ?)",
            (kind, snapshot, user, json.dumps(detail), done, _now()),
        )
        return _row_id(row)


def _individual(row: Sequence[Any], picked: Sequence[tuple[str, str]]) -> Individual:
    id, parents, genome, snapshot, round, at = row
    ancestors = tuple(json.loads(parents))
    texts = id, genome, at, *ancestors, *(word for one in picked for word in one)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"individual {id!r} is not of text")
    return Individual(id, ancestors, genome, int(snapshot), int(round), at, tuple(picked))


def _row_id(cursor: sqlite3.Cursor) -> int:
    """The number of the row that was just inserted."""
    return int(cursor.lastrowid or 0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
