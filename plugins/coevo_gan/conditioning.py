"""Players that are given the class of a work (Mirza & Osindero 2014, arXiv:1411.1784)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo import CriticSpec, Works
from coevo.adversarial.critic import AdversarialCritic
from coevo.latent_models.decoder import ConditionalOptions
from coevo.nn.divergences import gaussian_kl
from coevo.nn.layers import check_side
from coevo.studio.processes import everyone, rows


class EmbeddingOptions(ConditionalOptions):
    """Options of a generator that may be given labels, and embeds them."""

    embedding: int = Field(16, ge=1, le=1024)
    """conditional: size of the label embedding."""
    conditioning_kl: float = Field(0.0, ge=0, le=100)
    """conditional: weight of the KL divergence in conditioning augmentation (Zhang 2016); 0 embeds labels without
    it."""

    renamed: ClassVar[Mapping[str, str]] = {**ConditionalOptions.renamed, "condition": "conditioning_kl"}
    needs: ClassVar[Mapping[str, str]] = {"embedding": "conditional", "conditioning_kl": "conditional"}


def sample_labels(reals: Works, n: int, generator: torch.Generator) -> Tensor:
    """Labels [n], as frequent as among real works."""
    labels = everyone(reals.classes)
    return labels[rows(n, lambda n: torch.randint(len(labels), (n,), generator=generator, device=labels.device))]


class LabelEmbedding(nn.Module):
    """Replaces the one-hot class in codes [N, latent + classes + rest] by an embedding of it.

    With conditioning augmentation (Zhang 2016, StackGAN, eq. 2) the embedding is drawn from N(μ(y), diag σ(y)²) in
    training, so that works vary smoothly around a class, and is μ(y) in evaluation.

    Args:
        latent: columns before the class.
        classes: columns of the class.
        embedding: size of the embedding.
        augment: whether to draw it.
    """

    def __init__(self, latent: int, classes: int, embedding: int, augment: bool = False):
        super().__init__()
        self.latent, self.classes = latent, classes
        self.mean = nn.Linear(classes, embedding, bias=False)
        self.log_variance = nn.Linear(classes, embedding, bias=False) if augment else None

    def forward(self, codes: Tensor) -> Tensor:
        z, label, rest = codes.split([self.latent, self.classes, codes.shape[1] - self.latent - self.classes], 1)
        embedded = self.mean(label)
        if self.log_variance is not None and self.training:
            noise = rows(len(label), lambda n: embedded.new_empty(n, embedded.shape[1]).normal_())
            embedded = embedded + (self.log_variance(label) / 2).exp() * noise
        return torch.cat([z, embedded, rest], 1)

    def kl(self, codes: Tensor) -> Tensor:
        """KL(N(μ, diag σ²) ‖ N(0, I)), mean over the codes; 0 without conditioning augmentation."""
        if self.log_variance is None:
            return codes.new_zeros(())
        label = codes[:, self.latent : self.latent + self.classes]
        return gaussian_kl(self.mean(label), self.log_variance(label)).mean()


class ConvolutionalCritic(AdversarialCritic):
    """A critic that halves images down to 4 px, and may judge them as works of their class."""

    options: Any

    def spec(self) -> CriticSpec:
        return replace(super().spec(), labels="unused" if self.options.conditioning == "none" else "required")

    def check(self) -> None:
        check_side(f"Critic {self.name!r}", self.studio.image)
        super().check()

    @property
    def classes(self) -> int:
        """How many classes it tells apart; 0 if it sees no labels."""
        return len(self.studio.classes) if self.sees_labels else 0


class ProjectionOptions(AdversarialCritic.Options):
    """Options of a critic that may project features on an embedding of the class."""

    conditioning: Literal["none", "projection"] = "none"
    """The use of labels, so that it judges works as works of their class."""
