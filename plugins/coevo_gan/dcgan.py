"""The generator of a deep convolutional GAN (Radford, Metz & Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

import coevo
from coevo.convolution import Doubling
from coevo_gan.noise import Generative

SIZES = (16, 32, 64, 128)


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
        if height != width or height not in SIZES:
            raise coevo.ConfigError(
                f"Artist {self.name!r} makes pictures of 16, 32, 64 or 128 px, not {height} × {width}."
            )

    def network(self, inputs: int) -> nn.Sequential:
        channels, size, _ = self.studio.image
        return Generator(inputs, self.options.width, channels, size, self.options.upsample)


class Generator(nn.Sequential):
    """[N, latent] → [N, channels, size, size] in (-1, 1), by transposed convolutions, kernel 4, stride 2."""

    def __init__(self, latent: int, width: int, channels: int, size: int, upsample: str = "transpose"):
        depth = width * size // 8
        layers: list[nn.Module] = [nn.Unflatten(1, (latent, 1, 1))]
        layers += [nn.ConvTranspose2d(latent, depth, 4, bias=False), nn.BatchNorm2d(depth), nn.ReLU(True)]
        while depth > width:
            layers += [*doubled(depth, depth // 2, upsample, bias=False), nn.BatchNorm2d(depth // 2), nn.ReLU(True)]
            depth //= 2
        super().__init__(*layers, *doubled(width, channels, upsample), nn.Tanh())
        self.apply(normal_start)


def doubled(inputs: int, outputs: int, upsample: str, bias: bool = True) -> list[nn.Module]:
    """Layers that double the side."""
    if upsample == "resize":
        return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias)]
    return [Doubling(inputs, outputs, bias)]


def normal_start(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), the scales of batch normalisation from N(1, 0.02) (§3)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, 0.02)
