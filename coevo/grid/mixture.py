"""The mixture of a neighbourhood's artists, whose weights are evolved (Schmiedlechner 2018, §3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from coevo.evaluation.metrics import frechet_distance

TRIALS = 200  # of the evolution strategy
DEVIATION = 0.1  # of a weight's mutation
LEAST = 0.01  # a weight below is 0


class Mixture(NamedTuple):
    """Weights of artists, and the Fréchet distance of works drawn by them from real works."""

    weights: Tensor
    distance: float


def evolve_weights(features: Sequence[Tensor], real: Tensor, n: int, seed: int, trials: int = TRIALS) -> Mixture:
    """Weights by a (1+1) evolution strategy: a mutant replaces its parent if its mixture is nearer to real works.

    Args:
        features: of works of each artist, [N, D] each, N ≥ n.
        real: of real works, [M, D].
        n: works of a mixture.
        seed: of the strategy, and of who makes which work.
        trials: mutants.

    Returns:
        The best of all; that of the first artist alone at worst.
    """
    generator = Generator().manual_seed(seed)
    uniform = torch.rand(n, generator=generator)
    alone = torch.eye(len(features))
    best = min((of_weights(row, features, real, uniform) for row in alone), key=lambda mixture: mixture.distance)
    for _ in range(trials):
        step = DEVIATION * torch.randn(len(features), generator=generator)
        mutant = of_weights(normalised(best.weights + step), features, real, uniform)
        if mutant.distance < best.distance:
            best = mutant
    return best


def of_weights(weights: Tensor, features: Sequence[Tensor], real: Tensor, uniform: Tensor) -> Mixture:
    """The mixture of some weights: work i is made by the artist in whose share of [0, 1) the i-th number falls."""
    makers = makers_of(weights, uniform)
    return Mixture(weights, frechet_distance(torch.stack(list(features))[makers, torch.arange(len(uniform))], real))


def makers_of(weights: Tensor, uniform: Tensor) -> Tensor:
    """Who makes each work [n], by a number in [0, 1) for each."""
    return torch.searchsorted(weights.cumsum(0), uniform, right=True).clamp(max=len(weights) - 1)


def normalised(weights: Tensor) -> Tensor:
    """Weights of at least 0 that add up to 1; tiny ones are 0."""
    weights = weights.where(weights >= LEAST, torch.zeros(()))
    return weights / weights.sum() if weights.sum() > 0 else torch.full_like(weights, 1 / len(weights))
