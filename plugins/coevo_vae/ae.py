"""Autoencoders (Hinton & Salakhutdinov 2006), with the penalties that keep them from copying their images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from coevo import ConfigError, Metrics, Works
from coevo.evaluation.metrics import pixel_error
from coevo.latent_models.autoencoder import Autoencoder
from coevo.latent_models.decoder import ConditionalOptions
from coevo.latent_models.likelihoods import Likelihood, LikelihoodName, make_likelihood
from coevo.nn.layers import ACTIVATIONS, Activation
from coevo.studio.processes import everyone
from coevo_vae.penalties import AnalyticContraction, Penalty, PriorDiscrepancy, Sparsity, StochasticContraction
from coevo_vae.pretraining import greedy_loss
from coevo_vae.tied import tied
from coevo_vae.whitening import running_moments, unwhiten, whiten


class AE(Autoencoder):
    """Reconstructs images from codes: minimises L(x, g(f(x))) and a list of penalties on the codes.

    It is undercomplete if the code is smaller than the image, overcomplete if it is larger; deep if it has several
    hidden layers, linear if `activation` is. Its latents z follow no prior; so their running mean and covariance are
    kept, and its codes are whitened z, which are N(0, I) up to their second moments.
    """

    name = "ae"

    class Options(ConditionalOptions, Autoencoder.Options):
        likelihood: LikelihoodName = "gaussian"
        """Distribution of a pixel, whose parameters the decoder gives; gaussian is the squared error."""
        code_activation: Activation = "linear"
        """Activation of the code."""
        tied: bool = False
        """dense: the decoder's weights are the encoder's, transposed."""
        sparse: Literal["none", "l1", "kl"] = "none"
        """Sparse: penalise |z|, or the divergence of each unit's mean activity from `target_activity` (Ng 2011)."""
        sparsity_weight: float = Field(1e-3, ge=0)
        """Weight of the sparse penalty."""
        target_activity: float = Field(0.05, gt=0, lt=1)
        """kl: share of works for which a unit should be active."""
        contractive: Literal["none", "analytic", "stochastic"] = "none"
        """Contractive (Rifai 2011): penalise the squared norm of ∂z/∂x, exact or estimated by small noise."""
        contraction_weight: float = Field(1e-3, ge=0)
        """Weight of the contractive penalty."""
        contraction_noise: float = Field(0.1, gt=0)
        """stochastic: standard deviation of the noise."""
        mmd_weight: float = Field(0.0, ge=0)
        """Wasserstein (Tolstikhin 2018): weight of the maximum mean discrepancy of codes from N(0, I)."""
        pretrain_steps: int = Field(0, ge=0)
        """Greedy layer-wise pre-training (Bengio 2007): steps for each layer before all learn together."""

        renamed: ClassVar[Mapping[str, str]] = {
            **Autoencoder.Options.renamed,
            **ConditionalOptions.renamed,
            "code": "code_activation",
            "sparsity": "sparsity_weight",
            "active": "target_activity",
            "contraction": "contraction_weight",
            "disturbance": "contraction_noise",
            "wasserstein": "mmd_weight",
            "pretrain": "pretrain_steps",
        }
        needs: ClassVar[Mapping[str, str]] = {
            "sparsity_weight": "sparse",
            "target_activity": "sparse=kl",
            "contraction_weight": "contractive",
            "contraction_noise": "contractive=stochastic",
        }

        @model_validator(mode="after")
        def _fits(self) -> AE.Options:
            dense_only = [name for name in ("tied", "pretrain_steps") if getattr(self, name)]
            dense_only += ["contractive=analytic"] if self.contractive == "analytic" else []
            if dense_only and (self.network != "dense" or self.batch_norm):
                raise ConfigError(f"{dense_only[0]} needs artist.network=dense and artist.batch_norm=false.")
            if self.tied and (self.ema or self.conditional):
                other = "ema, which averages weights" if self.ema else "conditional, whose decoder reads more"
                raise ConfigError(f"tied shares weights and does not go with artist.{other}; leave out one.")
            if self.sparse == "kl" and self.code_activation != "sigmoid":
                raise ConfigError("sparse=kl needs units in [0, 1]; choose artist.code_activation=sigmoid.")
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
        self.penalties = self.make_penalties()

    def check_divided(self) -> None:
        """It may: its losses are means over works, and its penalties take everyone's codes."""

    def make_penalties(self) -> list[Penalty]:
        """The penalties that the options ask for."""
        o, studio = self.options, self.studio
        penalties: list[Penalty] = []
        if o.sparse != "none":
            penalties.append(Sparsity(o.sparse, o.sparsity_weight, o.target_activity))
        if o.contractive == "analytic":
            penalties.append(AnalyticContraction(o.contraction_weight))
        if o.contractive == "stochastic":
            penalties.append(StochasticContraction(o.contraction_weight, o.contraction_noise, o.corrupts, studio))
        if o.mmd_weight:
            penalties.append(PriorDiscrepancy(o.mmd_weight, studio))
        return penalties

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        x = self.encoder_inputs(reals.pixels)
        z = self.encoder(self.corrupt(x))
        latents = self.with_labels(z, reals.labels)
        reconstruction, images = self.likelihood.loss_and_mean(self.decoder(latents), reals.pixels)
        return Works(images, latents, reals.labels, ctx=(reals.pixels, x, z, reconstruction))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        images, x, z, reconstruction = works.ctx
        loss = self.pretraining_loss(x) if self.pretrains else reconstruction
        penalties = {penalty.name: penalty(self.encoder, x, z) for penalty in self.penalties}
        self.minimise(sum(penalties.values(), loss - rewards.mean()))
        self.steps += 1
        self.mean, self.covariance = running_moments(everyone(z.detach()), self.mean, self.covariance, self.steps)
        error = pixel_error(works.pixels.detach(), images)
        return {"loss": loss.detach(), "error": error, **{name: part.detach() for name, part in penalties.items()}}

    @property
    def pretrains(self) -> bool:
        """Whether its layers still learn one at a time."""
        return self.steps < self.options.pretrain_steps * (len(self.options.hidden) + 1)

    def pretraining_loss(self, x: Tensor) -> Tensor:
        return greedy_loss(self.encoder, self.decoder, self.likelihood, x, self.steps // self.options.pretrain_steps)

    # networks

    def encoder_network(self) -> nn.Sequential:
        return super().encoder_network().append(ACTIVATIONS[self.options.code_activation]())

    def decoder_network(self) -> nn.Sequential:
        decoder = super().decoder_network()
        return tied(decoder, self.encoder) if self.options.tied else decoder

    @property
    def likelihood(self) -> Likelihood:
        o = self.options
        return make_likelihood(o.likelihood, o.pixel_std, squash=o.activation != "linear")

    # its codes are whitened latents, unless the latents themselves are held to N(0, I)

    def from_latent(self, latents: Tensor) -> Tensor:
        return latents if self.options.mmd_weight else whiten(latents, self.mean, self.covariance)

    def to_latent(self, codes: Tensor) -> Tensor:
        if self.options.mmd_weight:
            return codes
        c, label = codes[:, : self.options.latent], codes[:, self.options.latent :]
        return torch.cat([unwhiten(c, self.mean, self.covariance), label], 1)
