"""Figures of autoencoders: errors with few labels and without any, likelihoods, priors, principal components.

    python benchmarks/autoencoders.py TRIAL --mnist FOLDER [--runs runs] [--seed 0] [--scale 1]

TRIAL: labels-100, labels-1000, labels-all, clusters-16, clusters-30, parzen, nll, nll-deep, priors, linear, or all.
Runs are kept in --runs by name, and a run that exists is resumed; --scale shortens every one of them. The test images
are read once, at the end. Most budgets are in minutes, for which the machine should be idle; of nll and nll-deep, in
rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import coevo
from coevo.data.datasets import DataOptions, Dataset, load_dataset, mnist
from coevo.data.loaders import loaders
from coevo.evaluation.codes import cluster_labels, code_figures
from coevo.evaluation.metrics import flat, parzen
from coevo.runs.run import Run
from coevo.tools.samples import exhibit_batches
from coevo_vae.importance import log_likelihood

GIVEN: argparse.Namespace


def trained(name: str, minutes: float | None, recipe: str, rounds: int | None = None, **options: Any) -> Run:
    """A run of that name, played for these minutes, or so many rounds, in all."""
    name = f"{name}-{GIVEN.seed}"
    budget = {"minutes": minutes and minutes * GIVEN.scale, "rounds": rounds and round(rounds * GIVEN.scale)}
    if (Path(GIVEN.runs) / name).is_dir():
        return coevo.resume(name, runs_dir=GIVEN.runs, **budget)
    data = {"name": "mnist", "dir": str(GIVEN.mnist), "size": 28} | options.pop("data", {})
    run = {"seed": GIVEN.seed, "save_every": 10_000, "sheet_every": 10_000, "log_every": 100} | options.pop("run", {})
    return coevo.run(recipe, name=name, runs_dir=GIVEN.runs, options={"data": data, "run": run, **options}, **budget)


def part(run: Run, split: str) -> Dataset:
    options: DataOptions = run.config.data.model_copy(update={"split": split, "labelled": None})
    return mnist(options)


def report(name: str, run: Run, **figures: Any) -> None:
    """Print a line of JSON: the trial, how long it took, the figures."""
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({"trial": name, "seed": GIVEN.seed, "rounds": run.round, **minutes(run), **rounded}), flush=True)


def minutes(run: Run) -> dict[str, float]:
    return {"minutes": round(run.seconds / 60, 1)}


# trials


# {number of labels: (minutes, options beside the recipe's)}
LABELS: dict[int, tuple[float, dict[str, Any]]] = {
    100: (45, {}),
    1000: (
        60,
        {
            "artist": {"latent": 24, "likelihood": "bernoulli", "reconstruction_weight": 0.25, "lr_half_life": 18_000},
            "critic": {"prior_adaptation": 0.002, "instance_noise_steps": 70_000, "lr_half_life": 18_000},
        },
    ),
    60_000: (
        60,
        {
            "artist": {"labelled_batch": 100, "input_mask": 0, "lr_half_life": 6000},
            "critic": {"prior_adaptation": 0.005, "instance_noise": 0, "lr_half_life": 6000},
        },
    ),
}


def labelled(count: int) -> None:
    """The error on the test images of a network that learnt from this number of labels."""
    budget, options = LABELS[count]
    run = trained(f"aae-{count}-labels", budget, "aae-semi-supervised", data={"labelled": count}, **options)
    test = part(run, "test").works(slice(None))
    inferred = run.artist.encode(test)[:, run.artist.code.slices["class"]].argmax(1)
    report(f"{count} labels", run, error=(inferred != test.labels).float().mean().item(), images=len(test))


def clusters(count: int) -> None:
    """The error if each cluster has the label of its most probable image among the last 10,000 training images."""
    run = trained(f"aae-{count}-clusters", 15, "aae-clustering", artist={"categories": count})
    guide, test = part(run, "train").works(slice(50_000, None)), part(run, "test").works(slice(None))
    columns = run.artist.code.slices["cluster"]
    labels = cluster_labels(run.artist.encode(guide)[:, columns], guide.classes)
    wrong = labels[run.artist.encode(test)[:, columns].argmax(1)] != test.labels
    report(f"{count} clusters", run, error=wrong.float().mean().item(), images=len(test))


def parzen_window() -> None:
    """The log-likelihood of the test images by a Parzen window around 10,000 works, pixels in [0, 1]."""
    run = trained("aae-parzen", 20, "aae")
    train, test = part(run, "train"), part(run, "test")
    works = flat(torch.cat([some.pixels.cpu() for some in exhibit_batches(run.artist, 10_000, 1)]))
    validation = flat(train.works(slice(55_000, None)).pixels)
    mean, error, sigma = parzen(works, validation, flat(test.works(slice(None)).pixels))
    report("parzen", run, log_likelihood=mean, standard_error=error, sigma=sigma, samples=len(works))


# {trial: the artist's options}
NLL: dict[str, dict[str, Any]] = {
    "nll": {},  # 784-400-40, as pythae's
    "nll-deep": {"hidden": [200, 200], "activation": "tanh", "latent": 50},  # Burda 2016
}


def nll(trial: str) -> None:
    """The negative log-likelihood of binary test images, by the paper's bound and then by that of five draws."""
    data, name = {"binarise": "sample-anew"}, f"vae-{trial}"
    rates = {"learning_rate": 1e-3, "lr_half_life": 25_000, "warm_up": 20_000, "ema": 0.999}
    report_nll(trial, trained(name, None, "vae", 150_000, data=data, artist=rates | NLL[trial]))
    tighter = {"learning_rate": 1e-3, "lr_half_life": 4000, "warm_up": 0, "ema": 0.999, "importance_draws": 5}
    start, artist = {"start": f"{name}-{GIVEN.seed}"}, tighter | NLL[trial]
    report_nll(
        f"{trial}, five draws", trained(f"{name}-five-draws", None, "vae", 20_000, data=data, run=start, artist=artist)
    )


