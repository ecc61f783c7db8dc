"""Layers that players share: images are halved and doubled, and their sides are checked."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from coevo import ConfigError
from coevo.nn.layers import SIDES, Norm, check_side, dense, doublings, halvings


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("size", SIDES)
def test_halvings_lead_to_the_features_that_they_promise(size: int, norm: Norm) -> None:
    layers, features = halvings(4, 3, size, norm)
    assert nn.Sequential(*layers)(torch.randn(2, 3, size, size)).flatten(1).shape == (2, features)


@pytest.mark.parametrize("size", SIDES)
def test_doublings_lead_to_an_image(size: int) -> None:
    assert nn.Sequential(*doublings(5, 4, 3, size))(torch.randn(2, 5)).shape == (2, 3, size, size)


def test_dense_layers_have_activations_norms_and_dropout_in_this_order() -> None:
    kinds = [type(layer) for layer in dense([4, 3, 2], "tanh", batch_norm=True, dropout=0.1)]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.Tanh, nn.Dropout] * 2


@pytest.mark.parametrize("image", [(1, 28, 28), (3, 32, 16), (1, 8, 8)])
def test_other_sides_are_refused(image: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError, match=r"Artist 'x' needs images of 16, 32, 64 or 128 px.* not"):
        check_side("Artist 'x'", image)
