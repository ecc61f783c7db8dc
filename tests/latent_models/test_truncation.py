"""Truncated codes: exact draws of a normal distribution that ends, and the same works in it."""

from __future__ import annotations

import pytest
import torch

from coevo import CodeBlock, CodeLayout
from coevo.latent_models.truncation import truncated

LAYOUT = CodeLayout((CodeBlock("z", 4), CodeBlock("kind", 2, "categorical"), CodeBlock("c", 1, "uniform")))


def codes(n: int = 4000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.cat([torch.randn(n, 4, generator=generator), torch.eye(2)[torch.arange(n) % 2], torch.ones(n, 1)], 1)


@pytest.mark.parametrize("threshold", [0.04, 0.5, 1.0, 2.0])
def test_values_are_those_that_repeated_draws_would_give(threshold: float) -> None:
    z = truncated(codes(), LAYOUT, threshold)[:, :4]
    wanted = torch.randn(400_000, generator=torch.Generator().manual_seed(1))
    wanted = wanted[wanted.abs() <= threshold]
    assert z.abs().max() <= threshold
    assert z.std().item() == pytest.approx(wanted.std().item(), rel=0.03)


def test_a_smaller_threshold_narrows_the_spread_and_keeps_the_order() -> None:
    spreads = [truncated(codes(), LAYOUT, threshold)[:, :4].std().item() for threshold in (100.0, 2.0, 1.0, 0.5)]
    assert spreads == sorted(spreads, reverse=True)
    moved = truncated(codes(50), LAYOUT, 0.5)
    assert torch.equal(moved[:, 0].argsort(), codes(50)[:, 0].argsort())


def test_a_far_threshold_changes_nothing_and_other_blocks_never_change() -> None:
    assert torch.allclose(truncated(codes(), LAYOUT, 100.0), codes(), atol=1e-5)
    assert torch.equal(truncated(codes(), LAYOUT, 0.5)[:, 4:], codes()[:, 4:])
