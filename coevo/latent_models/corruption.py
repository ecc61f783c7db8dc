"""Corruption of the pixels that an encoder reads while it learns.

A denoising autoencoder has to undo it (Vincent 2010, §3.3), and it keeps a variational one from memorising its images
(Im 2017, arXiv:1511.06406).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from coevo.latent_models.moved import MovedOptions
from coevo.studio import Studio


class CorruptionOptions(MovedOptions):
    """Options of an artist whose encoder reads corrupted pixels; 0 leaves them as they are."""

    input_noise: float = Field(0.0, ge=0, le=10)
    """Standard deviation of Gaussian noise on the pixels that the encoder reads, in [0, 1]."""
    input_mask: float = Field(0.0, ge=0, le=1)
    """Share of those pixels that are set to black."""
    input_salt_pepper: float = Field(0.0, ge=0, le=1)
    """Share of those pixels that are set to black or white, either as likely."""

    moved: ClassVar[Mapping[str, str]] = {
        "corruption": "corruption is now artist.input_noise (gaussian), artist.input_mask (masking) or "
        "artist.input_salt_pepper (salt-and-pepper).",
        "corrupted": "corrupted is now the value of artist.input_noise, artist.input_mask or artist.input_salt_pepper.",
    }

    @property
    def corrupts(self) -> bool:
        """Whether pixels are changed at all."""
        return bool(self.input_noise or self.input_mask or self.input_salt_pepper)


def corrupt(x: Tensor, options: CorruptionOptions, studio: Studio, stream: str) -> Tensor:
    """Pixels with noise on them, then some of them black, then some black or white.

    Args:
        x: pixels in [0, 1], of any shape.
        options: how much of each.
        studio: draws from its random stream of that name.
    """
    x = studio.add_noise(x, options.input_noise, stream)
    if share := options.input_mask:
        x = torch.where(_uniform(x, studio, stream) < share, 0.0, x)
    if share := options.input_salt_pepper:
        u = _uniform(x, studio, stream)
        x = torch.where(u < share, (u < share / 2).to(x), x)
    return x


def upgrade_corruption(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of older versions, which named a kind of corruption and its amount, as they are named now."""
    options = dict(options)
    kind, amount = options.pop("corruption", "none"), options.pop("corrupted", 0.3)
    names = {"gaussian": "input_noise", "masking": "input_mask", "salt-and-pepper": "input_salt_pepper"}
    return options | ({names[kind]: amount} if kind in names else {})


def _uniform(x: Tensor, studio: Studio, stream: str) -> Tensor:
    return studio.uniform(x.shape, stream)
