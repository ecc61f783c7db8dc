"""Figures of walks in a code space: how many an independent classifier confirms, and how varied they are.

    python benchmarks/walks.py --data-dir FOLDER [--runs runs] [--minutes 10] [--walkers 500] [-o OPTION=VALUE]

A `vae` is trained on MNIST; then walkers of `ppgn` visit all classes. At the end of each class, works of which
the walk's own classifier is confident are judged by another network, the evaluator of `coevo evaluate`: how many it
takes for their class, and how well they cover real works of the class, beside as many works that the generator draws
from its prior and the evaluator takes for the class. The generator is kept in --runs by name. Settings were chosen with
--validation, which compares with training images.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import coevo
from coevo.data.splits import splits
from coevo.evaluation.evaluator import Evaluator, evaluator_for
from coevo.evaluation.metrics import overlap
from coevo.evaluation.report import subset
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.runs.build import loaders
from coevo.runs.config import assignments, merge
from coevo.runs.run import Run
from coevo.runs.starting import new_config
from coevo.tools.samples import exhibit_batches

GIVEN: argparse.Namespace
NEIGHBOURS = 5  # the k of coverage
SHOWN = 10  # works of a class on the sheet
VALIDATION = 10_000  # the last training images


def generator(name: str) -> Run:
    """A run of a vae on MNIST, played for its minutes or found."""
    if (Path(GIVEN.runs) / name).is_dir():
        return coevo.load(name, GIVEN.runs)
    data = {"name": "mnist", "dir": GIVEN.data_dir, "size": 28}
    options = {
        "data": data,
        "artist": {"network": "dense", "hidden": [512], "latent": 16, "learning_rate": 1e-3, "beta": 1.0},
        "run": {"threads": GIVEN.threads, "sheet_every": 10_000},
    }
    return coevo.run(
        artist="vae", critic="none", name=name, runs_dir=GIVEN.runs, minutes=GIVEN.minutes, options=options
    )


def walks(start: str) -> tuple[Run, dict[int, list[Tensor]]]:
    """Codes of confident works by class, at the end of every leg; and the run."""
    asked = merge(
        {
            "run": {
                "start": start,
                "batch": GIVEN.walkers,
                "threads": GIVEN.threads,
                "sheet_every": 10_000,
                "seed": GIVEN.seed,
            }
        },
        {"critic": {"width": 16}, "artist": {"steps": 100}},
        assignments(GIVEN.options),
    )
    config, _ = new_config("ppgn", asked, Path(GIVEN.runs))
    steps = config.artist.model_dump()["steps"]
    config = config.changed(rounds=steps * GIVEN.legs)
    found: dict[int, list[Tensor]] = defaultdict(list)
    with Run.create(config, Path(GIVEN.runs), stem="walks") as run:
        artist: Any = run.artist
        goals = None
        for turn in run.turns():
            if turn.role == "artist" and turn.next.round % steps == 1 % steps:
                goals = turn.works.labels
            if turn.role == "artist" and turn.next.round % steps == 0 and goals is not None:
                arrived = (artist.kept_confidence >= 0) & (artist.kept_labels == goals)
                for label in range(10):
                    found[label].append(artist.kept[arrived & (goals == label)].clone())
    return run, found


def judged(evaluator: Evaluator, images: Tensor, label: int) -> tuple[Tensor, Tensor]:
    """Features of pictures, and whether the evaluator finds each to be of a class."""
    prediction = evaluator.predict(images)
    return prediction.features, prediction.classes == label


def main() -> None:
    global GIVEN
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--data-dir", required=True, help="the folder of MNIST's files")
    parser.add_argument("--minutes", type=float, default=10, help="of the generator's training")
    parser.add_argument("--generator", default="walks-vae", help="the name of its run")
    parser.add_argument("--walkers", type=int, default=500)
    parser.add_argument("--legs", type=int, default=4, help="classes that every walker visits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--validation", action="store_true", help="compare with training images")
    parser.add_argument("--sheet", help="a picture of walked works (.png)")
    parser.add_argument("-o", dest="options", action="append", default=[], help="options of the walk")
    GIVEN = parser.parse_args()
    torch.set_num_threads(GIVEN.threads)
    own = generator(GIVEN.generator)
    known, held_out = splits(own.config.data, loaders())
    assert held_out is not None
    evaluator = evaluator_for(known)
    last = torch.arange(len(known))[-VALIDATION:]
    reals = subset(known, last) if GIVEN.validation else held_out
    run, found = walks(GIVEN.generator)
    artist: Any = run.artist
    drawn = torch.cat([works.pixels for works in exhibit_batches(own.artist, 20 * GIVEN.walkers, GIVEN.seed + 1)])
    natural = evaluator.predict(drawn)
    rows, shown = [], []
    assert reals.labels is not None
    for label in range(10):
        codes = torch.cat(found[label])
        images = artist.decode(codes).pixels.detach().cpu()
        features, confirmed = judged(evaluator, images, label)
        of_class = natural.classes == label
        n = min(len(codes), int(of_class.sum()))
        real = evaluator.predict(reals.images[reals.labels == label]).features
        walked = overlap(features[:n], real, NEIGHBOURS)
        sampled = overlap(natural.features[of_class][:n], real, NEIGHBOURS)
        walkers = GIVEN.legs * GIVEN.walkers // 10
        rows.append(
            {
                "class": label,
                "arrived": len(codes) / walkers,
                "confirmed": confirmed.float().mean().item(),
                "works": n,
                "coverage": walked.coverage,
                "coverage_of_own": sampled.coverage,
                "ratio": walked.coverage / max(sampled.coverage, 1e-9),
                "precision": walked.precision,
                "precision_of_own": sampled.precision,
            }
        )
        print(json.dumps(rounded(rows[-1])), flush=True)
        shown.append(images[:SHOWN])
    total = {key: statistics.fmean(row[key] for row in rows) for key in rows[0] if key not in ("class", "works")}
    about = {"run": run.store.name, "evaluator": evaluator.name, "minutes": round(run.seconds / 60, 1)}
    print(json.dumps(about | rounded({f"mean_{key}": value for key, value in total.items()})), flush=True)
    lowest = {key: min(row[key] for row in rows) for key in ("confirmed", "ratio")}
    print(json.dumps(rounded({f"lowest_{key}": value for key, value in lowest.items()})), flush=True)
    if GIVEN.sheet:
        save_png(Path(GIVEN.sheet), contact_sheet(torch.cat(shown), columns=SHOWN), {"run": run.store.name})


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}


if __name__ == "__main__":
    main()
