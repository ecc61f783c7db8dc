"""Sessions of people: their databases, and their scripts."""

from __future__ import annotations

from pathlib import Path

from coevo.errors import DamagedError, StoreError
from coevo.interactive.lineage import picked_or_current
from coevo.interactive.script import export_script
from coevo.interactive.session_db import FILE, SessionDB
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import write_output


def open_session_db(run: RunFolder) -> tuple[SessionDB, str]:
    """A session's database to read, and what is wrong with it: of a damaged one, all that can still be read.

    Raises:
        StoreError: the run has no session, or nothing of it can be read.
    """
    path = run.folder / FILE
    if not path.is_file():
        raise StoreError(f"Run {run.name!r} has no lineage: only runs with a critic that picks record one.")
    try:
        db = SessionDB(path)
        picked_or_current(db), db.events()  # whatever is damaged of what is shown is found now
        return db, ""
    except DamagedError as error:
        db = SessionDB.rescue(path)
        return db, f"{error} {len(db.individuals())} individuals can be read."


def write_script(db: SessionDB, output: Path) -> None:
    """Write a whole session as lines that `--picks` plays again."""
    write_output(output, "".join(f"{line}\n" for line in export_script(db)).encode())
