"""Observers of a run: they see its turns in order, and log, show, save and remember. Each has a state of its own."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch

from coevo.contract.players import State
from coevo.errors import ConfigError
from coevo.evolution.variety import distinct, varies
from coevo.images.given import side_by_side
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.loop import Turn, checks
from coevo.monitoring.ancestral_opponents import AncestralOpponents
from coevo.monitoring.diagnostics import Diagnostics
from coevo.monitoring.metrics import Meter, diversity
from coevo.monitoring.observer import ObservedRun, Observer
from coevo.monitoring.pace import Pace
from coevo.runs.finite import check_parameters, not_finite
from coevo.storage.jsonl import Log, log_problem, read_log
from coevo.storage.run_folder import RunFolder
from coevo.studio import processes

SHEET, PAIRS = 64, 24  # works on a sheet; those that stand beside what they were made from
FIRST = 256  # individuals of a population that a sheet is chosen from: all pairs of them are compared
SAVE_SECONDS = 60  # a long phase is saved at least this often


class Clock(Observer):
    """timing.jsonl: seconds of playing, over all processes, works a second, and what slows them down."""

    name = "timing"

    def __init__(self, store: RunFolder, every: int):
        self.path, self.every = store.folder / "timing.jsonl", every
        rows = read_log(self.path, "round", "seconds")
        self.before = float(rows[-1]["seconds"]) if rows else 0.0
        """Seconds that the run was played in earlier processes."""
        self.round = int(rows[-1]["round"]) if rows else 0
        """The round that it had reached in them, saved or not."""
        self.started = math.inf
        self.warnings: list[str] = []
        """Sentences about the speed and about trackers; not in metrics.jsonl, whose bytes are the same however fast the
        run was."""
        self._pace = Pace()
        self._log: Log | None = None

    @property
    def seconds(self) -> float:
        """Seconds of playing so far."""
        return self.before + max(0.0, time.perf_counter() - self.started)

    def begin(self, run: ObservedRun) -> None:
        self._log = Log(self.path)
        self.started = self._logged = self._stepped = time.perf_counter()
        self._worked = time.process_time()
        self._works, self._round = 0, -1

    def see(self, turn: Turn, run: ObservedRun) -> None:
        assert self._log is not None
        self._round = turn.next.round
        self._works += len(turn.works) * processes.count() if turn.role == "artist" else 0
        now, worked = time.perf_counter(), time.process_time()
        slow = None if run.is_session else self._pace.step(turn.role, now - self._stepped, worked - self._worked)
        self._stepped, self._worked = now, worked
        if slow:
            self.warn(slow)
        if turn.ends_round and turn.next.round % self.every == 0:
            speed = round(self._works / max(now - self._logged, 1e-9), 3)
            self._log.append({"round": self._round, "seconds": round(self.seconds, 3), "images_per_second": speed})
            self._logged, self._works = now, 0

    def warn(self, message: str) -> None:
        """Keep a sentence about something that is no part of the game."""
        now = max(self._round, self.round)
        self.warnings.append(f"round {now}: {message}")
        if self._log is not None:
            self._log.append({"round": now, "seconds": round(self.seconds, 3), "warnings": [message]})

    def close(self) -> None:
        if self._log is None:
            return
        log, self._log = self._log, None
        self.before, self.started = self.seconds, math.inf
        try:
            if self._round >= 0:
                log.append({"round": self._round, "seconds": round(self.before, 3)})
        finally:
            log.close()


class MetricsLog(Observer):
    """metrics.jsonl: means of all metrics since the last row, and what is wrong with the game."""

    name = "metrics"

    def __init__(
        self, store: RunFolder, every: int, diagnostics: Diagnostics, ancestors: AncestralOpponents | None = None
    ):
        self.path, self.every = store.folder / "metrics.jsonl", every
        self.diagnostics, self.ancestors = diagnostics, ancestors
        self.problems: list[str] = []
        self.meter = Meter()
        self.latest: dict[str, float] = {}
        self.warnings: list[str] = []
        self._length = self._crc = 0
        self._outside = False  # whether pixels outside of [-1, 1] were reported
        self._log: Log | None = None

    def begin(self, run: ObservedRun) -> None:
        self._log = Log(self.path, self._length)

    def ends_row(self, turn: Turn) -> bool:
        """Whether a turn is the last of a row."""
        return turn.ends_round and turn.next.round % self.every == 0

    def see(self, turn: Turn, run: ObservedRun) -> None:
        if not self.ends_row(turn):
            return
        assert self._log is not None
        figures = self.ancestors.figures if self.ancestors else {}
        self.latest = self.meter.row(turn.next.round) | diversity(turn) | figures
        self.check(run)
        self.warnings = self.diagnostics.look(self.latest)
        if not self._outside and (pixel := checks.outside(turn.works)):
            self.warnings.append(
                f"some pixels are outside of [-1, 1], as far as {pixel:.3g}, and are cut off in pictures"
            )
            self._outside = True
        self._log.append({**self.latest, **({"warnings": self.warnings} if self.warnings else {})})
        self.meter.clear()

    def check(self, run: ObservedRun) -> None:
        """Raise NotFiniteError if a metric since the last row is not finite."""
        for key, value in self.meter.row(run.round).items():
            if not math.isfinite(value):
                raise not_finite(run, key)

    def close(self) -> None:
        if self._log is not None:
            self._crc = self._log.crc
            self._length, self._log = self._log.close(), None

    def state(self) -> State:
        return {
            "length": self._log.length if self._log else self._length,
            "crc": self._log.crc if self._log else self._crc,
            "meter": self.meter.state(),
            "latest": dict(self.latest),
            "diagnostics": self.diagnostics.state(),
            "outside": self._outside,
        }

    def restore(self, state: State) -> None:
        self._length, self.latest = state["length"], dict(state["latest"])
        self._crc = state.get("crc", 0)
        if problem := log_problem(self.path, self._length, state.get("crc")):
            self.problems.append(problem)
        self.meter.restore(state["meter"])
        self.diagnostics.restore(state["diagnostics"])
        self._outside = state.get("outside", False)


class Sheets(Observer):
    """sheets/: what the artist makes, on a contact sheet; the same codes every time."""

    name = "sheets"

    def __init__(self, store: RunFolder, every: int, batch: int, seed: int):
        self.store, self.every, self.batch, self.seed = store, every, batch, seed
        self.latest: Path | None = None

    def begin(self, run: ObservedRun) -> None:
        if run.is_new:
            self.save(run)

    def see(self, turn: Turn, run: ObservedRun) -> None:
        if turn.ends_round and turn.next.round % self.every == 0:
            self.save(run)

    def end(self, run: ObservedRun) -> None:
        """A run that stops within a round leaves the sheet that was saved when the round began as it is."""
        path = self._path(run)
        if path.exists() and not run.is_session:
            self.latest = path
        else:
            self.save(run)

    @torch.no_grad()
    def save(self, run: ObservedRun) -> None:
        """Save a contact sheet of the artist's works. Of a population that no person breeds, twins and empty works are
        left out; of a large one, the first are shown."""
        artist = run.artist
        population = artist.spec().population
        n = SHEET if artist.spec().given == "unused" else PAIRS
        works = checks.made(artist, self.batch, None) if population else checks.exhibited(artist, n, self.seed)
        if works.images is None:
            return
        if not works.images.isfinite().all():
            raise not_finite(run, "the exhibited pictures")
        about = {"artist": artist.name, "run": self.store.name, "round": run.round, "seed": self.seed}
        path, (images, columns, caption) = self._path(run), side_by_side(works, artist, self.seed)
        if artist.spec().population and not run.is_session:
            first = images[:FIRST]
            images = first[distinct(first, varies(first)) or [0]]
            if len(images) < len(works):
                among = f"the first {len(first)} of " if len(first) < len(works) else ""
                caption = f"{len(images)} of {among}{len(works):,} works: twins and empty works are left out."
        save_png(path, contact_sheet(images, columns, caption=caption), about)
        self.latest = path

    def _path(self, run: ObservedRun) -> Path:
        return self.store.sheets / f"{run.round:08d}.png"


class Checkpoints(Observer):
    """checkpoints/: everything that is needed to go on, regularly and at the end."""

    name = "checkpoints"

    def __init__(self, every: int, best: str | None, metrics: MetricsLog):
        self.every, self.metrics, self.watched = every, metrics, best
        self.way, _, self.metric = (best or "").partition(":")
        self.best: float | None = None
        """The best value so far of the metric `of`, which need not be the one that is watched now."""
        self.of = best
        self._saved = 0.0

    def begin(self, run: ObservedRun) -> None:
        self._saved = time.perf_counter()
        if run.is_new:  # so that a run without checkpoints has lost them; of a session, all that never changes
            run.save()

    def see(self, turn: Turn, run: ObservedRun) -> None:
        self._check_measured(run.latest)
        if run.is_saving:
            regular = self._is_regular(turn)
            self.metrics.check(run)
            check_parameters(run)
            better = regular and self._improved(run.latest)
            name = run.save()
            if better:
                run.store.point("best", name)
            self._saved = time.perf_counter()

    def due(self, turn: Turn, run: ObservedRun) -> bool:
        """Whether a checkpoint should follow a turn."""
        if not turn.safe or run.is_session:
            return False
        late = time.perf_counter() - self._saved > SAVE_SECONDS
        return run.is_ending or self._is_regular(turn) or late

    def _is_regular(self, turn: Turn) -> bool:
        return turn.ends_round and turn.next.round % self.every == 0

    def state(self) -> State:
        return {"best": self.best, "of": self.of}

    def restore(self, state: State) -> None:
        self.best, self.of = state["best"], state.get("of", self.watched)

    def _check_measured(self, latest: dict[str, float]) -> None:
        """Raise ConfigError, at the first row of the log, if the watched metric is not in it."""
        if self.metric and latest and self.metric not in latest:
            there = ", ".join(latest)
            raise ConfigError(f"run.best watches {self.metric!r}, which is not measured; there are: {there}.")

    def _improved(self, latest: dict[str, float]) -> bool:
        """Whether the watched metric is better than ever before."""
        if not self.metric or not latest:
            return False
        value, best = latest[self.metric], self.best if self.of == self.watched else None
        better = best is None or (value < best if self.way == "min" else value > best)
        if better:
            self.best, self.of = value, self.watched
        return better
