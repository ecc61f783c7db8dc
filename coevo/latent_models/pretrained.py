"""Networks that start from layers that learnt before, one on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from coevo.contract.capabilities import Layer
from coevo.errors import PairError


@torch.no_grad()
def take_layers(encoder: nn.Sequential, decoder: nn.Sequential, layers: Sequence[Layer], hidden: int) -> None:
    """Copy layers into a fully connected encoder and, back, into a decoder.

    Args:
        encoder, decoder: as many layers each; the first of the decoder reads the code.
        layers: from the pixels upwards. The hidden layers begin with them; one that stands where the code is found is
            taken too if it has its size. Others are left out.
        hidden: the number of hidden layers.

    Raises:
        PairError: a hidden layer has another size, or there is none.

    Reference:
        Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks.
    """
    inner = [part for part in encoder if isinstance(part, nn.Linear)]
    outer: list[Any] = [part for part in reversed(decoder) if isinstance(getattr(part, "bias", None), Tensor)]
    taken = list(zip(layers, inner, outer, strict=False))
    if len(taken) > hidden and taken[hidden][0].weight.shape != inner[hidden].weight.shape:
        del taken[hidden:]  # a code of another size
    ours, theirs = ([len(layer.weight) for layer in some] for some in (inner[:hidden], layers))
    if not taken or any(layer.weight.shape != linear.weight.shape for layer, linear, _ in taken):
        sizes = ",".join(map(str, theirs))
        raise PairError(f"they have {theirs} units, and artist.hidden is {ours}; say -o artist.hidden=[{sizes}].")
    for layer, up, down in taken:
        up.weight.copy_(layer.weight)
        up.bias.copy_(layer.bias)
        if isinstance(down, nn.Linear) and down.weight.shape == layer.weight.T.shape:
            down.weight.copy_(layer.weight.T)
        if down.bias.shape == layer.back.shape:
            down.bias.copy_(layer.back)
