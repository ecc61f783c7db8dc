"""The variational autoencoder (Kingma & Welling 2013, arXiv:1312.6114)."""

from __future__ import annotations

from math import log
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo import Metrics, Works
from coevo.latent_models.autoencoder import Autoencoder
from coevo.latent_models.corruption import CorruptionOptions, corrupted

WORKS, DRAWS = 100, 50  # that are decoded together when the likelihood is estimated


class Pass(NamedTuple):
    """Real works on their way through the networks."""

    images: Tensor
    mean: Tensor  # of the posterior q(z|x): [N, D]
    log_variance: Tensor
    outputs: Tensor  # of the decoder at z ~ q(z|x)


class VAE(Autoencoder):
    """Encodes a picture as q(z|x) = N(μ, diag σ²), and maximises E_q log p(x|z) - β · KL(q(z|x) ‖ N(0, I)) (eq. 7).

    With a critic it is a VAE/GAN too (Larsen 2016): the decoder, and the encoder through it, also climb its rewards.
    """

    name = "vae"

    class Options(CorruptionOptions, Autoencoder.Options):
        beta: float = Field(1.0, ge=0, le=1000)
        """Weight of the divergence from the prior, β (Higgins 2017)."""
        warm_up: int = Field(0, ge=0)
        """Steps in which β rises from 0."""
        judged: Literal["reconstructions", "samples", "both"] = "reconstructions"
        """What a critic is shown: what comes back of real works, works of the prior, or as many of both."""
        reward: float = Field(1.0, ge=0)
        """Weight of a critic's rewards."""

    options: Options
    extra_state = ("steps",)
    steps: int

    @property
    def numbers(self) -> int:
        return 2 * self.options.latent  # mean and log-variance

    def build(self) -> None:
        super().build()
        self.steps = 0

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        o, x = self.options, self.seen(reals.pixels)
        read = corrupted(x, o.corruption, o.corrupted, self.studio.generator("corruption"))
        mean, log_variance = self.posterior(read)
        z = mean + (log_variance / 2).exp() * self.studio.noise(*mean.shape)  # eq. 10
        codes = self.with_class(z, reals.labels)
        outputs = self.decoder(codes)
        memo = Pass(reals.pixels, mean, log_variance, outputs)
        works = Works(self.likelihood.mean(outputs), codes, reals.labels, ctx=memo)
        return works if o.judged == "reconstructions" else self._with_dreams(works)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        images, mean, log_variance, outputs = works.ctx
        reconstruction = self.likelihood.loss(outputs, images)
        kl = divergence(mean, log_variance).mean()
        self.minimise(reconstruction + self.beta * kl - self.options.reward * rewards.mean())
        self.steps += 1
        return {"elbo": -(reconstruction + kl).detach(), "kl": kl.detach(), "reconstruction": -reconstruction.detach()}

    @property
    def beta(self) -> float:
        """The divergence's weight at this step."""
        o = self.options
        return o.beta * min(1.0, self.steps / o.warm_up) if o.warm_up else o.beta

    def posterior(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x): [N, D] each; pixels x in [0, 1]."""
        mean, log_variance = self.encoder(pixels).chunk(2, 1)
        return mean, log_variance

    def code_of(self, numbers: Tensor) -> Tensor:
        return numbers.chunk(2, 1)[0]

    @torch.no_grad()
    def evaluate(self, works: Works, draws: int) -> dict[str, float]:
        """The bound, and the likelihood as `draws` draws of the posterior estimate it, in nats a picture."""
        elbo, likelihood = self.log_likelihood(works, 1), self.log_likelihood(works, draws)
        return {"elbo": elbo.mean().item(), f"nll_of_{draws}_draws": -likelihood.mean().item()}

    @torch.no_grad()
    def log_likelihood(self, works: Works, draws: int, seed: int = 0) -> Tensor:
        """log 1/K Σ p(x|z) p(z) / q(z|x) of K draws z ~ q(z|x) (Burda 2015, eq. 8): [N].

        Of one draw it is the evidence lower bound; it rises with K to log p(x). Memory does not grow with K.
        """
        generator = torch.Generator(self.studio.device).manual_seed(seed)
        found = []
        with self.still() as (encoder, decoder):
            for begun in range(0, len(works), WORKS):
                some = works[begun : begun + WORKS]
                found.append(self._log_likelihood(some, draws, generator, encoder, decoder))
        return torch.cat(found)

    def _log_likelihood(
        self, works: Works, draws: int, generator: torch.Generator, encoder: nn.Module, decoder: nn.Module
    ) -> Tensor:
        images = works.pixels.to(self.studio.device)
        mean, log_variance = encoder(self.seen(images)).chunk(2, 1)
        total = torch.full((len(images),), -torch.inf, device=images.device)
        for begun in range(0, draws, DRAWS):
            k = min(DRAWS, draws - begun)
            noise = torch.randn(k, *mean.shape, generator=generator, device=mean.device)
            z = (mean + (log_variance / 2).exp() * noise).flatten(0, 1)
            # log p(z) - log q(z|x): the factors (2π)^-½ of the two cancel
            ratio = (-0.5 * z.square() + 0.5 * noise.flatten(0, 1).square()).sum(1) + log_variance.sum(1).repeat(k) / 2
            labels = None if works.labels is None else works.labels.to(images.device).repeat(k)
            outputs = decoder(self.with_class(z, labels))
            log_x = self.likelihood.log_prob(outputs, images.repeat(k, 1, 1, 1))
            total = torch.logaddexp(total, (log_x + ratio).view(k, -1).logsumexp(0))
        return (total - log(draws)).cpu()

    def _with_dreams(self, works: Works) -> Works:
        """Works of the prior instead of those that came back, or after them."""
        codes = self.with_class(self.studio.noise(len(works), self.options.latent), works.labels)
        dreams = self.likelihood.mean(self.decoder(codes))
        if self.options.judged == "samples":
            return Works(dreams, codes, works.labels, ctx=works.ctx)
        labels = None if works.labels is None else works.labels.repeat(2)
        return Works(torch.cat([works.pixels, dreams]), torch.cat([works.latents, codes]), labels, ctx=works.ctx)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (μ² + σ² - log σ² - 1) (appendix B): [N]."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1)
