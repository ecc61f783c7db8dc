"""Layers that players share: images are halved and doubled, and their sides are checked."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradgradcheck

from coevo import ConfigError
from coevo.nn.layers import SIDES, MapLinear, Norm, check_side, dense, doublings, halvings


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


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_linear_layer_of_maps_is_that_of_flattened_maps(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    ours, theirs = MapLinear(3 * 4 * 5, 2), nn.Linear(3 * 4 * 5, 2)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(6, 3, 4, 5).to(memory_format=layout).requires_grad_()
    results = [
        (y, *torch.autograd.grad(y.cos().sum(), [x, *layer.parameters()]))
        for layer, y in ((ours, ours(x)), (theirs, theirs(x.flatten(1))))
    ]
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ours(x.flatten(1)), theirs(x.flatten(1)), rtol=0, atol=0)


def test_the_gradient_of_a_map_lies_as_the_map_does() -> None:
    x = torch.randn(6, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    activated = x.relu()
    gradients: list[Tensor] = []
    activated.register_hook(gradients.append)
    MapLinear(60, 1)(activated).sum().backward()
    assert gradients[0].stride() == activated.stride()


def test_second_derivatives_of_a_linear_layer_of_maps_are_those_of_finite_differences() -> None:
    layer = nn.Sequential(MapLinear(8, 1), nn.Softplus()).double()
    assert gradgradcheck(layer, torch.randn(2, 2, 2, 2, dtype=torch.float64, requires_grad=True))
