"""Divergences between distributions that networks parametrise."""

from __future__ import annotations

from torch import Tensor


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (μ² + σ² - log σ² - 1) (Kingma & Welling 2014, appendix B).

    Args:
        mean, log_variance: μ and log σ², [N, D].

    Returns:
        One divergence for each of the N, in nats.

    Example:
        >>> import torch
        >>> gaussian_kl(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
        tensor([0.5000])
    """
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1)
