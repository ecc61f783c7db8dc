"""Divergences equal those of torch.distributions."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from coevo.nn.divergences import gaussian_kl


def test_the_kl_of_gaussians_is_torchs_summed_over_dimensions() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(2, 5, 3, generator=generator)
    wanted = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(torch.zeros(3), torch.ones(3))).sum(1)
    torch.testing.assert_close(gaussian_kl(mean, log_variance), wanted)


def test_the_standard_normal_has_no_divergence() -> None:
    assert gaussian_kl(torch.zeros(2, 4), torch.zeros(2, 4)).tolist() == pytest.approx([0, 0])
