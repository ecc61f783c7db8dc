"""Priors: draws follow the density, every class has its region, and sizes are checked."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor

from coevo import CodeBlock, ConfigError
from coevo.latent_models.priors import Categorical, Gaussian, Mixture, Prior, SwissRoll, Uniform, draw, prior_of

REACH, CELLS = 4.0, 160


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def plane() -> Tensor:
    """The middles of all cells of the square within ±REACH: [CELLS², 2]."""
    axis = (torch.arange(CELLS) + 0.5) / CELLS * 2 * REACH - REACH
    return torch.cartesian_prod(axis, axis)


@pytest.mark.parametrize("prior", [Gaussian(2), Uniform(2), Mixture(2), Mixture(2, classes=3), SwissRoll(2)])
def test_draws_follow_the_density(prior: Prior) -> None:
    cells = plane()
    mass = prior.log_density(cells).exp() * (2 * REACH / CELLS) ** 2
    assert mass.sum().item() == pytest.approx(1, abs=0.01)
    fields = lambda points: ((points + REACH) / 0.5).long().clamp(0, 15) @ torch.tensor([16, 1])  # noqa: E731
    wanted = torch.zeros(256).index_add_(0, fields(cells), mass)
    found = torch.bincount(fields(prior.draw(20_000, generator())), minlength=256) / 20_000
    assert (found - wanted).abs().max() < 5 * (0.25 * wanted.max() / 20_000) ** 0.5 + 0.003


def test_categories_are_equally_likely_corners() -> None:
    prior = Categorical(4)
    codes = prior.draw(8000, generator())
    assert torch.equal(codes.sum(1), torch.ones(8000)) and (codes.mean(0) - 0.25).abs().max() < 0.03
    assert prior.log_density(codes[:2]).tolist() == pytest.approx([-log(4)] * 2)
    assert prior.log_density(torch.full((1, 4), 0.25)).item() == -torch.inf


def test_the_uniform_density_is_zero_outside_of_the_cube() -> None:
    assert Uniform(3).log_density(torch.tensor([[0.5, 0.5, 1.5], [0.0, 0.0, 0.0]])).tolist() == [
        -torch.inf,
        pytest.approx(-3 * log(2)),
    ]


@pytest.mark.parametrize("prior", [Mixture(2, 5), SwissRoll(2, 5)])
def test_every_class_has_a_region_of_its_own(prior: Prior) -> None:
    labels = torch.arange(1000) % 5
    codes = prior.draw(1000, generator(), labels)
    regions = [codes[labels == label] for label in range(5)]
    nearest = torch.stack([torch.cdist(codes, region).kthvalue(3, 1).values for region in regions], 1).argmin(1)
    assert (nearest == labels).float().mean() > 0.9
    anywhere = prior.draw(1000, generator(), torch.full((1000,), -1))
    found = torch.stack([torch.cdist(anywhere, region).min(1).values for region in regions], 1).argmin(1)
    assert torch.bincount(found, minlength=5).min() > 120


def test_the_same_seed_draws_the_same() -> None:
    blocks = [CodeBlock("z", 2, "swiss-roll"), CodeBlock("kind", 3, "categorical")]
    once, again = (draw(blocks, 5, generator(3)) for _ in range(2))
    assert torch.equal(once, again) and once.shape == (5, 5)


@pytest.mark.parametrize("name", ["mixture", "swiss-roll"])
def test_a_prior_of_the_plane_refuses_codes_of_another_size(name: str) -> None:
    with pytest.raises(ConfigError, match=f"Prior '{name}' has 2 dimensions, but the code has 8"):
        prior_of(CodeBlock("z", 8, name))
