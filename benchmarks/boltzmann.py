"""The log-likelihood of MNIST's test images under restricted Boltzmann machines of 500 hidden units.

    python benchmarks/boltzmann.py TRIAL --mnist FOLDER [--runs runs] [--seed 0] [--rounds N] [--temperatures N]
        [--held-out]

TRIAL: persistent (the figure of docs/results.md), or cd-1. Runs are kept in --runs by name, and a run that exists is
resumed. Pixels are the probability of white, as in Salakhutdinov & Murray 2008: training images are drawn anew in every
round, test images once. log Z is estimated by annealed importance sampling with 100 chains of --temperatures.

With --held-out the machine learns from the first 50,000 training images and is judged by the last 10,000: that is how
settings were chosen. The test images are read once, at the end, without it. The learning rate falls with --rounds.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

import coevo
from coevo.contract.works import Works
from coevo.data.datasets import DataOptions, mnist
from coevo.runs.run import Run
from coevo_boltzmann.likelihood import base_bias, late_betas, log_likelihood, log_partition
from coevo_boltzmann.pixels import binary
from coevo_boltzmann.rbm import RBM

CHAINS = 100
LEARNT = 50_000  # training images that a machine learns from with --held-out
HALVINGS = 6  # of the learning rate in a run

# {trial: (rounds, options of the artist)}
TRIALS: dict[str, tuple[int, dict[str, Any]]] = {
    "persistent": (10_000, {"fantasies": "persistent", "learning_rate": 0.05}),
    "cd-1": (10_000, {"fantasies": "contrastive", "learning_rate": 0.05}),
}


def trained(given: argparse.Namespace) -> Run:
    """The run of a trial, played to its end."""
    rounds, artist = TRIALS[given.trial]
    rounds = given.rounds or rounds
    name = f"rbm-{given.trial}-{given.seed}-{rounds}{'-held-out' if given.held_out else ''}"
    if (Path(given.runs) / name).is_dir():
        return coevo.resume(name, runs_dir=given.runs)
    options = {
        "artist": {"hidden": 500, "lr_half_life": rounds // HALVINGS, **artist},
        "data": {"size": 28, **({} if given.held_out else {"dir": str(given.mnist)})},
    }
    train = images(given, "train")
    return coevo.run(
        artist="rbm",
        critic="none",
        data=(train.pixels[:LEARNT], train.classes[:LEARNT]) if given.held_out else "mnist",
        name=name,
        runs_dir=given.runs,
        options=options,
        **{"rounds": rounds, "batch": 100, "seed": given.seed, "threads": 1},
        **{"save_every": 5000, "sheet_every": 10_000, "log_every": 500},
    )


def images(given: argparse.Namespace, split: str) -> Works:
    options = DataOptions.model_validate({"name": "mnist", "dir": str(given.mnist), "size": 28, "split": split})
    return mnist(options).works(slice(None))


def report(given: argparse.Namespace, run: Run) -> None:
    """Print a line of JSON: the trial, how long it took, nats."""
    assert isinstance(run.artist, RBM)
    machine, train = run.artist.exhibited, images(given, "train")
    learnt = binary(train.pixels[:LEARNT])
    unseen = train.pixels[LEARNT:] if given.held_out else images(given, "test").pixels
    began = time.process_time()
    generator = torch.Generator().manual_seed(given.seed)
    log_z = log_partition(machine, base_bias(learnt), generator, CHAINS, late_betas(given.temperatures))
    nats = {
        "held_out" if given.held_out else "test": log_likelihood(machine, binary(unseen), log_z.value),
        "train": log_likelihood(machine, learnt[:10_000], log_z.value),
    }
    found = {name: round(some.mean().item(), 3) for name, some in nats.items()}
    found |= {"log_z": round(log_z.value.item(), 3), "error_of_log_z": round(log_z.error.item(), 3)}
    found["error_of_works"] = round((next(iter(nats.values())).std() / len(unseen) ** 0.5).item(), 3)
    about = {"trial": given.trial, "seed": given.seed, "rounds": run.round, "minutes": round(run.seconds / 60, 1)}
    print(json.dumps({**about, **found, "minutes_of_ais": round((time.process_time() - began) / 60, 1)}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trial", choices=TRIALS)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, help="other than the trial's")
    parser.add_argument("--temperatures", type=int, default=14_500, help="of the estimate of log Z (14,500)")
    parser.add_argument("--held-out", action="store_true", help="judge by training images that were held out")
    given = parser.parse_args()
    report(given, trained(given))


if __name__ == "__main__":
    main()
