"""The fully connected pair of the first GAN (Goodfellow 2014, arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from coevo import Artist, CodeBlock
from coevo.adversarial.critic import AdversarialCritic
from coevo.nn.layers import dense
from coevo_gan.generator import GeneratorArtist, StandingOptions


class MLPArtist(GeneratorArtist):
    """Makes images of any size of noise, by fully connected layers of rectifiers."""

    name = "mlp"

    class Options(StandingOptions, GeneratorArtist.Options):
        latent: int = Field(100, ge=1, le=4096)
        """Size of the noise vector z."""
        width: int = Field(1200, ge=4, le=8192)
        """Units of a hidden layer."""
        depth: int = Field(2, ge=1, le=10)
        """Number of hidden layers."""
        prior: Literal["uniform", "gaussian"] = "uniform"
        """Distribution of the noise."""
        batch_norm: bool = False
        """Batch normalisation of the hidden layers, which is younger than the paper."""

        renamed: ClassVar[Mapping[str, str]] = {**GeneratorArtist.Options.renamed, "normalise": "batch_norm"}
        needs: ClassVar[Mapping[str, str]] = {"standing_statistics": "batch_norm"}

    options: Options

    def blocks(self) -> tuple[CodeBlock, ...]:
        return (CodeBlock("z", self.options.latent, self.options.prior),)

    def network(self, inputs: int) -> nn.Sequential:
        o, image = self.options, self.studio.image
        hidden = dense([inputs, *[o.width] * o.depth], batch_norm=o.batch_norm)
        return nn.Sequential(*hidden, nn.Linear(o.width, prod(image)), nn.Tanh(), nn.Unflatten(1, image))


class MLPCritic(AdversarialCritic):
    """Scores images as rows of pixels, by fully connected layers of maxout units with dropout."""

    name = "mlp"

    class Options(AdversarialCritic.Options):
        width: int = Field(240, ge=4, le=8192)
        """Units of a hidden layer."""
        maxout_pieces: int = Field(5, ge=1, le=16)
        """Linear pieces of a maxout unit; 1 is a leaky ReLU instead."""
        depth: int = Field(2, ge=1, le=10)
        """Number of hidden layers."""
        dropout: float = Field(0.5, ge=0, lt=1)
        """Share of the hidden units that are dropped in a step; of the pixels, two fifths of it."""

        renamed: ClassVar[Mapping[str, str]] = {**AdversarialCritic.Options.renamed, "pieces": "maxout_pieces"}

    options: Options

    def network(self, artist: Artist) -> nn.Module:
        o, inputs = self.options, prod(self.studio.image) * self.options.pack
        layers: list[nn.Module] = [nn.Flatten(), nn.Dropout(0.4 * o.dropout)]
        for _ in range(o.depth):
            layers += [nn.Linear(inputs, o.width * o.maxout_pieces), Maxout(o.maxout_pieces), nn.Dropout(o.dropout)]
            inputs = o.width
        return Scorer(*layers, nn.Linear(inputs, 1), nn.Flatten(0))


class Maxout(nn.Module):
    """The largest of each unit's linear pieces (Goodfellow 2013), or a leaky ReLU of a single piece.

    [N, width · pieces] → [N, width].
    """

    def __init__(self, pieces: int):
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        if self.pieces == 1:
            return leaky_relu(x, 0.2)
        return x.unflatten(1, (-1, self.pieces)).amax(2)


class Scorer(nn.Sequential):
    """Layers that score works without their labels."""

    def forward(self, works: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = super().forward(works)
        return scores
