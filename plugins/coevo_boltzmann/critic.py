"""Critic rbm: contrastive learning in which an artist makes the fantasies."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from coevo import Artist, Critic, CriticSpec, Metrics, Works
from coevo_boltzmann.base import SGD, DescentOptions, EnergyPlayer, PixelOptions
from coevo_boltzmann.machine import Machine
from coevo_boltzmann.pixels import units


class RBM(EnergyPlayer, Critic):
    """Rewards a work with minus its free energy, and learns to lower that of real works and to raise that of made ones.

    A Boltzmann machine's gradient is that of its free energy at real works less that at samples of its own, which Gibbs
    sampling makes. Here an artist makes them: contrastive divergence becomes a game of Artist and Critic, and whatever
    evolves towards low energy can stand in for the chain.
    """

    name = "rbm"
    rate = 0.01

    class Options(DescentOptions, PixelOptions):
        hidden: int = Field(200, ge=1, le=65536)
        """Number of hidden units."""
        weight_decay: float = Field(1e-3, ge=0, le=1)
        """Decay of all parameters: it bounds energies, as no chain of the machine's own does."""

    options: Options
    extra_state = ("level",)
    level: Tensor
    """Running mean of the free energy of real works: what is below it is taken for real. Empty before the first step,
    when nothing is."""

    def spec(self) -> CriticSpec:
        return CriticSpec(gradients=True, reals="required")

    def build(self, artist: Artist) -> None:
        o, pixels = self.options, torch.Size(self.studio.image).numel()
        self.machine = self.studio.prepare(Machine(pixels, o.hidden, o.visible))
        self.optimiser = SGD(self.machine, o, self.learning_rate(self.visible), decays=True)
        self.level = torch.empty(0, device=self.studio.device)

    def energies(self, images: Tensor) -> Tensor:
        energies: Tensor = self.machine(units(self.machine, images, self.options.pixel_std))
        return energies

    def filters(self) -> Tensor:
        return self.machine.weight.detach().T

    def learn(self, works: Works, reals: Works) -> Metrics:
        low, high = self.energies(reals.pixels), self.energies(works.pixels)
        self.optimiser.minimise(low.mean() - high.mean())
        with torch.no_grad():
            mean = low.mean()
            self.level = torch.lerp(self.level, mean, 0.1) if self.level.numel() else mean
            accuracy = ((low < self.level).float().mean() + (high >= self.level).float().mean()) / 2
        return {"energy_gap": (low.mean() - high.mean()).detach(), "accuracy": accuracy}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return -self.energies(works.pixels)

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        energies = self.energies(works.pixels)
        return energies < self.level if self.level.numel() else torch.zeros_like(energies, dtype=torch.bool)
