"""Looking at a whole batch at once, so that works which are all alike give themselves away."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinibatchStd(nn.Module):
    """The deviation of every feature over the batch, averaged to one number that all of its works are given
    (Karras 2018, §3): [N, D] → [N, 1]."""

    features = 1

    def forward(self, x: Tensor) -> Tensor:
        deviation = (x.var(0, correction=0) + 1e-8).sqrt().mean()
        return deviation.expand(len(x), 1)


class MinibatchDiscrimination(nn.Module):
    """How many works of the batch are near: fitness sharing, in learnt niches (Salimans 2016, §3.2).

    o(x_i)_b = Σ_j exp(-‖M_ib - M_jb‖₁), j ≠ i, with M = T x of `features` rows and `depth` columns: [N, D] →
    [N, features]. The sum is taken as a mean, so that it means the same in batches of any size.
    """

    def __init__(self, inputs: int, features: int = 32, depth: int = 8):
        super().__init__()
        self.features, self.depth = features, depth
        self.tensor = nn.Parameter(torch.randn(inputs, features * depth) / inputs**0.5)

    def forward(self, x: Tensor) -> Tensor:
        niches = (x @ self.tensor).unflatten(1, (self.features, self.depth))
        distances = (niches[:, None] - niches).abs().sum(-1)  # [N, N, features]
        near = (-distances).exp()
        return (near.sum(1) - 1) / max(len(x) - 1, 1)


def crowd(kind: str, inputs: int) -> MinibatchStd | MinibatchDiscrimination | None:
    """The layer called std or discrimination, or none."""
    match kind:
        case "std":
            return MinibatchStd()
        case "discrimination":
            return MinibatchDiscrimination(inputs)
    return None
