"""Runs as they grow: what their folders say, read when a page asks, and a sign whenever one has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError, StoreError
from coevo.images.given import is_map
from coevo.interactive.session_db import FILE
from coevo.storage.run_folder import RunFolder
from coevo.tools.logs import log_of, played, warnings_of
from coevo_web.events import encoded
from coevo_web.processes import Processes
from coevo_web.rooms import run_named

POINTS = 1000  # of a curve: more than a page has pixels for
SHEETS = 500  # that a slider leads through, evenly chosen
LOOKS = 1.0  # seconds between two looks at a folder
HEARTBEAT = 15
OPPONENTS = "ancestral-opponents.png"


class Watching:
    """What pages see of a folder of runs.

    Args:
        runs: the folder.
    """

    def __init__(self, runs: Path):
        self.runs, self.processes = runs, Processes(runs)

    def all(self) -> list[dict[str, Any]]:
        """Every run in short, the newest first."""
        return [short(store) for store in reversed(RunFolder.all(self.runs))]

    def one(self, name: str) -> dict[str, Any]:
        """A run with its curves, sheets and warnings. Raises StoreError if there is none of that name."""
        store = run_named(name, self.runs)
        rows = log_of(store)
        return {
            **short(store),
            "options": options(store),
            "curves": curves(rows),
            "warnings": warnings_of(store)[-20:],
            "sheets": thinned([path.name for path in sorted(store.sheets.glob("*.png"))], SHEETS),
            **makes(store),
            "opponents": (store.folder / OPPONENTS).is_file(),
            "said": self.processes.said(name),
        }

    def sheet(self, name: str, file: str) -> bytes:
        """The content of one of a run's sheets, or of its table of critics and generations."""
        store = run_named(name, self.runs)
        known = {path.name: path for path in store.sheets.glob("*.png")}
        known[OPPONENTS] = store.folder / OPPONENTS
        try:
            return known[file].read_bytes()
        except (KeyError, OSError) as error:
            raise StoreError(f"There is no sheet {file[:60]!r} in run {name!r}.") from error

    async def changes(self, name: str) -> AsyncIterator[bytes]:
        """An event stream with a sign whenever a run has changed, or begins or ends to play."""
        store, before, quiet = run_named(name, self.runs), None, 0.0
        while True:
            now = await asyncio.to_thread(stamp, store)
            if now != before:
                before, quiet = now, 0.0
                yield encoded("changed", {"playing": now[-1]})
            elif quiet >= HEARTBEAT:
                quiet = 0.0
                yield b": still here\n\n"
            await asyncio.sleep(LOOKS)
            quiet += LOOKS

    def close(self) -> None:
        self.processes.close()


def short(store: RunFolder) -> dict[str, Any]:
    """What a list of runs says of one; of a run whose config is broken only what is known."""
    from coevo.runs.config import parse_toml

    try:
        config = parse_toml(store.read_config(), store.folder / "config.toml")
        names = {section: str(config.get(section, {}).get("name", "?")) for section in ("artist", "critic", "data")}
        rounds, seconds = played(store)
    except CoevoError:
        names, rounds, seconds = dict.fromkeys(("artist", "critic", "data"), "?"), 0, 0.0
    sheets = sorted(store.sheets.glob("*.png"))
    return {
        "name": store.name,
        **names,
        "data": Path(names["data"]).name,
        "rounds": rounds,
        "minutes": round(seconds / 60, 1),
        "playing": store.locked,
        "session": (store.folder / FILE).is_file(),
        "sheet": sheets[-1].name if sheets else "",
    }


def makes(store: RunFolder) -> dict[str, bool]:
    """What the artist of a run can make on a page: pictures of label maps that are painted, walks between works."""
    from coevo.runs.opening import read_config

    try:
        config = read_config(store)
    except CoevoError:
        return {"paints": False, "walks": False}
    saved = bool(store.names())
    return {
        "paints": saved and is_map(config.planes or ()) and hasattr(config.artist_class, "translate"),
        "walks": saved and hasattr(config.artist_class, "decode"),
    }


def options(store: RunFolder) -> dict[str, str]:
    """The options of a run, `section.name` to value, as text."""
    from coevo.runs.config import leaves, parse_toml

    try:
        tree = leaves(parse_toml(store.read_config(), store.folder / "config.toml"))
    except CoevoError:
        return {}
    return {name: str(value) for name, value in tree.items() if not name.startswith("made.")}


def curves(rows: Sequence[dict[str, float]]) -> dict[str, list[float | None]]:
    """Columns of a log by name, `round` first; None where a row has no value, or no finite one."""
    some = thinned(rows, POINTS)
    names = dict.fromkeys(name for row in some for name in row)
    return {"round": [], **{name: [finite(row.get(name)) for row in some] for name in names}}


def finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < 1e300 else None


def thinned(rows: Sequence[Any], most: int) -> list[Any]:
    """At most that many of the rows, evenly chosen, the first and the last among them.

    Example:
        >>> thinned(range(10), 4)
        [0, 3, 6, 9]
    """
    if len(rows) <= most:
        return list(rows)
    return [rows[round(place * (len(rows) - 1) / (most - 1))] for place in range(most)]


def stamp(store: RunFolder) -> tuple[Any, ...]:
    """Something that differs after a run has written or begun or ended to play."""
    found: list[Any] = []
    for path in (store.folder / "metrics.jsonl", store.sheets, store.folder / OPPONENTS, store.folder / FILE):
        try:
            facts = path.stat()
            found.append((facts.st_mtime_ns, facts.st_size))
        except OSError:
            found.append(None)
    return (*found, store.locked)
