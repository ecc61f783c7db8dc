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

    def loss(self, outputs: Tensor, images: Tensor) -> Tensor:
        """The mean of -log p(x | outputs): a scalar, for learning."""
        return -self.log_prob(outputs, images).mean()

    def mean(self, outputs: Tensor) -> Tensor:
        """The pictures that are meant, [N, C, H, W] in [-1, 1]."""
        raise NotImplementedError


class Bernoulli(Likelihood):
    """x is the share of white: x log p + (1 - x) log(1 - p), p = sigmoid(output). Of grey pixels it is no density."""

    colours = False

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        return -binary_cross_entropy_with_logits(outputs, pixels(images), reduction="none").flatten(1).sum(1)

    def loss(self, outputs: Tensor, images: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(outputs, pixels(images), reduction="sum") / len(images)

    def mean(self, outputs: Tensor) -> Tensor:
        return pictures(outputs.sigmoid())


class Gaussian(Likelihood):
    """N(x; mean, deviation²). squash: the mean is sigmoid(output), else the output itself."""

    def __init__(self, deviation: float = 1.0, squash: bool = True):
        self.deviation, self.squash = deviation, squash

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        squares = mse_loss(self._mean(outputs), pixels(images), reduction="none").flatten(1).sum(1)
        return -squares / (2 * self.deviation**2) - self._scale(images)

    def loss(self, outputs: Tensor, images: Tensor) -> Tensor:
        squares = mse_loss(self._mean(outputs), pixels(images), reduction="sum") / len(images)
        return squares / (2 * self.deviation**2) + self._scale(images)

    def mean(self, outputs: Tensor) -> Tensor:
        means = pictures(self._mean(outputs))
        return means if self.squash else means.clamp(-1, 1)

    def _mean(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid() if self.squash else outputs

    def _scale(self, images: Tensor) -> float:
        return images[0].numel() * log(self.deviation * (2 * pi) ** 0.5)


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
        return pictures(x).clamp(-1, 1)


def likelihood(name: LikelihoodName, deviation: float = 1.0, squash: bool = True) -> Likelihood:
    """The likelihood of that name; deviation and squash are the Gaussian's."""
    if name == "gaussian":
        return Gaussian(deviation, squash)
    return Bernoulli() if name == "bernoulli" else LogitLaplace()


def pixels(images: Tensor) -> Tensor:
    """[-1, 1] → [0, 1]."""
    return torch.rsub(images, 0.5, alpha=-0.5)  # 0.5 + 0.5·x in one pass over them


def pictures(pixels: Tensor) -> Tensor:
    """[0, 1] → [-1, 1]."""
    return torch.rsub(pixels, -1, alpha=-2)
