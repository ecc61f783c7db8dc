"""Likelihoods of pixels, beside torch's own distributions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Laplace, Normal, TransformedDistribution
from torch.distributions.transforms import SigmoidTransform

from coevo.latent_models.likelihoods import LikelihoodName, images_from, intensities, make_likelihood


def some(seed: int = 0, channels: int = 1) -> tuple[Tensor, Tensor]:
    """Outputs and images."""
    generator = torch.Generator().manual_seed(seed)
    outputs = torch.randn(3, channels, 4, 4, generator=generator)
    return outputs, torch.rand(3, 1, 4, 4, generator=generator) * 2 - 1


def test_bernoulli() -> None:
    outputs, images = some()
    wanted = Bernoulli(logits=outputs, validate_args=False).log_prob(intensities(images)).flatten(1).sum(1)
    assert torch.allclose(make_likelihood("bernoulli").log_prob(outputs, images), wanted, atol=1e-5)
    assert torch.allclose(make_likelihood("bernoulli").mean(outputs), outputs.sigmoid() * 2 - 1)


@pytest.mark.parametrize("squash", [True, False])
def test_gaussian(squash: bool) -> None:
    outputs, images = some()
    mean = outputs.sigmoid() if squash else outputs
    found = make_likelihood("gaussian", 0.3, squash)
    wanted = Normal(mean, 0.3).log_prob(intensities(images)).flatten(1).sum(1)
    assert torch.allclose(found.log_prob(outputs, images), wanted, atol=1e-4)
    assert torch.allclose(intensities(found.mean(outputs)), mean.clamp(0, 1), atol=1e-6)


def test_logit_laplace_is_the_density_of_pixels_moved_off_the_edges() -> None:
    outputs, images = some(channels=2)
    mean, log_scale = outputs.chunk(2, 1)
    law = TransformedDistribution(Laplace(mean, log_scale.exp()), SigmoidTransform())
    wanted = (law.log_prob(0.1 + 0.8 * intensities(images)) + torch.tensor(0.8).log()).flatten(1).sum(1)
    found = make_likelihood("logit-laplace")
    assert torch.allclose(found.log_prob(outputs, images), wanted, atol=1e-4)
    black = torch.full_like(images, -1.0)
    assert found.log_prob(outputs, black).isfinite().all()
    assert found.mean(outputs * 100).abs().max() <= 1


@pytest.mark.parametrize(("name", "parameters"), [("bernoulli", 1), ("gaussian", 1), ("logit-laplace", 2)])
def test_the_loss_is_the_mean_over_works(name: LikelihoodName, parameters: int) -> None:
    (outputs, images), it = some(channels=parameters), make_likelihood(name, 0.3)
    outputs.requires_grad_()
    (loss,) = torch.autograd.grad(it.loss(outputs, images), outputs)
    (single,) = torch.autograd.grad(-it.log_prob(outputs, images).mean(), outputs)
    assert torch.allclose(it.loss(outputs, images), -it.log_prob(outputs, images).mean(), rtol=1e-5)
    assert torch.allclose(loss, single, atol=1e-5)


def test_intensities_and_images_invert_each_other() -> None:
    shares = torch.linspace(0, 1, 256)
    assert torch.allclose(intensities(images_from(shares)), shares, atol=1e-7)
    assert intensities(torch.tensor([-1.0, 0.0, 1.0])).tolist() == [0.0, 0.5, 1.0]


def test_the_mean_is_likelier_than_its_negative() -> None:
    outputs, _ = some()
    for name in ("bernoulli", "gaussian"):
        it = make_likelihood(name)
        assert (it.log_prob(outputs, it.mean(outputs)) > it.log_prob(outputs, -it.mean(outputs))).all()
