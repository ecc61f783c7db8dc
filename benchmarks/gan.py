"""Figures of GANs: quality on MNIST, agreement with labels, modes of stacked MNIST, informative codes, colour.

    python benchmarks/gan.py TRIAL --mnist FOLDER [--runs runs] [--scale 1]

TRIAL: quality, games, remedies, stacked, parzen, infogan, colour (with --zip FILE), or all. Runs are kept in --runs by
name, and a run that exists is resumed; --scale shortens every one of them. Most budgets are in minutes, for which the
machine should be idle; of quality, stacked and colour, in rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor

import coevo
from coevo.data.datasets import mnist, to_float
from coevo.data.loaders import loaders
from coevo.data.splits import splits
from coevo.evaluation.evaluator import evaluator_for
from coevo.evaluation.metrics import flat, kl_divergence, parzen
from coevo.evaluation.report import evaluate, histogram
from coevo.plugin.registry import registry
from coevo.runs.run import Run
from coevo.tools.samples import exhibit_batches

GIVEN: argparse.Namespace

# the best that was found: both sides conditional, and R1 instead of normalisation
RATES = {"learning_rate": 1e-3, "lr_half_life": 5000, "beta1": 0.0, "beta2": 0.99}
CRITIC: dict[str, Any] = {"norm": "none", "r1": 0.5, "penalty_interval": 8}
BEST: dict[str, Any] = {
    "artist": {"conditional": True, "latent": 64, "width": 32, "ema": 0.999} | RATES,
    "critic": {"conditioning": "projection", "width": 32} | CRITIC | RATES,
}
# a critic of two channels, and an artist with five times its learning rate; at the same rate, modes that were lost
# came back within the five minutes
SMALL = {"artist": {"width": 16, "latent": 64, "learning_rate": 1e-3}, "critic": {"width": 2}}


def trained(
    name: str,
    minutes: float | None = None,
    recipe: str = "dcgan",
    dataset: str = "mnist",
    rounds: int | None = None,
    **options: Any,
) -> Run:
    """A run of that name, played for these minutes, or so many rounds, in all."""
    budget = {"minutes": minutes and minutes * GIVEN.scale, "rounds": rounds and round(rounds * GIVEN.scale)}
    if (Path(GIVEN.runs) / name).is_dir():
        return coevo.resume(name, runs_dir=GIVEN.runs, **budget)
    place = {"dir": str(GIVEN.zip if dataset == "zip" else GIVEN.mnist)}
    channels = {"stacked-mnist": 3, "zip": 3}.get(dataset, 1)
    options["data"] = {"name": dataset, "channels": channels, **place, **options.get("data", {})}
    return coevo.run(recipe, name=name, runs_dir=GIVEN.runs, options=options, **budget)


def works(run: Run, n: int = 10_000, labels: Tensor | None = None) -> Tensor:
    return torch.cat([some.pixels.cpu() for some in exhibit_batches(run.artist, n, 1, labels)])


def report(name: str, run: Run, **figures: Any) -> None:
    """Print a line of JSON: the trial, how long it took, the figures."""
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({"trial": name, "rounds": run.round, "minutes": round(run.seconds / 60, 1), **rounded}))


def report_quality(name: str, run: Run, n: int = 10_000) -> None:
    known, held_out = splits(run.config.data, loaders())
    report(name, run, **evaluate(works(run, n), known, held_out).figures())


# trials


def quality() -> None:
    """MNIST at 32 px; and how often a classifier finds the class that was asked for."""
    run = trained("gan-quality", rounds=30_000, **BEST)
    report_quality("quality", run)
    labels = torch.arange(10_000) % 10
    known = mnist(run.config.data.model_copy(update={"split": "train"}))
    found = evaluator_for(known).predict(works(run, 10_000, labels)).classes
    report("labels", run, agreement=(found == labels).float().mean().item(), samples=10_000)


def games() -> None:
    """Every game, two minutes each; all else as in the recipe `dcgan`."""
    for game in registry().offers("game"):
        report_quality(f"game {game}", trained(f"gan-{game}", 2, critic={"game": game}))


def remedies() -> None:
    """Stacked MNIST with a critic that is too small to see a collapse: every remedy, five minutes each."""
    for name, remedy in {
        "none": {},
        "minibatch discrimination": {"minibatch": "discrimination"},
        "minibatch standard deviation": {"minibatch": "std"},
        "unrolled, 5 steps": {"unroll": 5},
        "packs of 2": {"pack": 2},
        "packs of 4": {"pack": 4},
        "R1": {"r1": 1.0, "penalty_interval": 4},
    }.items():
        options = {"artist": SMALL["artist"], "critic": SMALL["critic"] | remedy}
        stem = name.replace(",", "").replace(" ", "-").lower()
        stacked_modes(f"stacked, {name}", trained(f"stacked-{stem}", 5, dataset="stacked-mnist", **options))


def stacked() -> None:
    """Stacked MNIST, the best configuration."""
    rates = RATES | {"lr_half_life": 2500}
    artist, critic = {"width": 24, "latent": 64, "ema": 0.999}, {"width": 24} | CRITIC
    run = trained("stacked-best", dataset="stacked-mnist", rounds=10_000, artist=artist | rates, critic=critic | rates)
    stacked_modes("stacked, best", run)


def stacked_modes(name: str, run: Run) -> None:
    """Modes of 1,000 among 26,000 samples, and KL from the uniform distribution."""
    known, _ = splits(run.config.data.model_copy(update={"split": "train"}), loaders())
    shares = histogram(evaluator_for(known).predict(works(run, 26_000)).classes, 1000)
    uniform = torch.full_like(shares, 1e-3)
    modes = int((shares > 0).sum())
    report(name, run, modes=modes, kl=kl_divergence(shares, uniform), of=1000, samples=26_000)


def parzen_window() -> None:
    """The fully connected pair, and the same figure for training images and for the centres of their clusters."""
    artist = {"width": 512, "latent": 32, "prior": "gaussian", "batch_norm": True, "ema": 0.999}
    critic = {"width": 512, "maxout_pieces": 1, "dropout": 0.0, "r1": 0.5, "penalty_interval": 8}
    rates = {"learning_rate": 1e-3, "beta1": 0.0, "beta2": 0.99}
    options = {"data": {"size": 28}, "artist": artist | rates, "critic": critic | rates}
    run = trained("gan-parzen", 10, "gan", **options)
    train, test = (
        flat(to_float(mnist(run.config.data.model_copy(update={"split": s})).images)) for s in ("train", "test")
    )
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    known, validation = train[order[:-5000]], train[order[-5000:]]
    centres = MiniBatchKMeans(10_000, init="random", batch_size=20_000, max_iter=5, n_init=1, random_state=0).fit(known)
    for name, points in {
        "parzen, mlp": flat(works(run)),
        "parzen, training images": known[:10_000],
        "parzen, k-means centroids": torch.from_numpy(centres.cluster_centers_).float(),
    }.items():
        mean, error, sigma = parzen(points, validation, test)
        report(name, run, log_likelihood=mean, standard_error=error, sigma=sigma, samples=len(points))


def infogan() -> None:
    """How often the category, found without labels, is the digit, after the best one-to-one assignment."""
    run = trained("gan-infogan", 20, "infogan")
    test = mnist(run.config.data.model_copy(update={"split": "test"}))
    codes = run.artist.encode(test.works(slice(0, None)))[:, run.artist.code.slices["category"]]
    table = torch.zeros(10, codes.shape[1])
    table.index_put_((test.labels, codes.argmax(1)), torch.ones(len(test)), accumulate=True)
    rows, columns = linear_sum_assignment(-table.numpy())
    report("infogan", run, accuracy=table[rows, columns].sum().item() / len(test), images=len(test))


def colour() -> None:
    """Ships and horses at 32 px: the distances as the rounds go by."""
    rates = {"lr_half_life": 3000}
    artist = BEST["artist"] | rates
    critic = BEST["critic"] | rates | {"augmentation": "colour,translation,cutout"}
    for rounds in (3000, 6000, 9000, 12_000):
        run = trained("gan-colour", dataset="zip", rounds=rounds, artist=artist, critic=critic)
        report_quality(f"colour, {rounds} rounds", run, 5000)


TRIALS: dict[str, Callable[[], None]] = {
    "quality": quality,
    "games": games,
    "remedies": remedies,
    "stacked": stacked,
    "parzen": parzen_window,
    "infogan": infogan,
    "colour": colour,
}


def main() -> None:
    global GIVEN
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", choices=[*TRIALS, "all"])
    parser.add_argument("--mnist", type=Path, help="folder of MNIST's IDX files")
    parser.add_argument("--zip", type=Path, help="colour photographs")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--scale", type=float, default=1.0, help="of every run's minutes")
    GIVEN = parser.parse_args()
    for name, trial in TRIALS.items():
        missing = GIVEN.zip if name == "colour" else GIVEN.mnist
        if GIVEN.trial in (name, "all"):
            if missing is None:
                print(f"{name}: skipped, its data was not given ({'--zip' if name == 'colour' else '--mnist'}).")
                continue
            begun = time.perf_counter()
            trial()
            print(f"{name}: {math.ceil(time.perf_counter() - begun)} s in all", flush=True)


if __name__ == "__main__":
    main()
