"""Copies are found however little they were changed, and works that are only alike are none."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import Tensor
from torch.nn import functional as F

from coevo.data.datasets import DataOptions, digits, to_float
from coevo.evaluation.copies import copies

KNOWN = 600


@cache
def reals() -> Tensor:
    """Digits in random order; the first are known."""
    images = digits(DataOptions(size=32)).images
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))]


def changed(images: Tensor, right: float = 0, down: float = 0, scale: float = 1) -> Tensor:
    """Images moved by shares of their side and scaled."""
    matrix = torch.tensor([[scale, 0, 2 * right], [0, scale, 2 * down]], dtype=torch.float32).expand(len(images), 2, 3)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


@settings(max_examples=10, deadline=None)
@given(some.lists(some.integers(0, KNOWN - 1), min_size=1, max_size=8))
def test_resampled_known_works_are_all_copies(which: list[int]) -> None:
    known = reals()[:KNOWN]
    assert copies(known[which], known).all()


def test_pictures_may_be_bytes_or_numbers() -> None:
    known = reals()[:KNOWN]
    assert copies(known[:9], to_float(known)).all() and copies(to_float(known[:9]), known).all()


@settings(max_examples=10, deadline=None)
@given(some.floats(-0.04, 0.04), some.floats(-0.04, 0.04))
def test_moved_works_are_copies(right: float, down: float) -> None:
    known = reals()[:KNOWN]
    assert copies(changed(to_float(known[:20]), right, down), known).all()


@settings(max_examples=10, deadline=None)
@given(some.floats(0.9, 1.1))
def test_scaled_works_are_copies(scale: float) -> None:
    known = reals()[:KNOWN]
    assert copies(changed(to_float(known[:20]), scale=scale), known).all()


@settings(max_examples=10, deadline=None)
@given(some.floats(0, 0.12), some.integers(0, 1000))
def test_slightly_noised_works_are_copies(deviation: float, seed: int) -> None:
    known = reals()[:KNOWN]
    noise = deviation * torch.randn(20, 1, 32, 32, generator=torch.Generator().manual_seed(seed))
    assert copies(to_float(known[:20]) + noise, known).all()


def test_works_that_were_held_out_are_hardly_ever_copies() -> None:
    assert copies(reals()[KNOWN : KNOWN + 600], reals()[:KNOWN]).float().mean() < 0.005


@pytest.mark.parametrize("size", [16, 28, 64])
def test_works_of_any_size_are_compared(size: int) -> None:
    images = digits(DataOptions(size=size)).images[:200]
    assert copies(images[:20], images).all() and not copies(images[100:120].flip(3), images[:100]).any()
