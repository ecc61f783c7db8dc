"""Variational autoencoders: the bound and its parts beside closed forms, and the works that a critic judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy

import coevo
from coevo import ConfigError, PairError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.images.rendering import reconstruct
from coevo.latent_models.likelihoods import intensities
from coevo.plugin.registry import registry
from coevo.runs.config import read_recipe
from coevo.testing.kit import conform
from coevo_vae.importance import log_likelihood, weighed
from coevo_vae.none import NoCritic
from coevo_vae.vae import VAE

SMALL: dict[str, Any] = {"network": "dense", "hidden": [32], "latent": 4}
CONVOLUTION: dict[str, Any] = {"network": "convolution", "width": 4, "latent": 4}


@pytest.mark.parametrize(
    "options",
    [
        SMALL,
        {**SMALL, "conditional": True, "likelihood": "gaussian", "warm_up": 10},
        {**SMALL, "likelihood": "logit-laplace", "ema": 0.9, "batch_norm": True},
        {**CONVOLUTION, "judged": "samples"},
        {**SMALL, "input_salt_pepper": 0.3},
        {**SMALL, "importance_draws": 3, "beta": 1.0, "conditional": True},
    ],
)
def test_every_vae_conforms(options: dict[str, Any]) -> None:
    conform("artist", VAE, options)


def test_no_critic_conforms() -> None:
    conform("critic", NoCritic)


def build(size: int = 16, channels: int = 1, **options: Any) -> VAE:
    studio = Studio((channels, size, size), tuple("0123456789"))
    studio.reseed()
    it = VAE(VAE.Options(**{**SMALL, **options}), studio)
    it.check()
    it.build()
    return it


def reals(n: int = 12) -> Works:
    return digits(DataOptions(size=16)).works(slice(0, n))


# the bound


def test_gradients_pass_through_the_sample() -> None:
    """d/dμ and d/d log σ² of the decoder's outputs, by finite differences, with the same noise."""
    decoder, noise = build().decoder.double(), torch.randn(6, 4, dtype=torch.double)
    mean, log_variance = torch.randn(2, 6, 4, dtype=torch.double).unbind()

    def outcome(mean: Tensor, log_variance: Tensor) -> Tensor:
        return decoder(mean + (log_variance / 2).exp() * noise).square().sum()

    assert torch.autograd.gradcheck(outcome, (mean.requires_grad_(), log_variance.requires_grad_()))


def test_the_metrics_are_the_bound_and_its_parts() -> None:
    it = build()
    metrics = it.learn(it.make(12, reals()), torch.zeros(12))
    assert metrics["elbo"] == pytest.approx(float(metrics["reconstruction"] - metrics["kl"]), rel=1e-5)
    assert metrics["kl"] >= 0


def test_the_weight_of_the_divergence_warms_up() -> None:
    it = build(warm_up=4, beta=2.0)
    betas = []
    for _ in range(6):
        betas.append(it.beta)
        it.learn(it.make(12, reals()), torch.zeros(12))
    assert betas == [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]


def test_more_draws_tighten_the_bound() -> None:
    it = build()
    for _ in range(100):
        it.learn(it.make(12, reals()), torch.zeros(12))
    bounds = [log_likelihood(it, reals(), draws).mean() for draws in (1, 10, 100)]
    assert bounds[0] < bounds[1] < bounds[2]
    assert torch.equal(log_likelihood(it, reals(), 10), log_likelihood(it, reals(), 10))
    assert it.evaluate(reals(), 10) == {"elbo": bounds[0].item(), "nll_of_10_draws": -bounds[1].item()}


def test_the_weights_of_draws_are_ratios_of_densities() -> None:
    it, images = build(), reals()
    mean, log_variance = it.posterior(it.encoder_inputs(images.pixels))
    noise = torch.randn(5, 12, 4)
    found = weighed(it, it.decoder, images, mean, log_variance, noise)
    posterior, prior = Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)
    for draw, log_weights in zip(noise, found.log_weights, strict=True):
        z = mean + (log_variance / 2).exp() * draw
        log_x = it.likelihood.log_prob(it.decoder(z), images.pixels)
        expected = log_x + prior.log_prob(z).sum(1) - posterior.log_prob(z).sum(1)
        assert torch.allclose(log_weights, expected, atol=1e-3)


def test_learning_from_several_draws_maximises_a_tighter_bound() -> None:
    it = build(importance_draws=20, beta=1.0, learning_rate=1e-2)
    metrics = [it.learn(it.make(12, reals()), torch.zeros(12)) for _ in range(100)]
    assert all(found["importance_bound"] > found["elbo"] for found in metrics[50:])
    assert metrics[-1]["importance_bound"] > metrics[0]["importance_bound"] + 50


