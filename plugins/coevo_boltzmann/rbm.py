"""Artist rbm: a restricted Boltzmann machine that learns from real works, and draws its fantasies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import one_hot

import coevo
from coevo import Artist, ArtistSpec, ConfigError, Metrics, Works
from coevo.nn.ema import EMA
from coevo_boltzmann.chains import gibbs, temper
from coevo_boltzmann.likelihood import base_bias, log_likelihood, log_partition
from coevo_boltzmann.machine import Machine, Visible
from coevo_boltzmann.pixels import binary, pictures, units

CHAINS = 100  # that are exhibited together
RATES = {"bernoulli": 0.05, "gaussian": 5e-4}  # the latter's inputs have no bounds (Hinton 2010, §13.2)
TEMPERATURES = 2000  # of the estimate of log Z


class RBM(Artist):
    """Lowers the free energy of real works and raises that of its own fantasies.

    The gradient of the log-likelihood is E_model ∂F - E_data ∂F. The fantasies are what Gibbs sampling makes of the
    real works in a few steps (contrastive divergence), of the last step's fantasies (persistent chains), or of chains
    at several temperatures. With a critic that gives gradients the last half step also learns from its rewards.
    """

    name = "rbm"

    class Options(coevo.Options):
        hidden: int = Field(500, ge=1, le=65536)
        """Number of hidden units."""
        visible: Visible = "bernoulli"
        """Distribution of a pixel: bernoulli, white with a probability; or gaussian."""
        pixel_std: float = Field(0.2, gt=0, le=10)
        """visible=gaussian: standard deviation of a pixel in [0, 1]."""
        fantasies: Literal["contrastive", "persistent", "tempered"] = "persistent"
        """Where fantasies come from: Gibbs steps from the real works (CD, Hinton 2002), from the last fantasies (PCD,
        Tieleman 2008), or parallel tempering (Desjardins 2010)."""
        gibbs_steps: int = Field(1, ge=1, le=10_000)
        """Gibbs steps in a step of learning."""
        temperatures: int = Field(10, ge=2, le=1000)
        """fantasies=tempered: the number of temperatures."""
        conditional: bool = False
        """A label is part of the visible units, so that works of a class can be drawn."""
        learning_rate: float | None = Field(None, gt=0, le=1)
        """Learning rate of stochastic gradient descent; by default 0.05, for Gaussian pixels a hundredth of it."""
        lr_half_life: int = Field(0, ge=0)
        """Steps after which the learning rate has halved, again and again; 0 keeps it."""
        momentum: float = Field(0.5, ge=0, lt=1)
        """Nesterov's momentum; 0 is none."""
        weight_decay: float = Field(2e-4, ge=0, le=1)
        """Decay of the weights, which keeps chains moving."""
        ema: float = Field(0.999, ge=0, lt=1)
        """Decay of the averaged machine that is exhibited and evaluated; 0 is the machine itself."""
        exhibit_steps: int = Field(200, ge=0, le=1_000_000)
        """Gibbs steps from noise, or from the last fantasies, to an exhibited work."""
        reward_weight: float = Field(1.0, ge=0)
        """Weight of a critic's rewards."""

        needs: ClassVar[Mapping[str, str]] = {
            "pixel_std": "visible=gaussian",
            "temperatures": "fantasies=tempered",
            "reward_weight": "rewards=scores",
        }

    options: Options
    extra_state = ("chains",)
    chains: Tensor
    """Visible units [T, N, V] of the last fantasies, the samples last; empty before the first step."""

    def spec(self) -> ArtistSpec:
        return ArtistSpec(
            gradients=True,
            critic="optional",
            reals="required",
            labels="required" if self.options.conditional else "unused",
        )

    def check(self) -> None:
        o = self.options
        if o.visible == "gaussian" and o.fantasies == "tempered":
            raise ConfigError(
                "Artist 'rbm' has no Gaussian pixels at infinite temperature; say artist.fantasies=persistent, or "
                "artist.visible=bernoulli."
            )
        if o.visible == "bernoulli" and self.studio.image[0] > 1:
            raise ConfigError(
                "artist.visible=bernoulli takes a pixel for the probability of white, which colours are not; choose "
                "gaussian."
            )

    def build(self) -> None:
        o, pixels = self.options, torch.Size(self.studio.image).numel()
        classes = len(self.studio.classes) if o.conditional else 0
        self.machine = self.studio.prepare(Machine(pixels, o.hidden, o.visible, classes))
        rate = o.learning_rate or RATES[o.visible]
        self.optimiser = torch.optim.SGD(self.machine.parameters(), rate, o.momentum, nesterov=o.momentum > 0)
        if o.ema:
            self.average = EMA(self.machine, o.ema)
        self.chains = torch.empty(0, device=self.studio.device)

    # learning

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        generator = self.studio.generator("chains")
        data = self._visible(reals, generator)
        fantasies = self._fantasies(n, data, generator)
        mean = self.machine.visible_mean(self.machine.sample_hidden(fantasies, generator).detach())
        labels = mean[:, self.machine.pixels :].argmax(1) if self.machine.classes else None
        images = pictures(self.machine, mean, self.studio.image, self.options.pixel_std)
        return Works(images, labels=labels, ctx=(data, fantasies))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        data, fantasies = works.ctx
        o, low, high = self.options, self.machine(data).mean(), self.machine(fantasies).mean()
        decay = 0.5 * o.weight_decay * self.machine.weight.square().sum()
        self.optimiser.zero_grad()
        (low - high + decay - o.reward_weight * rewards.mean()).backward()
        self.optimiser.step()
        if o.lr_half_life:
            for group in self.optimiser.param_groups:
                group["lr"] *= 0.5 ** (1 / o.lr_half_life)
        if o.ema:
            self.average.update()
        with torch.no_grad():
            error = (self.machine.visible_mean(self.machine.hidden_mean(data)) - data).square().mean()
        return {"energy_gap": (low - high).detach(), "reconstruction_error": error}

    def _visible(self, reals: Works, generator: torch.Generator) -> Tensor:
        """Visible units [N, V] of real works; binary ones are drawn anew in every step."""
        x = units(self.machine, reals.pixels, self.options.pixel_std)
        x = binary(x, generator) if self.machine.visible == "bernoulli" else x
        return x if not self.machine.classes else torch.cat([x, one_hot(reals.classes, self.machine.classes).to(x)], 1)

    def _fantasies(self, n: int, data: Tensor, generator: torch.Generator) -> Tensor:
        """The next visible units [n, V] of the chains, which begin at real works."""
        o = self.options
        if o.fantasies == "contrastive" or not self.chains.numel() or self.chains.shape[1] != n:
            begin = data[torch.arange(n, device=data.device) % len(data)]
            self.chains = begin.repeat(o.temperatures if o.fantasies == "tempered" else 1, 1, 1)
        if o.fantasies == "tempered":
            self.chains = temper(self.machine, self.chains, o.gibbs_steps, generator)
        else:
            self.chains = gibbs(self.machine, self.chains[0], o.gibbs_steps, generator)[None]
        return self.chains[-1]

    # works

    @property
    def exhibited(self) -> Machine:
        """The machine as it is exhibited: averaged if there is an average."""
        return self.average.average if self.options.ema else self.machine

    @torch.no_grad()
    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        machine, generator = self.exhibited, torch.Generator(self.studio.device).manual_seed(seed)
        if machine.classes and labels is None:
            labels = torch.arange(n) % machine.classes
        parts = []
        for first in range(0, n, CHAINS):
            v = self._starts(machine, min(CHAINS, n - first), generator)
            label = None
            if machine.classes and labels is not None:
                label = one_hot(labels[first : first + len(v)].to(v.device), machine.classes).to(v)
            v = gibbs(machine, v, self.options.exhibit_steps, generator, label)
            parts.append(machine.visible_mean(machine.sample_hidden(v, generator)))
        images = pictures(machine, torch.cat(parts), self.studio.image, self.options.pixel_std)
        return Works(images, labels=labels if machine.classes else None)

    def _starts(self, machine: Machine, n: int, generator: torch.Generator) -> Tensor:
        """Where n chains begin: at random ones of the last fantasies, or with noise before there are any."""
        if len(self.chains):
            fantasies = self.chains[-1]
            return fantasies[torch.randint(len(fantasies), (n,), generator=generator, device=fantasies.device)]
        even = torch.full((n, len(machine.hidden_bias)), 0.5, device=self.studio.device)
        return machine.sample_visible(torch.bernoulli(even, generator=generator), generator)

    # figures

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float]:
        """Of binary machines without labels: the negative log-likelihood of works, which are drawn as binary ones, by
        annealed importance sampling, in nats; `draws` is the number of chains."""
        machine, generator = self.exhibited, torch.Generator(self.studio.device).manual_seed(0)
        if machine.visible != "bernoulli" or machine.classes:
            return {}
        x = binary(units(machine, works.pixels.to(self.studio.device), 1.0), generator)
        log_z = log_partition(machine, base_bias(x), generator, draws, TEMPERATURES)
        likelihood = log_likelihood(machine, x, log_z).mean().item()
        return {f"nll_of_{draws}_chains": -likelihood, "log_partition": log_z.item()}
