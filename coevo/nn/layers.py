"""What players' networks are built of: fully connected layers, and convolutions that halve or double a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import nn

from coevo.errors import ConfigError
from coevo.nn.convolution import Doubling, Halving

Norm = Literal["batch", "layer", "none"]
Activation = Literal["relu", "tanh", "sigmoid", "softplus", "elu", "leaky-relu", "linear"]

SIDES = (16, 32, 64, 128)
"""Sides of an image that can be halved down to 4 px."""

ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "elu": nn.ELU,
    "leaky-relu": nn.LeakyReLU,
    "linear": nn.Identity,
}


def check_side(who: str, image: tuple[int, int, int], otherwise: str = "") -> None:
    """Refuse images that cannot be halved down to 4 px.

    Args:
        who: what needs them, as the subject of the sentence: "Artist 'dcgan'".
        image: channels, height and width.
        otherwise: what else a user could choose, as the end of the sentence: ", or artist.network=dense".

    Raises:
        ConfigError: the image is not square, or its side is not one of SIDES.
    """
    _, height, width = image
    if height != width or height not in SIDES:
        *sides, last = map(str, SIDES)
        raise ConfigError(
            f"{who} needs images of {', '.join(sides)} or {last} px, which it halves down to 4 px, not "
            f"{height} × {width}; choose another data.size{otherwise}."
        )


def dense(
    sizes: Sequence[int], activation: Activation = "relu", normalise: bool = False, dropout: float = 0.0
) -> list[nn.Module]:
    """Fully connected layers from sizes[0] inputs to sizes[-1] outputs; every layer is followed by its activation.

    normalise: by batch, before each activation; dropout: share of the units left out after it.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs, bias=not normalise)]
        layers += [nn.BatchNorm1d(outputs)] if normalise else []
        layers += [ACTIVATIONS[activation]()]
        layers += [nn.Dropout(dropout)] if dropout else []
    return layers


def halvings(width: int, channels: int, size: int, norm: Norm = "batch") -> tuple[list[nn.Module], int]:
    """Convolutions that halve a picture down to 4 × 4, the first to `width` channels and every next to twice as many;
    and how many features there are then."""
    layers: list[nn.Module] = [Halving(channels, width), nn.LeakyReLU(0.2, True)]
    while size > 8:
        layers += [Halving(width, 2 * width, bias=norm == "none")]
        if norm != "none":
            layers += [nn.BatchNorm2d(2 * width) if norm == "batch" else nn.GroupNorm(1, 2 * width)]
        layers += [nn.LeakyReLU(0.2, True)]
        width, size = 2 * width, size // 2
    return layers, width * 16


def doublings(inputs: int, width: int, channels: int, size: int, upsample: str = "transpose") -> list[nn.Module]:
    """[N, inputs] → [N, channels, size, size]: a map of 4 × 4 that every layer doubles in size and halves in depth,
    down to `width` channels; upsample: transpose, or resize (nearest-neighbour, and a convolution)."""
    depth = width * size // 8
    layers: list[nn.Module] = [nn.Unflatten(1, (inputs, 1, 1))]
    layers += [nn.ConvTranspose2d(inputs, depth, 4, bias=False), nn.BatchNorm2d(depth), nn.ReLU(True)]
    while depth > width:
        layers += [*_doubling(depth, depth // 2, upsample, bias=False), nn.BatchNorm2d(depth // 2), nn.ReLU(True)]
        depth //= 2
    return [*layers, *_doubling(width, channels, upsample)]


def _doubling(inputs: int, outputs: int, upsample: str, bias: bool = True) -> list[nn.Module]:
    if upsample == "resize":
        return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias)]
    return [Doubling(inputs, outputs, bias)]


def normal_start(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), the scales of batch normalisation from N(1, 0.02) (Radford 2015, §3)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, 0.02)


def kaiming_start(layer: nn.Module) -> None:
    """Weights that keep the scale of what passes through, as no batch normalisation will do it (He 2015, eq. 15)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, 0.2, nonlinearity="leaky_relu")
