"""A curious critic (Saunders 2001): it likes what is new to it, but not too new.

What it has seen is a self-organising map (Kohonen 1982); how new a work is, its distance from the nearest node; how
interesting, Wundt's curve of that.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

import coevo
from coevo import Artist, Metrics, Works


class SOM(coevo.Critic):
    """Remembers works in a map, and rewards those that are new to it, up to a point. It judges before it learns."""

    name = "som"
    batch = 16
    extra_state = ("nodes", "waiting", "steps")

    class Options(coevo.Options):
        nodes: int = Field(6, ge=2, le=64)
        """Nodes along a side of the map."""
        side: int = Field(32, ge=4, le=128)
        """Pixels of a side that it sees of a work."""
        learning_rate: float = Field(0.3, gt=0, le=1)
        """How far nodes move towards what they are shown, at first."""
        settled: float = Field(0.1, gt=0, le=1)
        """How far they move in the end."""
        steps: int = Field(100, ge=1)
        """Steps in which rate and neighbourhood shrink."""
        likes: float = Field(0.3, ge=0, le=1)
        """Novelty at which reward has come half way; 1 is black against white."""
        fears: float = Field(0.7, ge=0, le=1)
        """Novelty at which punishment has come half way."""
        width: float = Field(0.15, gt=0, le=1)
        """Deviation of both curves."""
        alpha: float = Field(1.2, ge=0, le=10)
        """What punishment weighs beside reward."""

    options: Options
    nodes: Tensor
    """[nodes², D] in [0, 1], row by row."""
    waiting: Tensor
    """[N, D]: what it judged last, and has not learnt yet."""
    steps: int

    def check(self) -> None:
        if self.options.likes >= self.options.fears:
            raise coevo.ConfigError(
                f"critic.likes={self.options.likes:g} should be less than critic.fears={self.options.fears:g}: works "
                "are to become interesting before they repel."
            )

    def build(self, artist: Artist) -> None:
        o, (channels, height, width) = self.options, self.studio.image
        self.side = min(o.side, height, width)
        start = torch.rand(
            o.nodes**2, channels * self.side**2, generator=self.studio.generator("map"), device=self.studio.device
        )
        self.nodes = 0.5 + 0.01 * start
        self.waiting = self.nodes[:0]
        self.steps = 0
        line = torch.arange(o.nodes, dtype=torch.float32, device=self.studio.device)
        places = torch.cartesian_prod(line, line)
        self.apart = torch.cdist(places, places).square()
        self.peak = wundt(torch.linspace(0, 1, 1001), o.likes, o.fears, o.width, o.alpha).max().item()

    @torch.no_grad()
    def learn(self, works: Works, reals: Works) -> Metrics:
        """Take what was judged last into the map, and keep these works for the next step."""
        error = torch.zeros((), device=self.studio.device)
        if len(self.waiting):
            distances = self._distances(self.waiting)
            error = distances.amin(1).mean()
            self._move(distances.argmin(1))
        self.waiting = self.thumbnails(works)
        return {"quantisation": error}

    @torch.no_grad()
    def judge(self, works: Works, reals: Works | None) -> Tensor:
        o = self.options
        return wundt(self.novelty(works), o.likes, o.fears, o.width, o.alpha)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """Which works are interesting: at least half as much as anything can be."""
        return self.judge(works, reals) >= self.peak / 2

    @torch.no_grad()
    def novelty(self, works: Works) -> Tensor:
        """Root mean squared difference from the nearest node [N]; black against white is 1."""
        return self._distances(self.thumbnails(works)).amin(1)

    def thumbnails(self, works: Works) -> Tensor:
        """What it sees of works, [N, D] in [0, 1]."""
        assert works.images is not None
        return adaptive_avg_pool2d((works.images.float() + 1) / 2, self.side).flatten(1)

    def _distances(self, seen: Tensor) -> Tensor:
        return torch.cdist(seen, self.nodes) / math.sqrt(self.nodes.shape[1])

    def _move(self, winners: Tensor) -> None:
        """Kohonen's rule for many works at once: every node goes towards the mean of what its neighbourhood won."""
        o = self.options
        age = min(1.0, self.steps / o.steps)
        rate = o.learning_rate * (o.settled / o.learning_rate) ** age
        reach = max(0.5, o.nodes / 2 * (1 - age))
        near = torch.exp(-self.apart[:, winners] / (2 * reach**2))  # [nodes², N]
        total = near.sum(1, keepdim=True)
        means = near @ self.waiting / total.clamp_min(1e-6)
        self.nodes = self.nodes + rate * total.clamp_max(1) * (means - self.nodes)
        self.steps += 1


def wundt(novelty: Tensor, likes: float, fears: float, width: float, alpha: float) -> Tensor:
    """H(n) = Φ((n - likes) / width) - α Φ((n - fears) / width): the hedonic value of novelty (Wundt 1874, as Saunders
    has it). Too familiar is boring, too strange repels."""
    return _normal((novelty - likes) / width) - alpha * _normal((novelty - fears) / width)


def _normal(x: Tensor) -> Tensor:
    """Φ, the cumulative density of N(0, 1)."""
    return (1 + torch.erf(x / math.sqrt(2))) / 2
