"""Orthogonal weights: what is penalised, what is not, and how they begin."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from coevo.nn.orthogonal import filters, init_orthogonal, orthogonal_penalty


def test_the_penalty_is_the_squared_inner_products_of_different_filters() -> None:
    """(1, 2) · (3, 4) = 11, and once more for the other order; their lengths cost nothing."""
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert orthogonal_penalty(layer).item() == pytest.approx(2 * 11**2)


def test_its_gradient_is_that_of_the_authors_code() -> None:
    """4 (W Wᵀ ⊙ (1 - I)) W."""
    layer = nn.Conv2d(2, 3, 3)
    orthogonal_penalty(layer).backward()
    rows = layer.weight.detach().flatten(1)
    wanted = 4 * ((rows @ rows.T) * (1 - torch.eye(3))) @ rows
    assert layer.weight.grad is not None
    assert torch.allclose(layer.weight.grad.flatten(1), wanted, atol=1e-5)


def test_perpendicular_filters_cost_nothing_whatever_their_lengths() -> None:
    network = nn.Sequential(nn.Conv2d(4, 8, 3), nn.ConvTranspose2d(8, 4, 3), nn.Linear(9, 5))
    network.apply(init_orthogonal)
    with torch.no_grad():
        network[0].weight.mul_(torch.arange(1.0, 9)[:, None, None, None])  # type: ignore[operator]
    (first, _, third) = filters(network)
    assert orthogonal_penalty(network[0]).item() == pytest.approx(0, abs=1e-6)
    assert torch.allclose(third @ third.T, torch.eye(5), atol=1e-5) and len(first) == 8


def test_a_step_down_the_penalty_turns_filters_apart() -> None:
    layer = nn.Linear(16, 8)
    optimiser = torch.optim.SGD(layer.parameters(), 0.1)
    before = orthogonal_penalty(layer).item()
    for _ in range(200):
        optimiser.zero_grad()
        orthogonal_penalty(layer).backward()
        optimiser.step()
    assert orthogonal_penalty(layer).item() < 0.01 * before


def test_embeddings_have_no_filters_and_a_normalised_layer_has_those_that_it_learns() -> None:
    network = nn.Sequential(nn.Embedding(3, 4), spectral_norm(nn.Linear(4, 2)))
    (rows,) = filters(network)
    assert rows is network[1].parametrizations.weight.original or rows.shape == (2, 4)  # type: ignore[union-attr]
    orthogonal_penalty(network).backward()
    assert network[0].weight.grad is None
