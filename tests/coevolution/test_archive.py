"""Archives: what they keep, fair samples, halls of fame, novelty."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.coevolution.archive import Archive, nearest_distances, novelty


def numbers(first: int, last: int) -> torch.Tensor:
    return torch.arange(first, last, dtype=torch.float32)


@given(
    capacity=some.integers(1, 40),
    batches=some.lists(some.integers(0, 30), max_size=12),
    keep=some.sampled_from(["sample", "latest", "best"]),
)
@settings(max_examples=60, deadline=None)
def test_an_archive_is_bounded_and_holds_only_what_was_added(capacity: int, batches: list[int], keep: str) -> None:
    archive, added = Archive(capacity, keep), 0  # type: ignore[arg-type]
    for size in batches:
        rows = numbers(added, added + size)
        archive.add(features=rows[:, None], score=-rows)
        added += size
        assert len(archive) == min(capacity, added)
    if added:
        kept = archive["features"][:, 0].tolist()
        assert len(set(kept)) == len(kept) and set(kept) <= set(range(added))
        assert (-archive["score"]).tolist() == kept  # the columns stay together
    assert archive.seen == added


def test_ten_thousand_insertions_keep_a_fair_sample() -> None:
    random.seed(0)
    archive = Archive(500)
    for first in range(0, 10_000, 7):
        archive.add(number=numbers(first, min(first + 7, 10_000)))
        assert len(archive) <= 500
    kept = archive["number"]
    assert len(kept) == 500 and archive.seen == 10_000
    tenths = (kept / 1000).long().bincount(minlength=10)
    assert tenths.min() > 25 and tenths.max() < 80  # 50 each, within four standard deviations


def test_the_latest_and_the_best_stay() -> None:
    latest, best = Archive(3, "latest"), Archive(3, "best")
    for score in (5.0, 1.0, 4.0, 2.0, 3.0):
        latest.add(score=torch.tensor([score]))
        best.add(score=torch.tensor([score]))
    assert latest["score"].tolist() == [4, 2, 3]
    assert best["score"].tolist() == [5, 4, 3]


def test_other_columns_are_refused() -> None:
    archive = Archive(4)
    archive.add(a=torch.zeros(2))
    with pytest.raises(ValueError, match=r"\['a'\] needs as many rows of each"):
        archive.add(b=torch.zeros(2))
    with pytest.raises(ValueError, match="a column named score"):
        Archive(4, "best").add(a=torch.zeros(1))


def test_an_archive_is_restored_from_its_state() -> None:
    archive, again = Archive(4), Archive(4)
    archive.add(a=numbers(0, 9))
    again.load_state_dict(archive.state_dict())
    assert torch.equal(archive["a"], again["a"]) and again.seen == 9


def test_samples_hold_each_row_once_if_there_are_enough() -> None:
    archive = Archive(10)
    archive.add(a=numbers(0, 10))
    assert sorted(archive.sample(10)["a"].tolist()) == list(range(10))
    assert archive.sample(25)["a"].shape == (25,)


def test_distances() -> None:
    features = torch.tensor([[0.0], [1.0], [3.0]])
    assert nearest_distances(features, torch.tensor([[1.0], [9.0]])).tolist() == [1, 0, 2]
    assert nearest_distances(features, features[:0]).isinf().all()
    assert novelty(features, k=1).tolist() == [1, 1, 2]
    assert novelty(features, torch.tensor([[3.0]]), k=1).tolist() == [1, 1, 0]
    assert novelty(features[:1]).tolist() == [0]  # there is no other
