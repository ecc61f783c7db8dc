"""A small network on measures of pictures, and critics that train it anew from all examples in every step."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

import coevo
from coevo import ConfigError, Metrics, Works
from coevo.coevolution.measure_cache import MeasureCache
from coevo_aesthetics.measures import SMALLEST


class Classifier(nn.Module):
    """Measures [N, F] → scores [N]: standardised, then one hidden layer. Before it is trained, all scores are equal."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, hidden: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.full((features,), torch.inf))
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


class MeasuresCritic(coevo.Critic):
    """A critic that remembers measures of works as positive and negative examples, and judges by a network that it
    trains on them.

    A subclass makes `measures` and `network` in `build`, and says in `learn` what the examples are.
    """

    extra_state: ClassVar[tuple[str, ...]] = ("previous_ids",)

    class Options(coevo.Options):
        archive: int = Field(1000, ge=1, le=1_000_000)
        """Positive examples that are remembered, and negative ones: a fair sample of all."""
        reals_measured: int = Field(8, ge=1, le=65536)
        """Real works measured in a step, after all of the first step's: to measure takes longer than to draw."""
        hidden: int = Field(16, ge=1, le=4096)
        """Units of the network's hidden layer."""
        epochs: int = Field(60, ge=1, le=10_000)
        """Passes over all examples in a step."""
        learning_rate: float = Field(0.02, gt=0, le=1)
        """Adam's learning rate."""
        weight_decay: float = Field(1e-3, ge=0, le=1)
        """Adam's weight decay."""

    options: Any
    measures: MeasureCache
    network: Classifier
    previous_ids: list[str]
    """Individuals of the last step that were decided about: one that survives is not remembered twice."""

    def check(self) -> None:
        _, height, width = self.studio.image
        if height != width or height < SMALLEST:
            raise ConfigError(
                f"Critic {self.name!r} measures square pictures of {SMALLEST} px or more, not {height} × {width}: in "
                "smaller ones a quadrant has no room for JPEG's blocks; say -o data.size=64."
            )
        if self.options.archive < self.studio.batch:
            raise ConfigError(
                f"critic.archive={self.options.archive} should be at least the batch, {self.studio.batch}."
            )

    def new_individuals(self, works: Works) -> list[int]:
        """The indices of the individuals that are not in `previous_ids`; all, if the works have no genomes."""
        if works.genomes is None:
            return list(range(len(works)))
        return [index for index, genome in enumerate(works.genomes) if genome.id not in self.previous_ids]

    def train(self, positives: Tensor, weights: Tensor, negatives: Tensor) -> Tensor:
        """Train a new network, unless one of the two sides is empty.

        Args:
            positives: measures of positive examples [P, F].
            weights: of each of them [P]; their sum is 1. All positive examples together count as much as all negative.
            negatives: measures of negative examples [N, F].

        Returns:
            The last loss.
        """
        o = self.options
        if not len(positives) or not len(negatives):
            return torch.zeros(())
        x = torch.cat([positives, negatives])
        y = torch.cat([torch.ones(len(positives)), torch.zeros(len(negatives))])
        weight = torch.cat([weights, torch.full((len(negatives),), 1 / len(negatives))]) / 2
        self.network = Classifier(x.shape[1], o.hidden)
        self.network.standardise(x)
        x = self.network.standard(x)  # once for all epochs
        optimiser = torch.optim.Adam(
            self.network.parameters(), o.learning_rate, weight_decay=o.weight_decay, fused=True
        )
        loss = torch.zeros(())
        for _ in range(o.epochs):
            loss = binary_cross_entropy_with_logits(self.network.layers(x)[:, 0], y, weight, reduction="sum")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return loss.detach()

    @torch.no_grad()
    def accuracy(self, positives: Tensor, negatives: Tensor) -> Metrics:
        """The balanced accuracy between measures [P, F] and [N, F]; chance if one side is missing."""
        if not len(positives) or not len(negatives):
            return {"accuracy": 0.5}
        right = (self.network(positives) > 0).float().mean() + (self.network(negatives) <= 0).float().mean()
        return {"accuracy": right / 2}


def equal_weights(examples: Tensor) -> Tensor:
    """Weights [N] of examples [N, F] that count alike; their sum is 1."""
    return torch.full((len(examples),), 1 / max(1, len(examples)))
