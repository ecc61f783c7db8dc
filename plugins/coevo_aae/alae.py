"""Adversarial latent autoencoders (Pidhorskyi 2020, arXiv:2004.04467)."""

from __future__ import annotations

from math import prod

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from coevo import Artist, ArtistSpec, CodeBlock, CodeLayout, Metrics, PairError, Works
from coevo.adversarial.critic import Adversary
from coevo.latent_models.decoder import DecoderArtist
from coevo.nn.adam import Adam, AdamOptions
from coevo.nn.layers import dense


class ALAE(DecoderArtist):
    """Four networks: F makes codes w of noise z, G pictures of w, E codes of pictures, and D, the critic's, scores of
    what E makes. Reconstruction is asked of codes, not of pixels (eq. 9): E is to undo G.

    Its critic is `alae`, which looks through E and teaches it too.
    """

    name = "alae"

    class Options(AdamOptions):
        latent: int = Field(128, ge=1, le=4096)
        """Size of the noise z."""
        code: int = Field(50, ge=1, le=4096)
        """Size of the code w."""
        hidden: tuple[int, ...] = (1024, 1024)
        """Units of the hidden layers of E; G has them the other way round, F the first of them."""
        reciprocity: float = Field(1.0, ge=0)
        """Weight of the codes' reconstruction."""
        learning_rate: float = Field(2e-4, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.0, ge=0, lt=1)
        """Adam's β1."""
        beta2: float = Field(0.99, ge=0, lt=1)
        """Adam's β2."""

    options: Options

    def spec(self) -> ArtistSpec:
        return ArtistSpec(code=CodeLayout((CodeBlock("z", self.options.latent),)), gradients=True)

    def build(self) -> None:
        o, image = self.options, self.studio.image
        pixels, first = prod(image), o.hidden[0]
        prepare = self.studio.prepare
        self.f = prepare(nn.Sequential(*dense([o.latent, first], "leaky-relu"), nn.Linear(first, o.code)))
        g = [*dense([o.code, *reversed(o.hidden)], "leaky-relu"), nn.Linear(first, pixels), nn.Tanh()]
        self.g = prepare(nn.Sequential(*g, nn.Unflatten(1, image)))
        e = [nn.Flatten(), *dense([pixels, *o.hidden], "leaky-relu"), nn.Linear(o.hidden[-1], o.code)]
        self.e = prepare(nn.Sequential(*e))
        self.making = Adam([*self.f.parameters(), *self.g.parameters()], o)
        self.undoing = Adam([*self.e.parameters(), *self.g.parameters()], o)

    def make(self, n: int, reals: Works | None) -> Works:
        z = self.studio.noise(n, self.options.latent)
        return Works(self.g(self.f(z)), z)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        self.making.zero_grad()
        (-rewards.mean()).backward()  # step II: F and G climb the critic's scores
        self.making.step()
        w = self.f(works.latents).detach()
        loss = self.options.reciprocity * mse_loss(self.e(self.g(w)), w)
        self.undoing.zero_grad()
        loss.backward()  # step III: E undoes G
        self.undoing.step()
        return {"loss": -rewards.detach().mean(), "reciprocity": loss.detach()}

    def pictures(self, codes: Tensor) -> Tensor:
        return self.g(self.f(codes))

    @torch.no_grad()
    def reconstruct(self, works: Works) -> Works:
        """G(E(x)) of pictures x; E finds w, which no z of N(0, I) needs to have led to."""
        return Works(torch.cat([self.g(self.e(some)) for some in works.pixels.to(self.studio.device).split(250)]))


class ALAECritic(Adversary):
    """D∘E: the artist's own encoder, and a head of its own behind it; step I teaches both."""

    name = "alae"

    class Options(Adversary.Options):
        hidden: tuple[int, ...] = (1024,)
        """Units of D's hidden layers."""
        r1: float = Field(5.0, ge=0)
        """Weight of R1: the slope at real works, squared; γ of the paper."""
        learning_rate: float = Field(2e-4, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.0, ge=0, lt=1)
        """Adam's β1."""
        beta2: float = Field(0.99, ge=0, lt=1)
        """Adam's β2."""

    options: Options

    def network(self, artist: Artist) -> nn.Module:
        if not isinstance(artist, ALAE):
            raise PairError(f"Critic 'alae' looks through the encoder of artist 'alae', which {artist.name!r} is not.")
        sizes = [artist.options.code, *self.options.hidden]
        d = nn.Sequential(*dense(sizes, "leaky-relu"), nn.Linear(sizes[-1], 1), nn.Flatten(0))
        return Through(artist.e, d)


class Through(nn.Module):
    """D(E(x)): pictures [N, C, H, W] → scores [N]."""

    def __init__(self, e: nn.Module, d: nn.Module):
        super().__init__()
        self.e, self.d = e, d

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = self.d(self.e(images))
        return scores
