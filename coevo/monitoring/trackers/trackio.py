"""Trackio: a dashboard on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from coevo.extras import needed
from coevo.monitoring.tracker import Ending, TrackedRun, Tracker


class Trackio(Tracker):
    """Writes to Trackio's database on this machine; `trackio show` opens its dashboard.

    TRACKIO_PROJECT names the project, which is "coevo" by default, and TRACKIO_DIR the folder of the database.
    """

    def begin(self, run: TrackedRun) -> str:
        self._trackio = needed("trackio", "trackio", "Tracker 'trackio'")
        project = os.environ.get("TRACKIO_PROJECT", "coevo")
        self._run = self._trackio.init(
            project,
            name=run.id or run.name,
            config=dict(run.options),
            resume="allow" if run.id else "never",
            embed=False,
        )
        return str(self._run.name)

    def row(self, round: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=round)

    def sheet(self, round: int, picture: Path) -> None:
        self._run.log({"sheet": self._trackio.Image(str(picture), caption=f"round {round}")}, step=round)

    def warning(self, round: int, message: str) -> None:
        self._run.log({"warning": message}, step=round)

    def end(self, ending: Ending) -> None:
        self._trackio.finish()  # of the run that it began last: Trackio has one at a time
