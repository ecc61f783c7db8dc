"""Artist bm: a general Boltzmann machine, with connections within its layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from coevo import ArtistSpec, ConfigError, Metrics, Works
from coevo.latent_models.likelihoods import images_from, intensities
from coevo_boltzmann.draws import bernoulli
from coevo_boltzmann.general import GeneralMachine
from coevo_boltzmann.learning import CHAINS, EnergyArtist, EnergyOptions
from coevo_boltzmann.likelihood import base_bias, bounds, even_betas
from coevo_boltzmann.pixels import binary

TEMPERATURES = 1000  # of the estimate of log Z in an evaluation
UNITS = 4096  # whose connections are 64 MB


class BM(EnergyArtist[GeneralMachine]):
    """Learns ΔW = ⟨xxᵀ⟩_data - ⟨xxᵀ⟩_model, x being all units of a machine with connections within its layers.

    With data, hidden units have the means of the nearest factorial distribution (mean field); the model's units are
    those of persistent chains, whose Gibbs steps draw units one after another where they are connected. So it is for
    few units: a restricted machine, artist rbm, learns from larger pictures.
    """

    name = "bm"

    class Options(EnergyOptions):
        hidden: int = Field(64, ge=0, le=4096)
        """Number of hidden units; 0 is a machine of pixels alone."""
        reach: int = Field(1, ge=0, le=128)
        """Pixels at most this far apart, across and down, are connected; 0 connects none, the picture's side all."""
        lateral: bool = True
        """Hidden units are connected with each other."""
        mean_field_steps: int = Field(10, ge=1, le=1000)
        """Steps to the means of hidden units that are connected."""
        damping: float = Field(0.3, ge=0, lt=1)
        """Share of its old value that a mean keeps in each of these steps."""

        needs: ClassVar[Mapping[str, str]] = {"mean_field_steps": "lateral", "damping": "lateral"}

    options: Options
    rate = 0.02

    def spec(self) -> ArtistSpec:
        return ArtistSpec(critic="unused", reals="required")

    def check(self) -> None:
        super().check()
        units = torch.Size(self.studio.image).numel() + self.options.hidden
        if units > UNITS:
            raise ConfigError(
                f"Artist 'bm' connects at most {UNITS:,} units, and here are {units:,}; choose a smaller --size, or "
                "artist rbm."
            )

    def build(self) -> None:
        o, (_, height, width) = self.options, self.studio.image
        self.machine = self.studio.prepare(GeneralMachine(height, width, o.hidden, o.reach, o.lateral))
        self.begin(self.machine)

    @torch.no_grad()
    def make(self, n: int, reals: Works | None) -> Works:
        machine, generator = self.machine, self.studio.generator("chains")
        pixels = intensities((reals or Works()).pixels).flatten(1).clamp(0, 1)
        v = machine.visible_units(bernoulli(pixels, generator))
        data = torch.cat([v, self.means(machine, v)], 1)
        if not self.chains.numel() or self.chains.shape[1] != n:
            self.chains = bernoulli(data[torch.arange(n, device=data.device) % len(data)], generator)[None]
        self.chains = machine.gibbs(self.chains[0], self.options.gibbs_steps, generator)[None]
        return Works(self.pictures(machine, self.chains[0]), ctx=(data, self.chains[0]))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        data, fantasies = works.ctx
        energies: Tensor = self.machine(torch.cat([data, fantasies]))
        return self.contrast(energies[: len(data)], energies[len(data) :])

    def means(self, machine: GeneralMachine, v: Tensor) -> Tensor:
        """Means [N, H] of hidden units given visible ones [N, V], by mean field."""
        o = self.options
        return machine.mean_field(v, o.mean_field_steps if o.lateral else 0, o.damping)

    def pictures(self, machine: GeneralMachine, x: Tensor) -> Tensor:
        """Images [N, 1, H, W]: the probability of each pixel, given all other units."""
        return images_from(machine.visible_mean(x)).unflatten(1, self.studio.image)

    # works

    @property
    def exhibited(self) -> GeneralMachine:
        """The machine as it is exhibited."""
        return self.averaged(self.machine)

    @torch.no_grad()
    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        machine, generator = self.exhibited, torch.Generator(self.studio.device).manual_seed(seed)
        parts = []
        for first in range(0, n, CHAINS):
            count = min(CHAINS, n - first)
            even = torch.full((count, len(machine.bias)), 0.5, device=self.studio.device)
            x = self.starts(count, partial(bernoulli, even, generator), generator)
            parts.append(self.pictures(machine, machine.gibbs(x, self.options.exhibit_steps, generator)))
        return Works(torch.cat(parts))

    @torch.no_grad()
    def energies(self, images: Tensor) -> Tensor:
        """The free energy by mean field, E(v, μ) - H(μ)."""
        machine = self.exhibited
        v = machine.visible_units(intensities(images).flatten(1))
        mean = self.means(machine, v)
        return machine.energy(torch.cat([v, mean], 1)) - (torch.special.entr(mean) + torch.special.entr(1 - mean)).sum(
            1
        )

    def filters(self) -> Tensor:
        """The weights of hidden units, or those between pixels if there is none."""
        weights, machine = self.exhibited.connections().detach(), self.exhibited
        some = slice(machine.pixels, None) if machine.hidden else slice(0, machine.pixels)
        return machine.to_pixels(weights[some])

    # figures

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float]:
        """Bounds in nats of the likelihood of works, drawn as binary ones: by mean field, and a tighter one by draws.

        log Z is estimated by annealed importance sampling with as many chains as there are draws.
        """
        machine, generator = self.exhibited, torch.Generator(self.studio.device).manual_seed(0)
        v = machine.visible_units(binary(works.pixels.to(self.studio.device)))
        log_z = machine.log_partition(base_bias(v), generator, draws, even_betas(TEMPERATURES))

        def log_weights(some: Tensor, count: int) -> Tensor:
            return machine.log_weights(some, self.means(machine, some), count, generator)

        found = bounds(log_weights, v, draws, log_z.value)
        figures = {"elbo": found.elbo.mean().item(), f"nll_of_{draws}_draws": -found.weighted.mean().item()}
        return {**figures, "log_partition": log_z.value.item(), "log_partition_error": log_z.error.item()}
