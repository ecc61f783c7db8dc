"""Critic rbm: contrastive learning in which an artist makes the fantasies."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

import coevo
from coevo import Artist, ConfigError, Critic, CriticSpec, Metrics, Works
from coevo_boltzmann.machine import Machine, Visible
from coevo_boltzmann.pixels import units

RATES = {"bernoulli": 0.01, "gaussian": 1e-4}


class RBM(Critic):
    """Rewards a work with minus its free energy, and learns to lower that of real works and to raise that of made ones.

    A Boltzmann machine's gradient is that of its free energy at real works less that at samples of its own, which Gibbs
    sampling makes. Here an artist makes them: contrastive divergence becomes a game of Artist and Critic, and whatever
    evolves towards low energy can stand in for the chain.
    """

    name = "rbm"

    class Options(coevo.Options):
        hidden: int = Field(200, ge=1, le=65536)
        """Number of hidden units."""
        visible: Visible = "bernoulli"
        """Distribution of a pixel: bernoulli, white with a probability; or gaussian."""
        pixel_std: float = Field(0.2, gt=0, le=10)
        """visible=gaussian: standard deviation of a pixel in [0, 1]."""
        learning_rate: float | None = Field(None, gt=0, le=1)
        """Learning rate of stochastic gradient descent; by default 0.01, for Gaussian pixels a hundredth of it."""
        momentum: float = Field(0.5, ge=0, lt=1)
        """Nesterov's momentum; 0 is none."""
        weight_decay: float = Field(1e-3, ge=0, le=1)
        """Decay of all parameters: it bounds energies, as no chain of the machine's own does."""

        needs: ClassVar = {"pixel_std": "visible=gaussian"}

    options: Options
    extra_state = ("level",)
    level: Tensor
    """Running mean of the free energy of real works: what is below it is taken for real."""

    def spec(self) -> CriticSpec:
        return CriticSpec(gradients=True, reals="required")

    def check(self) -> None:
        if self.options.visible == "bernoulli" and self.studio.image[0] > 1:
            raise ConfigError(
                "critic.visible=bernoulli takes a pixel for the probability of white, which colours are not; choose "
                "gaussian."
            )

    def build(self, artist: Artist) -> None:
        o, pixels = self.options, torch.Size(self.studio.image).numel()
        self.machine = self.studio.prepare(Machine(pixels, o.hidden, o.visible))
        rate = o.learning_rate or RATES[o.visible]
        self.optimiser = torch.optim.SGD(
            self.machine.parameters(), rate, o.momentum, nesterov=o.momentum > 0, weight_decay=o.weight_decay
        )
        self.level = torch.zeros((), device=self.studio.device)

    def learn(self, works: Works, reals: Works) -> Metrics:
        low, high = self._energies(reals), self._energies(works)
        self.optimiser.zero_grad()
        (low.mean() - high.mean()).backward()
        self.optimiser.step()
        with torch.no_grad():
            self.level.lerp_(low.mean(), 0.1)
            accuracy = ((low < self.level).float().mean() + (high >= self.level).float().mean()) / 2
        return {"energy_gap": (low.mean() - high.mean()).detach(), "accuracy": accuracy}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return -self._energies(works)

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self._energies(works) < self.level

    def _energies(self, works: Works) -> Tensor:
        """The free energy of each work, [N]."""
        energies: Tensor = self.machine(units(self.machine, works.pixels, self.options.pixel_std))
        return energies
