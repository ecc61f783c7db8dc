"""Adversarial latent autoencoders (Pidhorskyi 2020, arXiv:2004.04467)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from coevo import Artist, ArtistSpec, CodeBlock, CodeLayout, Metrics, PairError, Works
from coevo.adversarial.critic import AdversarialCritic
from coevo.latent_models.decoder import AT_ONCE, DecoderArtist
from coevo.nn.adam import Adam, AdamOptions, minimise
from coevo.nn.layers import dense


class ALAE(DecoderArtist):
    """F maps noise z to a style w, G styles to images, E images to styles; D, the critic's, scores E(x).

    Styles are reconstructed, not pixels: E learns to invert G (eq. 9). Its critic is `alae`, which shares E and teaches
    it too.
    """

    name = "alae"

    class Options(AdamOptions):
        latent: int = Field(128, ge=1, le=4096)
        """Size of the noise z."""
        style_size: int = Field(50, ge=1, le=4096)
        """Size of the style w."""
        hidden: tuple[int, ...] = (1024, 1024)
        """Units of the hidden layers of E; G has them in reverse order, F the first of them."""
        reciprocity_weight: float = Field(1.0, ge=0)
        """Weight of the reconstruction of styles."""
        learning_rate: float = Field(2e-4, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.0, ge=0, lt=1)
        """Adam's β1."""
        beta2: float = Field(0.99, ge=0, lt=1)
        """Adam's β2."""

        renamed: ClassVar[Mapping[str, str]] = {
            **AdamOptions.renamed,
            "code": "style_size",
            "reciprocity": "reciprocity_weight",
        }

    options: Options
    renamed_state: ClassVar[Mapping[str, str]] = {
        "making": "generator_optimiser",
        "undoing": "reciprocity_optimiser",
    }

    def spec(self) -> ArtistSpec:
        return ArtistSpec(code=CodeLayout((CodeBlock("z", self.options.latent),)), gradients=True)

    def build(self) -> None:
        o, image = self.options, self.studio.image
        pixels, first = prod(image), o.hidden[0]
        prepare = self.studio.prepare
        self.f = prepare(nn.Sequential(*dense([o.latent, first], "leaky-relu"), nn.Linear(first, o.style_size)))
        g = [*dense([o.style_size, *reversed(o.hidden)], "leaky-relu"), nn.Linear(first, pixels), nn.Tanh()]
        self.g = prepare(nn.Sequential(*g, nn.Unflatten(1, image)))
        e = [nn.Flatten(), *dense([pixels, *o.hidden], "leaky-relu"), nn.Linear(o.hidden[-1], o.style_size)]
        self.e = prepare(nn.Sequential(*e))
        self.generator_optimiser = Adam([*self.f.parameters(), *self.g.parameters()], o)
        self.reciprocity_optimiser = Adam([*self.e.parameters(), *self.g.parameters()], o)

    def check_divided(self) -> None:
        """It may: all its losses are means over works."""

    def make(self, n: int, reals: Works | None) -> Works:
        z = self.studio.noise(n, self.options.latent)
        return Works(self.g(self.f(z)), z)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        minimise(self.generator_optimiser, -rewards.mean())  # step II: F and G maximise the critic's scores
        w = self.f(works.latents).detach()
        loss = self.options.reciprocity_weight * mse_loss(self.e(self.g(w)), w)
        minimise(self.reciprocity_optimiser, loss)  # step III: E learns to invert G
        return {"loss": -rewards.detach().mean(), "reciprocity": loss.detach()}

    def pictures(self, codes: Tensor) -> Tensor:
        return self.g(self.f(codes))

    @torch.no_grad()
    def reconstruct(self, works: Works) -> Works:
        """G(E(x)) of images x. No z is inferred: E gives a style w, which no z of N(0, I) need have led to."""
        images = works.pixels.to(self.studio.device)
        return Works(torch.cat([self.g(self.e(x)) for x in images.split(AT_ONCE)]))


class ALAECritic(AdversarialCritic):
    """D∘E: a discriminator behind the artist's own encoder; step I teaches both."""

    name = "alae"

    class Options(AdversarialCritic.Options):
        hidden: tuple[int, ...] = (1024,)
        """Units of D's hidden layers."""
        r1: float = Field(5.0, ge=0)
        """Weight γ of R1, the squared gradient at real works."""
        learning_rate: float = Field(2e-4, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.0, ge=0, lt=1)
        """Adam's β1."""
        beta2: float = Field(0.99, ge=0, lt=1)
        """Adam's β2."""

    options: Options

    def network(self, artist: Artist) -> nn.Module:
        if not isinstance(artist, ALAE):
            raise PairError(
                f"Critic 'alae' shares the encoder of artist 'alae', and {artist.name!r} has none to share."
            )
        sizes = [artist.options.style_size, *self.options.hidden]
        d = nn.Sequential(*dense(sizes, "leaky-relu"), nn.Linear(sizes[-1], 1), nn.Flatten(0))
        return BehindEncoder(artist.e, d)


class BehindEncoder(nn.Module):
    """D(E(x)): images [N, C, H, W] → scores [N]."""

    def __init__(self, e: nn.Module, d: nn.Module):
        super().__init__()
        self.e, self.d = e, d

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = self.d(self.e(images))
        return scores
