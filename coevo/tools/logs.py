"""The log of a run, whatever version wrote it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from coevo.errors import StoreError
from coevo.interactive.session_db import FILE, SessionDB
from coevo.runs.migrations import METRICS_1, renamed
from coevo.storage.jsonl import read_log
from coevo.storage.run_folder import RunFolder


def log_of(run: RunFolder) -> list[dict[str, float]]:
    """The rows of a run's metrics.jsonl, with the names that metrics have now."""
    return [{key: value for key, value in row.items() if isinstance(value, int | float)} for row in _rows(run)]


def warnings_of(run: RunFolder) -> list[str]:
    """The warnings of a run, about its game and its speed, each with its round."""
    rows = [*_rows(run), *read_log(run.folder / "timing.jsonl", "round")]
    return [f"round {row['round']:.0f}: {warning}" for row in rows for warning in row.get("warnings", ())]


def played(run: RunFolder) -> tuple[int, float]:
    """The rounds and the seconds that a run has played; a session stands where its database says."""
    log = read_log(run.folder / "timing.jsonl", "round", "seconds")
    rounds, seconds = (log[-1]["round"], log[-1]["seconds"]) if log else (0, 0.0)
    if (path := run.folder / FILE).is_file():
        with suppress(StoreError), SessionDB(path) as db:  # of one that is damaged the log is all there is
            rounds = db.position.round if db.position else rounds
    return rounds, seconds


def unsaved(run: RunFolder, played: int) -> str:
    """What to say beside the rounds that a run played if it was killed after it had saved last; empty if it was not.

    A session's database keeps every sheet, and a run that is playing will save again.
    """
    names = run.names()
    if run.locked or not names or (run.folder / FILE).is_file():
        return ""
    saved = int(names[-1].split("-")[0])
    return f"saved at round {saved}" if saved < played else ""


def _rows(run: RunFolder) -> list[dict[str, Any]]:
    return [renamed(row, METRICS_1) for row in read_log(run.folder / "metrics.jsonl", "round")]
