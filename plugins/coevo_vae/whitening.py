"""Codes of mean 0 and covariance I: z = μ + L·c, where LLᵀ is the covariance of z."""

from __future__ import annotations

import torch
from torch import Tensor


def whiten(z: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """c [N, D] of z [N, D]."""
    return torch.linalg.solve_triangular(_root(covariance), (z - mean).T, upper=False).T


def unwhiten(c: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """z [N, D] of c [N, D]."""
    return mean + c @ _root(covariance).T


@torch.no_grad()
def running_moments(z: Tensor, mean: Tensor, covariance: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Running mean [D] and covariance [D, D] after a batch of z [N, D]; steps: batches so far, this one included."""
    share = max(0.05, 1 / (steps + 1))
    centred = z - z.mean(0)
    return torch.lerp(mean, z.mean(0), share), torch.lerp(covariance, centred.T @ centred / len(z), share)


def _root(covariance: Tensor) -> Tensor:
    eye = torch.eye(len(covariance), device=covariance.device)
    return torch.linalg.cholesky(covariance + (1e-6 + 1e-4 * covariance.diagonal().mean()) * eye)
