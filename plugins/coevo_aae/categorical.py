"""The base of adversarial autoencoders with a categorical variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo import ArtistSpec, CodeBlock, CodeLayout
from coevo_aae.aae import AAE


class CategoricalAAE(AAE):
    """The encoder infers a category y beside z: q(y|x) is a softmax, which the critic holds to one-hot draws."""

    class Options(AAE.Options):
        logit_scale: float = Field(0.0, ge=0, le=100)
        """Initial scale of the logits of y, which are then normalised over the batch, so that no category is left out;
        0 does not normalise them."""

        renamed: ClassVar[Mapping[str, str]] = {**AAE.Options.renamed, "balance": "logit_scale"}

    @property
    def category(self) -> CodeBlock:
        """The block of y."""
        raise NotImplementedError

    def spec(self) -> ArtistSpec:
        spec = super().spec()
        return replace(spec, code=CodeLayout((*spec.code, self.category)))

    @property
    def encoder_outputs(self) -> int:
        return super().encoder_outputs + self.category.size

    def encoder_network(self) -> nn.Sequential:
        network = super().encoder_network()
        if scale := self.options.logit_scale:
            network.append(NormalisedLogits(self.category.size, scale))
        return network

    def logits(self, outputs: Tensor) -> Tensor:
        """The logits of y [N, K] in the encoder's outputs."""
        return outputs[:, -self.category.size :]

    def latents_by(self, z_of: Callable[[Tensor], Tensor], outputs: Tensor) -> Tensor:
        z = super().latents_by(z_of, outputs[:, : -self.category.size])
        return torch.cat([z, self.logits(outputs).softmax(1)], 1)


class NormalisedLogits(nn.Module):
    """Normalises the last `count` of its inputs over the batch, and scales them by one number that is learnt.

    A softmax of them cannot leave a category out for good: over a batch each logit is high as often as any other.
    Without this, a category that is never inferred has no gradient that would bring it back.
    """

    def __init__(self, count: int, scale: float):
        super().__init__()
        self.count = count
        self.norm = nn.BatchNorm1d(count, affine=False)
        self.scale = nn.Parameter(torch.tensor([scale]))

    def forward(self, x: Tensor) -> Tensor:
        rest, logits = x.split([x.shape[1] - self.count, self.count], 1)
        return torch.cat([rest, self.norm(logits) * self.scale], 1)
