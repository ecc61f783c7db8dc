"""A curious critic (Saunders 2001): it likes what is new to it, but not too new.

It remembers works in a self-organising map (Kohonen 1982). The novelty of a work is its distance from the nearest node
of the map, and its reward is Wundt's curve of that.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

import coevo
from coevo import Artist, ConfigError, CriticSpec, Metrics, Works
from coevo.images.rendering import thumbnails


class SOM(coevo.Critic):
    """Remembers works in a self-organising map, and rewards novelty up to a point. It judges before it learns."""

    name = "som"
    extra_state = ("nodes", "pending", "steps")
    renamed_state: ClassVar = {"waiting": "pending"}

    class Options(coevo.Options):
        nodes: int = Field(6, ge=2, le=64)
        """Nodes along a side of the map."""
        side: int = Field(32, ge=4, le=128)
        """Pixels along a side of the thumbnails by which works are compared."""
        learning_rate: float = Field(0.3, gt=0, le=1)
        """Initial learning rate: the share of the way that nodes move towards works."""
        final_learning_rate: float = Field(0.1, gt=0, le=1)
        """Final learning rate."""
        steps: int = Field(100, ge=1)
        """Steps in which the learning rate and the neighbourhood shrink."""
        reward_novelty: float = Field(0.3, ge=0, le=1)
        """Novelty at which the reward has risen half way; black against white is 1."""
        punishment_novelty: float = Field(0.7, ge=0, le=1)
        """Novelty at which the punishment has risen half way."""
        width: float = Field(0.15, gt=0, le=1)
        """Standard deviation of both curves."""
        alpha: float = Field(1.2, ge=0, le=10)
        """Weight of the punishment, relative to the reward."""

        renamed: ClassVar = {
            "rate": "learning_rate",
            "settled": "final_learning_rate",
            "likes": "reward_novelty",
            "fears": "punishment_novelty",
        }

    options: Options
    nodes: Tensor
    """[nodes², D] in [0, 1], row by row."""
    pending: Tensor
    """[N, D]: the works that it judged last, and has not learnt yet."""
    steps: int

    def spec(self) -> CriticSpec:
        return CriticSpec(batch=16)

    def check(self) -> None:
        o = self.options
        if o.reward_novelty >= o.punishment_novelty:
            raise ConfigError(
                f"critic.reward_novelty={o.reward_novelty:g} should be less than "
                f"critic.punishment_novelty={o.punishment_novelty:g}: works become interesting before they repel."
            )

    def build(self, artist: Artist) -> None:
        o, (channels, height, width) = self.options, self.studio.image
        device = self.studio.device
        self.side = min(o.side, height, width)
        start = torch.rand(o.nodes**2, channels * self.side**2, generator=self.studio.generator("map"), device=device)
        self.nodes = 0.5 + 0.01 * start
        self.pending = self.nodes[:0]
        self.steps = 0
        line = torch.arange(o.nodes, dtype=torch.float32, device=device)
        places = torch.cartesian_prod(line, line)
        self.map_distances = torch.cdist(places, places).square()  # squared, between nodes on the map
        self.peak = self._hedonic_value(torch.linspace(0, 1, 1001)).max().item()

    @torch.no_grad()
    def learn(self, works: Works, reals: Works) -> Metrics:
        """Learn the works that were judged last, and keep these for the next step."""
        error = torch.zeros((), device=self.studio.device)
        if len(self.pending):
            distances = self._distances(self.pending)
            error = distances.amin(1).mean()
            self._move_nodes(distances.argmin(1))
        self.pending = self.thumbnails(works)
        return {"quantisation": error}

    @torch.no_grad()
    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return self._hedonic_value(self.novelty(works))

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """Which works are interesting: at least half as much as anything can be."""
        return self.judge(works, reals) >= self.peak / 2

    @torch.no_grad()
    def novelty(self, works: Works) -> Tensor:
        """Root mean squared difference from the nearest node [N]; black against white is 1."""
        return self._distances(self.thumbnails(works)).amin(1)

    def thumbnails(self, works: Works) -> Tensor:
        """The features by which works are compared, [N, D] in [0, 1]."""
        return thumbnails((works.pixels.float() + 1) / 2, self.side)

    def _hedonic_value(self, novelty: Tensor) -> Tensor:
        o = self.options
        return wundt(novelty, o.reward_novelty, o.punishment_novelty, o.width, o.alpha)

    def _distances(self, features: Tensor) -> Tensor:
        return torch.cdist(features, self.nodes) / math.sqrt(self.nodes.shape[1])

    def _move_nodes(self, winners: Tensor) -> None:
        """Kohonen's batch rule: every node moves towards the mean of the works that its neighbourhood won."""
        o = self.options
        age = min(1.0, self.steps / o.steps)
        rate = o.learning_rate * (o.final_learning_rate / o.learning_rate) ** age
        radius = max(0.5, o.nodes / 2 * (1 - age))
        weights = torch.exp(-self.map_distances[:, winners] / (2 * radius**2))  # [nodes², N]
        total = weights.sum(1, keepdim=True)
        means = weights @ self.pending / total.clamp_min(1e-6)
        self.nodes = self.nodes + rate * total.clamp_max(1) * (means - self.nodes)
        self.steps += 1


def wundt(novelty: Tensor, reward: float, punishment: float, width: float, alpha: float) -> Tensor:
    """The hedonic value of novelty n, H(n) = Φ((n - r) / w) - α Φ((n - p) / w) (Wundt 1874, as Saunders has it).

    The familiar is boring and the strange repels.
    """
    return _normal_cdf((novelty - reward) / width) - alpha * _normal_cdf((novelty - punishment) / width)


def _normal_cdf(x: Tensor) -> Tensor:
    """Φ, the cumulative distribution of N(0, 1)."""
    return (1 + torch.erf(x / math.sqrt(2))) / 2
