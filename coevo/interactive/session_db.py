"""A session's memory: one SQLite database with every sheet, every individual, and who did what when.

Whatever a person does is written, in one transaction, before it acts: a pick is there before its children
are, an undo before the earlier sheet comes back. What a crash cut off is `pending`, and is done again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coevo.contract.players import State
from coevo.contract.works import Genome
from coevo.errors import DamagedError, PairError, StoreError
from coevo.loop import Position
from coevo.storage.serialization import pack_text, unpack_text

FORMAT = 1
FILE = "session.db"

SCHEMA = """
CREATE TABLE moments (             -- a state that one can come back to: the sheet it shows comes next
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
    moment INTEGER NOT NULL,       -- where it was first seen
    at TEXT NOT NULL
);
CREATE TABLE sheets (              -- who stands where
    moment INTEGER NOT NULL, place INTEGER NOT NULL, individual TEXT NOT NULL,
    PRIMARY KEY (moment, place)
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,            -- pick, undo, redo, branch, tune, save
    moment INTEGER NOT NULL,
    who TEXT NOT NULL,
    detail TEXT NOT NULL,          -- JSON
    done INTEGER NOT NULL,         -- 0 until it has acted
    at TEXT NOT NULL
);
CREATE TABLE picks (event INTEGER NOT NULL, individual TEXT NOT NULL);
CREATE INDEX picked ON picks (individual);
CREATE TABLE pointer (             -- where the session stands: the only row that changes
    id INTEGER PRIMARY KEY CHECK (id = 1),
    now INTEGER, undone TEXT NOT NULL, born INTEGER NOT NULL, books_tree TEXT, books_tensors BLOB
);
INSERT INTO pointer VALUES (1, NULL, '[]', 0, NULL, NULL);
"""


@dataclass(frozen=True)
class Event:
    """Something a person did at a moment; not `done` where a crash came before it acted."""

    id: int
    kind: str
    moment: int
    who: str
    detail: dict[str, Any]
    done: bool
    at: str


@dataclass(frozen=True)
class Individual:
    """One that was bred: genome, parents, the moment it was first seen at, and who picked it when."""

    id: str
    parents: tuple[str, ...]
    genome: str
    moment: int
    round: int
    at: str
    picked: tuple[tuple[str, str], ...] = ()  # (who, when)

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class Pointer:
    """Where a session stands: the moment, what can be redone (the last first), how many were ever born."""

    now: int | None
    undone: tuple[int, ...]
    born: int


class History:
    """The database of one session; `History()` keeps it in memory.

    Raises StoreError where the file is no database of coevo's, or is damaged.
    """

    def __init__(self, path: Path | None = None):
        self.path = path
        new = path is None or not path.exists()
        # Faces look back from a thread of their own, while the session waits for them.
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10)
        with self._reading():
            if new:
                self._db.executescript(f"PRAGMA user_version = {FORMAT}; BEGIN; {SCHEMA} COMMIT;")
            flaw = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if flaw != "ok":
                raise sqlite3.DatabaseError(flaw)
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found != FORMAT:
                raise StoreError(f"The session database {path} has format {found}; this coevo reads {FORMAT}.")
            self._db.execute("PRAGMA synchronous = FULL")

    @classmethod
    def rescue(cls, path: Path) -> History:
        """What can still be read of a damaged database, in memory: each table from both of its ends.

        Raises StoreError where nothing can be.
        """
        saved = cls()
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        source.execute("PRAGMA writable_schema = ON")  # so that it reads a file cut short at all
        for table, order in (("moments", "id"), ("individuals", "number"), ("sheets", "moment"), ("events", "id"),
                             ("picks", "rowid")):  # fmt: skip
            for way in ("ASC", "DESC"):
                with suppress(sqlite3.DatabaseError):  # as far as it goes, from either end
                    for row in source.execute(f"SELECT * FROM {table} ORDER BY {order} {way}"):
                        marks = ", ".join("?" * len(row))
                        saved._db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
                    break
        source.close()
        if not saved.individuals():
            raise StoreError(f"The session database {path} is damaged, and nothing in it can be read.")
        return saved

    def close(self) -> None:
        self._db.close()

    # what happens; each is one transaction

    def arrive(self, before: int | None, position: Position, state: State, born: int, books: State) -> int:
        """A new moment follows another; whatever was pending there has acted. books: the run's own, as
        the length of its log."""
        tree, tensors = pack_text(state)
        with self._writing() as db:
            row = db.execute(
                "INSERT INTO moments (before, round, phase, step, tree, tensors, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (before, *position, tree, tensors, now()),
            )
            db.execute("UPDATE events SET done = 1 WHERE kind = 'pick' AND NOT done")
            db.execute(
                "UPDATE pointer SET now = ?, undone = '[]', born = ?, books_tree = ?, books_tensors = ?",
                (row.lastrowid, born, *pack_text(books)),
            )
        assert row.lastrowid is not None
        return row.lastrowid

    def hang(self, moment: int, genomes: Sequence[Genome], born: int) -> None:
        """The sheet that a moment shows, and everyone on it who was never seen before.

        Raises PairError where an id was given before to another individual.
        """
        if self._db.execute("SELECT 1 FROM sheets WHERE moment = ?", (moment,)).fetchone():
            return
        at = now()
        with self._writing() as db:
            for place, genome in enumerate(genomes):
                row = (genome.id, json.dumps(genome.parents), genome.text)
                seen = db.execute("SELECT id, parents, genome FROM individuals WHERE id = ?", (genome.id,)).fetchone()
                if seen is None:
                    db.execute(
                        "INSERT INTO individuals (id, parents, genome, moment, at) VALUES (?, ?, ?, ?, ?)",
                        (*row, moment, at),
                    )
                elif seen[2] != genome.text:
                    raise PairError(
                        f"The id {genome.id!r} was given to two individuals of this session; an artist should "
                        "take ids from studio.births, which gives none twice."
                    )
                db.execute("INSERT INTO sheets VALUES (?, ?, ?)", (moment, place, genome.id))
            db.execute("UPDATE pointer SET born = ?", (born,))

    def pick(self, moment: int, places: Sequence[int], who: str, born: int) -> str:
        """Those at these places are to reproduce. Returns a salt for the children's random streams: empty
        where this sheet breeds for the first time, so that breeding again gives new children."""
        before = self._db.execute(
            "SELECT count(*) FROM events WHERE kind = 'pick' AND moment = ?", (moment,)
        ).fetchone()[0]
        salt = f"{moment}.{before}" if before else ""
        with self._writing() as db:
            event = self._note(db, "pick", moment, who, {"places": list(places), "salt": salt}, done=False)
            for place in places:
                db.execute(
                    "INSERT INTO picks SELECT ?, individual FROM sheets WHERE moment = ? AND place = ?",
                    (event, moment, place),
                )
            db.execute("UPDATE pointer SET undone = '[]', born = ?", (born,))
        return salt

    def move(self, kind: str, who: str, to: int, undone: Sequence[int], born: int) -> None:
        """Undo, redo or branch: the session stands at another moment."""
        now = self.pointer.now
        assert now is not None
        with self._writing() as db:
            self._note(db, kind, now, who, {"to": to}, done=True)
            db.execute("UPDATE pointer SET now = ?, undone = ?, born = ?", (to, json.dumps(list(undone)), born))

    def note(self, kind: str, moment: int, who: str, detail: dict[str, Any], done: bool = True) -> int:
        """Anything else: a tuned option, a picture that is to be saved."""
        with self._writing() as db:
            return self._note(db, kind, moment, who, detail, done)

    def finish(self, event: int) -> None:
        """What was noted has acted."""
        with self._writing() as db:
            db.execute("UPDATE events SET done = 1 WHERE id = ?", (event,))

    # what happened

    @property
    def pointer(self) -> Pointer:
        row = self._db.execute("SELECT now, undone, born FROM pointer").fetchone()
        return Pointer(row[0], tuple(json.loads(row[1])), row[2])

    def books(self) -> State | None:
        """What the run left with the newest moment."""
        row = self._db.execute("SELECT books_tree, books_tensors FROM pointer").fetchone()
        return unpack_text(*row) if row[0] is not None else None

    def moment(self, id: int) -> tuple[Position, State]:
        """Position and state of a moment. Raises StoreError where there is none."""
        row = self._db.execute("SELECT round, phase, step, tree, tensors FROM moments WHERE id = ?", (id,)).fetchone()
        if row is None:
            last = self._db.execute("SELECT max(id) FROM moments").fetchone()[0] or 0
            raise StoreError(f"There is no moment {id} to go back to; there are 1 to {last}.")
        return Position(*row[:3]), unpack_text(*row[3:])

    def before(self, moment: int) -> int | None:
        row = self._db.execute("SELECT before FROM moments WHERE id = ?", (moment,)).fetchone()
        return row[0] if row else None

    def events(self, *kinds: str) -> list[Event]:
        """What was done, oldest first; all of it, or that of some kinds."""
        rows = self._db.execute("SELECT id, kind, moment, who, detail, done, at FROM events ORDER BY id")
        events = (
            Event(id, kind, moment, who, json.loads(detail), bool(done), at)
            for id, kind, moment, who, detail, done, at in rows
        )
        return [event for event in events if not kinds or event.kind in kinds]

    def pending(self, kind: str) -> list[Event]:
        """What was written down and has not acted, because of a crash."""
        if not self._db.execute("SELECT 1 FROM events WHERE kind = ? AND NOT done", (kind,)).fetchone():
            return []
        return [event for event in self.events(kind) if not event.done]

    def sheet(self, moment: int) -> list[str]:
        """Ids on the sheet of a moment, in their places."""
        rows = self._db.execute("SELECT individual FROM sheets WHERE moment = ? ORDER BY place", (moment,))
        return [row[0] for row in rows]

    def individuals(self, *ids: str) -> dict[str, Individual]:
        """Everyone who was ever seen, oldest first, or those named who were."""
        sql = (
            "SELECT i.id, parents, genome, moment, coalesce(round, 0), i.at FROM individuals i "
            "LEFT JOIN moments m ON m.id = moment"
        )
        found = (
            [row for id in ids for row in self._db.execute(sql + " WHERE i.id = ?", (id,))]
            if ids
            else self._db.execute(sql + " ORDER BY number").fetchall()
        )
        return {row[0]: self._individual(row) for row in found}

    def _individual(self, row: tuple[Any, ...]) -> Individual:
        picked = self._db.execute(
            "SELECT who, at FROM picks JOIN events ON events.id = event WHERE individual = ? ORDER BY event", (row[0],)
        ).fetchall()
        id, parents, genome, moment, round, at = row
        return Individual(id, tuple(json.loads(parents)), genome, moment, round, at, tuple(picked))

    def individual(self, id: str) -> Individual:
        """Raises StoreError where nobody has that id."""
        found = self.individuals(id)
        if id not in found:
            born = self._db.execute("SELECT count(*) FROM individuals").fetchone()[0]
            raise StoreError(f"There is no individual {id!r} in this session of {born}; `coevo lineage` shows them.")
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
                "mend the permissions, then go on with `coevo resume`."
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError) and "unable to open" in str(error):
                raise StoreError(f"The session database {self.path} cannot be opened.") from error
            raise DamagedError(
                f"The session database {self.path} is damaged ({error}). It is only read from now on: what can be "
                "saved is shown by `coevo lineage`; `coevo export RUN ID -o x.png`, then `coevo run ... --from x.png` "
                "begins a new session from there."
            ) from error

    @staticmethod
    def _note(db: sqlite3.Connection, kind: str, moment: int, who: str, detail: dict[str, Any], done: bool) -> int:
        row = db.execute(
            "INSERT INTO events (kind, moment, who, detail, done, at) VALUES (?, ?, ?, ?, ?, ?)",
            (kind, moment, who, json.dumps(detail), done, now()),
        )
        assert row.lastrowid is not None
        return row.lastrowid


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
