"""Several processes that share a run: the same losses and parameters as one, whatever is divided."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from coevo.storage.run_folder import RunFolder

SMALL_GAN = ["artist.width=8", "critic.width=8"]
SMALL_DENSE = ["artist.hidden=[32]", "critic.hidden=[32]"]
PAIRS = {
    "dcgan": ["dcgan", *SMALL_GAN],
    "wgan-gp": ["wgan-gp", *SMALL_GAN],
    "infogan": ["infogan", *SMALL_GAN],
    "vae": ["vae", "artist.hidden=[32]"],
    "aae": ["aae", *SMALL_DENSE],
    "alae": ["alae", *SMALL_DENSE],
}
OTHERS = {
    "a game of pairs, R1 and label noise": [
        *("dcgan", *SMALL_GAN, "critic.game=relativistic-pairing", "critic.r1=1", "critic.penalty_interval=2"),
        *("critic.label_flip=0.1", "critic.instance_noise=0.1", "critic.augmentation=translation,cutout"),
    ],
    "unrolled steps": ["dcgan", *SMALL_GAN, "critic.unroll=2"],
    "gathered gradients": ["dcgan", *SMALL_GAN, "critic.accumulate=2", "artist.accumulate=2"],
    "minibatch statistics": ["dcgan", *SMALL_GAN, "critic.minibatch=std"],
    "labels": ["cgan", *SMALL_GAN],
    "dropout": ["aae", *SMALL_DENSE, "critic.dropout=0.3"],
    "clusters": ["aae-clustering", *SMALL_DENSE],
    "a discrepancy": ["wae", "artist.hidden=[32]"],
}


def coevo(*words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "coevo", *words], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def play(folder: Path, name: str, options: list[str], processes: int, rounds: int = 6) -> None:
    recipe, *options = options
    some = [word for option in [*options, "run.threads=1", "run.log_every=1"] for word in ("-o", option)]
    where = ["--runs-dir", str(folder), "--name", name]
    coevo("run", recipe, "--rounds", str(rounds), "--precision", "fp32", "--batch", "24", *where, *some, *several(processes))


def several(processes: int) -> list[str]:
    return ["--processes", str(processes)] if processes > 1 else []


def parameters(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """Every float tensor of the players' states, by its path."""
    checkpoint, _ = RunFolder.open(name, folder).load()
    found: dict[str, torch.Tensor] = {}

    def gather(value: object, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                gather(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                gather(inner, f"{path}.{number}")
        elif isinstance(value, torch.Tensor) and value.is_floating_point():
            found[path] = value

    for side in ("artist", "critic"):
        gather(checkpoint.state[side], side)
    assert found
    return found


def rows(folder: Path, name: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / name / "metrics.jsonl").read_text().splitlines()]


def assert_same(folder: Path, one: str, other: str) -> None:
    """Parameters, moments and logged losses agree within rounding."""
    theirs = parameters(folder, other)
    for name, value in parameters(folder, one).items():
        torch.testing.assert_close(theirs[name], value, rtol=2e-3, atol=2e-4, msg=lambda said, name=name: f"{name}: {said}")
    for mine, its in zip(rows(folder, one), rows(folder, other), strict=True):
        for key in mine.keys() & its.keys():
            if "loss" in key or key == "round":
                assert its[key] == pytest.approx(mine[key], rel=1e-3, abs=1e-4), key


@pytest.mark.slow
@pytest.mark.parametrize("pair", [*PAIRS, *OTHERS])
def test_two_processes_learn_as_one_does(pair: str, tmp_path: Path) -> None:
    options = {**PAIRS, **OTHERS}[pair]
    play(tmp_path, "one", options, 1)
    play(tmp_path, "two", options, 2)
    assert_same(tmp_path, "one", "two")
