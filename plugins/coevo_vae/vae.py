"""The variational autoencoder (Kingma & Welling 2013, arXiv:1312.6114)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import log
from typing import ClassVar, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from coevo import ConfigError, Metrics, Works
from coevo.latent_models.autoencoder import Autoencoder
from coevo.latent_models.decoder import ConditionalOptions
from coevo.nn.divergences import gaussian_kl
from coevo_vae.importance import log_likelihood, weighed


class Pass(NamedTuple):
    """Real works on their way through the networks."""

    mean: Tensor  # of the posterior q(z|x): [N, D]
    log_variance: Tensor
    reconstruction: Tensor  # the mean of -log p(x|z) at z ~ q(z|x)
    bound: Tensor | None = None  # of K draws, log 1/K Σ p(x|z) p(z) / q(z|x), its mean


class VAE(Autoencoder):
    """Encodes an image as q(z|x) = N(μ, diag σ²), and maximises E_q log p(x|z) - β · KL(q(z|x) ‖ N(0, I)) (eq. 7).

    With a critic it is a VAE/GAN too (Larsen 2016): the decoder, and the encoder through it, also maximise the critic's
    rewards.
    """

    name = "vae"

    class Options(ConditionalOptions, Autoencoder.Options):
        network: Literal["dense", "convolution"] = "convolution"
        """Fully connected layers, or convolutions that halve and double the image."""
        latent: int = Field(8, ge=1, le=4096)
        """Size of the latent code; few numbers leave few codes that no work has."""
        learning_rate: float = Field(2e-3, gt=0, le=1)
        """Adam's learning rate."""
        ema: float = Field(0.999, ge=0, lt=1)
        """Decay of the averaged networks that are exhibited; 0 exhibits the networks themselves."""
        beta: float = Field(2.0, ge=0, le=1000)
        """Weight β of the divergence from the prior (Higgins 2017). 1 is the paper's bound; 2 reconstructs less
        exactly and draws better works."""
        warm_up: int = Field(0, ge=0)
        """Steps in which β rises from 0."""
        importance_draws: int = Field(1, ge=1, le=1000)
        """Draws K of z for each work, whose bound of log p(x) is tighter than the paper's (Burda 2016); β is 1 then."""
        judged: Literal["reconstructions", "samples", "both"] = "reconstructions"
        """Works that a critic judges: reconstructions of real works, samples of the prior, or as many of both."""
        reward_weight: float = Field(1.0, ge=0)
        """Weight of the critic's rewards."""

        renamed: ClassVar[Mapping[str, str]] = {
            **Autoencoder.Options.renamed,
            **ConditionalOptions.renamed,
            "reward": "reward_weight",
        }
        needs: ClassVar[Mapping[str, str]] = {
            "warm_up": "beta",
            "judged": "rewards=scores",
            "reward_weight": "rewards=scores",
        }

    options: Options
    extra_state = ("steps",)
    steps: int

    @property
    def encoder_outputs(self) -> int:
        return 2 * self.options.latent  # mean and log-variance

    def check(self) -> None:
        super().check()
        o = self.options
        if o.importance_draws > 1 and (o.beta != 1 or o.warm_up):
            raise ConfigError(
                f"artist.importance_draws={o.importance_draws} maximises a bound without β; give it artist.beta=1 and "
                "artist.warm_up=0."
            )

    def check_divided(self) -> None:
        """It may: its bound is a mean over works."""

    def build(self) -> None:
        super().build()
        self.steps = 0

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        mean, log_variance = self.posterior(self.corrupt(self.encoder_inputs(reals.pixels)))
        if self.options.importance_draws > 1:
            codes, images, ctx = self.importance_pass(reals, mean, log_variance)
        else:
            z = mean + (log_variance / 2).exp() * self.studio.noise(*mean.shape)  # eq. 10
            codes = self.with_labels(z, reals.labels)
            reconstruction, images = self.likelihood.loss_and_mean(self.decoder(codes), reals.pixels)
            ctx = Pass(mean, log_variance, reconstruction)
        reconstructions = Works(images, codes, reals.labels, ctx=ctx)
        if self.options.judged == "reconstructions":
            return reconstructions
        samples = self.prior_samples(len(reals), reals.labels)
        return replace(samples, ctx=ctx) if self.options.judged == "samples" else joined(reconstructions, samples)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        mean, log_variance, reconstruction, bound = works.ctx
        kl = gaussian_kl(mean, log_variance).mean()
        loss = reconstruction + self.beta * kl if bound is None else -bound
        self.minimise(loss - self.options.reward_weight * rewards.mean())
        self.steps += 1
        metrics = {"elbo": -(reconstruction + kl), "kl": kl, "reconstruction": -reconstruction}
        if bound is not None:
            metrics["importance_bound"] = bound
        return {name: value.detach() for name, value in metrics.items()}

    def importance_pass(self, reals: Works, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor, Pass]:
        """Codes and reconstructions of the first draws, and the bound by all of them (Burda 2016, eq. 8)."""
        n, k = len(mean), self.options.importance_draws
        noise = self.studio.noise(k * n, mean.shape[1]).view(k, n, -1)
        log_weights, codes, outputs = weighed(self, self.decoder, reals, mean, log_variance, noise)
        bound = (log_weights.logsumexp(0) - log(k)).mean()
        with torch.no_grad():
            reconstruction = self.likelihood.loss(outputs[:n], reals.pixels)
        return codes[:n], self.likelihood.mean(outputs[:n]), Pass(mean, log_variance, reconstruction, bound)

    @property
    def beta(self) -> float:
        """The weight of the divergence at this step."""
        o = self.options
        return o.beta * min(1.0, self.steps / o.warm_up) if o.warm_up else o.beta

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance [N, D] of q(z|x) by pixels in [0, 1]."""
        mean, log_variance = self.encoder(x).chunk(2, 1)
        return mean, log_variance

    def code_mean(self, outputs: Tensor) -> Tensor:
        return outputs.chunk(2, 1)[0]

    def prior_samples(self, n: int, labels: Tensor | None) -> Works:
        """n works of codes drawn from the prior, with gradients to the decoder."""
        codes = self.with_labels(self.studio.noise(n, self.options.latent), labels)
        return Works(self.likelihood.mean(self.decoder(codes)), codes, labels)

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float]:
        elbo, likelihood = log_likelihood(self, works, 1), log_likelihood(self, works, draws)
        return {"elbo": elbo.mean().item(), f"nll_of_{draws}_draws": -likelihood.mean().item()}


def joined(ones: Works, others: Works) -> Works:
    """Both works in a row, with the ctx of the first."""
    labels = None if ones.labels is None else torch.cat([ones.classes, others.classes])
    images, codes = torch.cat([ones.pixels, others.pixels]), torch.cat([ones.latents, others.latents])
    return Works(images, codes, labels, ctx=ones.ctx)
