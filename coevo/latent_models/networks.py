"""Encoders and decoders: fully connected layers, or convolutions that halve and double the image."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from pydantic import Field
from torch import nn

from coevo.contract.players import Options
from coevo.nn.layers import Activation, dense, doublings, halvings

Shape = tuple[int, int, int]  # channels, height, width


class NetworkOptions(Options):
    """Options of an artist with an encoder and a decoder."""

    network: Literal["dense", "convolution"] = "dense"
    """Fully connected layers, or convolutions that halve and double the image."""
    hidden: tuple[int, ...] = (512,)
    """dense: units of the encoder's hidden layers; the decoder has them in reverse order."""
    width: int = Field(16, ge=4, le=1024)
    """convolution: channels of the layer with the largest maps."""
    activation: Activation = "relu"
    """dense: activation of the hidden layers."""
    batch_norm: bool = False
    """dense: batch normalisation of the hidden layers."""

    renamed: ClassVar[Mapping[str, str]] = {"normalise": "batch_norm"}
    needs: ClassVar[Mapping[str, str]] = {"width": "network=convolution"} | dict.fromkeys(
        ("hidden", "activation", "batch_norm"), "network=dense"
    )


def make_encoder(options: NetworkOptions, image: Shape, outputs: int, extra: int = 0) -> nn.Sequential:
    """A network from pixels [N, C, H, W] to [N, outputs]; a dense one from [N, C·H·W + extra] too."""
    o, (channels, size, _) = options, image
    if o.network == "convolution":
        layers, features = halvings(o.width, channels, size)
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, outputs))
    sizes = [prod(image) + extra, *o.hidden]
    hidden = dense(sizes, o.activation, o.batch_norm)
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], outputs))


def make_decoder(options: NetworkOptions, inputs: int, image: Shape) -> nn.Sequential:
    """A network from latents [N, inputs] to an output for each pixel [N, C, H, W]."""
    o = options
    if o.network == "convolution":
        return nn.Sequential(*doublings(inputs, o.width, image[0], image[1]))
    sizes = [inputs, *reversed(o.hidden)]
    hidden = dense(sizes, o.activation, o.batch_norm)
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], prod(image)), nn.Unflatten(1, image))
