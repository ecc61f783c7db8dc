"""The evaluator: the same every time, kept in the cache, and trained again if its file is damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from coevo.data.datasets import DataOptions, Dataset, digits
from coevo.evaluation.evaluator import evaluator_for
from coevo.evaluation.progress import Progress
from coevo.evaluation.report import random_halves


@pytest.fixture(scope="module")
def reals() -> Dataset:
    return digits(DataOptions(size=16))


@pytest.mark.slow
def test_it_classifies_digits_that_it_was_not_trained_on(reals: Dataset) -> None:
    known, others = random_halves(reals, 0)
    features, classes, confidence = evaluator_for(known).predict(others.works(slice(0, 800)).pixels)
    assert features.shape == (800, 128) and confidence.min() > 0
    assert (classes == others.labels[:800]).float().mean() > 0.97


def train_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coevo.evaluation.classifier.LEAST_STEPS", 5)
    monkeypatch.setattr("coevo.evaluation.classifier.EPOCHS", 0.1)


def test_it_is_trained_once_and_read_from_the_cache_afterwards(
    reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    train_briefly(monkeypatch)
    state = torch.get_rng_state()
    first = evaluator_for(reals)
    assert torch.equal(state, torch.get_rng_state()), "training it draws from a run's random stream"
    (file,) = (tmp_path / "evaluators").iterdir()
    assert "classifier 1 on 1,797 of digits, weights " in first.name
    monkeypatch.setattr("coevo.evaluation.evaluator.train", lambda *_: pytest.fail("it is there already"))
    assert evaluator_for(reals).name == first.name
    monkeypatch.undo()
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    train_briefly(monkeypatch)
    file.write_bytes(file.read_bytes()[:1000])  # damaged: it is made anew, and the same
    assert evaluator_for(reals).name == first.name
    assert evaluator_for(random_halves(reals, 0)[0]).name != first.name


@pytest.mark.slow
def test_channels_with_classes_of_their_own_are_classified_one_by_one(reals: Dataset) -> None:
    three = Dataset(
        "three",
        torch.cat([reals.images[place : place + 50] for place in (0, 100, 200)], 1),
        classes=tuple(f"{n:03d}" for n in range(1000)),
        parts=random_halves(reals, 0)[0],
    )
    features, classes, confidence = evaluator_for(three).predict(three.works(slice(0, 50)).pixels)
    parts = [reals.labels[place : place + 50] for place in (0, 100, 200)]
    assert features.shape == (50, 384) and (confidence <= 1).all()
    assert (classes == parts[0] * 100 + parts[1] * 10 + parts[2]).float().mean() > 0.9


def test_with_few_classes_or_none_it_learns_more_than_to_classify(
    reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    train_briefly(monkeypatch)
    names = [
        evaluator_for(some).name.split(" on ")[0]
        for some in (
            reals,
            replace(reals, labels=reals.labels.clamp_max(3)),
            replace(reals, labels=reals.labels.clamp_max(2)),
            replace(reals, labels=None, classes=()),
        )
    ]
    assert names == ["classifier 1", "classifier 1", "pretext classifier 1", "pretext classifier 1"]


def test_an_evaluator_is_kept_whole_or_not_at_all(
    reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Progress):
        def advance(self, steps: int = 1, note: str = "") -> None:
            raise KeyboardInterrupt

    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    train_briefly(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        evaluator_for(reals, Stopped())
    assert not list(tmp_path.rglob("*"))
    evaluator_for(reals)
    evaluator_for(reals, Stopped())  # it is there: nothing is trained


def test_training_says_which_epoch_it_is(reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Seen(Progress):
        def begin(self, task: str, total: int = 0) -> None:
            seen.append((task, total))

        def advance(self, steps: int = 1, note: str = "") -> None:
            seen.append((note, steps))

    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    train_briefly(monkeypatch)
    evaluator_for(reals, Seen())
    assert seen == [("training the evaluator on 1,797 works of digits", 5), *[("epoch 1 of 1", 1)] * 5]
