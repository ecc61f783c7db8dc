"""Artist rbm: a restricted Boltzmann machine that learns from real works, and draws its fantasies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import one_hot

from coevo import ArtistSpec, Metrics, Works
from coevo.contract.capabilities import Layer
from coevo_boltzmann.learning import CHAINS, ChainArtist, ChainOptions
from coevo_boltzmann.likelihood import TEMPERATURES, base_bias, late_betas, log_likelihood, log_partition
from coevo_boltzmann.machine import Machine
from coevo_boltzmann.pixels import binary, pictures, units


class RBM(ChainArtist):
    """Lowers the free energy of real works and raises that of its own fantasies.

    The gradient of the log-likelihood is E_model ∂F - E_data ∂F. The fantasies are what Gibbs sampling makes of the
    real works in a few steps (contrastive divergence), of the last step's fantasies (persistent chains), or of chains
    at several temperatures. With a critic that gives gradients the last half step also learns from its rewards.
    """

    name = "rbm"

    class Options(ChainOptions):
        hidden: int = Field(500, ge=1, le=65536)
        """Number of hidden units."""
        reward_weight: float = Field(1.0, ge=0)
        """Weight of a critic's rewards."""

        needs: ClassVar[Mapping[str, str]] = {"reward_weight": "rewards=scores"}

    options: Options

    def spec(self) -> ArtistSpec:
        return ArtistSpec(
            gradients=True,
            critic="optional",
            reals="required",
            labels="required" if self.options.conditional else "unused",
        )

    def build(self) -> None:
        o, pixels = self.options, torch.Size(self.studio.image).numel()
        classes = len(self.studio.classes) if o.conditional else 0
        self.machine = self.studio.prepare(Machine(pixels, o.hidden, o.visible, classes))
        self.begin(self.machine)

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        generator, classes = self.studio.generator("chains"), self.machine.classes
        data = self.visible_units(self.machine, reals, generator)
        if classes:
            data = torch.cat([data, one_hot(reals.classes, classes).to(data)], 1)
        fantasies, mean = self.next_fantasies(self.machine, n, data, generator)
        labels = mean[:, self.machine.pixels :].argmax(1) if classes else None
        images = pictures(self.machine, mean, self.studio.image, self.options.pixel_std)
        return Works(images, labels=labels, ctx=(data, fantasies))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        data, fantasies = works.ctx
        return self.learn_machine(self.machine, data, fantasies, self.options.reward_weight * rewards.mean())

    # works

    @property
    def exhibited(self) -> Machine:
        """The machine as it is exhibited."""
        return self.averaged(self.machine)

    @torch.no_grad()
    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        machine, generator = self.exhibited, torch.Generator(self.studio.device).manual_seed(seed)
        label = None
        if machine.classes:
            labels = torch.arange(n) % machine.classes if labels is None else labels
            label = one_hot(labels.to(self.studio.device), machine.classes).float()
        parts = []
        for first in range(0, n, CHAINS):
            part = None if label is None else label[first : first + CHAINS]
            v = self.fantasise(machine, min(CHAINS, n - first), generator, part)
            parts.append(machine.visible_mean(machine.sample_hidden(v, generator)))
        images = pictures(machine, torch.cat(parts), self.studio.image, self.options.pixel_std)
        return Works(images, labels=labels if machine.classes else None)

    @torch.no_grad()
    def energies(self, images: Tensor) -> Tensor:
        machine = self.exhibited
        return machine.energy_of_pixels(units(machine, images, self.options.pixel_std))

    def filters(self) -> Tensor:
        return self.exhibited.weight.detach()[: self.machine.pixels].T

    # figures

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float]:
        """The negative log-likelihood in nats of works, drawn as binary ones, by annealed importance sampling.

        Only binary machines without labels have it. `draws` is the number of chains.
        """
        machine = self.exhibited
        if machine.visible != "bernoulli" or machine.classes:
            return {}
        x, generator = binary(works.pixels.to(self.studio.device)), torch.Generator(self.studio.device).manual_seed(0)
        log_z = log_partition(machine, base_bias(x), generator, draws, late_betas(TEMPERATURES))
        likelihood = log_likelihood(machine, x, log_z.value).mean().item()
        found = {"log_partition": log_z.value.item(), "log_partition_error": log_z.error.item()}
        return {f"nll_of_{draws}_draws": -likelihood, **found}

    # for others

    def pretrained_layers(self) -> Sequence[Layer]:
        """Its one layer."""
        return [self.exhibited.layer()]
