"""Penalties on a Critic's slope: they keep its score smooth, so that the game settles instead of oscillating.

`score` is the Critic's network: works [N, …] → scores [N]. Each returns a scalar to be weighted and added to
the Critic's loss.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]


def gradient_penalty(score: Score, real: Tensor, made: Tensor, mix: Tensor) -> Tensor:
    """E(‖∇s(x̂)‖ - 1)² at x̂ = u·x + (1 - u)·g (Gulrajani 2017, eq. 3).

    mix: u, uniform in [0, 1), one for each of the pairs that are mixed; real and made are cut to as many.
    """
    n = min(len(real), len(made), len(mix))
    u = mix[:n].reshape(n, *[1] * (real.ndim - 1))
    between = u * real[:n] + (1 - u) * made[:n]
    return (slopes(score, between).norm(dim=1) - 1).square().mean()


def zero_centred(score: Score, works: Tensor) -> Tensor:
    """½ E‖∇s(x)‖²: R1 on real works, R2 on made ones (Mescheder 2018, eq. 9 and 10)."""
    return 0.5 * slopes(score, works).square().sum(1).mean()


def slopes(score: Score, works: Tensor) -> Tensor:
    """∇s at each of the works, flat: [N, D], differentiable."""
    works = works.detach().requires_grad_()
    (slope,) = torch.autograd.grad(score(works).sum(), works, create_graph=True)
    return slope.flatten(1)
