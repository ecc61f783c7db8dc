"""`coevo sweep`: a run for every combination of some options' values and every seed, and a table of their figures.

Each run is a process of its own, so that it is the run that `coevo run` makes. The figures of those that ended are kept
in sweep.json; the same command goes on where it was stopped, and tries again those that failed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from math import isfinite
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from coevo.errors import ConfigError, DataError
from coevo.evaluation.progress import SILENT, Progress
from coevo.images.plots import Curve, colour_of, line_chart
from coevo.storage.atomic import write_whole, writing
from coevo.storage.run_folder import CONFIG, RunFolder, check_name
from coevo.tools.compare import recent
from coevo.tools.logs import played

RECORD = "sweep.json"
CHART, GAP = (720, 360), 16  # px
FONT = ImageFont.load_default(12)
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Args:
        values: the value of each option that varies, as texts.
        seed: of the run.
    """

    values: tuple[tuple[str, str], ...]
    seed: int

    @property
    def name(self) -> str:
        """The run's name: `critic.r1=0.5,seed=0`. A slash, which no folder's name has, is in it as in an address (%2F),
        so that no two trials share a name."""
        name = ",".join([*self.assignments, f"seed={self.seed}"])
        return re.sub(r"[/\\%]", lambda sign: f"%{ord(sign[0]):02X}", name)

    @property
    def assignments(self) -> list[str]:
        """As the options -o have them."""
        return [f"{name}={value}" for name, value in self.values]


@dataclass(frozen=True)
class Sweep:
    """What is swept.

    Args:
        folder: of its runs and its record.
        options: words of `coevo run` that all runs have: the recipe, players, data, options.
        varied: the values of each option that varies, as texts, by the option's name.
        seeds: how many of each combination, from 0.
        rounds, minutes: of every run; one of the two.
        works: how many works of each run to evaluate; 0 is none.
    """

    folder: Path
    options: Sequence[str]
    varied: Mapping[str, Sequence[str]]
    seeds: int
    rounds: int | None = None
    minutes: float | None = None
    works: int = 1000

    @property
    def trials(self) -> list[Trial]:
        """Every combination with every seed, the seeds of a combination after each other."""
        settings = product(*([(name, value) for value in values] for name, values in self.varied.items()))
        return [Trial(values, seed) for values in settings for seed in range(self.seeds)]

    def record(self) -> dict[str, Any]:
        """What it was asked for, as its record keeps it."""
        varied = {name: list(values) for name, values in self.varied.items()}
        length = {"rounds": self.rounds} if self.rounds else {"minutes": self.minutes}
        return {"options": list(self.options), "varied": varied, "seeds": self.seeds, "works": self.works} | length


def play(sweep: Sweep, jobs: int = 1, progress: Progress = SILENT) -> dict[str, Figures | str]:
    """Play what is left of a sweep.

    Args:
        sweep: what is swept.
        jobs: runs at a time.
        progress: sees every run.

    Returns:
        The figures of every run by its name, or the sentence with which it failed.

    Raises:
        ConfigError: a name is too long for a folder's, or the folder has another sweep.
    """
    for trial in sweep.trials:
        check_name(trial.name)
    path = sweep.folder / RECORD
    done: dict[str, Figures | str] = {**_done(sweep, path)}
    left = [trial for trial in sweep.trials if trial.name not in done]
    progress.begin(f"{len(sweep.trials)} runs in {sweep.folder}", len(sweep.trials))
    progress.advance(len(done))
    pool = ThreadPoolExecutor(jobs, "sweep")
    try:
        for trial, figures in zip(left, pool.map(partial(_played, sweep, alone=jobs == 1), left), strict=True):
            done[trial.name] = figures
            ended = {name: its for name, its in done.items() if not isinstance(its, str)}
            write_whole(path, json.dumps(sweep.record() | {"done": ended}, indent=2).encode())
            progress.advance(note=trial.name)
    finally:
        pool.shutdown(cancel_futures=True)
    return {trial.name: done[trial.name] for trial in sweep.trials}


def table(sweep: Sweep, found: Mapping[str, Figures | str], metrics: Sequence[str]) -> list[dict[str, str]]:
    """A row for every combination: its values, and mean ± standard deviation of each metric over the seeds.

    Raises:
        ConfigError: no run has a metric of such a name.
    """
    rows = []
    for metric in metrics:
        known = sorted({name for figures in found.values() if not isinstance(figures, str) for name in figures})
        if known and metric not in known:
            raise ConfigError(f"No run has the figure {metric!r}; there are: {', '.join(known)}.")
    for values, runs in _settings(sweep, found):
        failed = sum(isinstance(run, str) for run in runs)
        whole = [run for run in runs if not isinstance(run, str)]
        cells = {metric: _spread([run[metric] for run in whole if metric in run]) for metric in metrics}
        rows.append(dict(values) | cells | {"runs": f"{len(whole)}" + (f", {failed} failed" if failed else "")})
    return rows


