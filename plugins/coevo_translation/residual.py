"""The generator of CycleGAN (Zhu, Park, Isola & Efros 2017, arXiv:1703.10593, appendix 7.2, after Johnson 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from coevo.nn.layers import init_normal
from coevo_translation.normalisation import Norm, normalised

HALVED = 2  # times


class Block(nn.Module):
    """Maps, and two convolutions of them added."""

    def __init__(self, width: int, norm: Norm):
        super().__init__()
        self.layers = nn.Sequential(
            *normalised(reflecting, width, width, norm), nn.ReLU(), *normalised(reflecting, width, width, norm)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Encoder(nn.Sequential):
    """[N, channels, H, W] → [N, 4 width, H / 4, W / 4]: halved twice, then residual blocks."""

    def __init__(self, channels: int, width: int, blocks: int, norm: Norm):
        layers = [*normalised(wide, channels, width, norm), nn.ReLU()]
        for _ in range(HALVED):
            layers += [*normalised(halving, width, 2 * width, norm), nn.ReLU()]
            width *= 2
        super().__init__(*layers, *(Block(width, norm) for _ in range(blocks)))
        self.apply(init_normal)


class Decoder(nn.Sequential):
    """[N, 4 width, H / 4, W / 4] → pictures [N, channels, H, W] in (-1, 1): residual blocks, then doubled twice."""

    def __init__(self, channels: int, width: int, blocks: int, norm: Norm):
        deep = width * 2**HALVED
        layers: list[nn.Module] = [Block(deep, norm) for _ in range(blocks)]
        for _ in range(HALVED):
            layers += [*normalised(doubling, deep, deep // 2, norm), nn.ReLU()]
            deep //= 2
        super().__init__(*layers, wide(width, channels), nn.Tanh())
        self.apply(init_normal)


class Residual(nn.Sequential):
    """[N, planes, H, W] → [N, channels, H, W]: an encoder with all the blocks, and a decoder with none."""

    def __init__(self, planes: int, channels: int, width: int, blocks: int, norm: Norm = "instance"):
        super().__init__(Encoder(planes, width, blocks, norm), Decoder(channels, width, 0, norm))


def wide(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    """A convolution of 7 × 7 that keeps the side; the picture is reflected at its edges."""
    return nn.Conv2d(inputs, outputs, 7, 1, 3, bias=bias, padding_mode="reflect")


def reflecting(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    """A convolution of 3 × 3 that keeps the side; the map is reflected at its edges."""
    return nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias, padding_mode="reflect")


def halving(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    """A convolution of 3 × 3 that halves the side."""
    return nn.Conv2d(inputs, outputs, 3, 2, 1, bias=bias)


def doubling(inputs: int, outputs: int, bias: bool = True) -> nn.ConvTranspose2d:
    """A transposed convolution of 3 × 3 that doubles the side."""
    return nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, 1, bias=bias)
