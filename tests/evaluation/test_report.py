"""Figures of quality: real works pass, noise and copies and missing classes are seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from coevo.data.datasets import DataOptions, Dataset, digits
from coevo.errors import DataError
from coevo.evaluation import report as report_module
from coevo.evaluation import trust
from coevo.evaluation.progress import Progress
from coevo.evaluation.report import evaluate, random_halves, subset, warnings


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
    found = evaluate(reals.works(slice(0, 100)).pixels, reals).neighbours
    assert found.copies == 100 and found.copies_of_reals <= 5


def test_one_repeated_picture_is_one_class_without_variety(reals: Dataset) -> None:
    report = evaluate(reals.works(slice(0, 1)).pixels.expand(50, -1, -1, -1), reals)
    assert report.classes.classes_found == 1 and report.classes.smallest_share == 0
    assert (
        report.neighbours.mean_distance == pytest.approx(0, abs=1e-4) and report.neighbours.mean_distance_of_reals > 0.1
    )


def train_briefly(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("COEVO_CACHE", str(cache))
    monkeypatch.setattr("coevo.evaluation.classifier.LEAST_STEPS", 5)
    monkeypatch.setattr("coevo.evaluation.classifier.EPOCHS", 0.1)


def test_without_labels_there_are_no_classes(reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_briefly(monkeypatch, tmp_path)
    report = evaluate(reals.works(slice(0, 20)).pixels, replace(reals, labels=None, classes=()))
    assert report.classes is None and "confidence" not in report.figures()
    assert report.distances.kid_of_reals < report.distances.kid + 1 and "pretext classifier" in report.evaluator


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
        (torch.zeros(9, 1, 16, 16), "9 works are too few to evaluate: give at least 10, or better 100."),
        (torch.full((10, 1, 16, 16), torch.nan), "not finite"),
    ],
)
def test_pictures_that_cannot_be_evaluated_are_refused(reals: Dataset, images: torch.Tensor, said: str) -> None:
    with pytest.raises(DataError, match=said):
        evaluate(images, reals)


def test_too_few_real_works_are_refused(reals: Dataset) -> None:
    images = reals.works(slice(0, 20)).pixels
    with pytest.raises(DataError, match="9 to learn from and 9 to compare with, not 10 of each"):
        evaluate(images, subset(reals, torch.arange(19)))
    with pytest.raises(DataError, match="too few works"):
        evaluate(images, reals, subset(reals, torch.arange(9)))


@pytest.mark.parametrize("works", [20, 21, 22, 23, 24])
def test_so_few_real_works_are_evaluated_with_little_trust(
    works: int, reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_briefly(monkeypatch, tmp_path)
    report = evaluate(reals.works(slice(0, 10)).pixels, subset(reals, torch.arange(works)))
    assert report.trust.level == "low"
    assert f"only {works - works // 2} held-out works are there to try it with" in report.trust.reason
    assert bool(report.trust.precision_of_spoilt) == (works >= 23)  # 12 held-out works make two halves of 6


def test_ten_works_of_a_test_part_are_enough(reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_briefly(monkeypatch, tmp_path)
    few = subset(reals, torch.arange(10))
    assert not evaluate(few.works(slice(0, 10)).pixels, reals, few).trust.precision_of_spoilt


def test_an_old_trial_is_not_taken_for_one_of_other_spoilt_works(
    reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_briefly(monkeypatch, tmp_path)
    images, some = reals.works(slice(0, 10)).pixels, subset(reals, torch.arange(60))
    old = evaluate(images, some).trust
    monkeypatch.setitem(trust.SPOILT, "noised", lambda images, _: images * 0)
    assert evaluate(images, some).trust == old
    monkeypatch.setattr(report_module, "TRIAL", "another")
    assert evaluate(images, some).trust.kid_of_spoilt["noised"] != old.kid_of_spoilt["noised"]


def test_a_cache_that_cannot_be_made_costs_no_figure(reals: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    train_briefly(monkeypatch, Path("/proc/nope"))
    report = evaluate(reals.works(slice(0, 20)).pixels, reals)
    (said,) = [one for one in report.warnings if "not kept" in one]
    assert "Could not write /proc/nope/evaluators/" in said and "computes it again" in said


def test_figures_of_few_works_are_said_to_be_weak(reals: Dataset) -> None:
    said = {n: list(warnings(n, 900, 128)) for n in (50, 120, 200)}
    assert "With only 50 made works the figures vary much" in said[50][0] and "FID is biased" in said[50][1]
    assert len(said[120]) == 1 and "FID is biased" in said[120][0]
    assert not said[200]
    assert "With only 20 real works" in next(warnings(1000, 20, 128))


def test_a_second_evaluation_goes_on_where_the_first_was_stopped(
    reals: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Progress):
        def begin(self, task: str, total: int = 0) -> None:
            if task == "FID":
                raise KeyboardInterrupt

    class Seen(Progress):
        def begin(self, task: str, total: int = 0) -> None:
            tasks.append(task)

    train_briefly(monkeypatch, tmp_path)
    images, tasks = reals.works(slice(0, 20)).pixels, list[str]()
    with pytest.raises(KeyboardInterrupt):
        evaluate(images, reals, progress=Stopped())
    report = evaluate(images, reals, progress=Seen())
    assert not [task for task in tasks if "training" in task] and "FID" in tasks
    assert evaluate(images, reals).figures() == report.figures()
