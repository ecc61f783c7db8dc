"""The discriminator of a deep convolutional GAN (Radford, Metz & Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

import coevo
from coevo import Artist
from coevo.adversarial.critic import Adversary
from coevo.nn.layers import SIDES, Norm, halvings, kaiming_start, normal_start
from coevo_gan.crowd import crowd


class DCNN(Adversary):
    """Every layer halves the picture and doubles its channels, down to one score; the game says the rest."""

    name = "dcnn"

    class Options(Adversary.Options):
        width: int = Field(16, ge=1, le=1024)
        """Channels of the first layer; every layer after has twice as many."""
        norm: Literal["auto", "batch", "layer", "none"] = "auto"
        """Normalisation; auto is batch, but layer beside a gradient penalty and none beside spectral."""
        spectral: bool = False
        """Spectral normalisation: every layer's largest singular value is 1 (Miyato 2018)."""
        minibatch: Literal["none", "std", "discrimination"] = "none"
        """Against collapse, it looks at the whole batch: its deviation, or learnt distances."""
        labels: Literal["none", "projection", "concatenation"] = "none"
        """How labels are given to it, so that it judges works as works of their class."""

    options: Options

    @property
    def labels(self) -> coevo.contract.players.Need:  # type: ignore[override]
        return "unused" if self.options.labels == "none" else "required"

    def check(self) -> None:
        _, height, width = self.studio.image
        if height != width or height not in SIDES:
            raise coevo.ConfigError(f"Critic 'dcnn' reads pictures of 16, 32, 64 or 128 px, not {height} × {width}.")
        super().check()

    def network(self, artist: Artist) -> nn.Module:
        channels, size, _ = self.studio.image
        o = self.options
        classes = len(self.studio.classes)
        return Discriminator(o.width, channels * o.pack, size, self._norm(), o.spectral, o.minibatch, o.labels, classes)

    def _norm(self) -> Norm:
        if self.options.norm != "auto":
            return self.options.norm
        return "none" if self.options.spectral else "layer" if self._gp(self._game()) else "batch"


class Discriminator(nn.Module):
    """[N, channels, size, size], and labels [N] where it takes them → scores [N].

    Strided convolutions of kernel 4 and no pooling, down to features h of 4 × 4. Labels are given by projection,
    s = f(h) + ⟨embedding(y), Σ h⟩ (Miyato & Koyama 2018, eq. 3), or as one more channel of the picture.
    """

    def __init__(
        self,
        width: int,
        channels: int,
        size: int,
        norm: Norm = "batch",
        spectral: bool = False,
        minibatch: str = "none",
        labels: str = "none",
        classes: int = 0,
    ):
        super().__init__()
        planes = labels == "concatenation"
        self.plane = nn.Embedding(classes, size * size) if planes else None
        layers, features = halvings(width, channels + planes, size, norm)
        self.body = nn.Sequential(*layers)
        self.crowd = crowd(minibatch, features)
        self.head = nn.Linear(features + (self.crowd.features if self.crowd else 0), 1)
        self.projection = nn.Embedding(classes, features // 16) if labels == "projection" else None
        self.apply(normal_start if norm == "batch" else kaiming_start)
        if spectral:
            for layer in [*self.body, self.head, self.projection]:
                if hasattr(layer, "weight") and not isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
                    spectral_norm(layer)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.plane is not None:
            assert labels is not None
            images = torch.cat([images, self.plane(labels).view(-1, 1, *images.shape[2:])], 1)
        features = self.body(images)
        flat = features.flatten(1)
        score = self.head(flat if self.crowd is None else torch.cat([flat, self.crowd(flat)], 1))[:, 0]
        if self.projection is not None:
            assert labels is not None
            score = score + (self.projection(labels) * features.sum((2, 3))).sum(1)
        return score
