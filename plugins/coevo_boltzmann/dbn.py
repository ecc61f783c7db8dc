"""Artist dbn: a deep belief network, restricted Boltzmann machines that learn one on top of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import one_hot

from coevo import ArtistSpec, Metrics, Works
from coevo.contract.capabilities import Layer
from coevo.contract.players import State
from coevo_boltzmann.learning import CHAINS, ChainArtist, ChainOptions
from coevo_boltzmann.likelihood import TEMPERATURES, base_bias, bounds, late_betas, log_partition
from coevo_boltzmann.machine import Machine
from coevo_boltzmann.pixels import binary, pictures, units
from coevo_boltzmann.stack import down, log_weights, up


class DBN(ChainArtist):
    """Learns a machine of the pixels, then one of its hidden units, and so on; each raises a bound of log p(v).

    The last machine, whose visible units may hold the label too, is sampled by Gibbs steps, and what it fantasises is
    drawn downwards through the others (Hinton, Osindero & Teh 2006). Each machine that has learnt keeps its averaged
    weights. Until the last one learns, works are those of the machines so far.
    """

    name = "dbn"

    class Options(ChainOptions):
        hidden: tuple[int, ...] = Field((500, 500), min_length=1)
        """Number of hidden units of each machine, from the pixels upwards."""
        layer_steps: int = Field(5000, ge=1)
        """Steps that each machine learns, but for the last, which never ends."""

    options: Options
    extra_state = (*ChainArtist.extra_state, "steps")
    steps: int

    def spec(self) -> ArtistSpec:
        return ArtistSpec(
            critic="unused", reals="required", labels="required" if self.options.conditional else "unused"
        )

    def build(self) -> None:
        o = self.options
        inputs = torch.Size(self.studio.image).numel()
        self.machines = nn.ModuleList()
        for number, hidden in enumerate(o.hidden, 1):
            classes = len(self.studio.classes) if o.conditional and number == len(o.hidden) else 0
            visible = o.visible if number == 1 else "bernoulli"
            self.machines.append(self.studio.prepare(Machine(inputs, hidden, visible, classes)))
            inputs = hidden
        self.steps = 0
        self.begin(self.machine)

    @property
    def level(self) -> int:
        """The number of machines that have learnt, and of the machine that learns."""
        return min(self.steps // self.options.layer_steps, len(self.options.hidden) - 1)

    @property
    def stack(self) -> Sequence[Machine]:
        """All machines, from the pixels upwards."""
        return cast(Sequence[Machine], self.machines)

    @property
    def below(self) -> Sequence[Machine]:
        """The machines that have learnt."""
        return [self.stack[number] for number in range(self.level)]

    @property
    def machine(self) -> Machine:
        """The machine that learns."""
        return self.stack[self.level]

    @property
    def exhibited(self) -> Sequence[Machine]:
        """The machines as they are exhibited, up to the one that learns."""
        return [*self.below, self.averaged(self.machine)]

    def restore(self, state: State) -> None:
        self.steps = state["steps"]
        self.begin(self.machine)  # whose optimiser and average the state has
        super().restore(state)

    # learning

    @torch.no_grad()
    def make(self, n: int, reals: Works | None) -> Works:
        reals, machine, generator = reals or Works(), self.machine, self.studio.generator("chains")
        data = up(self.below, self.visible_units(self.stack[0], reals, generator), generator)
        if machine.classes:
            data = torch.cat([data, one_hot(reals.classes, machine.classes).to(data)], 1)
        fantasies, mean = self.next_fantasies(machine, n, data, generator)
        labels = mean[:, machine.pixels :].argmax(1) if machine.classes else None
        if labels is None and self.options.conditional:  # a machine below the labels knows none: any will do
            labels = torch.arange(n, device=fantasies.device) % self.stack[-1].classes
        return Works(self.pictures(self.below, fantasies, mean, generator), labels=labels, ctx=(data, fantasies))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        machine, level = self.machine, self.level
        data, fantasies = works.ctx
        metrics = self.learn_machine(machine, data, fantasies, 0.0)
        self.steps += 1
        if self.level > level:
            machine.load_state_dict(self.averaged(machine).state_dict())
            self.begin(self.machine)
        return {**metrics, "layer": level + 1.0}

    def pictures(self, below: Sequence[Machine], v: Tensor, mean: Tensor, generator: torch.Generator) -> Tensor:
        """Images of visible units v [N, V], and their means, of a machine with others below it."""
        pixels = down(below, v[:, : len(below[-1].hidden_bias)], generator) if below else mean
        return pictures(self.stack[0], pixels, self.studio.image, self.options.pixel_std)

    # works

    @torch.no_grad()
    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        *below, top = self.exhibited
        generator, classes = torch.Generator(self.studio.device).manual_seed(seed), self.stack[-1].classes
        if classes and labels is None:
            labels = torch.arange(n) % classes
        label = one_hot(labels.to(self.studio.device), classes).float() if top.classes and labels is not None else None
        parts = []
        for first in range(0, n, CHAINS):
            part = None if label is None else label[first : first + CHAINS]
            v = self.fantasise(top, min(CHAINS, n - first), generator, part)
            mean = top.visible_mean(top.sample_hidden(v, generator))
            parts.append(self.pictures(below, top.draw_visible(mean, generator), mean, generator))
        return Works(torch.cat(parts), labels=labels if classes else None)

    @torch.no_grad()
    def energies(self, images: Tensor) -> Tensor:
        """The free energy of the machine that learns, at units drawn upwards from the images."""
        *below, top = self.exhibited
        generator = torch.Generator(self.studio.device).manual_seed(0)
        v = units(self.stack[0], images, self.options.pixel_std)
        return top.energy_of_pixels(up(below, v, generator))

    def filters(self) -> Tensor:
        """The weights of the machine that learns, seen through those below it."""
        *below, top = self.exhibited
        weights = top.weight.detach()[: top.pixels]
        for machine in reversed(below):
            weights = machine.weight.detach() @ weights
        return weights.T

    # figures

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float]:
        """Bounds in nats of the likelihood of works, drawn as binary ones: of one draw, and a tighter one of many.

        Only binary machines without labels have them. log Z of the last machine is estimated by annealed importance
        sampling with as many chains as there are draws.
        """
        machines = self.exhibited
        if self.options.visible != "bernoulli" or self.options.conditional:
            return {}
        x, generator = binary(works.pixels.to(self.studio.device)), torch.Generator(self.studio.device).manual_seed(0)
        base = base_bias(up(machines[:-1], x, generator))
        log_z = log_partition(machines[-1], base, generator, draws, late_betas(TEMPERATURES))
        found = bounds(partial(log_weights, machines, generator=generator), x, draws, log_z.value)
        figures = {"elbo": found.elbo.mean().item(), f"nll_of_{draws}_draws": -found.weighted.mean().item()}
        return {**figures, "log_partition": log_z.value.item(), "log_partition_error": log_z.error.item()}

    # for others

    def pretrained_layers(self) -> Sequence[Layer]:
        """Of each machine: what goes up, and what comes down."""
        return [machine.layer() for machine in self.exhibited]
