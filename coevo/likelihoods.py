"""Likelihoods of pixels: what the outputs of a decoder say about a picture.

Pixels x are in [0, 1] here, so that log-densities are those that papers report; pictures are in [-1, 1] as everywhere.
"""

from __future__ import annotations

from math import log, pi
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

LikelihoodName = Literal["bernoulli", "gaussian", "logit-laplace"]


class Likelihood:
    """p(x | outputs), every pixel on its own. `outputs`: numbers that a decoder says of each pixel."""

    outputs: ClassVar[int] = 1
    colours: ClassVar[bool] = True
    """It fits pixels of colour photographs."""

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        """log p(x | outputs) in nats: [N]; outputs [N, outputs · C, H, W], images [N, C, H, W] in [-1, 1]."""
        raise NotImplementedError

    def mean(self, outputs: Tensor) -> Tensor:
        """The pictures that are meant, [N, C, H, W] in [-1, 1]."""
        raise NotImplementedError


class Bernoulli(Likelihood):
    """x is the share of white: x log p + (1 - x) log(1 - p), p = sigmoid(output). Of grey pixels it is no density."""

    colours = False

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        return -binary_cross_entropy_with_logits(outputs, pixels(images), reduction="none").flatten(1).sum(1)

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid() * 2 - 1


class Gaussian(Likelihood):
    """N(x; mean, deviation²). squash: the mean is sigmoid(output), else the output itself."""

    def __init__(self, deviation: float = 1.0, squash: bool = True):
        self.deviation, self.squash = deviation, squash

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        mean = outputs.sigmoid() if self.squash else outputs
        squares = mse_loss(mean, pixels(images), reduction="none").flatten(1)
        scale = squares.shape[1] * log(self.deviation * (2 * pi) ** 0.5)
        return squares.sum(1) * (-0.5 / self.deviation**2) - scale

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid() * 2 - 1 if self.squash else (outputs * 2 - 1).clamp(-1, 1)


class LogitLaplace(Likelihood):
    """1 / (2b·x(1 - x)) · exp(-|logit x - μ| / b) of pixels moved into [ε, 1 - ε] (Ramesh 2021, eq. 2), so that none
    lies on an edge; outputs are μ and log b."""

    outputs = 2
    margin = 0.1  # ε

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        mean, log_scale = outputs.chunk(2, 1)
        x = self.margin + (1 - 2 * self.margin) * pixels(images)
        log_each = -(x.logit() - mean).abs() * (-log_scale).exp() - log_scale - log(2) - (x * (1 - x)).log()
        return (log_each + log(1 - 2 * self.margin)).flatten(1).sum(1)  # the density of the pixels before the move

    def mean(self, outputs: Tensor) -> Tensor:
        x = (outputs.chunk(2, 1)[0].sigmoid() - self.margin) / (1 - 2 * self.margin)
        return (x * 2 - 1).clamp(-1, 1)


def likelihood(name: LikelihoodName, deviation: float = 1.0, squash: bool = True) -> Likelihood:
    """The likelihood of that name; deviation and squash are the Gaussian's."""
    if name == "gaussian":
        return Gaussian(deviation, squash)
    return Bernoulli() if name == "bernoulli" else LogitLaplace()


def pixels(images: Tensor) -> Tensor:
    """[-1, 1] → [0, 1]."""
    return torch.add(images, 1).mul_(0.5)
