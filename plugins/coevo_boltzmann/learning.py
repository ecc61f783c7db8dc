"""What artists of this plugin share: they lower the energy of real works and raise that of their fantasies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Generic, Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo import Artist, ConfigError, Metrics, Works
from coevo.nn.ema import EMA
from coevo_boltzmann.base import SGD, DescentOptions, EnergyPlayer, PixelOptions
from coevo_boltzmann.chains import gibbs, temper
from coevo_boltzmann.draws import bernoulli
from coevo_boltzmann.machine import Machine
from coevo_boltzmann.pixels import units

M = TypeVar("M", bound=nn.Module)

CHAINS = 100  # that are exhibited together
LOGGED = 10  # works whose reconstruction error is logged


class EnergyOptions(DescentOptions):
    """Options of an artist whose works are the fantasies of Markov chains."""

    gibbs_steps: int = Field(1, ge=1, le=10_000)
    """Gibbs steps in a step of learning."""
    ema: float = Field(0.999, ge=0, lt=1)
    """Decay of the averaged machine that is exhibited and evaluated; 0 is the machine itself."""
    exhibit_steps: int = Field(200, ge=0, le=1_000_000)
    """Gibbs steps from noise, or from the last fantasies, to an exhibited work."""


class EnergyArtist(EnergyPlayer, Artist, Generic[M]):
    """Lowers the energy of real works and raises that of its own fantasies, by a machine that learns."""

    extra_state: ClassVar[tuple[str, ...]] = ("chains",)
    chains: Tensor
    """Units of the last fantasies, [T, N, ·], the samples last; empty before the first step."""

    def begin(self, machine: M) -> None:
        """Let a machine learn from here on: it gets an optimiser, an average and chains of its own."""
        visible = machine.visible if isinstance(machine, Machine) else self.visible  # upper machines see binary units
        self.optimiser = SGD(machine, self.options, self.learning_rate(visible))
        if self.options.ema:
            self.average = EMA(machine, self.options.ema)
        self.chains = torch.empty(0, device=self.studio.device)

    def contrast(self, low: Tensor, high: Tensor, reward: Tensor | float = 0.0) -> Metrics:
        """Take a step by the gradient of the likelihood, E_model ∂F - E_data ∂F.

        Args:
            low, high: energies of real works and of fantasies.
            reward: a scalar that is raised too.
        """
        gap = low.mean() - high.mean()
        self.optimiser.minimise(gap - reward)
        if self.options.ema:
            self.average.update()
        return {"energy_gap": gap.detach()}

    def averaged(self, machine: M) -> M:
        """The machine that learns, as it is exhibited: averaged if there is an average."""
        return self.average.average if self.options.ema else machine

    def starts(self, n: int, noise: Callable[[], Tensor], generator: torch.Generator) -> Tensor:
        """Where n chains begin: at random ones of the last fantasies, or at noise before there are any."""
        if not len(self.chains):
            return noise()
        last = self.chains[-1]
        return last[torch.randint(len(last), (n,), generator=generator, device=last.device)]


class ChainOptions(EnergyOptions, PixelOptions):
    """Options of an artist that learns restricted machines."""

    fantasies: Literal["contrastive", "persistent", "tempered"] = "persistent"
    """Where fantasies come from: Gibbs steps from the real works (CD, Hinton 2002), from the last fantasies (PCD,
    Tieleman 2008), or parallel tempering (Desjardins 2010)."""
    temperatures: int = Field(10, ge=2, le=1000)
    """fantasies=tempered: the number of temperatures."""
    conditional: bool = False
    """A label is part of the visible units, so that works of a class can be drawn."""

    needs: ClassVar[Mapping[str, str]] = {"temperatures": "fantasies=tempered"}


class ChainArtist(EnergyArtist[Machine]):
    """An artist that learns restricted machines: contrastive divergence, persistent chains or parallel tempering."""

    def check(self) -> None:
        o = self.options
        if o.visible == "gaussian" and o.fantasies == "tempered":
            raise ConfigError(
                f"Artist {self.name!r} has no Gaussian pixels at infinite temperature; say "
                "artist.fantasies=persistent, or artist.visible=bernoulli."
            )
        super().check()

    def next_fantasies(
        self, machine: Machine, n: int, data: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The next visible units [n, V] of the chains, and their means given hidden units, with gradients.

        Chains begin at the data [M, V].
        """
        o = self.options
        if o.fantasies == "contrastive" or not self.chains.numel() or self.chains.shape[1] != n:
            begin = data[torch.arange(n, device=data.device) % len(data)]
            self.chains = begin.repeat(o.temperatures if o.fantasies == "tempered" else 1, 1, 1)
        if o.fantasies == "tempered":
            self.chains = temper(machine, self.chains, o.gibbs_steps, generator)
            return self.chains[-1], machine.visible_mean(machine.sample_hidden(self.chains[-1], generator))
        v = gibbs(machine, self.chains[0], o.gibbs_steps - 1, generator)
        mean = machine.visible_mean(machine.sample_hidden(v, generator))  # the last step, whose means are the works
        self.chains = machine.draw_visible(mean, generator)[None]
        return self.chains[0], mean

    def learn_machine(self, machine: Machine, data: Tensor, fantasies: Tensor, reward: Tensor | float) -> Metrics:
        """Take a step by visible units of real works and of fantasies."""
        low, high = machine(torch.cat([data, fantasies])).split([len(data), len(fantasies)])
        metrics = self.contrast(low, high, reward)
        with torch.no_grad():
            some = data[:LOGGED]
            error = (machine.visible_mean(machine.hidden_mean(some)) - some).square().mean()
        return {**metrics, "reconstruction_error": error}

    def visible_units(self, machine: Machine, reals: Works, generator: torch.Generator) -> Tensor:
        """Pixels [N, P] of real works as visible units; binary ones are drawn anew in every step."""
        x = units(machine, reals.pixels, self.options.pixel_std)
        return bernoulli(x.clamp(0, 1), generator) if machine.visible == "bernoulli" else x

    def fantasise(self, machine: Machine, n: int, generator: torch.Generator, label: Tensor | None = None) -> Tensor:
        """Visible units [n, V] of chains that ran for the steps of an exhibition, of labels [n, classes] if given."""

        def noise() -> Tensor:
            even = torch.full((n, len(machine.hidden_bias)), 0.5, device=self.studio.device)
            return machine.sample_visible(bernoulli(even, generator), generator)

        return gibbs(machine, self.starts(n, noise, generator), self.options.exhibit_steps, generator, label)
