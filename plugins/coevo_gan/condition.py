"""What a generator is told beside its noise: the class it should make."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Condition(nn.Module):
    """Codes [N, latent + classes + rest], of noise, a class as one-hot and more → the same, the class embedded.

    With conditioning augmentation (Zhang 2016, StackGAN, eq. 2) the embedding is N(μ(y), diag σ(y)²) while it
    learns, so that pictures vary smoothly around a class; the mean is exhibited.
    """

    def __init__(self, latent: int, classes: int, embedding: int, augment: bool = False):
        super().__init__()
        self.latent, self.classes = latent, classes
        self.mean = nn.Linear(classes, embedding, bias=False)
        self.log_variance = nn.Linear(classes, embedding, bias=False) if augment else None

    def forward(self, codes: Tensor) -> Tensor:
        z, label, rest = codes.split([self.latent, self.classes, codes.shape[1] - self.latent - self.classes], 1)
        told = self.mean(label)
        if self.log_variance is not None and self.training:
            told = told + (self.log_variance(label) / 2).exp() * torch.randn_like(told)
        return torch.cat([z, told, rest], 1)

    def divergence(self, codes: Tensor) -> Tensor:
        """KL(N(μ, σ²) ‖ N(0, I)), mean over the codes."""
        assert self.log_variance is not None
        label = codes[:, self.latent : self.latent + self.classes]
        mean, log_variance = self.mean(label), self.log_variance(label)
        return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1).mean()
