"""The clustering adversarial autoencoder (Makhzani 2015, §6)."""

from __future__ import annotations

from pydantic import Field

from coevo import CodeBlock
from coevo_aae.categorical import CategoricalAAE


class ClusteringAAE(CategoricalAAE):
    """The encoder infers a cluster y beside the style z, without labels (Makhzani 2015, §6)."""

    name = "aae-clustering"

    class Options(CategoricalAAE.Options):
        categories: int = Field(16, ge=1, le=1000)
        """Number of clusters."""

    @property
    def category(self) -> CodeBlock:
        return CodeBlock("cluster", self.options.categories, "categorical", role="cluster")
