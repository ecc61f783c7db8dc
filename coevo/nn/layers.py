"""Layers that several players share: fully connected ones, and convolutions that halve or double an image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import linear

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


class MapLinear(nn.Linear):
    """A linear layer of flattened maps, [N, C, H, W] → [N, outputs], that reads and differentiates them as they lie.

    `flatten` copies maps whose channels lie together, and gradients come back with pixels together; an activation then
    takes twenty times as long over them. Here the few weights are turned instead: the same products.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 4:
            return super().forward(x)
        weight = self.weight.unflatten(1, x.shape[1:]).permute(0, 2, 3, 1).flatten(1)
        return linear(x.permute(0, 2, 3, 1).flatten(1), weight, self.bias)


def dense(
    sizes: Sequence[int], activation: Activation = "relu", batch_norm: bool = False, dropout: float = 0.0
) -> list[nn.Module]:
    """Fully connected layers, each followed by its activation.

    Args:
        sizes: units of every layer, from inputs to outputs.
        activation: a name in ACTIVATIONS.
        batch_norm: whether to normalise by batch before each activation.
        dropout: share of the units that are dropped after each activation.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs, bias=not batch_norm)]
        layers += [nn.BatchNorm1d(outputs)] if batch_norm else []
        layers += [ACTIVATIONS[activation]()]
        layers += [nn.Dropout(dropout)] if dropout else []
    return layers


def halvings(width: int, channels: int, size: int, norm: Norm = "batch") -> tuple[list[nn.Module], int]:
    """Convolutions that halve an image down to 4 × 4 (Radford 2015).

    Args:
        width: channels after the first layer; every layer doubles them.
        channels, size: of the image.
        norm: normalisation after every layer but the first.

    Returns:
        The layers, and the number of features at the end.
    """
    layers: list[nn.Module] = [Halving(channels, width), nn.LeakyReLU(0.2, True)]
    while size > 8:
        layers += [Halving(width, 2 * width, bias=norm == "none"), *normalisation(norm, 2 * width)]
        layers += [nn.LeakyReLU(0.2, True)]
        width, size = 2 * width, size // 2
    return layers, width * 16


def doublings(inputs: int, width: int, channels: int, size: int) -> list[nn.Module]:
    """Transposed convolutions from [N, inputs] to [N, channels, size, size] (Radford 2015).

    A map of 4 × 4 is doubled in size and halved in channels by every layer.

    Args:
        inputs: size of the code.
        width: channels before the last layer.
        channels, size: of the image.
    """
    depth = width * size // 8
    layers: list[nn.Module] = [nn.Unflatten(1, (inputs, 1, 1))]
    layers += [nn.ConvTranspose2d(inputs, depth, 4, bias=False), nn.BatchNorm2d(depth), nn.ReLU(True)]
    while depth > width:
        layers += [Doubling(depth, depth // 2, bias=False), nn.BatchNorm2d(depth // 2), nn.ReLU(True)]
        depth //= 2
    return [*layers, Doubling(width, channels)]


def normalisation(norm: Norm, channels: int) -> list[nn.Module]:
    """The layer that normalises maps by batch, or each by itself; none for "none"."""
    match norm:
        case "batch":
            return [nn.BatchNorm2d(channels)]
        case "layer":
            return [nn.GroupNorm(1, channels)]
    return []


def init_normal(layer: nn.Module) -> None:
    """Draw weights from N(0, 0.02), and the scales of batch normalisation from N(1, 0.02) (Radford 2015, §3)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d) and layer.affine:
        nn.init.normal_(layer.weight, 1, 0.02)


def init_kaiming(layer: nn.Module) -> None:
    """Draw weights that keep the scale of activations, as batch normalisation would (He 2015, eq. 15)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, 0.2, nonlinearity="leaky_relu")
