"""The supervised adversarial autoencoder (Makhzani 2015, §4)."""

from __future__ import annotations

from coevo_aae.aae import AAE


class SupervisedAAE(AAE):
    """The decoder is given the label, so that the code is left with the style (Makhzani 2015, §4)."""

    name = "aae-supervised"

    @property
    def conditional(self) -> bool:
        return True
