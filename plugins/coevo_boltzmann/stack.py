"""Restricted machines on each other: up by the posterior of each, down by its conditional distribution."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from coevo_boltzmann.draws import bernoulli
from coevo_boltzmann.machine import Machine


@torch.no_grad()
def up(machines: Sequence[Machine], v: Tensor, generator: torch.Generator) -> Tensor:
    """Hidden units of the last machine, drawn layer by layer from visible units [N, V] of the first."""
    for machine in machines:
        v = machine.sample_hidden(v, generator)
    return v


@torch.no_grad()
def down(machines: Sequence[Machine], h: Tensor, generator: torch.Generator) -> Tensor:
    """The mean of the first machine's visible units, by units drawn downwards from hidden units [N, H] of the last."""
    for machine in reversed(machines[1:]):
        h = machine.sample_visible(h, generator)
    return machines[0].visible_mean(h)


@torch.no_grad()
def log_weights(machines: Sequence[Machine], v: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """log p*(v, h) - log q(h|v) of a deep belief network, at draws of the hidden units of all machines but the last.

    log p*(v, h) = log p(v|h₁) + log p(h₁|h₂) + … - F(h), where F is the free energy of the last machine, and its Z is
    left out; q draws layer by layer.

    Args:
        machines: binary; those above the first are smaller or larger, as they like.
        v: binary pictures [N, V].
        draws: for each picture.
        generator: of all draws.

    Returns:
        [draws, N].

    Reference:
        Salakhutdinov & Murray 2008, On the quantitative analysis of deep belief networks, eq. 20 to 23.
    """
    below, total = v.expand(draws, -1, -1), v.new_zeros(draws, len(v))
    for machine in machines[:-1]:
        mean = machine.hidden_mean(below)
        h = bernoulli(mean, generator)
        total -= torch.where(h > 0, mean, 1 - mean).log().sum(-1)
        inputs = h @ machine.weight.T + machine.visible_bias
        total += (below * inputs - softplus(inputs)).sum(-1)
        below = h
    return total - machines[-1].free_energy(below)
