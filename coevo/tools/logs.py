"""The log of a run, whatever version wrote it."""

from __future__ import annotations

from typing import Any

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


def _rows(run: RunFolder) -> list[dict[str, Any]]:
    return [renamed(row, METRICS_1) for row in read_log(run.folder / "metrics.jsonl", "round")]
