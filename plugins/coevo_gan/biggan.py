"""BigGAN's generator and critic, every part of them an option (Brock et al. 2019, arXiv:1809.11096)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo import Artist, ConfigError, Options
from coevo.nn.layers import check_side, init_normal
from coevo.nn.orthogonal import init_orthogonal
from coevo_gan.conditioning import ConvolutionalCritic, ProjectionOptions
from coevo_gan.dcnn import normalise_spectrally
from coevo_gan.generator import GeneratorArtist, StandingOptions
from coevo_gan.residual import Attention, Down, Up, channels_at, sides_up_to

NORMALISED = (nn.Conv2d, nn.Linear, nn.Embedding)  # a critic's embedding of the class too, as the authors' code has it


class NetworkOptions(Options):
    """Options of either network."""

    width: int = Field(16, ge=4, le=1024)
    """Channels at the full side, twice as many at each half of it, eight times as many at most; 96 in the paper."""
    attention: bool = False
    """Maps of half the image's side attend to themselves, as those of 64 px of the paper's images of 128 px."""
    spectral_norm: bool = True
    """Spectral normalisation: the largest singular value of every layer is 1 (Miyato 2018)."""
    orthogonal_start: bool = True
    """Weights begin orthogonal, not normal."""
    learning_rate: float = Field(2e-4, gt=0, le=1)
    """Adam's learning rate; the paper's for large images are 5e-5 for the artist and 2e-4 for the critic."""
    beta1: float = Field(0.0, ge=0, lt=1)
    """Adam's β1."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Adam's β2."""


class Generator(nn.Module):
    """z (or its first part) becomes a map of 4 × 4; each block doubles it, given the class and its own part of z.

    Args:
        latent: size of z.
        embedding: size of the embedding of the class, which follows z; 0 without one.
        hierarchical: every block is given a part of z of its own.
        class_norm: the class scales and shifts the norms of all blocks; else it joins z where the network begins.
        width, channels, size: of the network and the images.
        attention: whether there is self-attention, at half the side.
    """

    def __init__(
        self, latent: int, embedding: int, hierarchical: bool, class_norm: bool,
        width: int, channels: int, size: int, attention: bool = False,
    ):  # fmt: skip
        super().__init__()
        sides = sides_up_to(size)
        depths = [channels_at(side, width, size) for side in sides]
        self.codes = [latent, embedding]
        self.parts = shares(latent, len(sides)) if hierarchical else [latent, *[0] * (len(sides) - 1)]
        self.class_norm = class_norm
        self.stem = nn.Linear(self.parts[0] + embedding * (not class_norm), depths[0] * 16)
        conditions = [part + embedding * class_norm for part in self.parts[1:]]
        self.blocks = nn.ModuleList(map(Up, depths[:-1], depths[1:], conditions))
        self.attention = Attention(depths[-2]) if attention else nn.Identity()
        self.head = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(True), nn.Conv2d(width, channels, 3, 1, 1), nn.Tanh())

    def forward(self, codes: Tensor) -> Tensor:
        z, label = codes.split(self.codes, 1)
        nothing = label[:, :0]
        at_start, at_norms = (nothing, label) if self.class_norm else (label, nothing)
        first, *parts = z.split(self.parts, 1)
        x = self.stem(torch.cat([first, at_start], 1)).unflatten(1, (-1, 4, 4))
        x = x.contiguous(memory_format=torch.channels_last)
        for block, part in zip(self.blocks, parts, strict=True):
            if block is self.blocks[-1]:
                x = self.attention(x)
            x = block(x, torch.cat([part, at_norms], 1))
        images: Tensor = self.head(x)
        return images


def shares(whole: int, parts: int) -> list[int]:
    """A number in parts that differ by one at most, the larger first."""
    return [len(part) for part in torch.arange(whole).tensor_split(parts)]


class Discriminator(nn.Module):
    """Blocks halve an image down to 4 × 4, one more follows, and features are summed over places.

    Labels [N] are used by projection, s = w · h + ⟨embedding(y), h⟩ (Miyato & Koyama 2018, eq. 3).
    """

    def __init__(self, width: int, channels: int, size: int, attention: bool = False, classes: int = 0):
        super().__init__()
        depths = [channels_at(side, width, size) for side in sides_up_to(size)[-2::-1]]  # of half the side, and so on
        depth = depths[-1]
        self.body = nn.Sequential(
            Down(channels, depths[0], first=True),
            Attention(depths[0]) if attention else nn.Identity(),
            *map(Down, depths[:-1], depths[1:]),
            Down(depth, depth, halve=False),
            nn.ReLU(True),
        )
        self.head = nn.Linear(depth, 1)
        self.projection = nn.Embedding(classes, depth) if classes else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.body(images).sum((2, 3))
        scores: Tensor = self.head(h)[:, 0]
        return scores if self.projection is None else scores + (self.projection(labels) * h).sum(1)


def begun(network: nn.Module, options: NetworkOptions) -> nn.Module:
    """A network with its first weights, and with spectral normalisation if the options have it."""
    network.apply(init_orthogonal if options.orthogonal_start else init_normal)
    if options.spectral_norm:
        normalise_spectrally([layer for layer in network.modules() if isinstance(layer, NORMALISED)])
    return network


class BigGAN(GeneratorArtist):
    """Makes images of noise by residual blocks, each of which is given the class and a part of the noise."""

    name = "biggan"

    class Options(NetworkOptions, StandingOptions, GeneratorArtist.Options):
        latent: int = Field(32, ge=1, le=4096)
        """Size of the noise vector z; 120 in the paper."""
        hierarchical: bool = True
        """Every block is given a part of z of its own."""
        class_norm: bool = True
        """conditional: the class scales and shifts the norm of every block; else it joins z at the beginning."""
        ema: float = Field(0.999, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited; 0.9999 in the paper."""

        needs: ClassVar[Mapping[str, str]] = {"class_norm": "conditional"}

    options: Options

    def check(self) -> None:
        check_side(f"Artist {self.name!r}", self.studio.image)
        o, blocks = self.options, len(sides_up_to(self.studio.image[1]))
        if o.hierarchical and o.latent < blocks:
            raise ConfigError(
                f"artist.latent={o.latent} cannot be shared among the {blocks} parts of the network; say at least "
                f"{blocks}, or artist.hierarchical=false."
            )

    def network(self, inputs: int) -> nn.Module:
        o, (channels, size, _) = self.options, self.studio.image
        network = Generator(
            o.latent, inputs - o.latent, o.hierarchical, o.class_norm, o.width, channels, size, o.attention
        )
        return begun(network, o)


class BigGANCritic(ConvolutionalCritic):
    """Scores images, as works of their class, by residual blocks."""

    name = "biggan"

    class Options(NetworkOptions, ProjectionOptions):
        game: str = "hinge"
        """The adversarial game; `coevo plugins` lists them."""

    options: Options
    batch_independent = True

    def network(self, artist: Artist) -> nn.Module:
        o, (channels, size, _) = self.options, self.studio.image
        return begun(Discriminator(o.width, channels * o.pack, size, o.attention, self.classes), o)
