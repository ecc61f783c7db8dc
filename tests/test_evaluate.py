"""Figures of quality: they find what is there, and see what is copied."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from coevo.data import DataOptions, Dataset, digits
from coevo.errors import DataError
from coevo.evaluate import evaluate
from coevo.measures import nearest


@pytest.fixture(scope="module")
def reals() -> Dataset:
    return digits(DataOptions(size=16))


def test_real_digits_are_found_and_believed(reals: Dataset) -> None:
    report = evaluate(reals.works(slice(0, 500)).images, reals)
    assert report.classes.found == 10 and report.classes.confidence > 0.8
    assert report.classes.accuracy > 0.95
    assert sum(report.classes.shares.values()) == pytest.approx(1)


def test_noise_is_not_believed(reals: Dataset) -> None:
    noise = torch.rand(200, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    report = evaluate(noise, reals)
    assert report.classes.confidence < report.classes.confidence_of_reals - 0.3
    assert report.distances.fid > 5 * report.distances.fid_of_reals
    assert report.distances.kid > 5 * abs(report.distances.kid_of_reals)
    assert report.distances.overlap.precision < 0.2 and report.distances.overlap.coverage < 0.2
    assert report.neighbours.nearest > 2 * report.neighbours.nearest_of_reals
    assert report.neighbours.copies == 0


def test_copies_are_seen(reals: Dataset) -> None:
    assert evaluate(reals.works(slice(0, 100)).images, reals).neighbours.copies == 100


def test_one_picture_again_and_again_is_one_class_without_spread(reals: Dataset) -> None:
    report = evaluate(reals.works(slice(0, 1)).images.expand(50, -1, -1, -1), reals)
    assert report.classes.found == 1 and report.classes.smallest == 0
    assert report.neighbours.spread == pytest.approx(0, abs=1e-4) and report.neighbours.spread_of_reals > 0.1


def test_without_labels_there_are_no_classes(reals: Dataset) -> None:
    report = evaluate(reals.works(slice(0, 20)).images, replace(reals, labels=None, classes=()))
    assert report.classes is None and "confidence" not in report.figures()


def test_the_nearest_is_the_nearest() -> None:
    indices, distances = nearest(torch.tensor([[0.0, 0.0], [1.0, 0.9]]), torch.tensor([[1.0, 1.0], [0.0, 0.1]]))
    assert indices.tolist() == [1, 0]
    assert distances.tolist() == pytest.approx([0.1 / 2**0.5] * 2)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.zeros(5, 3, 16, 16), "but those of 'digits' are"),
        (torch.zeros(1, 1, 16, 16), "too few to judge"),
        (torch.full((5, 1, 16, 16), torch.nan), "not finite"),
    ],
)
def test_what_cannot_be_judged_is_said(reals: Dataset, images: torch.Tensor, said: str) -> None:
    with pytest.raises(DataError, match=said):
        evaluate(images, reals)
