"""An adversarial autoencoder whose clusters are those of its latent space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from coevo import ArtistSpec, CodeBlock, CodeLayout, ConfigError, Metrics, Works
from coevo.studio.processes import everyone
from coevo_aae.aae import AAE
from coevo_aae.clusters import Clusters


class MixtureAAE(AAE):
    """Clusters are Gaussians of a mixture that follows the encoder's outputs z, instead of a softmax beside them.

    The code of z is its cluster y and s, its place in that cluster: z = μ_y + L_y·s. The critic holds s to N(0, I).
    """

    name = "aae-mixture"

    class Options(AAE.Options):
        prior: Literal["gaussian"] = "gaussian"
        """The distribution of s."""
        posterior: Literal["deterministic", "universal"] = "deterministic"
        """q(z|x): a point, or any distribution, by noise that the encoder reads beside the image (§2.1)."""
        categories: int = Field(16, ge=1, le=1000)
        """Number of clusters."""
        mixture_after: int = Field(2000, ge=1)
        """Steps before the mixture is first fitted; until then s is z, and every cluster is as likely as any other."""

        renamed: ClassVar[Mapping[str, str]] = {**AAE.Options.renamed, "split": "mixture_after"}

    def spec(self) -> ArtistSpec:
        spec = super().spec()
        cluster = CodeBlock("cluster", self.options.categories, "categorical", role="cluster")
        return replace(spec, code=CodeLayout((*spec.code, cluster)))

    def check(self) -> None:
        super().check()
        o = self.options
        if o.mixture_after * self.studio.batch < 2 * o.categories:
            raise ConfigError(
                f"After artist.mixture_after={o.mixture_after} steps of {self.studio.batch} works there are too few "
                f"for {o.categories} clusters; choose a larger artist.mixture_after."
            )

    @property
    def decoder_inputs(self) -> int:
        return int(self.options.latent)

    def encoder_network(self) -> nn.Sequential:
        z_norm = nn.BatchNorm1d(self.options.latent, affine=False)  # or z would grow: nothing else limits its scale
        return super().encoder_network().append(z_norm)

    def build(self) -> None:
        super().build()
        o, studio = self.options, self.studio
        self.clusters = Clusters(o.latent, o.categories, o.mixture_after, studio.device, studio.seed)

    def from_latent(self, latents: Tensor) -> Tensor:
        return self.clusters.split(latents)

    def to_latent(self, codes: Tensor) -> Tensor:
        return self.clusters.join(codes)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        metrics = super().learn(works, rewards)
        self.clusters.follow(everyone(self.to_latent(works.latents.detach())))
        return metrics
