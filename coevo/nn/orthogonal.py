"""Orthogonal weights: filters of a layer that are perpendicular keep the scale of what they pass on, both ways."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.contract.players import Options


class OrthogonalOptions(Options):
    """Options of a player whose networks are kept near orthogonal."""

    orthogonal: float = Field(0.0, ge=0, le=10)
    """Weight of modified orthogonal regularisation, which keeps the filters of a layer perpendicular (Brock 2019,
    eq. 3); 1e-4 in the paper."""


def filters(network: nn.Module) -> Iterator[Tensor]:
    """The weights of linear and convolutional layers as rows, a filter each: [outputs, inputs].

    Of a layer under spectral normalisation they are those that are learnt. Embeddings have no filters.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            parametrised = getattr(layer, "parametrizations", None)
            weight = parametrised.weight.original if parametrised is not None else layer.weight
            yield (weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight).flatten(1)


def orthogonal_penalty(network: nn.Module) -> Tensor:
    """Σ ‖W Wᵀ ⊙ (1 - I)‖² over all layers: the filters' inner products, but not their lengths (Brock 2019, eq. 3).

    Example:
        >>> layer = nn.Linear(2, 2)
        >>> _ = nn.init.orthogonal_(layer.weight, gain=3)
        >>> bool(orthogonal_penalty(layer) < 1e-8)
        True
    """
    products = [rows @ rows.T for rows in filters(network)] or [torch.zeros(1, 1)]
    return torch.stack([(each - each.diag().diag()).square().sum() for each in products]).sum()


def init_orthogonal(layer: nn.Module) -> None:
    """Draw weights whose filters are perpendicular and of length one (Saxe 2014)."""
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.Embedding):
        nn.init.orthogonal_(layer.weight)
