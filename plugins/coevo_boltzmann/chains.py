"""Markov chains of a machine: Gibbs sampling, and parallel tempering, by which chains leave their modes."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo_boltzmann.machine import Machine


@torch.no_grad()
def gibbs(machine: Machine, v: Tensor, steps: int, generator: torch.Generator, label: Tensor | None = None) -> Tensor:
    """Visible units after some steps of block Gibbs sampling, h ~ p(h | v) and then v ~ p(v | h).

    Args:
        machine: whose distribution is sampled.
        v: where the chains begin, [N, V].
        steps: how many.
        generator: of all draws.
        label: labels [N, classes] that the chains have from their beginning on, so that v ~ p(v | label).
    """
    v = machine.with_label(v, label)
    for _ in range(steps):
        v = machine.with_label(machine.sample_visible(machine.sample_hidden(v, generator), generator), label)
    return v


@torch.no_grad()
def temper(machine: Machine, v: Tensor, steps: int, generator: torch.Generator) -> Tensor:
    """Chains at several temperatures after some steps, each a Gibbs step and exchanges of neighbouring temperatures.

    Two chains are exchanged with probability min(1, exp((β_i - β_j) (E_i - E_j))), which leaves the joint distribution
    as it is (Desjardins 2010). First the even pairs are offered, then the odd ones.

    Args:
        machine: whose distribution is sampled; binary.
        v: chains [T, N, V] of at least two temperatures; their inverses are even steps from 0 to 1, that of the last.
        steps: how many.
        generator: of all draws.

    Returns:
        [T, N, V]; the last [N, V] are samples of the machine.
    """
    count = len(v)
    beta = torch.linspace(0, 1, count, device=v.device)[:, None, None]
    for _ in range(steps):
        h = machine.sample_hidden(v, generator, beta)
        v = machine.sample_visible(h, generator, beta)
        energy = machine.energy(v, h)
        for parity in (0, 1):
            low = torch.arange(parity, count - 1, 2, device=v.device)
            odds = (beta[low + 1, :, 0] - beta[low, :, 0]) * (energy[low + 1] - energy[low])
            chance = torch.rand(odds.shape, generator=generator, device=v.device)
            place = torch.arange(count, device=v.device)[:, None].repeat(1, v.shape[1])
            swap = chance.log() < odds
            place[low] += swap.long()
            place[low + 1] -= swap.long()
            v = v.gather(0, place[..., None].expand_as(v))
            energy = energy.gather(0, place)
    return v
