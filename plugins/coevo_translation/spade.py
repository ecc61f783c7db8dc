"""GauGAN: label maps to pictures in many styles (Park, Liu, Wang & Zhu 2019, arXiv:1903.07291)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor

from coevo import ArtistSpec, Metrics, Works
from coevo.nn.adam import Adam, minimise
from coevo.nn.divergences import gaussian_kl
from coevo.nn.ema import EMA
from coevo_translation.measures import pair_figures
from coevo_translation.perceptual import PerceptualOptions, perceptual_loss
from coevo_translation.spade_layers import SPADEGenerator, StyleEncoder
from coevo_translation.translator import AT_ONCE, Translating


class Spade(Translating):
    """Makes pictures of label maps by layers that each see the map; a style, drawn or a real picture's, is the rest."""

    name = "spade"

    class Options(PerceptualOptions):
        latent: int = Field(32, ge=1, le=1024)
        """Size of the style z; 256 in the paper."""
        width: int = Field(16, ge=4, le=512)
        """Channels of the largest map, twice as many in every smaller one, up to eight times; 64 in the paper."""
        hidden: int = Field(32, ge=4, le=512)
        """Channels between the label map and the scales and shifts; 128 in the paper."""
        kl: float = Field(0.05, ge=0)
        """Weight of the divergence of a real picture's style from N(0, I), in nats."""
        learning_rate: float = Field(2e-4, gt=0, le=1)
        """Adam's learning rate; 1e-4 in the paper."""
        beta1: float = Field(0.0, ge=0, lt=1)
        """Adam's β1."""
        ema: float = Field(0.99, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited; the paper has none."""

    options: Options
    constant_state = ("perceptual",)

    def spec(self) -> ArtistSpec:
        return ArtistSpec(gradients=True, reals="required", given="pairs")

    def check(self) -> None:
        self.check_side("which it doubles up from 4 px")

    def check_divided(self) -> None:
        """It may: its losses are means over works."""

    def build(self) -> None:
        o, (channels, size, _), planes = self.options, self.studio.image, len(self.studio.planes)
        generator = SPADEGenerator(o.latent, planes, channels, size, o.width, o.hidden)
        self.generator = self.studio.prepare(generator)
        self.encoder = self.studio.prepare(StyleEncoder(channels, size, o.width, o.latent))
        self.ema, self.encoder_ema = EMA(self.generator, o.ema), EMA(self.encoder, o.ema)
        self.perceptual = perceptual_loss(o, self.studio)
        self.optimiser = Adam([*self.generator.parameters(), *self.encoder.parameters()], o)

    def make(self, n: int, reals: Works | None) -> Works:
        pairs = (reals or Works())[:n]
        mean, log_variance = self.encoder(pairs.pixels).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * self.studio.noise(len(mean), self.options.latent, "styles")
        kl = gaussian_kl(mean, log_variance).mean()
        return Works(self.generator(z, pairs.conditions), given=pairs.conditions, ctx=(kl, pairs.pixels))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        kl, true = works.ctx
        losses = {"kl": kl}
        if self.perceptual:
            losses["perceptual"] = self.perceptual(works.pixels, true)
        loss = sum((getattr(self.options, name) * part for name, part in losses.items()), -rewards.mean())
        minimise(self.optimiser, loss)
        self.ema.update()
        self.encoder_ema.update()
        return {"loss": loss.detach(), **{name: part.detach() for name, part in losses.items()}}

    # styles

    def styles(self, n: int, seed: int) -> Tensor:
        """n styles [n, latent] of a seed."""
        generator = torch.Generator().manual_seed(seed)  # on the CPU: the same on every device
        return torch.randn(n, self.options.latent, generator=generator).to(self.studio.device)

    @torch.no_grad()
    def style_of(self, images: Tensor) -> Tensor:
        """Styles [N, latent] of real pictures [N, C, H, W]."""
        parts = images.to(self.studio.device).split(AT_ONCE)
        return torch.cat([self.encoder_ema.average(some).chunk(2, 1)[0] for some in parts])

    @torch.no_grad()
    def in_styles(self, given: Tensor, styles: Tensor) -> Works:
        """Works of given [N, planes, H, W], each in its style [N, latent]."""
        parts = zip(given.split(AT_ONCE), styles.split(AT_ONCE), strict=True)
        return Works(torch.cat([self.ema.average(z, some) for some, z in parts]), given=given)

    def finished(self, given: Tensor, seed: int) -> Tensor:
        """All of them in the style of the seed."""
        pictures: Tensor = self.ema.average(self.styles(1, seed).expand(len(given), -1), given)
        return pictures

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        """Each in a style of its own."""
        return self.in_styles(self.examples(n, seed), self.styles(n, seed))

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float | str]:
        """How far pictures in the styles of the true ones are from them, and how well regions are found in them."""
        made = self.in_styles(works.conditions.to(self.studio.device), self.style_of(works.pixels)).pixels
        return {**pair_figures(made, works.pixels), **self.region_figures(made, works)}
