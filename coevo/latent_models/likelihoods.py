"""Likelihoods of pixels: distributions of an image, whose parameters a decoder gives.

Pixels x are in [0, 1] here, so that log-densities are those that papers report; images are in [-1, 1] as everywhere.
"""

from __future__ import annotations

from math import log, pi
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from coevo.latent_models.pixel_costs import one_pass

LikelihoodName = Literal["bernoulli", "gaussian", "logit-laplace"]


class Likelihood:
    """p(x | outputs), every pixel independent of the others."""

    outputs: ClassVar[int] = 1
    """Parameters for each pixel."""
    colours: ClassVar[bool] = True
    """Whether it suits colour images."""

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        """log p(x | outputs) in nats.

        Args:
            outputs: the decoder's [N, outputs · C, H, W].
            images: [N, C, H, W] in [-1, 1].

        Returns:
            [N].
        """
        raise NotImplementedError

    def loss(self, outputs: Tensor, images: Tensor) -> Tensor:
        """The mean of -log p(x | outputs): a scalar to minimise."""
        return -self.log_prob(outputs, images).mean()

    def mean(self, outputs: Tensor) -> Tensor:
        """The mean images, [N, C, H, W] in [-1, 1]."""
        raise NotImplementedError

    def loss_and_mean(self, outputs: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """Both, in one pass over the pixels where that is possible, which is the same within rounding."""
        return self.loss(outputs, images), self.mean(outputs)


class Bernoulli(Likelihood):
    """x log p + (1 - x) log(1 - p), p = sigmoid(output): a density for pixels that are 0 or 1, a loss for grey ones."""

    colours = False

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        return -binary_cross_entropy_with_logits(outputs, intensities(images), reduction="none").flatten(1).sum(1)

    def loss(self, outputs: Tensor, images: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(outputs, intensities(images), reduction="sum") / len(images)

    def mean(self, outputs: Tensor) -> Tensor:
        return images_from(outputs.sigmoid())

    def loss_and_mean(self, outputs: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        return one_pass("bernoulli", outputs, images, 1 / len(images)) or super().loss_and_mean(outputs, images)


class Gaussian(Likelihood):
    """N(x; mean, std²). squash: the mean is sigmoid(output), else the output itself."""

    def __init__(self, std: float = 1.0, squash: bool = True):
        self.std, self.squash = std, squash

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        squares = mse_loss(self._mean(outputs), intensities(images), reduction="none").flatten(1).sum(1)
        return -squares / (2 * self.std**2) - self._scale(images)

    def loss(self, outputs: Tensor, images: Tensor) -> Tensor:
        squares = mse_loss(self._mean(outputs), intensities(images), reduction="sum") / len(images)
        return squares / (2 * self.std**2) + self._scale(images)

    def mean(self, outputs: Tensor) -> Tensor:
        means = images_from(self._mean(outputs))
        return means if self.squash else means.clamp(-1, 1)

    def loss_and_mean(self, outputs: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        scale = 0.5 / (self.std**2 * len(images))
        if self.squash and (found := one_pass("squared", outputs, images, scale)):
            squares, means = found
            return squares + self._scale(images), means
        return super().loss_and_mean(outputs, images)

    def _mean(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid() if self.squash else outputs

    def _scale(self, images: Tensor) -> float:
        return images[0].numel() * log(self.std * (2 * pi) ** 0.5)


class LogitLaplace(Likelihood):
    """1 / (2b·x(1 - x)) · exp(-|logit x - μ| / b) of pixels moved into [ε, 1 - ε] (Ramesh 2021, eq. 2).

    The outputs are μ and log b.
    """

    outputs = 2
    margin = 0.1  # ε

    def log_prob(self, outputs: Tensor, images: Tensor) -> Tensor:
        mean, log_scale = outputs.chunk(2, 1)
        x = self.margin + (1 - 2 * self.margin) * intensities(images)
        log_each = -(x.logit() - mean).abs() * (-log_scale).exp() - log_scale - log(2) - (x * (1 - x)).log()
        return (log_each + log(1 - 2 * self.margin)).flatten(1).sum(1)  # the density of the pixels before the move

    def mean(self, outputs: Tensor) -> Tensor:
        x = (outputs.chunk(2, 1)[0].sigmoid() - self.margin) / (1 - 2 * self.margin)
        return images_from(x).clamp(-1, 1)


def make_likelihood(name: LikelihoodName, std: float = 1.0, squash: bool = True) -> Likelihood:
    """The likelihood of that name; std and squash are the Gaussian's."""
    if name == "gaussian":
        return Gaussian(std, squash)
    return Bernoulli() if name == "bernoulli" else LogitLaplace()


def intensities(images: Tensor) -> Tensor:
    """Pixels in [0, 1] of images in [-1, 1]."""
    return torch.rsub(images, 0.5, alpha=-0.5)  # 0.5 + 0.5·x in one pass over them


def images_from(pixels: Tensor) -> Tensor:
    """Images in [-1, 1] of pixels in [0, 1]."""
    return torch.rsub(pixels, -1, alpha=-2)
