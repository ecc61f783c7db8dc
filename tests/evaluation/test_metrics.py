"""Distances of sets of works, against closed forms."""

from __future__ import annotations

from dataclasses import asdict
from math import log

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.data.datasets import to_float
from coevo.evaluation.metrics import (
    frechet_distance,
    kernel_distance,
    kl_divergence,
    mean_distance,
    nearest,
    overlap,
    parzen,
)

DRAW = torch.Generator().manual_seed(0)


def cloud(n: int, mean: float = 0.0, scale: float = 1.0, size: int = 4) -> torch.Tensor:
    return torch.randn(n, size, generator=DRAW) * scale + mean


def test_the_frechet_distance_of_two_gaussians() -> None:
    """‖μ‖² + tr(Σ₁ + Σ₂ - 2√Σ₁Σ₂): four dimensions, apart by 1 each, deviations 1 and 3: 4 + 4 (1 + 9 - 6)."""
    assert frechet_distance(cloud(200_000), cloud(200_000, 1.0, 3.0)) == pytest.approx(20, rel=0.02)


def test_it_is_zero_for_the_same_and_does_not_mind_the_order() -> None:
    ones, others = cloud(300), cloud(200, 0.5)
    assert frechet_distance(ones, ones) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(ones, others) == pytest.approx(frechet_distance(others, ones))


def test_a_feature_that_never_changes_is_no_trouble() -> None:
    flat = torch.cat([cloud(100), torch.zeros(100, 3)], 1)
    assert frechet_distance(flat, flat) == pytest.approx(0, abs=1e-6)


def test_the_kernel_distance_is_unbiased() -> None:
    """Zero on average for two draws from the same, whatever their number."""
    distances = [kernel_distance(cloud(20), cloud(30)) for _ in range(300)]
    assert abs(sum(distances) / 300) < 0.05
    assert kernel_distance(cloud(200), cloud(200, 1.0)) > 5


def test_the_kernel_distance_worked_out() -> None:
    """k(x, y) = (xy + 1)³ of {0, 1} and {2, 3}: 1 + (7³) - 2 · (1 + 1 + 3³ + 4³) / 4."""
    ones, others = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])
    assert kernel_distance(ones, others) == pytest.approx(1 + 343 - 2 * (1 + 1 + 27 + 64) / 4)


def test_precision_is_of_the_made_and_recall_of_the_real() -> None:
    """Two far clouds of real works, and made works in one of them only."""
    real = torch.cat([cloud(200), cloud(200, 50.0)])
    found = overlap(cloud(400), real)
    assert found.precision > 0.9 and found.recall == pytest.approx(0.5, abs=0.05)
    assert found.coverage == pytest.approx(0.5, abs=0.05)
    lost = overlap(cloud(400, -50.0), real)
    assert lost.precision == lost.recall == lost.density == lost.coverage == 0


def test_density_counts_how_deep_a_work_lies_and_one_is_as_deep_as_real_ones() -> None:
    assert overlap(cloud(1000), cloud(1000)).density == pytest.approx(1, abs=0.1)


def test_neighbours_of_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="too few for 5 neighbours"):
        overlap(cloud(5), cloud(100))


def test_a_parzen_window_around_draws_of_a_gaussian_comes_near_its_own_likelihood() -> None:
    """Of N(0, I) in two dimensions: -log 2π - 1."""
    points, validation, test = cloud(5_000, size=2), cloud(200, size=2), cloud(1000, size=2)
    mean, error, sigma = parzen(points, validation, test)
    assert mean == pytest.approx(-log(2 * 3.14159265) - 1, abs=0.1)
    assert error < 0.04 and 0.05 < sigma < 0.6


def test_a_parzen_window_of_one_point_is_a_gaussian() -> None:
    zero = torch.zeros(1, 3)
    mean, _, sigma = parzen(zero, zero, zero.repeat(4, 1))
    assert mean == pytest.approx(-1.5 * log(2 * 3.14159265 * sigma**2), rel=1e-5) and sigma == pytest.approx(
        0.05, abs=0.01
    )


def test_the_nearest_is_the_nearest() -> None:
    """Pictures of two pixels, of 0, 1 and values between."""
    works, reals = (torch.tensor(rows).view(2, 1, 1, 2) * 2 - 1 for rows in ([[0, 0], [1, 0.9]], [[1, 1], [0, 0.1]]))
    indices, distances = nearest(works, reals)
    assert indices.tolist() == [1, 0]
    assert distances.tolist() == pytest.approx([0.1 / 2**0.5] * 2)


def test_a_picture_is_at_no_distance_from_itself_however_it_is_stored() -> None:
    reals = torch.randint(0, 256, (40, 3, 16, 16), generator=DRAW, dtype=torch.uint8)
    for works in (reals, to_float(reals)):
        indices, distances = nearest(works, reals)
        assert indices.tolist() == list(range(40)) and distances.max() < 1e-6


@pytest.mark.parametrize("block", [1, 50, 333, 10**6])
def test_figures_do_not_depend_on_how_much_is_held_at_once(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = cloud(37).abs(), cloud(23).abs()
    pictures = [torch.randint(0, 256, (n, 1, 4, 4), generator=DRAW, dtype=torch.uint8) for n in (9, 30)]
    found = []
    for size in (2**22, block):
        monkeypatch.setattr("coevo.evaluation.metrics.BLOCK", size)
        indices, distances = nearest(*pictures)
        likelihood = parzen(x / 5, x[:5] / 5, y / 5)
        numbers = [kernel_distance(x, y), *asdict(overlap(x, y, 3)).values(), *distances.tolist(), *likelihood]
        found.append(numbers + indices.tolist())
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_spread_is_the_mean_distance_of_two() -> None:
    assert mean_distance(torch.tensor([[0.0], [1.0], [1.0]])) == pytest.approx(2 / 3)


def test_divergence_worked_out() -> None:
    shares, wanted = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.25, 0.5, 0.25])
    assert kl_divergence(shares, wanted) == pytest.approx(0.5 * log(2))


@settings(deadline=None)
@given(some.lists(some.integers(0, 50), min_size=2, max_size=8).filter(any))
def test_divergence_is_never_below_zero(counts: list[int]) -> None:
    shares = torch.tensor(counts).double() / sum(counts)
    even = torch.full_like(shares, 1 / len(counts))
    assert kl_divergence(shares, even) >= -1e-9
