"""The restricted Boltzmann machine: its energy, and the conditional distributions of its two layers."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from coevo import PairError
from coevo.contract.capabilities import Layer
from coevo_boltzmann.draws import bernoulli

Visible = Literal["bernoulli", "gaussian"]
START = 0.01  # standard deviation of the first weights (Hinton 2010, §8)


class Machine(nn.Module):
    """Visible units v and hidden units h with the energy E(v, h) = -bᵀv - cᵀh - vᵀWh.

    Gaussian visible units have standard deviation 1, and ½‖v - b‖² in the place of -bᵀv. The last `classes` visible
    units are a label: exactly one of them is on.

    Args:
        pixels: number of visible units, without those of the label.
        hidden: number of hidden units.
        visible: distribution of a pixel given h.
        classes: number of labels; 0 is none.

    Reference:
        Hinton 2002, Training products of experts by minimizing contrastive divergence; Hinton 2010, A practical guide
        to training restricted Boltzmann machines.
    """

    def __init__(self, pixels: int, hidden: int, visible: Visible = "bernoulli", classes: int = 0):
        super().__init__()
        self.pixels, self.classes, self.visible = pixels, classes, visible
        self.weight = nn.Parameter(START * torch.randn(pixels + classes, hidden))
        self.visible_bias = nn.Parameter(torch.zeros(pixels + classes))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))

    def forward(self, v: Tensor) -> Tensor:
        return self.free_energy(v)

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) = -log Σ_h exp(-E(v, h)) of visible units [..., V]: [...]."""
        return self.field(v) - softplus(v @ self.weight + self.hidden_bias).sum(-1)

    def energy_of_pixels(self, pixels: Tensor) -> Tensor:
        """The free energy of pixels [N, P], a label summed out: [N]."""
        if not self.classes:
            return self.free_energy(pixels)
        labels = torch.eye(self.classes, device=pixels.device)[:, None].expand(-1, len(pixels), -1)
        v = torch.cat([pixels.expand(self.classes, -1, -1), labels], -1)
        return -(-self.free_energy(v)).logsumexp(0)

    def energy(self, v: Tensor, h: Tensor) -> Tensor:
        """E(v, h) of visible units [..., V] and hidden units [..., H]: [...]."""
        return self.field(v) - h @ self.hidden_bias - ((v @ self.weight) * h).sum(-1)

    def field(self, v: Tensor) -> Tensor:
        """The energy of visible units alone."""
        if self.visible == "bernoulli":
            return -(v @ self.visible_bias)
        pixels, label = v.split([self.pixels, self.classes], -1)
        b, of_label = self.visible_bias.split([self.pixels, self.classes])
        return 0.5 * (pixels - b).square().sum(-1) - label @ of_label

    def hidden_mean(self, v: Tensor, beta: Tensor | float = 1.0) -> Tensor:
        """p(h = 1 | v) at the inverse temperature β: σ(β (c + Wᵀv))."""
        return torch.sigmoid(beta * (v @ self.weight + self.hidden_bias))

    def visible_mean(self, h: Tensor, beta: Tensor | float = 1.0) -> Tensor:
        """The mean of v given h at the inverse temperature β; a label's mean is the probability of each class."""
        inputs = h @ self.weight.T + self.visible_bias
        if self.visible == "bernoulli" and not self.classes:
            return torch.sigmoid(beta * inputs)
        pixels, label = inputs.split([self.pixels, self.classes], -1)
        pixels = torch.sigmoid(beta * pixels) if self.visible == "bernoulli" else pixels
        return torch.cat([pixels, torch.softmax(beta * label, -1)], -1) if self.classes else pixels

    @torch.no_grad()
    def sample_hidden(self, v: Tensor, generator: torch.Generator, beta: Tensor | float = 1.0) -> Tensor:
        """h ~ p(h | v)."""
        return bernoulli(self.hidden_mean(v, beta), generator)

    @torch.no_grad()
    def sample_visible(self, h: Tensor, generator: torch.Generator, beta: Tensor | float = 1.0) -> Tensor:
        """v ~ p(v | h)."""
        return self.draw_visible(self.visible_mean(h, beta), generator)

    @torch.no_grad()
    def draw_visible(self, mean: Tensor, generator: torch.Generator) -> Tensor:
        """v of its mean given h, [..., V]."""
        pixels, label = mean.split([self.pixels, self.classes], -1)
        if self.visible == "bernoulli":
            pixels = bernoulli(pixels, generator)
        else:
            pixels = pixels + torch.randn(pixels.shape, generator=generator, device=pixels.device)
        if not self.classes:
            return pixels
        chosen = torch.multinomial(label.reshape(-1, self.classes), 1, generator=generator)[:, 0]
        return torch.cat([pixels, one_hot(chosen, self.classes).to(pixels).reshape(label.shape)], -1)

    def layer(self) -> Layer:
        """The machine as a layer that a network can start from; a label has no place in it.

        Raises:
            PairError: its visible units are Gaussian.
        """
        if self.visible == "gaussian":
            raise PairError("its pixels are Gaussian, and networks start from Bernoulli pixels only.")
        parts = self.weight[: self.pixels].T, self.hidden_bias, self.visible_bias[: self.pixels]
        return Layer(*(part.detach() for part in parts))

    def with_label(self, v: Tensor, label: Tensor | None) -> Tensor:
        """Visible units whose label is this one, [N, classes]; the same units for None."""
        return v if label is None else torch.cat([v[..., : self.pixels], label], -1)
