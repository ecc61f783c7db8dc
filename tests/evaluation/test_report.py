"""Figures of quality: they find what is there, and see what is copied."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from coevo.data.datasets import DataOptions, Dataset, digits
from coevo.errors import DataError
from coevo.evaluation.report import evaluate, halves


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
    overlap, of_reals = report.distances.overlap, report.distances.overlap_of_reals
    assert overlap.precision < 0.5 * of_reals.precision and overlap.coverage < 0.2
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


def test_real_works_are_as_near_as_real_works(reals: Dataset) -> None:
    known, others = halves(reals, 0)
    distances = evaluate(known.works(slice(0, 800)).images, known, others).distances
    assert distances.fid < 1.5 * distances.fid_of_reals and abs(distances.kid - distances.kid_of_reals) < 0.02
    assert distances.overlap.precision > 0.9 * distances.overlap_of_reals.precision
    assert distances.overlap.recall > 0.9 * distances.overlap_of_reals.recall


def test_a_missing_class_is_missed(reals: Dataset) -> None:
    some = reals.works(reals.labels < 8)
    report = evaluate(some.images[:800], reals)
    assert report.classes.smallest < 0.02 and report.classes.kl > 0.15
    assert report.distances.fid > 3 * report.distances.fid_of_reals
    assert report.distances.overlap.coverage < 0.95 * report.distances.overlap_of_reals.coverage


def test_every_figure_says_what_it_was_measured_with(reals: Dataset) -> None:
    figures = evaluate(reals.works(slice(0, 60)).images, reals).figures()
    assert figures["made"] == 60 and figures["known"] == 898 and figures["held_out"] == 899
    assert "classifier 1 on 898 of digits" in figures["evaluator"] and figures["split"] == "random halves, seed 0"
    assert figures["recall"] < figures["recall_of_reals"] + 0.1


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