def test_several_draws_have_no_weight_of_the_divergence() -> None:
    for options in ({"beta": 2.0}, {"beta": 1.0, "warm_up": 10}):
        with pytest.raises(ConfigError, match=r"give it artist.beta=1 and artist.warm_up=0"):
            build(importance_draws=5, **options)


def test_input_is_corrupted_for_learning_only() -> None:
    it = build(input_mask=1.0)
    works = it.make(12, reals())
    assert (works.ctx.mean == works.ctx.mean[0]).all()  # nothing of any image was read
    made, wanted = intensities(works.pixels.detach()), intensities(reals().pixels)
    loss = binary_cross_entropy(made, wanted, reduction="sum") / 12
    assert torch.allclose(works.ctx.reconstruction, loss, rtol=1e-4)  # which are still to be reconstructed
    assert not torch.equal(*it.encode(reals())[:2])


def test_it_learns_to_reconstruct(tmp_path: Path) -> None:
    artist = {"hidden": [64], "latent": 8, "learning_rate": 3e-3}
    run = coevo.run("vae", rounds=400, runs_dir=tmp_path, options={"data": {"size": 16}, "artist": artist})
    works = reals(100)
    error = (reconstruct(run.artist, works).pixels - works.pixels).square().mean()
    assert error < 0.5 * (works.pixels - works.pixels.mean(0)).square().mean()
    assert run.latest["artist.elbo"] > -110  # it is -177 for pixels at random


# with a critic, and without


def test_a_critic_judges_reconstructions_or_samples_or_both() -> None:
    reconstructions, samples, both = (
        build(judged=judged).make(12, reals()) for judged in ("reconstructions", "samples", "both")
    )
    assert len(reconstructions) == len(samples) == 12 and len(both) == 24
    assert not torch.equal(reconstructions.pixels, samples.pixels)
    assert torch.equal(both.pixels, torch.cat([reconstructions.pixels, samples.pixels]))


def test_rewards_teach_it_too() -> None:
    without, rewarded = build(), build()
    for it, weight in ((without, 0.0), (rewarded, 100.0)):
        works = it.make(12, reals())
        it.learn(works, weight * works.pixels.flatten(1).mean(1))  # a critic that likes white
    whites = [it.exhibit(50, 0).pixels.mean() for it in (without, rewarded)]
    assert whites[1] > whites[0]


def test_an_artist_that_needs_a_critic_is_refused_without_one(tmp_path: Path) -> None:
    with pytest.raises(PairError, match="'dcgan' cannot work with critic 'none': dcgan learns from a critic alone"):
        coevo.run(artist="dcgan", critic="none", rounds=1, runs_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_its_codes_can_be_bred(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data": {"size": 16}, "artist": SMALL}
    coevo.run("vae", name="taught", rounds=3, runs_dir=tmp_path, options=options)
    bred = coevo.run(artist="vae", critic="taste", start="taught", rounds=2, runs_dir=tmp_path, options=options)
    assert bred.artist.exhibit(15, 0).latents.shape == (15, 4)


# defaults and recipes


@pytest.mark.parametrize("recipe", ["vae", "vae-manifold", "vae-gan"])
def test_a_recipe_names_its_networks_and_rates_and_no_default_decides_them(recipe: str) -> None:
    assert {"network", "latent", "beta", "learning_rate", "ema"} <= read_recipe(recipe, registry())["artist"].keys()


# labels


def test_a_conditional_vae_exhibits_every_class_and_encodes_with_labels() -> None:
    it = build(conditional=True)
    assert torch.equal(it.encode(reals())[:, 4:].argmax(1), reals().labels)
    assert it.exhibit(12, 0).classes.tolist() == [*range(10), 0, 1]
    with pytest.raises(ConfigError, match="encodes works together with their labels"):
        it.encode(Works(reals().images))


# what does not fit


def test_images_that_cannot_be_halved_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"needs images of 16, 32, 64 or 128 px, .* not 28 × 28"):
        build(28, **CONVOLUTION)


def test_a_bernoulli_likelihood_of_colours_is_refused() -> None:
    with pytest.raises(ConfigError, match="takes a pixel for the probability of white"):
        build(channels=3)
    build(channels=3, likelihood="logit-laplace")


def test_options_of_older_versions_are_upgraded() -> None:
    old = {"latent": 4, "labels": True, "reward": 2.0, "corruption": "gaussian", "corrupted": 0.1, "beta": 2.0}
    new = {"latent": 4, "conditional": True, "reward_weight": 2.0, "input_noise": 0.1, "beta": 2.0}
    assert VAE.upgrade(old) == new
    VAE.Options(**new)
