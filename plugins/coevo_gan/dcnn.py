"""The discriminator of a deep convolutional GAN (Radford, Metz & Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from coevo import Artist, PairError
from coevo.adversarial.critic import AdversarialCritic
from coevo.nn.convolution import Halving
from coevo.nn.layers import MapLinear, Norm, init_kaiming, init_normal, normalisation
from coevo_gan.conditioning import ConvolutionalCritic
from coevo_gan.minibatch import Minibatch, minibatch_layer

Conditioning = Literal["none", "projection", "concatenation"]


class Discriminator(nn.Module):
    """Every layer halves the image and doubles its channels, down to features h of 4 × 4 and a score.

    [N, channels, size, size] → [N, width, size / 2, size / 2] → … → [N, h, 4, 4] → [N], by strided convolutions with
    normalisation, but for the first, and leaky ReLU.

    Labels [N] are used by projection, s = f(h) + ⟨embedding(y), Σ h⟩ (Miyato & Koyama 2018, eq. 3), or as one more
    channel of the image.
    """

    def __init__(
        self,
        width: int,
        channels: int,
        size: int,
        norm: Norm = "batch",
        spectral: bool = False,
        minibatch: Minibatch = "none",
        conditioning: Conditioning = "none",
        classes: int = 0,
    ):
        super().__init__()
        self.plane = nn.Embedding(classes, size * size) if conditioning == "concatenation" else None
        inputs = channels + (self.plane is not None)
        layers: list[nn.Module] = [Halving(inputs, width), nn.LeakyReLU(0.2, True)]  # Conv2d(inputs, width, 4, 2, 1)
        while size > 8:
            layers += [
                Halving(width, 2 * width, bias=norm == "none"),
                *normalisation(norm, 2 * width),
                nn.LeakyReLU(0.2, True),
            ]
            width, size = 2 * width, size // 2
        self.body = nn.Sequential(*layers)
        features = width * 4 * 4
        self.crowd = minibatch_layer(minibatch, features)
        self.head = MapLinear(features + (self.crowd.features if self.crowd else 0), 1)
        self.projection = nn.Embedding(classes, width) if conditioning == "projection" else None
        self.apply(init_normal if norm == "batch" else init_kaiming)
        if spectral:
            normalise_spectrally([*self.body, self.head, self.projection])

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is None and (self.plane or self.projection):
            raise PairError("The critic judges works by their labels, and these have none.")
        if self.plane is not None:
            images = torch.cat([images, self.plane(labels).view(-1, 1, *images.shape[2:])], 1)
        h = self.body(images)
        if self.crowd is None:
            scores: Tensor = self.head(h)[:, 0]
        else:
            flat = h.flatten(1)
            scores = self.head(torch.cat([flat, self.crowd(flat)], 1))[:, 0]
        if self.projection is not None:
            scores = scores + (self.projection(labels) * h.sum((2, 3))).sum(1)
        return scores


def normalise_spectrally(layers: list[nn.Module | None]) -> None:
    """Divide the weight of every layer, but for norms, by its largest singular value (Miyato 2018)."""
    for layer in layers:
        if layer is not None and hasattr(layer, "weight") and not isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
            spectral_norm(layer)


class DCNN(ConvolutionalCritic):
    """Scores images by strided convolutions."""

    name = "dcnn"

    class Options(AdversarialCritic.Options):
        width: int = Field(16, ge=1, le=1024)
        """Channels of the first layer; every layer after has twice as many."""
        norm: Literal["auto", "batch", "layer", "none"] = "none"
        """Normalisation; auto is batch, but layer with a gradient penalty and none with spectral_norm."""
        r1: float = Field(0.5, ge=0)
        """Weight of R1, the squared gradient at real works (Mescheder 2018); it keeps the critic smooth without a
        norm."""
        penalty_interval: int = Field(8, ge=1)
        """Apply penalties every N steps, scaled by N (lazy regularisation, Karras 2020)."""
        learning_rate: float = Field(2e-3, gt=0, le=1)
        """Adam's learning rate; 2e-4 in the paper."""
        beta1: float = Field(0.0, ge=0, lt=1)
        """Adam's β1; 0.5 in the paper."""
        beta2: float = Field(0.99, ge=0, lt=1)
        """Adam's β2; 0.999 in the paper."""
        spectral_norm: bool = False
        """Spectral normalisation: the largest singular value of every layer is 1 (Miyato 2018)."""
        minibatch: Minibatch = "none"
        """A layer against mode collapse that looks at the whole batch: its standard deviation (Karras 2018), or
        minibatch discrimination (Salimans 2016)."""
        conditioning: Conditioning = "none"
        """The use of labels, so that it judges works as works of their class."""

        renamed: ClassVar[Mapping[str, str]] = {
            **AdversarialCritic.Options.renamed,
            "labels": "conditioning",
            "spectral": "spectral_norm",
        }

    options: Options

    def network(self, artist: Artist) -> nn.Module:
        o, (channels, size, _) = self.options, self.studio.image
        return Discriminator(
            o.width,
            channels * o.pack,
            size,
            self.norm,
            o.spectral_norm,
            o.minibatch,
            o.conditioning,
            self.classes,
        )

    @property
    def norm(self) -> Norm:
        """The normalisation that goes with the other options."""
        if self.options.norm != "auto":
            return self.options.norm
        return "none" if self.options.spectral_norm else "layer" if self.penalties.gradient_penalty else "batch"
