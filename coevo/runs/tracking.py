"""The observer that tells trackers what happens in a run. One that fails is named and left out, at no other cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from coevo.errors import ConfigError
from coevo.loop import Turn
from coevo.monitoring.observer import ObservedRun, Observer
from coevo.monitoring.tracker import TrackedRun, Tracker
from coevo.plugin.faults import FAULTS, said_by
from coevo.plugin.registry import registry
from coevo.storage.atomic import write_whole

IDS = "trackers.json"  # ids of the run that trackers gave it, by tracker


class Trackers(Observer):
    """Tells trackers of every row, sheet and warning. They are no part of the run's state.

    Args:
        names: of the trackers.
        options: of the run, by their dotted names.
        warn: takes a sentence about a tracker that failed, as `Clock.warn`.
        warnings: the list of such sentences, and of those about speed, which trackers hear of.
    """

    name = "trackers"

    def __init__(
        self, names: Sequence[str], options: Mapping[str, Any], warn: Callable[[str], None], warnings: list[str]
    ):
        self.names, self.options, self.warn, self.warnings = names, options, warn, warnings
        self._told: dict[str, Tracker] = {}

    def begin(self, run: ObservedRun) -> None:
        """Begin all of them. Raises ConfigError if one does not exist or refuses the run."""
        self._studio, self._ending = run.studio, "failed"
        self._row, self._warned = run.latest, len(self.warnings)
        self._sheet = None if run.is_new else run.sheet
        path = run.store.folder / IDS
        ids = kept_ids(path)
        for name in self.names:
            self._told[name] = registry().load("tracker", name)()
            facts = TrackedRun(run.store.name, run.store.folder, run.round, self.options, ids.get(name))
            id = self._call(name, "begin", facts)
            if id is not None and id != facts.id:
                ids[name] = id
                write_whole(path, json.dumps(ids).encode())
        self._look(run)

    def see(self, turn: Turn, run: ObservedRun) -> None:
        self._look(run)

    def end(self, run: ObservedRun) -> None:
        self._look(run)
        self._ending = "finished" if run.finished else "stopped"

    def close(self) -> None:
        self._tell("end", self._ending)
        self._told.clear()

    def _look(self, run: ObservedRun) -> None:
        """Tell of whatever is new."""
        warnings, self._warned = self.warnings[self._warned :], len(self.warnings)
        if run.latest is not self._row:
            self._row = run.latest
            self._tell("row", run.round, {name: value for name, value in run.latest.items() if name != "round"})
            warnings += run.warnings
        for message in warnings:
            self._tell("warning", run.round, message)
        if run.sheet != self._sheet:
            self._sheet = run.sheet
            self._tell("sheet", run.round, run.sheet)

    def _tell(self, method: str, *facts: Any) -> None:
        for name in list(self._told):
            self._call(name, method, *facts)

    def _call(self, name: str, method: str, *facts: Any) -> Any:
        """Call a tracker, and leave it out if it fails. It draws from the caller's random streams, not from the run's,
        and what it prints goes to stderr, where it is in no program's way."""
        tracker = self._told[name]
        try:
            with self._studio.paused(), redirect_stdout(sys.stderr):
                return getattr(tracker, method)(*facts)
        except FAULTS as error:
            if method == "begin" and isinstance(error, ConfigError):
                del self._told[name]
                raise
            source, said = registry().source("tracker", name), said_by(error, type(tracker).__module__)
            self.warn(f"tracker {name!r} of {source} failed in {method}(): {said}; it is left out, and the run goes on")
        del self._told[name]
        return None


def kept_ids(path: Path) -> dict[str, str]:
    """The ids that trackers gave a run; none if the file is missing or damaged, as they then begin anew."""
    try:
        ids = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: id for name, id in ids.items() if isinstance(id, str)} if isinstance(ids, dict) else {}
