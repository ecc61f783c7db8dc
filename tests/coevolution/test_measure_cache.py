"""Measures of individuals: each is measured once while it lives."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo import Genome, Works
from coevo.coevolution.measure_cache import MeasureCache


class Counting:
    """The mean tone of pictures, and how many were measured at a time."""

    def __init__(self) -> None:
        self.measured: list[int] = []
        self.cache = MeasureCache(self.mean)

    def mean(self, pictures: Tensor) -> Tensor:
        self.measured.append(len(pictures))
        return pictures.mean((2, 3))


def works(*tones: int) -> Works:
    """Flat pictures; a work is known by its tone."""
    images = torch.tensor(tones, dtype=torch.float32)[:, None, None, None].expand(-1, 1, 4, 4)
    return Works(images, genomes=tuple(Genome(str(tone), (), "") for tone in tones))


def test_survivors_are_not_measured_again() -> None:
    it = Counting()
    assert it.cache(works(1, 2, 3)).tolist() == [[1], [2], [3]]
    assert it.cache(works(3, 4, 1)).tolist() == [[3], [4], [1]]
    assert it.cache(works(4, 3)).tolist() == [[4], [3]]
    assert it.measured == [3, 1]


def test_individuals_that_died_are_forgotten() -> None:
    it = Counting()
    for some in (works(1, 2), works(2), works(1, 2)):
        it.cache(some)
    assert it.measured == [2, 1]


def test_works_without_genomes_are_measured_each_time() -> None:
    it = Counting()
    for _ in range(2):
        assert it.cache(Works(torch.ones(2, 1, 4, 4))).tolist() == [[1], [1]]
    assert it.measured == [2, 2]


def test_of_no_works_there_are_no_measures() -> None:
    assert Counting().cache(works()[:0]).shape == Counting().cache(works(1)[:0]).shape == (0, 1)
