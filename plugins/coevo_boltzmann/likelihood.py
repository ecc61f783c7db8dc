"""The likelihood of binary pictures under a machine, log p(v) = -F(v) - log Z, and two ways to log Z."""

from __future__ import annotations

from itertools import pairwise
from math import log

import torch
from torch import Tensor
from torch.nn.functional import softplus

from coevo_boltzmann.machine import Machine

EXACT = 20  # hidden units up to which all their states can be summed
STATES = 4096  # of hidden units that are summed at once


def base_bias(pixels: Tensor, smoothing: float = 0.05) -> Tensor:
    """Biases [V] of a machine without weights that has the smoothed means of data [N, V] (Salakhutdinov 2008, §4)."""
    means = pixels.mean(0) * (1 - smoothing) + smoothing / 2
    return torch.logit(means)


@torch.no_grad()
def log_partition(
    machine: Machine, base: Tensor, generator: torch.Generator, chains: int = 100, temperatures: int = 1000
) -> Tensor:
    """log Z of a machine of binary units, by annealed importance sampling.

    The way leads from a machine without weights, whose Z is known, to this one, through
    p*_β(v) = exp((1 - β) b₀ᵀv + β bᵀv) Π_j (1 + exp(β (c_j + W_jᵀv))), and
    log Z ≈ log Z₀ + log mean exp Σ_k log p*_{β_k}(v_{k-1}) / p*_{β_{k-1}}(v_{k-1}).

    Args:
        machine: binary and without labels.
        base: b₀, the biases of the machine without weights.
        generator: of all draws.
        chains: how many.
        temperatures: steps of β from 0 to 1.

    Returns:
        A scalar. Its exponential is unbiased, so it is too low rather than too high.

    Reference:
        Salakhutdinov & Murray 2008, On the quantitative analysis of deep belief networks, eq. 10 to 14.
    """
    bias, hidden = machine.visible_bias, len(machine.hidden_bias)
    v = torch.bernoulli(torch.sigmoid(base).repeat(chains, 1), generator=generator)
    total = torch.zeros(chains, dtype=torch.float64, device=v.device)
    betas = torch.linspace(0, 1, temperatures + 1, device=v.device)
    for before, beta in pairwise(betas):
        inputs = v @ machine.weight + machine.hidden_bias
        total += ((beta - before) * (v @ (bias - base))).double()
        total += (softplus(beta * inputs) - softplus(before * inputs)).sum(1).double()
        h = torch.bernoulli(torch.sigmoid(beta * inputs), generator=generator)
        mean = torch.sigmoid(beta * (h @ machine.weight.T) + (1 - beta) * base + beta * bias)
        v = torch.bernoulli(mean, generator=generator)
    log_base = softplus(base).double().sum() + hidden * log(2)
    return log_base + total.logsumexp(0) - log(chains)


@torch.no_grad()
def exact_log_partition(machine: Machine) -> Tensor:
    """log Z of a machine of few hidden units, by the sum over all their states.

    Raises:
        ValueError: there are too many.
    """
    hidden = len(machine.hidden_bias)
    if hidden > EXACT:
        raise ValueError(f"2^{hidden} states of hidden units are too many to sum; at most 2^{EXACT} are")
    bits = torch.arange(hidden, device=machine.weight.device)
    parts = []
    for first in range(0, 2**hidden, STATES):
        numbers = torch.arange(first, min(first + STATES, 2**hidden), device=bits.device)
        h = (numbers[:, None] >> bits & 1).to(machine.weight)
        inputs = h @ machine.weight.T + machine.visible_bias
        parts.append((h @ machine.hidden_bias + softplus(inputs).sum(1)).double().logsumexp(0))
    return torch.stack(parts).logsumexp(0)


@torch.no_grad()
def log_likelihood(machine: Machine, v: Tensor, log_z: Tensor) -> Tensor:
    """log p(v) of binary pictures [N, V], in nats: [N]."""
    return -machine.free_energy(v).double() - log_z
