"""Layers that look at a whole batch at once, so that a critic sees when works are all alike."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from coevo.studio.processes import everyone

Minibatch = Literal["none", "std", "discrimination"]


class MinibatchStd(nn.Module):
    """Standard deviation of the features over the batch, averaged to one number (Karras 2018, §3): [N, D] → [N, 1]."""

    features = 1

    def forward(self, x: Tensor) -> Tensor:
        std = (everyone(x).var(0, correction=0) + 1e-8).sqrt().mean()
        return std.expand(len(x), 1)


class MinibatchDiscrimination(nn.Module):
    """The density of works near each work, in learnt spaces (Salimans 2016, §3.2): [N, D] → [N, features].

    o(x_i)_b = mean over j ≠ i of exp(-‖M_ib - M_jb‖₁), with M = T x of `features` rows and `depth` columns. The paper
    has a sum, which depends on the size of the batch.
    """

    def __init__(self, inputs: int, features: int = 32, depth: int = 8):
        super().__init__()
        self.features, self.depth = features, depth
        self.tensor = nn.Parameter(torch.randn(inputs, features * depth) / inputs**0.5)

    def forward(self, x: Tensor) -> Tensor:
        rows = (x @ self.tensor).unflatten(1, (self.features, self.depth))
        batch = everyone(rows)
        distances = (rows[:, None] - batch).abs().sum(-1)  # [N, N, features]
        near = (-distances).exp()
        return (near.sum(1) - 1) / max(len(batch) - 1, 1)


def minibatch_layer(kind: Minibatch, inputs: int) -> MinibatchStd | MinibatchDiscrimination | None:
    """The layer of that name for features [N, inputs], or None."""
    match kind:
        case "std":
            return MinibatchStd()
        case "discrimination":
            return MinibatchDiscrimination(inputs)
    return None
