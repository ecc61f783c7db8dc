"""Networks that start from layers that learnt before."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from coevo.contract.capabilities import Layer
from coevo.errors import PairError
from coevo.latent_models.networks import NetworkOptions, make_decoder, make_encoder
from coevo.latent_models.pretrained import take_layers

OPTIONS = NetworkOptions(hidden=(6, 5), activation="sigmoid")


def layers(*sizes: int) -> list[Layer]:
    return [Layer(torch.randn(o, i), torch.randn(o), torch.randn(i)) for i, o in pairwise(sizes)]


def networks(code: int = 3) -> tuple[nn.Sequential, nn.Sequential]:
    return make_encoder(OPTIONS, (1, 4, 4), code), make_decoder(OPTIONS, code, (1, 4, 4))


def test_pictures_go_up_and_codes_down_through_the_layers() -> None:
    (encoder, decoder), (one, two, three) = networks(), (given := layers(16, 6, 5, 3))
    take_layers(encoder, decoder, given, hidden=2)
    x, z = torch.rand(2, 1, 4, 4), torch.rand(2, 3)
    h = torch.sigmoid(torch.sigmoid(x.flatten(1) @ one.weight.T + one.bias) @ two.weight.T + two.bias)
    assert torch.allclose(encoder(x), h @ three.weight.T + three.bias, atol=1e-5)
    h = torch.sigmoid(torch.sigmoid(z @ three.weight + three.back) @ two.weight + two.back)
    assert torch.allclose(decoder(z).flatten(1), h @ one.weight + one.back, atol=1e-5)


@pytest.mark.parametrize("sizes", [(16, 6), (16, 6, 5), (16, 6, 5, 9), (16, 6, 5, 9, 4)])
def test_layers_may_be_fewer_or_more_and_a_code_of_another_size_stays(sizes: tuple[int, ...]) -> None:
    encoder, decoder = networks()
    before = encoder[5].weight.clone(), decoder[0].weight.clone()
    given = layers(*sizes)
    take_layers(encoder, decoder, given, hidden=2)
    assert torch.equal(encoder[1].weight, given[0].weight) and torch.equal(decoder[4].bias, given[0].back)
    assert torch.equal(encoder[5].weight, before[0]) and torch.equal(decoder[0].weight, before[1])


@pytest.mark.parametrize("sizes", [(16, 7), (9, 6), (16, 6, 4)])
def test_layers_of_other_sizes_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(PairError, match=r"units, and artist.hidden is \[6, 5\]"):
        take_layers(*networks(), layers(*sizes), hidden=2)
