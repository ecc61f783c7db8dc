"""The general Boltzmann machine: units that may be connected within the visible and within the hidden layer."""

from __future__ import annotations

from itertools import accumulate, pairwise, product
from math import log

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, softplus

from coevo_boltzmann.draws import bernoulli
from coevo_boltzmann.likelihood import Estimate, even_betas, log_mean_exp
from coevo_boltzmann.machine import START


class GeneralMachine(nn.Module):
    """Binary units x = (v, h) with the energy E(x) = -bᵀx - ½ xᵀWx; W is symmetric, and 0 where there is no connection.

    Every visible unit is connected with every hidden one. Units are sampled in groups: those of a group have no
    connections among themselves, so they are drawn together. Visible units lie in the order of their groups.

    Args:
        height, width: of a picture, a visible unit for each pixel.
        hidden: number of hidden units; 0 is a machine of visible units alone.
        reach: pixels at most as far apart, across and down, are connected; 0 connects none.
        lateral: whether hidden units are connected with each other.

    Reference:
        Ackley, Hinton & Sejnowski 1985, A learning algorithm for Boltzmann machines.
    """

    connected: Tensor
    order: Tensor

    def __init__(self, height: int, width: int, hidden: int, reach: int = 0, lateral: bool = False):
        super().__init__()
        self.pixels, self.hidden = height * width, hidden
        y, x = (axis.flatten() for axis in torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"))
        kinds = [(y % (reach + 1) == i) & (x % (reach + 1) == j) for i, j in product(range(reach + 1), repeat=2)]
        groups = [kind.nonzero()[:, 0] for kind in kinds if kind.any()]
        order = torch.cat(groups)
        y, x = y[order], x[order]
        total = self.pixels + hidden
        connected = torch.ones(total, total)
        apart = torch.maximum((y[:, None] - y).abs(), (x[:, None] - x).abs())
        connected[: self.pixels, : self.pixels] = (apart <= reach).float()
        connected[self.pixels :, self.pixels :] = float(lateral)
        connected.fill_diagonal_(0)
        sizes = [*map(len, groups), *([1] * hidden if lateral else [hidden] * (hidden > 0))]
        self.groups = [slice(*ends) for ends in pairwise(accumulate(sizes, initial=0))]
        self.register_buffer("connected", connected, persistent=False)
        self.register_buffer("order", order, persistent=False)
        self.weight = nn.Parameter(START * torch.randn(total, total) * connected)
        self.bias = nn.Parameter(torch.zeros(total))

    def connections(self) -> Tensor:
        """W, the symmetric part of the weights that are connections."""
        return 0.5 * (self.weight + self.weight.T) * self.connected

    def forward(self, x: Tensor) -> Tensor:
        return self.energy(x)

    def energy(self, x: Tensor) -> Tensor:
        """E(x) of units [..., V + H], or the mean energy of independent units of these means: [...]."""
        return self._energy(x, self.connections())

    def _energy(self, x: Tensor, weights: Tensor) -> Tensor:
        return -(x @ self.bias) - 0.5 * ((x @ weights) * x).sum(-1)

    # pictures and units

    def visible_units(self, pixels: Tensor) -> Tensor:
        """Visible units [N, V] of pixels [N, V] by rows."""
        return pixels[:, self.order]

    def to_pixels(self, units: Tensor) -> Tensor:
        """Pixels [..., V] by rows of units [..., V or more]."""
        pixels = torch.empty_like(units[..., : self.pixels])
        return pixels.index_copy(-1, self.order, units[..., : self.pixels])

    def visible_mean(self, x: Tensor) -> Tensor:
        """p(v_i = 1 | all other units) of each pixel by rows, [N, V], at units x."""
        inputs = x @ self.connections()[:, : self.pixels] + self.bias[: self.pixels]
        return self.to_pixels(torch.sigmoid(inputs))

    # the positive phase

    @torch.no_grad()
    def mean_field(self, v: Tensor, steps: int, damping: float) -> Tensor:
        """Means [N, H] of the factorial distribution nearest to p(h | v): μ ← σ(c + Wᵀv + Jμ), damped.

        It is p(h | v) itself if hidden units are not connected.

        Args:
            v: visible units [N, V].
            steps: how often all means are renewed.
            damping: the share of its old value that a mean keeps.
        """
        weights = self.connections()
        inputs = v @ weights[: self.pixels, self.pixels :] + self.bias[self.pixels :]
        within = weights[self.pixels :, self.pixels :]
        mean = torch.sigmoid(inputs)
        for _ in range(steps):
            mean = torch.lerp(torch.sigmoid(inputs + mean @ within), mean, damping)
        return mean

    # the negative phase

    @torch.no_grad()
    def gibbs(self, x: Tensor, steps: int, generator: torch.Generator) -> Tensor:
        """Units [N, V + H] after some steps of Gibbs sampling, in each of which every group is drawn once."""
        x, weights = x.clone(), self.connections()
        for _ in range(steps):
            self._draw(x, weights, self.bias, generator)
        return x

    def _draw(self, x: Tensor, weights: Tensor, bias: Tensor, generator: torch.Generator, beta: float = 1.0) -> None:
        """Draw every group of units x in place, hidden ones first: chains may begin at pixels alone."""
        for group in reversed(self.groups):
            inputs = linear(x, weights[group])  # rows, which lie together: the matrix is symmetric
            x[:, group] = bernoulli(torch.sigmoid(torch.add(bias[group], inputs, alpha=beta)), generator)

    # likelihood

    @torch.no_grad()
    def log_partition(
        self, base: Tensor, generator: torch.Generator, chains: int = 100, betas: Tensor | None = None
    ) -> Estimate:
        """log Z by annealed importance sampling, from a machine without weights to this one.

        Args:
            base: biases of the visible units of the machine without weights, [V].
            generator: of all draws.
            chains: how many.
            betas: inverse temperatures from 0 to 1; by default a thousand even steps.
        """
        start = torch.cat([base, base.new_zeros(self.hidden)])
        weights = self.connections()
        x = bernoulli(torch.sigmoid(start).repeat(chains, 1), generator)
        total = torch.zeros(chains, dtype=torch.float64, device=x.device)
        for before, beta in pairwise((even_betas(1000) if betas is None else betas).tolist()):
            rise = -self._energy(x, weights) - x @ start
            total += (beta - before) * rise.double()
            self._draw(x, weights, (1 - beta) * start + beta * self.bias, generator, beta)
        return log_mean_exp(total, softplus(base).double().sum() + self.hidden * log(2))

    @torch.no_grad()
    def log_weights(self, v: Tensor, mean: Tensor, draws: int, generator: torch.Generator) -> Tensor:
        """-E(v, h) - log q(h) at draws of h by independent units of these means [N, H], for v [N, V]: [draws, N]."""
        weights = self.connections()
        within = weights[self.pixels :, self.pixels :]
        inputs = v @ weights[: self.pixels, self.pixels :] + self.bias[self.pixels :]
        alone = self.energy(torch.cat([v, torch.zeros_like(mean)], 1))
        h = bernoulli(mean.expand(draws, -1, -1), generator)
        chance = torch.where(h > 0, mean, 1 - mean)
        return (h * (inputs + 0.5 * (h @ within)) - chance.log()).sum(-1) - alone
