"""Likelihoods of pixels, beside torch's own distributions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Bernoulli, Laplace, Normal, TransformedDistribution
from torch.distributions.transforms import SigmoidTransform

from coevo.latent_models import pixel_costs
from coevo.latent_models.likelihoods import LikelihoodName, images_from, intensities, make_likelihood
from coevo.native import native


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


@settings(max_examples=60)
@given(
    name=st.sampled_from(["bernoulli", "gaussian"]),
    shape=st.tuples(st.integers(1, 5), st.just(1), st.integers(1, 40), st.integers(1, 9)),
    spread=st.sampled_from([0.1, 1.0, 30.0, 1e4]),
    seed=st.integers(0, 2**32),
)
def test_machine_code_tells_loss_mean_and_gradients_in_one_pass(
    name: LikelihoodName, shape: tuple[int, ...], spread: float, seed: int
) -> None:
    generator, it = torch.Generator().manual_seed(seed), make_likelihood(name, 0.3)
    outputs = (spread * torch.randn(shape, generator=generator)).requires_grad_()
    images, by_means = (torch.rand(shape, generator=generator) * 2 - 1 for _ in range(2))
    loss, means = it.loss_and_mean(outputs, images)
    (gradient,) = torch.autograd.grad(3 * loss + (by_means * means).sum(), outputs)
    exact = outputs.detach().double().requires_grad_()  # no machine code: torch's own operations
    wanted, wanted_means = it.loss_and_mean(exact, images.double())
    (wanted_gradient,) = torch.autograd.grad(3 * wanted + (by_means * wanted_means).sum(), exact)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5, abs=1e-5)
    assert torch.allclose(means.double(), wanted_means, atol=1e-6)
    assert torch.allclose(gradient.double(), wanted_gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["bernoulli", "gaussian"])
def test_machine_code_is_used_where_it_fits_and_only_there(
    name: LikelihoodName, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outputs, images), it = some(), make_likelihood(name)
    outputs.requires_grad_()

    def found(outputs: Tensor, images: Tensor) -> str:
        loss, means = it.loss_and_mean(outputs, images)
        assert torch.allclose(loss, it.loss(outputs, images).to(loss))
        assert torch.allclose(means, it.mean(outputs).to(means), atol=1e-6)
        return str(means.grad_fn)

    if native() is not None:
        assert "OnePass" in found(outputs, images)
    assert "OnePass" not in found(outputs.double(), images)
    assert "OnePass" not in found(outputs.transpose(2, 3), images)
    monkeypatch.setattr(pixel_costs, "native", lambda: None)
    assert "OnePass" not in found(outputs, images)


def test_an_output_that_is_not_finite_is_seen_in_the_loss() -> None:
    outputs, images = some()
    outputs[1, 0, 2, 3] = torch.nan
    for name in ("bernoulli", "gaussian"):
        loss, means = make_likelihood(name).loss_and_mean(outputs, images)
        assert loss.isnan()
        assert means.isnan().sum() == 1
