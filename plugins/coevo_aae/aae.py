"""The adversarial autoencoder (Makhzani 2015, arXiv:1511.05644)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo import ArtistSpec, CodeLayout, ConfigError, Metrics, Works
from coevo.evaluation.metrics import pixel_error
from coevo.latent_models.autoencoder import Autoencoder
from coevo.latent_models.likelihoods import LikelihoodName, intensities
from coevo.latent_models.networks import make_encoder
from coevo.latent_models.priors import prior_of
from coevo_aae.posteriors import POSTERIORS, Deterministic, PosteriorName
from coevo_aae.upgrade import MOVED, to_variant


class Pass(NamedTuple):
    """Real works on their way through the networks."""

    images: Tensor
    reconstruction: Tensor  # its loss
    extra: Any  # whatever a variant's loss needs beside them


class AAE(Autoencoder):
    """Reconstructs images, and fools a critic of codes (Makhzani 2015, §2).

    The critic `latent` tells the encoder's codes from draws of a prior, and the encoder learns to fool it: codes come
    to follow the prior, and the decoder makes images of its draws. Variants use labels (`aae-labelled-prior`, §2.3;
    `aae-supervised`, §4; `aae-semi-supervised`, §5) or find clusters (`aae-clustering`, §6; `aae-mixture`).
    """

    name = "aae"
    corruption_stream = "pixels"

    class Options(Autoencoder.Options):
        latent: int = Field(8, ge=1, le=4096)
        """Size of the code z."""
        prior: str = "gaussian"
        """The distribution that z should follow; `coevo plugins` lists the priors."""
        posterior: PosteriorName = "deterministic"
        """q(z|x): a point, a Gaussian, or any distribution, by noise that the encoder reads beside the image (§2.1)."""
        hidden: tuple[int, ...] = (1000, 1000)
        """dense: units of the encoder's hidden layers; the decoder has them in reverse order."""
        likelihood: LikelihoodName = "gaussian"
        """Distribution of a pixel, whose parameters the decoder gives; gaussian is the squared error."""
        reconstruction_weight: float = Field(1.0, ge=0)
        """Weight of the reconstruction loss beside the critic's rewards."""
        latent_noise: float = Field(0.0, ge=0, le=10)
        """Standard deviation of Gaussian noise on the z that the decoder reads: fine detail of z is lost, so that the
        largest differences between images are left to a class or a cluster."""

        renamed: ClassVar[Mapping[str, str]] = {
            **Autoencoder.Options.renamed,
            "noise": "input_noise",
            "mask": "input_mask",
            "reconstruction": "reconstruction_weight",
            "blur": "latent_noise",
        }
        moved: ClassVar[Mapping[str, str]] = {**Autoencoder.Options.moved, **MOVED}

    options: Any

    @classmethod
    def upgrade(cls, options: dict[str, Any]) -> dict[str, Any]:
        return super().upgrade(to_variant(options) if cls.name == "aae" else options)

    def spec(self) -> ArtistSpec:
        spec = super().spec()
        z, *rest = spec.code
        return replace(spec, code=CodeLayout((replace(z, prior=self.options.prior), *rest)), critic="required")

    def check_divided(self) -> None:
        """It may: its losses are means over works."""

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        z, extra = self.infer(reals)
        codes = self.with_labels(z, reals.labels)
        outputs = self.decoder(self.to_latent(self.with_latent_noise(codes)))
        reconstruction, images = self.likelihood.loss_and_mean(outputs, reals.pixels)
        return Works(images, codes, reals.labels, ctx=Pass(reals.pixels, reconstruction, extra))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        loss, metrics = self.loss(works.ctx, rewards)
        error = pixel_error(works.pixels.detach(), works.ctx.images)
        self.minimise(loss)
        return {"loss": loss.detach(), "error": error, **metrics}

    def loss(self, ctx: Pass, rewards: Tensor) -> tuple[Tensor, Metrics]:
        """The reconstruction loss, less the rewards of the critic that it fools; and metrics of the parts of it."""
        return self.options.reconstruction_weight * ctx.reconstruction - rewards.mean(), {}

    def infer(self, reals: Works) -> tuple[Tensor, Any]:
        """Codes of real works, drawn from the posterior, and whatever the loss needs beside them."""
        return self.code_sample(self.training_outputs(reals.pixels)), None

    def training_outputs(self, images: Tensor) -> Tensor:
        """The encoder's outputs for corrupted images, as it reads them while it learns."""
        x = self.corrupt(intensities(images))
        return self.encoder(self.posterior.encoder_inputs(x, self.corruption_stream))

    def with_latent_noise(self, codes: Tensor) -> Tensor:
        """Codes [N, D] with noise on their z."""
        if not self.options.latent_noise:
            return codes
        z, rest = codes.split([self.options.latent, codes.shape[1] - self.options.latent], 1)
        return torch.cat([self.studio.add_noise(z, self.options.latent_noise, "noise"), rest], 1)

    # from the encoder's outputs to codes

    @property
    def posterior(self) -> Deterministic:
        """q(z|x)."""
        return POSTERIORS[self.options.posterior](self.options.latent, self.studio)

    @property
    def encoder_outputs(self) -> int:
        return self.posterior.outputs

    def encoder_network(self) -> nn.Sequential:
        return make_encoder(self.options, self.studio.image, self.encoder_outputs, self.posterior.extra_inputs)

    def encoder_inputs(self, images: Tensor) -> Tensor:
        return self.posterior.encoder_inputs(intensities(images))

    def code_sample(self, outputs: Tensor) -> Tensor:
        """Codes drawn from the posterior that the encoder's outputs describe."""
        return self.from_latent(self.latents_by(self.posterior.sample, outputs))

    def code_mean(self, outputs: Tensor) -> Tensor:
        return self.latents_by(self.posterior.mean, outputs)

    def latents_by(self, z_of: Callable[[Tensor], Tensor], outputs: Tensor) -> Tensor:
        """Latents by the encoder's outputs, whose z is the posterior's mean or a sample of it."""
        return z_of(outputs)

    def check(self) -> None:
        super().check()
        prior_of(self.code.blocks[0])  # which may be unknown, or not have the code's size
        if self.options.posterior == "universal" and self.options.network != "dense":
            raise ConfigError("artist.posterior=universal reads noise beside the pixels; choose artist.network=dense.")
