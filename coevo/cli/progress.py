"""The progress of an evaluation on stderr: a bar in a terminal, a line a task elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from coevo.evaluation.progress import PlainProgress, Progress


class LiveProgress(Progress):
    """Every task of an evaluation, one below the other, each with a bar and its time."""

    def __init__(self, bars: Bars):
        self.bars = bars
        self._task: TaskID | None = None

    def begin(self, task: str, total: int = 0) -> None:
        self.end()
        self._task = self.bars.add_task(task, total=total or None, note="")

    def advance(self, steps: int = 1, note: str = "") -> None:
        if self._task is not None:
            self.bars.update(self._task, advance=steps, note=note)

    def end(self) -> None:
        """The last task has ended."""
        if self._task is not None:
            self.bars.update(self._task, total=1, completed=1, note="")
            self.bars.stop_task(self._task)


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Progress on stderr while an evaluation runs; stopped by Ctrl-C it says what is kept, with exit code 130."""
    try:
        if not sys.stderr.isatty():
            yield PlainProgress()
            return
        columns = (TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[note]}"))
        with Bars(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bars:
            progress = LiveProgress(bars)
            yield progress
            progress.end()
    except KeyboardInterrupt:
        kept = "what was finished is kept, a trained evaluator and features of real works; the rest starts again."
        click.echo(f"coevo: Stopped; {kept}", err=True)
        raise click.exceptions.Exit(130) from None
