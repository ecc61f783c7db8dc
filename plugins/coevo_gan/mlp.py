"""The fully connected pair of the first GAN (Goodfellow 2014, arXiv:1406.2661)."""

from __future__ import annotations

from math import prod
from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from coevo import Artist, CodeBlock
from coevo.adversarial.critic import Adversary
from coevo.nn.layers import dense
from coevo_gan.noise import Generative


class MLPArtist(Generative):
    """Noise becomes a picture by layers that are all connected; of any size."""

    name = "mlp"

    class Options(Generative.Options):
        latent: int = Field(100, ge=1, le=4096)
        """Size of the noise vector z."""
        width: int = Field(1200, ge=4, le=8192)
        """Units of a hidden layer."""
        depth: int = Field(2, ge=1, le=10)
        """Hidden layers."""
        prior: Literal["uniform", "gaussian"] = "uniform"
        """Of the noise."""
        normalise: bool = False
        """Batch normalisation, which the paper did not know yet."""

    options: Options

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        z, *rest = super().codes
        return (CodeBlock("z", z.size, self.options.prior), *rest)

    def network(self, inputs: int) -> nn.Sequential:
        o, image = self.options, self.studio.image
        layers = dense([inputs, *[o.width] * o.depth], normalise=o.normalise)
        return nn.Sequential(*layers, nn.Linear(o.width, prod(image)), nn.Tanh(), nn.Unflatten(1, image))


class MLPCritic(Adversary):
    """Layers of maxout units, with dropout, that see a picture as a row of pixels."""

    name = "mlp"

    class Options(Adversary.Options):
        width: int = Field(240, ge=4, le=8192)
        """Units of a hidden layer."""
        pieces: int = Field(5, ge=1, le=16)
        """Linear pieces of a maxout unit; 1 is a leaky ReLU instead."""
        depth: int = Field(2, ge=1, le=10)
        """Hidden layers."""
        dropout: float = Field(0.5, ge=0, lt=1)
        """Share of the hidden units that are left out of a step; of the pixels two fifths of it."""

    options: Options

    def network(self, artist: Artist) -> nn.Module:
        o = self.options
        inputs = prod(self.studio.image) * o.pack
        layers: list[nn.Module] = [nn.Flatten(), nn.Dropout(0.4 * o.dropout)]
        for _ in range(o.depth):
            layers += [nn.Linear(inputs, o.width * o.pieces), Maxout(o.pieces), nn.Dropout(o.dropout)]
            inputs = o.width
        return Scores(*layers, nn.Linear(inputs, 1), nn.Flatten(0))


class Maxout(nn.Module):
    """The largest of each unit's linear pieces (Goodfellow 2013), of one piece a leaky ReLU: [N, width · pieces] →
    [N, width]."""

    def __init__(self, pieces: int):
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        if self.pieces == 1:
            return leaky_relu(x, 0.2)
        return x.unflatten(1, (-1, self.pieces)).amax(2)


class Scores(nn.Sequential):
    """Layers that see no labels."""

    def forward(self, works: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = super().forward(works)
        return scores
