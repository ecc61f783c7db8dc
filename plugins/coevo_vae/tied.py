"""A decoder whose weights are the encoder's, transposed."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


class Tied(nn.Module):
    """Undoes a layer by its own weights: x · W + b, with b its own."""

    def __init__(self, layer: nn.Linear):
        super().__init__()
        self._layer = [layer]  # in a list, so that its weights stay the encoder's alone
        self.bias = nn.Parameter(torch.zeros(layer.in_features))

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self._layer[0].weight.T, self.bias)


def tied(decoder: nn.Sequential, encoder: nn.Sequential) -> nn.Sequential:
    """The decoder with its layers tied to the encoder's, last to first."""
    layers = iter([layer for layer in reversed(encoder) if isinstance(layer, nn.Linear)])
    return nn.Sequential(*(Tied(next(layers)) if isinstance(part, nn.Linear) else part for part in decoder))
