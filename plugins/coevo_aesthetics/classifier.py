"""A small network on measures of pictures, which is trained anew from all examples in every step."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits


class Classifier(nn.Module):
    """Measures [N, F] → scores [N]: standardised, then one hidden layer."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, hidden: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.layers = nn.Sequential(nn.Linear(features, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def standardise(self, x: Tensor) -> None:
        """Take mean and standard deviation from measures [N, F]; constant ones are ignored from then on."""
        self.mean, deviation = x.mean(0), x.std(0, correction=0)
        self.deviation = torch.where(deviation > 1e-6, deviation, torch.inf)

    def standard(self, x: Tensor) -> Tensor:
        """Measures in standard deviations from the mean, at most 5."""
        return ((x - self.mean) / self.deviation).clamp(-5, 5)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.layers(self.standard(x))[:, 0]
        return scores


def train(
    x: Tensor, y: Tensor, weight: Tensor, hidden: int, epochs: int, learning_rate: float, weight_decay: float
) -> tuple[Classifier, Tensor]:
    """A new network that tells examples apart, and its last loss.

    Args:
        x: measures [N, F].
        y: 1 for positive examples and 0 for negative ones, [N].
        weight: of each example, [N]; their sum is 1.
        hidden: units of its hidden layer.
        epochs: passes over all examples.
        learning_rate, weight_decay: Adam's.
    """
    network = Classifier(x.shape[1], hidden)
    network.standardise(x)
    x = network.standard(x)  # once for all epochs
    optimiser = torch.optim.Adam(network.parameters(), learning_rate, weight_decay=weight_decay, fused=True)
    loss = torch.zeros(())
    for _ in range(epochs):
        loss = binary_cross_entropy_with_logits(network.layers(x)[:, 0], y, weight, reduction="sum")
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network, loss.detach()
