"""Runs side by side in one process, and callers who draw, seed and look between turns: each run is as it is alone."""

from __future__ import annotations

import random
from collections import deque
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from standins import seed_all

import coevo
from coevo.images.rendering import render
from coevo.plugin.registry import registry
from coevo.runs.config import merge, read_recipe, resolve
from coevo.runs.run import Run

PAIRS: dict[str, tuple[str, dict[str, Any]]] = {
    "a GAN": ("dcgan", {"data": {"size": 16}, "critic": {"augmentation": "colour", "memory": 32}}),
    "an autoencoder": ("aae", {"data": {"size": 16}}),
    "programs": ("gp-dcnn", {"data": {"size": 16}, "artist": {"population": 12, "elites": 2}}),
}


def new(pair: str, tmp_path: Path, name: str) -> Run:
    recipe, options = PAIRS[pair]
    tree = merge(
        read_recipe(recipe, registry()), options, {"run": {"rounds": 4, "batch": 8, "seed": 5, "log_every": 1}}
    )
    return Run.create(resolve(tree, registry()), tmp_path, name)


def ending(run: Run) -> list[bytes]:
    """All that a run has learnt, and its log."""
    folder = run.store.folder
    checkpoint = folder / "checkpoints" / "00000004"
    paths = checkpoint.with_suffix(".json"), checkpoint.with_suffix(".safetensors"), folder / "metrics.jsonl"
    return [path.read_bytes() for path in paths]


def draw_all() -> list[float]:
    return [random.random(), np.random.randn(), torch.rand(()).item()]  # noqa: NPY002


@pytest.mark.parametrize("pair", PAIRS)
def test_two_runs_that_take_turns_and_are_looked_at_are_as_they_are_alone(pair: str, tmp_path: Path) -> None:
    with new(pair, tmp_path, "alone") as alone:
        deque(alone.turns(), maxlen=0)
    seed_all(1)
    expected = draw_all()
    seed_all(1)

    with new(pair, tmp_path, "one") as one, new(pair, tmp_path, "other") as other:
        for _ in zip_longest(one.turns(), other.turns()):
            works = one.artist.exhibit(2, seed=9)
            render(one.artist, works, 24)
            coevo.load("alone", tmp_path).artist.exhibit(2, seed=9)

    assert ending(one) == ending(other) == ending(alone)
    assert draw_all() == expected  # nor do they disturb their caller


@pytest.mark.parametrize("pair", PAIRS)
def test_a_caller_who_seeds_and_draws_between_turns_changes_nothing(pair: str, tmp_path: Path) -> None:
    with new(pair, tmp_path, "alone") as alone:
        deque(alone.turns(), maxlen=0)
    with new(pair, tmp_path, "disturbed") as disturbed:
        seed_all(0)
        for turn in disturbed.turns():
            seed_all(turn.at.round)
            draw_all()
    assert ending(disturbed) == ending(alone)


def test_torchs_modes_are_put_back(tmp_path: Path) -> None:
    options = {"data": {"size": 16}}
    coevo.run("dcgan", rounds=1, batch=8, deterministic=True, runs_dir=tmp_path, options=options)
    assert not torch.are_deterministic_algorithms_enabled()