def report_nll(trial: str, run: Run) -> None:
    options = run.config.data.model_copy(update={"split": "test"})
    test = load_dataset(options, loaders()).works(slice(None))
    found = -log_likelihood(run.artist, test, 200)
    report(trial, run, draws=200, nll=found.mean().item(), images=len(test))


def priors() -> None:
    """How often a network tells codes of test images from draws of a two-dimensional prior."""
    for prior in ("swiss-roll", "mixture"):
        run = trained(f"aae-{prior}", 6, "aae-swiss-roll", artist={"prior": prior})
        figures = code_figures(run.artist, part(run, "train"), part(run, "test"), 1)
        report(f"prior {prior}", run, **figures)


def linear() -> None:
    """The largest angle between the span of a linear autoencoder and that of the principal components."""
    options = {
        "hidden": [],
        "latent": 8,
        "activation": "linear",
        "learning_rate": 1e-2,
        "lr_half_life": 2000,
        "beta2": 0.95,
    }
    run = trained("ae-linear", 3, "wae", artist=options | {"mmd_weight": 0.0}, run={"batch": 1000})
    pixels = flat(part(run, "train").works(slice(None)).pixels)
    components = torch.linalg.svd((pixels - pixels.mean(0)).T @ (pixels - pixels.mean(0)))[0][:, :8]
    spanned = torch.linalg.qr(run.artist.decoder[0].weight.detach())[0]
    angles = np.degrees(np.arccos(np.clip(torch.linalg.svdvals(components.T @ spanned).numpy(), -1, 1)))
    report("linear", run, largest_angle=float(angles.max()), degrees=[round(float(a), 3) for a in angles])


TRIALS: dict[str, Callable[[], None]] = {
    "labels-100": lambda: labelled(100),
    "labels-1000": lambda: labelled(1000),
    "labels-all": lambda: labelled(60_000),
    "clusters-16": lambda: clusters(16),
    "clusters-30": lambda: clusters(30),
    "parzen": parzen_window,
    "nll": lambda: nll("nll"),
    "nll-deep": lambda: nll("nll-deep"),
    "priors": priors,
    "linear": linear,
}


def main() -> None:
    global GIVEN
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", choices=[*TRIALS, "all"])
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="of every run's minutes")
    GIVEN = parser.parse_args()
    for name, trial in TRIALS.items():
        if GIVEN.trial in (name, "all"):
            begun = time.perf_counter()
            trial()
            print(f"{name}: {math.ceil(time.perf_counter() - begun)} s in all", flush=True)


if __name__ == "__main__":
    main()
