"""Variational autoencoders: the bound and its parts against closed forms, and what a critic is shown of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributions import Normal, kl_divergence

import coevo
from coevo import ConfigError, PairError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.testing.kit import conform
from coevo_vae.none import NoCritic
from coevo_vae.vae import VAE, divergence

LITTLE: dict[str, Any] = {"hidden": [32], "latent": 4}
CONVOLUTION: dict[str, Any] = {"network": "convolution", "width": 4, "latent": 4}


@pytest.mark.parametrize(
    "options",
    [
        LITTLE,
        {**LITTLE, "labels": True, "likelihood": "gaussian", "warm_up": 10},
        {**LITTLE, "likelihood": "logit-laplace", "ema": 0.9, "normalise": True},
        {**CONVOLUTION, "judged": "samples"},
        {**LITTLE, "corruption": "salt-and-pepper"},
    ],
)
def test_every_vae_conforms(options: dict[str, Any]) -> None:
    conform("artist", VAE, options)


def test_no_critic_conforms() -> None:
    conform("critic", NoCritic)


def build(size: int = 16, channels: int = 1, **options: Any) -> VAE:
    studio = Studio((channels, size, size), tuple("0123456789"))
    studio.reseed()
    it = VAE(VAE.Options(**{**LITTLE, **options}), studio)
    it.check()
    it.build()
    return it


def reals(n: int = 12) -> Works:
    return digits(DataOptions(size=16)).works(slice(0, n))


# the bound


def test_the_divergence_is_that_of_two_gaussians() -> None:
    mean, log_variance = torch.randn(2, 5, 3).unbind()
    posterior, prior = Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)
    found = divergence(mean, log_variance)
    assert torch.allclose(found, kl_divergence(posterior, prior).sum(1), atol=1e-5)
    z = posterior.sample((20_000,))
    sampled = (posterior.log_prob(z) - prior.log_prob(z)).sum(2).mean(0)
    assert torch.allclose(found, sampled, atol=0.1)


def test_gradients_pass_through_the_draw() -> None:
    """d/dμ and d/d log σ² of what comes back, by small differences, the noise held still."""
    it = build().decoder.double(), torch.randn(6, 4, dtype=torch.double)
    decoder, noise = it
    mean, log_variance = torch.randn(2, 6, 4, dtype=torch.double).unbind()

    def outcome(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
        return decoder(mean + (log_variance / 2).exp() * noise).square().sum()

    assert torch.autograd.gradcheck(outcome, (mean.requires_grad_(), log_variance.requires_grad_()))


def test_the_metrics_are_the_bound_and_its_parts() -> None:
    it = build()
    works = it.make(12, reals())
    metrics = it.learn(works, torch.zeros(12))
    assert metrics["elbo"] == pytest.approx(float(metrics["reconstruction"] - metrics["kl"]), rel=1e-5)
    assert metrics["kl"] >= 0


def test_the_divergence_weighs_in_slowly() -> None:
    it = build(warm_up=4, beta=2.0)
    betas = []
    for _ in range(6):
        betas.append(it.beta)
        it.learn(it.make(12, reals()), torch.zeros(12))
    assert betas == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]


def test_what_it_reads_while_it_learns_may_be_hidden() -> None:
    it = build(corruption="masking", corrupted=1.0)
    read = it.make(12, reals()).ctx
    assert (read.mean == read.mean[0]).all()  # nothing was to be seen of any picture
    assert torch.equal(read.images, reals().images)  # which are what should come back
    assert not torch.equal(*it.encode(reals())[:2])  # and to be encoded they are shown whole


def test_it_learns_to_give_back_and_to_dream(tmp_path: Path) -> None:
    artist = {"hidden": [64], "latent": 8, "learning_rate": 3e-3}
    run = coevo.run("vae", rounds=400, runs_dir=tmp_path, options={"data": {"size": 16}, "artist": artist})
    images = reals(100).images
    assert images is not None
    back = run.artist.reconstruct(Works(images)).images
    error = (back - images).square().mean()
    assert error < 0.5 * (images - images.mean(0)).square().mean()
    assert run.latest["artist.elbo"] > -110  # nothing learnt is -177, black and white at random


# with a critic, and without


def test_a_critic_is_shown_what_comes_back_or_what_is_dreamt_or_both() -> None:
    back, dreamt, both = (build(judged=judged).make(12, reals()) for judged in ("reconstructions", "samples", "both"))
    assert len(back) == len(dreamt) == 12 and len(both) == 24
    assert not torch.equal(back.images, dreamt.images)
    assert torch.equal(both.images[:12], back.images) and torch.equal(both.images[12:], dreamt.images)


def test_rewards_teach_it_too() -> None:
    still, praised = build(), build()
    for it, weight in ((still, 0.0), (praised, 100.0)):
        works = it.make(12, reals())
        it.learn(works, weight * works.images.flatten(1).mean(1))  # a critic that likes white
    whites = [it.exhibit(50, 0).images.mean() for it in (still, praised)]
    assert whites[1] > whites[0]


def test_who_needs_a_critic_is_refused_without_one(tmp_path: Path) -> None:
    with pytest.raises(PairError, match="'dcgan' cannot work with critic 'none': dcgan learns from a critic alone"):
        coevo.run(artist="dcgan", critic="none", rounds=1, runs_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_its_codes_can_be_bred(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data": {"size": 16}, "artist": LITTLE}
    coevo.run("vae", name="taught", rounds=3, runs_dir=tmp_path, options=options)
    bred = coevo.run(artist="vae", critic="taste", start="taught", rounds=2, runs_dir=tmp_path, options=options)
    assert bred.artist.exhibit(15, 0).codes.shape == (15, 4)


# classes


def test_a_conditional_one_makes_what_it_is_told(tmp_path: Path) -> None:
    it = build(labels=True)
    codes = it.encode(reals())
    assert torch.equal(codes[:, 4:].argmax(1), reals().labels)
    assert it.exhibit(12, 0).labels.tolist() == [*range(10), 0, 1]
    with pytest.raises(ConfigError, match="encodes works together with their labels"):
        it.encode(Works(reals().images))


# what does not fit


def test_a_picture_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ConfigError, match="halves pictures of 16, 32, 64, 128 px down to 4, not 28 × 28"):
        build(28, **CONVOLUTION)


def test_colours_are_no_chances() -> None:
    with pytest.raises(ConfigError, match="takes a pixel for the chance of white"):
        build(channels=3)
    build(channels=3, likelihood="logit-laplace")
