"""The generator of a deep convolutional GAN (Radford, Metz & Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

from coevo.nn.convolution import Doubling
from coevo.nn.layers import check_side, init_normal
from coevo_gan.generator import GeneratorArtist, StandingOptions

Upsample = Literal["transpose", "resize"]


class Generator(nn.Sequential):
    """Noise becomes a map of 4 × 4, which every layer doubles in size and halves in channels (figure 1).

    [N, latent] → [N, 8 width, 4, 4] → [N, 4 width, 8, 8] → … → [N, channels, size, size] in (-1, 1), with batch
    normalisation and ReLU after every layer but the last. For 64 px and width 128 this is the paper's.
    """

    def __init__(self, latent: int, width: int, channels: int, size: int, upsample: Upsample = "transpose"):
        depth = width * size // 8
        layers: list[nn.Module] = [
            nn.Unflatten(1, (latent, 1, 1)),
            nn.ConvTranspose2d(latent, depth, 4, bias=False),  # 4 × 4
            nn.BatchNorm2d(depth),
            nn.ReLU(True),
        ]
        while depth > width:
            layers += [
                *double(depth, depth // 2, upsample, bias=False),  # 8 × 8, 16 × 16, …
                nn.BatchNorm2d(depth // 2),
                nn.ReLU(True),
            ]
            depth //= 2
        super().__init__(*layers, *double(width, channels, upsample), nn.Tanh())
        self.apply(init_normal)


def double(inputs: int, outputs: int, upsample: Upsample, bias: bool = True) -> list[nn.Module]:
    """Layers from [N, inputs, H, W] to [N, outputs, 2 H, 2 W]."""
    if upsample == "transpose":
        return [Doubling(inputs, outputs, bias)]  # ConvTranspose2d(inputs, outputs, 4, 2, 1)
    return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias)]


class DCGAN(GeneratorArtist):
    """Makes images of noise by transposed convolutions."""

    name = "dcgan"

    class Options(StandingOptions, GeneratorArtist.Options):
        latent: int = Field(16, ge=1, le=4096)
        """Size of the noise vector z; 100 in the paper."""
        width: int = Field(16, ge=4, le=1024)
        """Channels of the last hidden layer, twice as many in every layer before; 128 in the paper."""
        learning_rate: float = Field(2e-3, gt=0, le=1)
        """Adam's learning rate; 2e-4 in the paper."""
        beta1: float = Field(0.0, ge=0, lt=1)
        """Adam's β1; 0.5 in the paper. Without momentum a game settles sooner (Mescheder 2018)."""
        beta2: float = Field(0.99, ge=0, lt=1)
        """Adam's β2; 0.999 in the paper."""
        ema: float = Field(0.999, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited; the paper has none."""
        upsample: Upsample = "transpose"
        """Transposed convolutions, or nearest-neighbour resizing and a convolution: no checkerboards (Odena 2016)."""

    options: Options

    def check(self) -> None:
        check_side(f"Artist {self.name!r}", self.studio.image)

    def network(self, inputs: int) -> nn.Sequential:
        channels, size, _ = self.studio.image
        return Generator(inputs, self.options.width, channels, size, self.options.upsample)