def chart(sweep: Sweep, found: Mapping[str, Figures | str], metric: str) -> Image.Image:
    """A metric over the values of the first option that varies, as means over seeds; a line for each combination of
    the others' values."""
    first, *_ = sweep.varied
    values = list(sweep.varied[first])
    places = [float(value) for value in values] if all(map(_is_number, values)) else [*map(float, range(len(values)))]
    curves: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for setting, runs in _settings(sweep, found):
        seen = [run[metric] for run in runs if not isinstance(run, str) and metric in run]
        if seen:
            curves.setdefault(setting[1:], []).append((places[values.index(setting[0][1])], mean(seen)))
    lines: dict[int, Curve] = {number: sorted(curve) for number, curve in enumerate(curves.values())}
    picture = line_chart(f"{metric} by {first}", lines, CHART, places=dict(zip(places, values, strict=True)))
    pen, right = ImageDraw.Draw(picture), CHART[0] - GAP
    for number, setting in reversed(list(enumerate(curves))):  # the legend, from the right
        text = " ".join(f"{name}={value}" for name, value in setting)
        pen.text((right, GAP), text, colour_of(number), FONT, "ra")
        right -= round(pen.textlength(text, FONT)) + GAP
    return picture


def _done(sweep: Sweep, path: Path) -> dict[str, Figures]:
    """The figures that a sweep's record has; the record is made if there is none."""
    with writing(sweep.folder):
        sweep.folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_whole(path, json.dumps(sweep.record() | {"done": {}}, indent=2).encode())
        return {}
    try:
        record = json.loads(path.read_text())
        done = {name: figures for name, figures in record.pop("done").items() if not isinstance(figures, str)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not the record of a sweep ({error}); choose another --name.") from error
    for name, value in sweep.record().items():
        if record.get(name) != value:
            raise ConfigError(
                f"{sweep.folder} has another sweep: its {name} are {record.get(name)}, not {value}. Choose another "
                "--name."
            )
    return done


class Failed(Exception):
    """A command failed; the sentence with which it did."""


def _played(sweep: Sweep, trial: Trial, alone: bool) -> Figures | str:
    """The figures of a run, which is played, or played on; or the sentence with which it failed."""
    folder, place = RunFolder(sweep.folder / trial.name), ("--runs-dir", str(sweep.folder))
    length = ("--rounds", str(sweep.rounds)) if sweep.rounds else ("--minutes", str(sweep.minutes))
    options = [word for text in trial.assignments for word in ("-o", text)]
    threads = [] if alone else ["-o", "run.threads=1"]  # first, so that a number that the user chose counts
    try:
        if not (folder.folder / CONFIG).is_file():
            seed = ("--seed", str(trial.seed))
            _call("run", *threads, *sweep.options, *options, *seed, *length, "--name", trial.name, *place)
        elif not _is_finished(folder, sweep):
            _call("resume", trial.name, *length, *place)
        report = _call("evaluate", trial.name, "-n", str(sweep.works), "--json", *place) if sweep.works else "{}"
    except Failed as failed:
        return str(failed)
    quality = {name: value for name, value in json.loads(report).items() if isinstance(value, int | float)}
    return {name: float(value) for name, value in (recent(folder) | quality).items()}


def _is_finished(folder: RunFolder, sweep: Sweep) -> bool:
    rounds, seconds = played(folder)
    return rounds >= sweep.rounds if sweep.rounds else seconds >= (sweep.minutes or 0) * 60


def _call(*words: str) -> str:
    """What a command of coevo prints. Raises Failed with the last that it said if its exit code is not 0."""
    done = subprocess.run([sys.executable, "-m", "coevo", *words], capture_output=True, text=True)
    if done.returncode in (130, -2):
        raise KeyboardInterrupt
    if done.returncode:
        raise Failed(
            done.stderr.strip().rpartition("\ncoevo: ")[2].removeprefix("coevo: ") or f"exit code {done.returncode}"
        )
    return done.stdout


def _settings(
    sweep: Sweep, found: Mapping[str, Figures | str]
) -> Iterator[tuple[tuple[tuple[str, str], ...], list[Figures | str]]]:
    """Each combination of values, and what was found of its runs."""
    for values, trials in groupby(sweep.trials, key=lambda trial: trial.values):
        yield values, [found[trial.name] for trial in trials if trial.name in found]


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{mean(values):.4g}" + (f" ± {stdev(values):.2g}" if len(values) > 1 else "")


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
