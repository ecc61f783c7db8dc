"""The likelihood of binary pictures under a machine, log p(v) = -F(v) - log Z, and two ways to log Z."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import log
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from coevo_boltzmann.draws import bernoulli
from coevo_boltzmann.machine import Machine

EXACT = 20  # hidden units up to which all their states can be summed
STATES = 4096  # of hidden units that are summed at once
AT_ONCE = 10_000  # works times draws that are weighed together
TEMPERATURES = 2000  # of the estimate of log Z in an evaluation


class Estimate(NamedTuple):
    """log Z, and its standard error over the chains that estimate it; scalars."""

    value: Tensor
    error: Tensor


def base_bias(pixels: Tensor, smoothing: float = 0.05) -> Tensor:
    """Biases [V] of a machine without weights that has the smoothed means of data [N, V] (Salakhutdinov 2008, §4)."""
    means = pixels.mean(0) * (1 - smoothing) + smoothing / 2
    return torch.logit(means)


def even_betas(steps: int) -> Tensor:
    """Inverse temperatures from 0 to 1 in even steps."""
    return torch.linspace(0, 1, steps + 1)


def late_betas(steps: int) -> Tensor:
    """Inverse temperatures from 0 to 1 of which most are near 1 (Salakhutdinov 2008, §5: 14,500 steps)."""
    first, middle = max(1, steps * 500 // 14_500), max(1, steps * 4_000 // 14_500)
    parts = torch.linspace(0, 0.5, first + 1), torch.linspace(0.5, 0.9, middle + 1)[1:]
    return torch.cat([*parts, torch.linspace(0.9, 1, steps - first - middle + 1)[1:]])


@torch.no_grad()
def log_partition(
    machine: Machine, base: Tensor, generator: torch.Generator, chains: int = 100, betas: Tensor | None = None
) -> Estimate:
    """log Z of a machine of binary units, by annealed importance sampling.

    The way leads from a machine without weights, whose Z is known, to this one, through
    p*_β(v) = exp((1 - β) b₀ᵀv + β bᵀv) Π_j (1 + exp(β (c_j + W_jᵀv))), and
    log Z ≈ log Z₀ + log mean exp Σ_k log p*_{β_k}(v_{k-1}) / p*_{β_{k-1}}(v_{k-1}).

    Args:
        machine: binary and without labels.
        base: b₀, the biases of the machine without weights.
        generator: of all draws.
        chains: how many.
        betas: inverse temperatures from 0 to 1; by default a thousand even steps.

    Returns:
        log Z; its exponential is unbiased, so it is too low rather than too high.

    Reference:
        Salakhutdinov & Murray 2008, On the quantitative analysis of deep belief networks, eq. 10 to 14.
    """
    bias, hidden = machine.visible_bias, len(machine.hidden_bias)
    v = bernoulli(torch.sigmoid(base).repeat(chains, 1), generator)
    total = torch.zeros(chains, dtype=torch.float64, device=v.device)
    for before, beta in pairwise((even_betas(1000) if betas is None else betas).tolist()):
        inputs = v @ machine.weight + machine.hidden_bias
        total += ((beta - before) * (v @ (bias - base))).double()
        total += (softplus(beta * inputs) - softplus(before * inputs)).sum(1).double()
        h = bernoulli(torch.sigmoid(beta * inputs), generator)
        v = bernoulli(torch.sigmoid(beta * (h @ machine.weight.T + bias) + (1 - beta) * base), generator)
    return log_mean_exp(total, softplus(base).double().sum() + hidden * log(2))


def log_mean_exp(weights: Tensor, start: Tensor) -> Estimate:
    """start + log mean exp of log weights [N], and the standard error of it, by the spread of the weights."""
    shares = (weights - weights.max()).exp()
    error = shares.std(correction=0) / shares.mean() / len(weights) ** 0.5
    return Estimate(start + weights.logsumexp(0) - log(len(weights)), error)


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


class Bounds(NamedTuple):
    """Lower bounds of log p(v) in nats, [N] each."""

    elbo: Tensor
    """E_q log p*(v, h) / q(h|v) - log Z."""
    weighted: Tensor
    """log mean of p*(v, h) / q(h|v) over the draws, - log Z: tighter, the more draws."""


@torch.no_grad()
def bounds(log_weights: Callable[[Tensor, int], Tensor], v: Tensor, draws: int, log_z: Tensor) -> Bounds:
    """Bounds of log p(v) by draws of an approximate posterior q(h|v).

    Args:
        log_weights: log p*(v, h) - log q(h|v) of v [M, V] and that many draws h ~ q(h|v): [draws, M].
        v: binary pictures [N, V].
        draws: of h for each v.
        log_z: of p*.

    Reference:
        Burda et al. 2016, Importance weighted autoencoders, eq. 8.
    """
    parts = []
    for some in v.split(max(1, AT_ONCE // draws)):
        weights = log_weights(some, draws).double()
        parts.append(torch.stack([weights.mean(0), weights.logsumexp(0) - log(draws)]))
    return Bounds(*(torch.cat(parts, 1) - log_z))
