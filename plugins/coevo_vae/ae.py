"""Autoencoders and what keeps their codes from being mere copies: L(x, g(f(x))) and a penalty of one's choice."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from coevo import ConfigError, Metrics, Works
from coevo.evaluation.metrics import discrepancy, pixel_error
from coevo.latent_models.autoencoder import Autoencoder
from coevo.latent_models.corruption import CorruptionOptions, corrupted
from coevo.latent_models.likelihoods import LikelihoodName, likelihood
from coevo.nn.layers import ACTIVATIONS, Activation
from coevo_vae.penalties import contraction, disturbance, sparsity
from coevo_vae.tied import tied


class AE(Autoencoder):
    """Undercomplete where the code is smaller than the picture, overcomplete where it is larger; deep where it has
    several hidden layers, linear where `activation` is.

    What it finds, z, follows no prior of its own. So its running mean μ and covariance LLᵀ are kept, and the code that
    is exhibited, bred and walked through is c of z = μ + L·c, which is N(0, I) as far as two moments can tell.
    """

    name = "ae"

    class Options(CorruptionOptions, Autoencoder.Options):
        likelihood: LikelihoodName = "gaussian"
        """What the decoder's outputs say of a pixel; gaussian is the squared error."""
        code: Activation = "linear"
        """Activation of the code itself."""
        tied: bool = False
        """dense: the decoder's weights are the encoder's, transposed."""
        sparse: Literal["none", "l1", "kl"] = "none"
        """Sparse: units are penalised by |z|, or by the divergence of how often they are active from `active`."""
        sparsity: float = Field(1e-3, ge=0)
        """Weight of the sparse penalty."""
        active: float = Field(0.05, gt=0, lt=1)
        """kl: how often a unit should be active."""
        contractive: Literal["none", "analytic", "stochastic"] = "none"
        """Contractive (Rifai 2011): the squared norm of ∂z/∂x, exact, or by what small noise does to the code."""
        contraction: float = Field(1e-3, ge=0)
        """Weight of the contractive penalty."""
        disturbance: float = Field(0.1, gt=0)
        """stochastic: deviation of the noise."""
        wasserstein: float = Field(0.0, ge=0)
        """Wasserstein autoencoder (Tolstikhin 2018): weight of the codes' discrepancy from N(0, I)."""
        pretrain: int = Field(0, ge=0)
        """Greedy layer-wise pre-training (Bengio 2007): steps for each layer before all learn together."""

        @model_validator(mode="after")
        def _fits(self) -> AE.Options:
            plain = [name for name in ("tied", "pretrain") if getattr(self, name)]
            plain += ["contractive=analytic"] if self.contractive == "analytic" else []
            if plain and (self.network != "dense" or self.normalise):
                raise ConfigError(f"{plain[0]} wants artist.network=dense, and artist.normalise=false.")
            if self.tied and (self.ema or self.labels):
                other = "ema averages weights" if self.ema else "labels are more than the encoder finds"
                raise ConfigError(f"artist.tied shares weights, but artist.{other}; leave out one of them.")
            if self.sparse == "kl" and self.code != "sigmoid":
                raise ConfigError("sparse=kl counts how often units in [0, 1] are active; say artist.code=sigmoid.")
            return self

    options: Options
    extra_state = ("steps", "mean", "covariance")
    steps: int
    mean: Tensor
    covariance: Tensor

    def build(self) -> None:
        super().build()
        self.steps = 0
        self.mean = torch.zeros(self.options.latent, device=self.studio.device)
        self.covariance = torch.eye(self.options.latent, device=self.studio.device)

    def encoding(self) -> nn.Sequential:
        return super().encoding().append(ACTIVATIONS[self.options.code]())

    def decoding(self) -> nn.Sequential:
        decoder = super().decoding()
        return tied(decoder, self.encoder) if self.options.tied else decoder

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        o, x = self.options, self.seen(reals.pixels)
        codes = self.encoder(corrupted(x, o.corruption, o.corrupted, self.studio.generator("corruption")))
        told = self.with_class(codes, reals.labels)
        outputs = self.decoder(told)
        return Works(self.likelihood.mean(outputs), told, reals.labels, ctx=(reals.images, x, codes, outputs))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        images, x, codes, outputs = works.ctx
        loss = self.likelihood.loss(outputs, images)
        if self.options.pretrain and self.steps < self.options.pretrain * self.layers:
            loss = self.greedy(x, self.steps // self.options.pretrain)
        penalties = self.penalties(x, codes)
        self.minimise(sum(penalties.values(), loss - rewards.mean()))
        self.steps += 1
        self._follow(codes.detach())
        error = pixel_error(works.pixels.detach(), images)
        return {"loss": loss.detach(), "error": error, **{name: part.detach() for name, part in penalties.items()}}

    def penalties(self, x: Tensor, codes: Tensor) -> dict[str, Tensor]:
        """What is asked of codes [N, D] of pixels x beside that the pictures come back, by name."""
        o, found = self.options, dict[str, Tensor]()
        if o.sparse != "none":
            found["sparse"] = o.sparsity * sparsity(codes, o.sparse, o.active)
        if o.contractive == "analytic":
            found["contractive"] = o.contraction * contraction(self.encoder, x)
        if o.contractive == "stochastic":
            noise = torch.randn(x.shape, generator=self.studio.generator("disturbance"), device=x.device)
            clean = codes if o.corruption == "none" else self.encoder(x)
            found["contractive"] = o.contraction * disturbance(self.encoder, x, clean, o.disturbance * noise)
        if o.wasserstein:
            found["wasserstein"] = o.wasserstein * discrepancy(
                codes, self.studio.noise(len(codes), self.options.latent, "prior")
            )
        return found

    @property
    def layers(self) -> int:
        """Pairs of a layer of the encoder and one of the decoder that undoes it."""
        return len(self.options.hidden) + 1

    def greedy(self, x: Tensor, level: int) -> Tensor:
        """The loss of one pair of layers, which learns to give back what the pairs around it make of pixels x."""
        begin, end = 1 + 2 * level, 3 + 2 * level  # a layer and its activation; the first flattens
        undone = 2 * (self.layers - 1 - level)
        with torch.no_grad():
            known = self.encoder[:begin](x)
        code = self.encoder[begin:end](known)
        if level == 0:
            return self.likelihood.loss(self.decoder[undone](code), known * 2 - 1)
        errors = self.decoder[undone : undone + 2](code) - known
        return 0.5 * errors.square().sum(1).mean()

    # its codes are made N(0, I), as far as their mean and covariance go

    def outward(self, codes: Tensor) -> Tensor:
        """c of z = μ + L·c, LLᵀ the running covariance: [N, D]."""
        if self.options.wasserstein:
            return codes
        return torch.linalg.solve_triangular(self._root(), (codes - self.mean).T, upper=False).T

    def inward(self, codes: Tensor) -> Tensor:
        if self.options.wasserstein:
            return codes
        c, rest = codes[:, : self.options.latent], codes[:, self.options.latent :]
        return torch.cat([self.mean + c @ self._root().T, rest], 1)

    @torch.no_grad()
    def _follow(self, codes: Tensor) -> None:
        """Let the running moments follow a batch of codes."""
        share = max(0.05, 1 / (self.steps + 1))
        centred = codes - codes.mean(0)
        self.mean = torch.lerp(self.mean, codes.mean(0), share)
        self.covariance = torch.lerp(self.covariance, centred.T @ centred / len(codes), share)

    def _root(self) -> Tensor:
        eye = torch.eye(len(self.covariance), device=self.covariance.device)
        return torch.linalg.cholesky(self.covariance + (1e-6 + 1e-4 * self.covariance.diagonal().mean()) * eye)

    def _likelihood(self) -> Any:
        o = self.options
        return likelihood(o.likelihood, o.deviation, squash=o.activation != "linear")
