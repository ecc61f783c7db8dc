"""Killed at random moments and resumed, every recipe ends in the very bytes it would have ended in."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest
from conftest import CommandLine
from faults.processes import Forked, Fresh, Story, moment
from faults.systems import differing, ending, recipes

from coevo.storage.run_folder import RunFolder

pytestmark = pytest.mark.slow
SOME = (
    "dcgan", "gp-dcnn", "evolved-art", "sims", "blind-watchmaker", "evoeco", "aae-semi-supervised",
    "stacked-autoencoder", "ppgn",
)  # fmt: skip
"""A recipe of each family; `python -m tests.faults.reproducible --kills 100` takes them all."""


@pytest.mark.parametrize("recipe", SOME)
def test_killed_and_resumed_it_ends_in_the_same_bytes(recipe: str, tmp_path: Path) -> None:
    assert recipe in recipes()
    rng = random.Random(recipe)
    whole, killed = (Story(recipe, tmp_path / name, Forked()) for name in ("whole", "killed"))
    seconds = whole.play()
    for _ in range(3):
        killed.kill(*moment(rng, seconds))
    killed.play()
    assert whole.ended and killed.ended, killed.said()
    assert killed.troubles == []
    assert differing(ending(killed.run), ending(whole.run)) == []
    assert "Traceback" not in killed.said()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_while_it_starts_it_can_be_started_or_resumed(number: signal.Signals, tmp_path: Path) -> None:
    story = Story("sims", tmp_path / "runs", Fresh())
    process = story.start()
    while process.poll() is None and not (story.folder.is_dir() and any(story.folder.iterdir())):
        time.sleep(0.001)  # the first file appears: its folder is being made
    process.send_signal(number)
    process.wait()
    story.play()
    assert story.ended, story.said()
    assert [run.name for run in RunFolder.all(story.folder)] == ["it"]
    CommandLine(story.folder)("runs")
