"""The three posteriors q(z|x) of an adversarial autoencoder (Makhzani 2015, §2.1)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from coevo import Studio

PosteriorName = Literal["deterministic", "gaussian", "universal"]


class Deterministic:
    """A point: the encoder's outputs are z."""

    def __init__(self, size: int, studio: Studio):
        self.size, self.studio = size, studio
        self.extra_inputs = 0
        """Inputs of the encoder beside the pixels."""
        self.outputs = size
        """Outputs of the encoder."""

    def encoder_inputs(self, x: Tensor, stream: str | None = None) -> Tensor:
        """The encoder's inputs for pixels x [N, C, H, W]; noise comes from the named stream, and is 0 without one."""
        return x

    def mean(self, outputs: Tensor) -> Tensor:
        """z [N, size] without sampling."""
        return outputs

    def sample(self, outputs: Tensor) -> Tensor:
        """z [N, size] drawn from the posterior, with gradients to the encoder's outputs."""
        return outputs


class Gaussian(Deterministic):
    """N(μ(x), diag σ²(x)): the encoder's outputs are μ and log σ²."""

    def __init__(self, size: int, studio: Studio):
        super().__init__(size, studio)
        self.outputs = 2 * size

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs.chunk(2, 1)[0]

    def sample(self, outputs: Tensor) -> Tensor:
        mean, log_variance = outputs.chunk(2, 1)
        return mean + (log_variance / 2).exp() * self.studio.noise(*mean.shape)


class Universal(Deterministic):
    """f(x, η), η ~ N(0, I): the encoder reads noise beside the pixels, so that z can have any distribution."""

    def __init__(self, size: int, studio: Studio):
        super().__init__(size, studio)
        self.extra_inputs = size

    def encoder_inputs(self, x: Tensor, stream: str | None = None) -> Tensor:
        noise = self.studio.noise(len(x), self.size, stream) if stream else x.new_zeros(len(x), self.size)
        return torch.cat([x.flatten(1), noise], 1)


POSTERIORS: dict[PosteriorName, type[Deterministic]] = {
    "deterministic": Deterministic,
    "gaussian": Gaussian,
    "universal": Universal,
}
