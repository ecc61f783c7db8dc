"""The generator of a deep convolutional GAN (Radford, Metz & Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

import coevo
from coevo.nn.layers import SIDES, doublings, normal_start
from coevo_gan.noise import Generative


class DCGAN(Generative):
    """Noise becomes a 4 × 4 map of many channels, which every layer doubles in size and halves in depth."""

    name = "dcgan"

    class Options(Generative.Options):
        latent: int = Field(16, ge=1, le=4096)
        """Size of the noise vector z; 100 in the paper."""
        width: int = Field(16, ge=4, le=1024)
        """Channels of the last hidden layer, twice as many in every layer before; 128 in the paper."""
        upsample: Literal["transpose", "resize"] = "transpose"
        """Transposed convolutions, or nearest-neighbour resizing and a convolution: no checkerboards (Odena 2016)."""

    options: Options

    def check(self) -> None:
        _, height, width = self.studio.image
        if height != width or height not in SIDES:
            raise coevo.ConfigError(
                f"Artist {self.name!r} makes pictures of 16, 32, 64 or 128 px, not {height} × {width}."
            )

    def network(self, inputs: int) -> nn.Sequential:
        channels, size, _ = self.studio.image
        return Generator(inputs, self.options.width, channels, size, self.options.upsample)


class Generator(nn.Sequential):
    """[N, latent] → [N, channels, size, size] in (-1, 1), by transposed convolutions, kernel 4, stride 2."""

    def __init__(self, latent: int, width: int, channels: int, size: int, upsample: str = "transpose"):
        super().__init__(*doublings(latent, width, channels, size, upsample), nn.Tanh())
        self.apply(normal_start)
