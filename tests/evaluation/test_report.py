"""Figures of quality: real works pass, noise and copies and missing classes are seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from coevo.data.datasets import DataOptions, Dataset, digits
from coevo.errors import DataError
from coevo.evaluation.report import evaluate, random_halves


@pytest.fixture(scope="module")
def reals() -> Dataset:
    return digits(DataOptions(size=16))


@pytest.mark.slow
def test_real_digits_show_every_class_with_confidence(reals: Dataset) -> None:
    report = evaluate(reals.works(slice(0, 500)).pixels, reals)
    assert report.classes.classes_found == 10 and report.classes.confidence > 0.8
    assert report.classes.evaluator_accuracy > 0.95
    assert sum(report.classes.class_shares.values()) == pytest.approx(1)


def test_noise_is_far_from_real_works(reals: Dataset) -> None:
    noise = torch.rand(200, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    report = evaluate(noise, reals)
    assert report.classes.confidence < report.classes.confidence_of_reals - 0.3
    assert report.distances.fid > 5 * report.distances.fid_of_reals
    assert report.distances.kid > 5 * abs(report.distances.kid_of_reals)
    overlap, of_reals = report.distances.overlap, report.distances.overlap_of_reals
    assert overlap.density < 0.5 * of_reals.density and overlap.recall < 0.2 and overlap.coverage < 0.2
    assert report.neighbours.nearest > 2 * report.neighbours.nearest_of_reals
    assert report.neighbours.copies == 0


def test_copies_are_seen(reals: Dataset) -> None:
    assert evaluate(reals.works(slice(0, 100)).pixels, reals).neighbours.copies == 100


def test_one_repeated_picture_is_one_class_without_variety(reals: Dataset) -> None:
    report = evaluate(reals.works(slice(0, 1)).pixels.expand(50, -1, -1, -1), reals)
    assert report.classes.classes_found == 1 and report.classes.smallest_share == 0
    assert (
        report.neighbours.mean_distance == pytest.approx(0, abs=1e-4) and report.neighbours.mean_distance_of_reals > 0.1
    )


def test_without_labels_there_are_no_classes(reals: Dataset) -> None:
    report = evaluate(reals.works(slice(0, 20)).pixels, replace(reals, labels=None, classes=()))
    assert report.classes is None and "confidence" not in report.figures()


def test_real_works_are_as_near_as_real_works(reals: Dataset) -> None:
    known, others = random_halves(reals, 0)
    distances = evaluate(known.works(slice(0, 800)).pixels, known, others).distances
    assert distances.fid < 1.5 * distances.fid_of_reals and abs(distances.kid - distances.kid_of_reals) < 0.02
    assert distances.overlap.precision > 0.9 * distances.overlap_of_reals.precision
    assert distances.overlap.recall > 0.9 * distances.overlap_of_reals.recall


def test_a_missing_class_shows(reals: Dataset) -> None:
    some = reals.works(reals.labels < 8)
    report = evaluate(some.pixels[:800], reals)
    assert report.classes.smallest_share < 0.02 and report.classes.class_kl > 0.15
    assert report.distances.fid > 3 * report.distances.fid_of_reals
    assert report.distances.overlap.coverage < 0.95 * report.distances.overlap_of_reals.coverage


def test_a_report_says_what_it_was_measured_with(reals: Dataset) -> None:
    figures = evaluate(reals.works(slice(0, 60)).pixels, reals).figures()
    assert figures["made"] == 60 and figures["known"] == 898 and figures["held_out"] == 899
    assert "classifier 1 on 898 of digits" in figures["evaluator"] and figures["split"] == "random halves, seed 0"
    assert figures["recall"] < figures["recall_of_reals"] + 0.1


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.zeros(5, 3, 16, 16), "but those of 'digits' are"),
        (torch.zeros(1, 1, 16, 16), "too few to evaluate"),
        (torch.full((5, 1, 16, 16), torch.nan), "not finite"),
    ],
)
def test_pictures_that_cannot_be_evaluated_are_refused(reals: Dataset, images: torch.Tensor, said: str) -> None:
    with pytest.raises(DataError, match=said):
        evaluate(images, reals)
