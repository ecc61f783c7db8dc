"""Figures of neural cellular automata: a picture that is grown, healed and kept; digits that are grown from codes.

    python benchmarks/growing.py TRIAL [--runs runs] [--minutes 10] [--seeds 1] [--threads 2]

TRIAL: picture, digits, speed, or all. Runs are kept in --runs by name, and a run that exists is resumed. Use an
otherwise idle machine: the budget is in minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import coevo
from coevo.data.loaders import loaders
from coevo.data.splits import splits
from coevo.evaluation.report import evaluate
from coevo.runs.run import Run
from coevo.tools.growth import erased
from coevo.tools.samples import exhibit_batches
from coevo_ca.neural.pictures import over

GIVEN: argparse.Namespace
GROWN, HEALED, KEPT = 96, 96, 400  # steps: until it is measured, after damage, and until it is measured again
WORKS = 4  # that are grown, each by other random firing
PARTS = 5  # of a run's minutes, after each of which digits are judged


def trained(name: str, recipe: str, minutes: float, seed: int) -> Run:
    """A run of that name, played for these minutes in all."""
    if (Path(GIVEN.runs) / name).is_dir():
        return coevo.resume(name, runs_dir=GIVEN.runs, minutes=minutes, rounds=None)
    options = {"run": {"seed": seed, "threads": GIVEN.threads, "log_every": 10, "sheet_every": 10_000}}
    return coevo.run(recipe, name=name, runs_dir=GIVEN.runs, minutes=minutes, options=options)


def report(trial: str, run: Run, seed: int, **figures: Any) -> None:
    """Print a line of JSON: the trial, how long it took, the figures."""
    known = {"trial": trial, "seed": seed, "rounds": run.round, "minutes": round(run.seconds / 60, 1)}
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps(known | rounded), flush=True)


def errors(run: Run, images: Tensor) -> dict[str, float]:
    """Errors of pictures [N, C, H, W] as they are seen, in [0, 1]: the mean square and the mean distance."""
    artist: Any = run.artist
    wanted = over(artist.targets.permute(0, 2, 3, 1), images.shape[1], artist.background)
    apart = (images - wanted) / 2
    return {"mse": apart.square().mean().item(), "distance": apart.abs().mean().item()}


def picture() -> None:
    """Errors of the emblem of 40 px: once it is grown, after it was kept for long, and after each half was erased.

    They are means over four works, whose cells fire at other times. `rgba` is the error of colours and alpha that the
    rule learns from, over the last rounds: in works of the pool, of which every batch has a seed and a damaged one.
    """
    for seed in range(GIVEN.seeds):
        run = trained(f"growing-nca-{seed}", "growing-nca", GIVEN.minutes, seed)
        rows = [json.loads(line) for line in (run.store.folder / "metrics.jsonl").read_text().splitlines()]
        if rows:
            report("learnt", run, seed, rgba=statistics.fmean(row["artist.error"] for row in rows[-10:]))
        artist: Any = run.artist
        works = artist.exhibit(WORKS, seed=1)
        frames = list(artist.growth(works, KEPT, {}))
        report("grown", run, seed, steps=GROWN, **errors(run, frames[GROWN]))
        report("kept", run, seed, steps=KEPT, **errors(run, frames[KEPT]))
        for half in ("left", "right", "top", "bottom", "middle"):
            damage = {GROWN: erased(half, *works.pixels.shape[2:])}
            frames = list(artist.growth(works, GROWN + HEALED, damage))
            hurt = errors(run, frames[GROWN])["mse"]
            report(f"{half} erased", run, seed, hurt=hurt, steps=HEALED, **errors(run, frames[-1]))


def digits() -> None:
    """Digits of 16 px grown from codes against a critic: distances from held-out ones, as the minutes go by."""
    for seed in range(GIVEN.seeds):
        for part in range(1, PARTS + 1):
            run = trained(f"nca-dcnn-{seed}", "nca-dcnn", GIVEN.minutes * part / PARTS, seed)
            works = torch.cat([some.pixels.cpu() for some in exhibit_batches(run.artist, 1000, 1)])
            known, held_out = splits(run.config.data, loaders())
            found = evaluate(works, known, held_out).figures()
            names = ("kid", "fid", "precision", "recall", "density", "coverage")
            report("digits", run, seed, **{name: found[name] for name in names if name in found})


def speed() -> None:
    """Seconds of a round, once the picture is grown."""
    run = trained("growing-nca-0", "growing-nca", GIVEN.minutes, 0)
    artist, n, seconds = run.artist, run.config.run.batch, []
    with artist.studio.playing():
        for _ in range(7):
            begun = time.perf_counter()
            artist.learn(artist.make(n, None), torch.zeros(n))
            seconds.append(time.perf_counter() - begun)
    report("speed", run, 0, seconds_a_round=statistics.median(seconds), batch=n)


TRIALS: dict[str, Callable[[], None]] = {"picture": picture, "digits": digits, "speed": speed}


def main() -> None:
    global GIVEN
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", choices=[*TRIALS, "all"])
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each run")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    GIVEN = parser.parse_args()
    for name, trial in TRIALS.items():
        if GIVEN.trial in (name, "all"):
            trial()


if __name__ == "__main__":
    main()
