"""R3GAN: a modern baseline of plain residual networks (Huang et al. 2024, arXiv:2501.05441).

No normalisation anywhere. What keeps the networks trainable is how they begin (fix-up: every residual branch begins at
zero), and what keeps the game stable are its pairs (`relativistic-pairing`), R1 and R2.
"""

from __future__ import annotations

from math import gcd, sqrt
from typing import TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo import Artist, Options
from coevo.nn.convolution import Doubling, Halving
from coevo.nn.layers import check_side
from coevo.nn.resampling import Resampling
from coevo_gan.conditioning import ConvolutionalCritic, ProjectionOptions
from coevo_gan.generator import GeneratorArtist
from coevo_gan.residual import channels_at, sides_up_to

L = TypeVar("L", bound=nn.Conv2d | nn.ConvTranspose2d | nn.Linear)


class Block(nn.Module):
    """x + f(x): 1 × 1 to twice the channels, 3 × 3 in groups, 1 × 1 back, with leaky ReLU between (figure 3).

    Args:
        channels: of x.
        group_width: channels that a filter of 3 × 3 reads.
        blocks: of the whole network; weights begin smaller the more there are (fix-up, Zhang 2019).
    """

    def __init__(self, channels: int, group_width: int, blocks: int):
        super().__init__()
        inner = 2 * channels
        groups = gcd(inner, max(1, inner // group_width))
        gain = sqrt(2 / 1.04) * blocks**-0.25  # of leaky ReLU, and L^(-1 / (2 m - 2)) with m = 3 layers in a branch
        self.branch = nn.Sequential(
            begun(nn.Conv2d(channels, inner, 1), gain),
            nn.LeakyReLU(0.2, True),
            begun(nn.Conv2d(inner, inner, 3, 1, 1, groups=groups), gain),
            nn.LeakyReLU(0.2, True),
            begun(nn.Conv2d(inner, channels, 1, bias=False), 0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.branch(x)
        return x + branch


def begun(layer: L, gain: float = 1.0) -> L:
    """A layer whose weights are drawn from N(0, gain² / inputs)."""
    nn.init.normal_(layer.weight, 0, gain / sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Generator(nn.Sequential):
    """Noise scales the channels of a learnt map of 4 × 4; blocks follow, with a doubling before each new side.

    Args:
        latent, width, blocks, group_width, fine: as the options of the artist.
        channels, size: of an image.
    """

    def __init__(
        self, latent: int, width: int, channels: int, size: int, blocks: int, group_width: int, fine: bool = False
    ):
        sides = sides_up_to(size if fine else size // 2)
        depth = channels_at(4, width, sides[-1])
        layers: list[nn.Module] = [Stem(latent, depth)]
        for side in sides:
            wide = channels_at(side, width, sides[-1])
            if wide != depth:
                layers.append(begun(nn.Conv2d(depth, wide, 1, bias=False)))
            if side > 4:
                layers.append(Resampling(side // 2, side))
            layers += [Block(wide, group_width, blocks * len(sides)) for _ in range(blocks)]
            depth = wide
        last = nn.Conv2d(depth, channels, 1) if fine else Doubling(depth, channels)
        super().__init__(*layers, begun(last, 1.0 if fine else 2.0), nn.Tanh())  # of 4 × 4 weights 2 × 2 reach a pixel


class Stem(nn.Module):
    """[N, latent] → [N, channels, 4, 4]: a learnt map, whose channels a linear layer scales."""

    def __init__(self, latent: int, channels: int):
        super().__init__()
        self.map = nn.Parameter(torch.randn(channels, 4, 4))
        self.scales = begun(nn.Linear(latent, channels, bias=False))

    def forward(self, codes: Tensor) -> Tensor:
        scaled: Tensor = self.scales(codes)[:, :, None, None] * self.map
        return scaled.contiguous(memory_format=torch.channels_last)


class Discriminator(nn.Module):
    """The generator's layers in reverse order, down to a map of 4 × 4, whose channels are weighted and summed.

    Labels [N] are used by projection, s = w · h + ⟨embedding(y), h⟩ / √D.
    """

    def __init__(
        self, width: int, channels: int, size: int, blocks: int, group_width: int, fine: bool = False, classes: int = 0
    ):
        super().__init__()
        sides = sides_up_to(size if fine else size // 2)
        layers: list[nn.Module] = [begun(nn.Conv2d(channels, width, 1) if fine else Halving(channels, width))]
        for side in reversed(sides):
            depth, deeper = (channels_at(each, width, sides[-1]) for each in (side, side // 2))
            layers += [Block(depth, group_width, blocks * len(sides)) for _ in range(blocks)]
            if side > 4:
                layers.append(Resampling(side, side // 2))
                if deeper != depth:
                    layers.append(begun(nn.Conv2d(depth, deeper, 1, bias=False)))
        self.body = nn.Sequential(*layers)
        depth = channels_at(4, width, sides[-1])
        self.map = nn.Parameter(torch.randn(depth, 4, 4) / 4)
        self.head = begun(nn.Linear(depth, 1))
        self.projection = nn.Embedding(classes, depth) if classes else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        h = (self.body(images) * self.map).sum((2, 3))
        scores: Tensor = self.head(h)[:, 0]
        if self.projection is not None:
            scores = scores + (self.projection(labels) * h).sum(1) / sqrt(h.shape[1])
        return scores


class NetworkOptions(Options):
    """Options of either network."""

    width: int = Field(8, ge=4, le=1024)
    """Channels of the largest maps, twice as many at each half of their side, eight times as many at most."""
    blocks: int = Field(1, ge=1, le=8)
    """Residual blocks at each side; 2 in the paper."""
    group_width: int = Field(16, ge=1, le=1024)
    """Channels that a filter of 3 × 3 reads."""
    fine: bool = False
    """Blocks at the image's own side too, as in the paper; else convolutions of 4 × 4 lead from and to half of it, at a
    third of the cost."""
    learning_rate: float = Field(5e-3, gt=0, le=1)
    """Adam's learning rate; 2e-4 in the paper, falling to 5e-5."""
    beta1: float = Field(0.0, ge=0, lt=1)
    """Adam's β1."""
    beta2: float = Field(0.9, ge=0, lt=1)
    """Adam's β2; from 0.9 to 0.99 in the paper."""


class R3GAN(GeneratorArtist):
    """Makes images of noise by residual blocks without normalisation."""

    name = "r3gan"

    class Options(NetworkOptions, GeneratorArtist.Options):
        latent: int = Field(64, ge=1, le=4096)
        """Size of the noise vector z."""
        ema: float = Field(0.999, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited; what it reaches back over grows until then, as in the
        paper."""

    options: Options

    def check(self) -> None:
        check_side(f"Artist {self.name!r}", self.studio.image)

    def network(self, inputs: int) -> nn.Sequential:
        o, (channels, size, _) = self.options, self.studio.image
        return Generator(inputs, o.width, channels, size, o.blocks, o.group_width, o.fine)


class R3GANCritic(ConvolutionalCritic):
    """Scores images by residual blocks without normalisation; by default in pairs, with R1 and R2."""

    name = "r3gan"
    batch_independent = True

    class Options(NetworkOptions, ProjectionOptions):
        game: str = "relativistic-pairing"
        """The adversarial game; `coevo plugins` lists them."""
        r1: float = Field(0.1, ge=0)
        """Weight γ of R1, the squared gradient at real works."""
        r2: float = Field(0.1, ge=0)
        """Weight γ of R2, the squared gradient at made works."""
        penalty_interval: int = Field(8, ge=1)
        """Apply penalties every N steps, scaled by N (lazy regularisation, Karras 2020); 1 in the paper."""

    options: Options

    def network(self, artist: Artist) -> nn.Module:
        o, (channels, size, _) = self.options, self.studio.image
        return Discriminator(o.width, channels * o.pack, size, o.blocks, o.group_width, o.fine, self.classes)
