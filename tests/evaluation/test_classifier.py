"""The network that judges: the same every time, kept, and mended where it was damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from coevo.data.datasets import DataOptions, Dataset, digits
from coevo.errors import DataError
from coevo.evaluation.classifier import evaluator_for
from coevo.evaluation.report import halves


@pytest.fixture(scope="module")
def reals() -> Dataset:
    return digits(DataOptions(size=16))


def test_it_knows_digits_it_has_never_seen(reals: Dataset) -> None:
    known, others = halves(reals, 0)
    features, classes, sure = evaluator_for(known).look(others.works(slice(0, 800)).images)
    assert features.shape == (800, 128) and sure.min() > 0
    assert (classes == others.labels[:800]).float().mean() > 0.97


def test_it_is_trained_once_and_read_from_then_on(
    reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    monkeypatch.setattr("coevo.evaluation.classifier.LEAST_STEPS", 5)
    state = torch.get_rng_state()
    first = evaluator_for(reals)
    assert torch.equal(state, torch.get_rng_state()), "training it draws from a run's random stream"
    (file,) = (tmp_path / "evaluators").iterdir()
    assert "classifier 1 on 1,797 of digits, weights " in first.name
    monkeypatch.setattr("coevo.evaluation.classifier._train", lambda *_: pytest.fail("it is there already"))
    assert evaluator_for(reals).name == first.name
    monkeypatch.undo()
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path))
    monkeypatch.setattr("coevo.evaluation.classifier.LEAST_STEPS", 5)
    file.write_bytes(file.read_bytes()[:1000])  # damaged: it is made anew, and the same
    assert evaluator_for(reals).name == first.name
    assert evaluator_for(halves(reals, 0)[0]).name != first.name


def test_channels_that_are_works_of_their_own_are_named_one_by_one(reals: Dataset) -> None:
    three = Dataset(
        "three",
        torch.cat([reals.images[place : place + 50] for place in (0, 100, 200)], 1),
        classes=tuple(f"{n:03d}" for n in range(1000)),
        parts=halves(reals, 0)[0],
    )
    features, named, sure = evaluator_for(three).look(three.works(slice(0, 50)).images)
    parts = [reals.labels[place : place + 50] for place in (0, 100, 200)]
    assert features.shape == (50, 384) and (sure <= 1).all()
    assert (named == parts[0] * 100 + parts[1] * 10 + parts[2]).float().mean() > 0.9


def test_without_two_classes_there_is_nothing_to_learn(reals: Dataset) -> None:
    with pytest.raises(DataError, match="no two classes"):
        evaluator_for(replace(reals, labels=None))
    with pytest.raises(DataError, match="no two classes"):
        evaluator_for(replace(reals, labels=torch.zeros_like(reals.labels)))
