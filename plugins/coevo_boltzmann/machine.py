"""The restricted Boltzmann machine: its energy, and the conditional distributions of its two layers."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

Visible = Literal["bernoulli", "gaussian"]
START = 0.01  # standard deviation of the first weights (Hinton 2010, §8)


class Machine(nn.Module):
    """Visible units v and hidden units h with the energy E(v, h) = -bᵀv - cᵀh - vᵀWh.

    Gaussian visible units of standard deviation 1 have ½‖v - b‖² in place of -bᵀv. The last `classes` visible units
    are a label, of which exactly one is on.

    Args:
        pixels: number of visible units, without the label's.
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
        """The mean of v given h at the inverse temperature β; of a label, the probability of each class."""
        inputs = h @ self.weight.T + self.visible_bias
        if self.visible == "bernoulli" and not self.classes:
            return torch.sigmoid(beta * inputs)
        pixels, label = inputs.split([self.pixels, self.classes], -1)
        pixels = torch.sigmoid(beta * pixels) if self.visible == "bernoulli" else pixels
        return torch.cat([pixels, torch.softmax(beta * label, -1)], -1) if self.classes else pixels

    def sample_hidden(self, v: Tensor, generator: torch.Generator, beta: Tensor | float = 1.0) -> Tensor:
        """h ~ p(h | v)."""
        return torch.bernoulli(self.hidden_mean(v, beta), generator=generator)

    def sample_visible(self, h: Tensor, generator: torch.Generator, beta: Tensor | float = 1.0) -> Tensor:
        """v ~ p(v | h)."""
        mean = self.visible_mean(h, beta)
        pixels, label = mean.split([self.pixels, self.classes], -1)
        if self.visible == "bernoulli":
            pixels = torch.bernoulli(pixels, generator=generator)
        else:
            noise = torch.randn(pixels.shape, generator=generator, device=pixels.device)
            pixels = pixels + noise / torch.as_tensor(beta, device=pixels.device).sqrt()
        if not self.classes:
            return pixels
        chosen = torch.multinomial(label.reshape(-1, self.classes), 1, generator=generator)[:, 0]
        return torch.cat([pixels, one_hot(chosen, self.classes).to(pixels).reshape(label.shape)], -1)
