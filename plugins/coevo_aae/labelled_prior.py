"""An adversarial autoencoder with a region of its prior for every class (Makhzani 2015, §2.3)."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from coevo import ArtistSpec, ConfigError
from coevo.latent_models.priors import prior_of
from coevo_aae.aae import AAE


class LabelledPriorAAE(AAE):
    """Every class has a region of the prior of its own (Makhzani 2015, §2.3).

    The critic `latent` sees labels beside codes, and draws each code from the region of its label; works without a
    label may lie anywhere.
    """

    name = "aae-labelled-prior"

    class Options(AAE.Options):
        latent: int = Field(2, ge=1, le=4096)
        """Size of the code z."""
        prior: str = "mixture"
        """The distribution that z should follow, with a region for every class: mixture or swiss-roll."""

    def spec(self) -> ArtistSpec:
        return replace(super().spec(), labels="some")

    def check(self) -> None:
        super().check()
        if not prior_of(self.code.blocks[0]).labelled:
            raise ConfigError(
                f"Artist {self.name!r} gives every class a region of the prior, and artist.prior={self.options.prior} "
                "has none; choose mixture or swiss-roll."
            )
