"""pix2pix: pictures from pictures or label maps, learnt from pairs (Isola et al. 2017, arXiv:1611.07004)."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import Tensor
from torch.nn.functional import l1_loss

from coevo import ArtistSpec, Metrics, Works
from coevo.nn.adam import Adam, minimise
from coevo.nn.ema import EMA
from coevo_translation.measures import pair_figures
from coevo_translation.normalisation import Norm
from coevo_translation.perceptual import PerceptualOptions, perceptual_loss
from coevo_translation.translator import Translating
from coevo_translation.unet import UNet


class Pix2pix(Translating):
    """Makes pictures by a U-Net that climbs the rewards of a critic and stays near the true picture (eq. 4)."""

    name = "pix2pix"

    class Options(PerceptualOptions):
        width: int = Field(32, ge=4, le=512)
        """Channels of the largest map, twice as many in every smaller one, up to eight times; 64 in the paper."""
        norm: Norm = "instance"
        """Normalisation; batch with works one by one, as in the paper, is instance."""
        dropout: float = Field(0.0, ge=0, lt=1)
        """Share of the values of the three smallest maps on the way up that is dropped while it learns: 0.5 in the
        paper, which drops them in finished pictures too, as its only noise."""
        l1: float = Field(30.0, ge=0)
        """Weight of the mean distance of pixels from the true picture, beside the game: 100 in the paper; 0 is the game
        alone."""
        learning_rate: float = Field(1e-3, gt=0, le=1)
        """Adam's learning rate; 2e-4 in the paper."""
        ema: float = Field(0.99, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited; the paper has none."""

    options: Options
    constant_state = ("perceptual",)

    def spec(self) -> ArtistSpec:
        return ArtistSpec(gradients=True, critic="optional", reals="required", given="pairs")

    def check(self) -> None:
        self.check_side("which it halves down to 2 px")

    def check_divided(self) -> None:
        """It may: its losses are means over works."""

    def build(self) -> None:
        o, (channels, size, _) = self.options, self.studio.image
        self.generator = self.studio.prepare(UNet(len(self.studio.planes), channels, size, o.width, o.norm, o.dropout))
        self.ema = EMA(self.generator, o.ema)
        self.perceptual = perceptual_loss(o, self.studio)
        self.optimiser = Adam(self.generator.parameters(), o)

    def make(self, n: int, reals: Works | None) -> Works:
        pairs = (reals or Works())[:n]
        return Works(self.generator(pairs.conditions), given=pairs.conditions, ctx=pairs.pixels)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        o, distances = self.options, {"l1": l1_loss(works.pixels, works.ctx)}
        if self.perceptual:
            distances["perceptual"] = self.perceptual(works.pixels, works.ctx)
        loss = sum((getattr(o, name) * distance for name, distance in distances.items()), -rewards.mean())
        minimise(self.optimiser, loss)
        self.ema.update()
        return {"loss": loss.detach(), **{name: distance.detach() for name, distance in distances.items()}}

    def finished(self, given: Tensor, seed: int) -> Tensor:
        pictures: Tensor = self.ema.average(given)
        return pictures

    def evaluate(self, works: Works, draws: int) -> Mapping[str, float | str]:
        """How far its pictures are from the true ones, and how well the regions of label maps are found in them."""
        made = self.translate(works.conditions.to(self.studio.device), 0).pixels
        return {**pair_figures(made, works.pixels), **self.region_figures(made, works)}
