"""The gallery: works that were published, in one SQLite file that can be copied. Each can be branched from."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from coevo.errors import DataError, StoreError
from coevo.images.files import read_origin, work_file
from coevo.images.origin import Origin, describe, signature
from coevo.images.png import png_bytes
from coevo.interactive.lineage import ancestors, chart
from coevo.interactive.sheet import Sheet
from coevo.plugin.registry import registry
from coevo.storage.atomic import make_folder, write_whole
from coevo_web.jobs import PLAYERS
from coevo_web.room import Room
from coevo_web.sheet_state import found, works_of

if TYPE_CHECKING:
    from coevo_web.rooms import Rooms

FORMAT = 1
SIZE = 512  # px of a published picture's side
TAGS, TAG, TITLE = 12, 30, 100  # of a work, at most: tags, and characters
PAGE = 60  # works on a page
ORDERS = {
    "newest": "works.id DESC",
    "branched": "branches DESC, works.id DESC",
    "rated": "rating DESC, voters DESC, works.id DESC",
}
SCHEMA = """
CREATE TABLE works (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL, author TEXT NOT NULL, owner TEXT NOT NULL, at TEXT NOT NULL,
    artist TEXT NOT NULL,
    file BLOB NOT NULL,             -- a PNG that carries the genome
    family BLOB,                    -- a PNG: the family tree
    origin INTEGER REFERENCES works,-- the work that its session was branched from
    branches INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE tags (work INTEGER NOT NULL REFERENCES works ON DELETE CASCADE, tag TEXT NOT NULL,
    PRIMARY KEY (work, tag));
CREATE TABLE stars (work INTEGER NOT NULL REFERENCES works ON DELETE CASCADE, visitor TEXT NOT NULL,
    stars INTEGER NOT NULL, PRIMARY KEY (work, visitor));
CREATE TABLE branches (run TEXT PRIMARY KEY, work INTEGER NOT NULL);
"""
COLUMNS = (
    "works.id, title, author, owner, at, artist, origin, branches, family IS NOT NULL, "
    "coalesce((SELECT avg(stars) FROM stars WHERE work = works.id), 0) AS rating, "
    "(SELECT count(*) FROM stars WHERE work = works.id) AS voters"
)


@dataclass(frozen=True)
class Publication:
    """What a person says of a work."""

    title: str
    author: str
    tags: Sequence[str] = ()


class Gallery:
    """Published works.

    Args:
        path: the file; it is made when the first work is published.
    """

    def __init__(self, path: Path):
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._lock = RLock()

    # writing: each is one transaction, on the disk before it is answered

    def publish(
        self, file: bytes, artist: str, about: Publication, owner: str, family: bytes | None, run: str = ""
    ) -> int:
        """Add a work; its number.

        Args:
            file: a PNG that carries its genome.
            artist: the artist's name.
            about: title, author and tags.
            owner: the visitor who may remove it.
            family: a picture of its family tree.
            run: its session, which may have been branched from another work.
        """
        with self._writing() as db:
            row = db.execute("SELECT work FROM branches WHERE run = ?", (run,)).fetchone()
            values = about.title, about.author, owner, now(), artist, file, family, row and row[0]
            sql = "INSERT INTO works (title, author, owner, at, artist, file, family, origin) VALUES (?,?,?,?,?,?,?,?)"
            id = int(db.execute(sql, values).lastrowid or 0)
            db.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(id, tag) for tag in about.tags])
        return id

    def rate(self, id: int, visitor: str, stars: int) -> None:
        """Give a work 1 to 5 stars, or take them back with 0; a visitor has one vote."""
        self.work(id)
        with self._writing() as db:
            if stars:
                db.execute("INSERT OR REPLACE INTO stars VALUES (?, ?, ?)", (id, visitor, stars))
            else:
                db.execute("DELETE FROM stars WHERE work = ? AND visitor = ?", (id, visitor))

    def remove(self, id: int) -> None:
        """Take a work out."""
        self.work(id)
        with self._writing() as db:
            db.execute("UPDATE works SET origin = NULL WHERE origin = ?", (id,))
            db.execute("DELETE FROM works WHERE id = ?", (id,))

    def branch(self, id: int, rooms: Rooms) -> Room:
        """Begin a session that goes on from a work."""
        work, file = self.work(id), self.file(id)
        path = self.path.parent / f"work-{id}.png"
        write_whole(path, file)  # where the new run finds it until it has saved itself
        origin = read_origin(path)
        room = rooms.start(
            asked={
                "artist": {"name": origin.artist, **without_population(origin.options)},
                "critic": {"name": "human"},
                "data": {"channels": origin.channels},
                "run": {"start": str(path.absolute())},
            }
        )
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO branches VALUES (?, ?)", (room.name, work["id"]))
            db.execute("UPDATE works SET branches = branches + 1 WHERE id = ?", (id,))
        return room

    # reading

    def works(self, order: str = "newest", tag: str = "", page: int = 0) -> list[dict[str, Any]]:
        """A page of works."""
        where = "WHERE works.id IN (SELECT work FROM tags WHERE tag = ?)" if tag else ""
        sql = f"SELECT {COLUMNS} FROM works {where} ORDER BY {ORDERS[order]} LIMIT {PAGE} OFFSET ?"
        return [self._row(row) for row in self._rows(sql, *([tag] if tag else []), page * PAGE)]

    def work(self, id: int) -> dict[str, Any]:
        """One work. Raises StoreError if there is none of that number."""
        for row in self._rows(f"SELECT {COLUMNS} FROM works WHERE works.id = ?", id):
            return self._row(row)
        raise StoreError(f"There is no work {id} in the gallery.")

    def file(self, id: int, column: str = "file") -> bytes:
        """A work's PNG, or with column "family" its family tree."""
        assert column in ("file", "family")
        for (content,) in self._rows(f"SELECT {column} FROM works WHERE id = ?", id):
            if content is not None:
                return bytes(content)
        raise StoreError(f"There is no such picture of work {id} in the gallery.")

    def tags(self) -> list[str]:
        """All tags, the most used first."""
        rows = self._rows("SELECT tag FROM tags GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 100")
        return [tag for (tag,) in rows]

    def close(self) -> None:
        with self._lock:
            if self._db:
                self._db.close()
            self._db = None

    def _row(self, row: Sequence[Any]) -> dict[str, Any]:
        names = ("id", "title", "author", "owner", "at", "artist", "origin", "branches", "family", "rating", "voters")
        tags = [tag for (tag,) in self._rows("SELECT tag FROM tags WHERE work = ? ORDER BY tag", row[0])]
        found: dict[str, Any] = dict(zip(names, row, strict=True))
        return {**found, "family": bool(found["family"]), "rating": round(found["rating"], 2), "tags": tags}

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        if self._db is None and not self.path.is_file():
            return []
        with self._lock, self._explained():
            return self._opened().execute(sql, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            db = self._opened()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            make_folder(self.path)
            db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                db.executescript(f"PRAGMA user_version = {FORMAT}; BEGIN; {SCHEMA} COMMIT;")
            if (version := db.execute("PRAGMA user_version").fetchone()[0]) != FORMAT:
                db.close()
                raise StoreError(f"The gallery {self.path} has format {version}; this coevo reads {FORMAT}.")
            self._db = db
        return self._db

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"The gallery {self.path} cannot be read or written ({error}); put a copy of it back, or name another "
                "with --gallery."
            ) from error


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def without_population(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "population"}


def publishable(sheet: Sheet, id: str) -> tuple[bytes, str, bytes | None]:
    """A work of a session as a file, its artist's name, and its family tree as a picture if it has a family."""
    works, session = works_of(sheet, id), sheet.session
    folder = session.studio.folder
    about = signature(session.artist, folder.name if folder else "") | describe(works, 0)
    file = work_file(Path("x.png"), session.artist, works, SIZE, about)
    family = None
    if sheet.db is not None and works.genomes is not None:
        found(sheet, id)
        some = ancestors(sheet.db, id)
        family = png_bytes(chart(some, sheet.ancestor_picture, [id]), {"artist": session.artist.name})
    return file, session.artist.name, family


def imported(content: bytes, name: str, runs: Path) -> tuple[bytes, str]:
    """A file that somebody dropped, as a PNG that is drawn anew from the genome in it, and the artist's name.

    Args:
        content: a PNG or SVG of coevo's, or a genome of PicBreeder's (.zip or .xml).
        name: its name, by whose ending it is read; no file of that name is made.
        runs: the folder of all runs.

    Raises:
        DataError: it carries no genome.
    """
    from coevo.tools.redraw import redraw

    ending = Path(name).suffix.lower()
    if ending not in (".png", ".svg", ".zip", ".xml"):
        raise DataError("Drop a picture of coevo's (.png or .svg), or a genome of PicBreeder's (.zip or .xml).")
    with tempfile.TemporaryDirectory() as folder, PLAYERS:
        given, drawn = Path(folder) / f"given{ending}", Path(folder) / "drawn.png"
        given.write_bytes(content)
        try:
            origin: Origin = (
                registry().load("importer", "picbreeder")(given) if ending in (".zip", ".xml") else read_origin(given)
            )
            if origin.works.genomes is None:
                raise DataError("This picture carries a code and no genome; a code is nothing without its run.")
            redraw(origin, SIZE, drawn, runs)
        except DataError as error:
            raise DataError(str(error).replace(str(given), "The file")) from error
        return drawn.read_bytes(), origin.artist
