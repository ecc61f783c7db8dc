"""UNIT: two domains with a common latent space (Liu, Breuel & Kautz 2017, arXiv:1703.00848)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from coevo.nn.ema import EMA
from coevo_translation.residual import Block, Decoder, Encoder
from coevo_translation.two_way import Passes, TwoWay

FIRST, SECOND = 0, 1


class Encoders(nn.Module):
    """Pictures of a domain → means of latent maps; the last blocks are common to both domains."""

    def __init__(self, channels: int, width: int, blocks: int, common: int):
        super().__init__()
        self.own = nn.ModuleList([Encoder(channels, width, blocks, "instance") for _ in range(2)])
        self.common = nn.Sequential(*(Block(4 * width, "instance") for _ in range(common)))

    def forward(self, x: Tensor, domain: int) -> Tensor:
        latents: Tensor = self.common(self.own[domain](x))
        return latents


class Decoders(nn.Module):
    """Latent maps → pictures of a domain; the first blocks are common to both domains."""

    def __init__(self, channels: int, width: int, blocks: int, common: int):
        super().__init__()
        self.common = nn.Sequential(*(Block(4 * width, "instance") for _ in range(common)))
        self.own = nn.ModuleList([Decoder(channels, width, blocks, "instance") for _ in range(2)])

    def forward(self, z: Tensor, domain: int) -> Tensor:
        pictures: Tensor = self.own[domain](self.common(z))
        return pictures


class UNIT(TwoWay):
    """Two variational autoencoders whose codes mean the same: a picture is encoded by one and decoded by the other."""

    name = "unit"

    class Options(TwoWay.Options):
        common: int = Field(1, ge=0, le=8)
        """Residual blocks at either end of the code that both domains share; 0 leaves it to the losses."""
        reconstruction: float = Field(10.0, ge=0)
        """Weight of the mean distance of pixels from reconstructions."""
        cycle: float = Field(10.0, ge=0)
        """The same after a translation there and back."""
        kl: float = Field(0.01, ge=0)
        """Weight of the mean square of codes, whose variance is 1, of pictures and of translations."""

    options: Options

    def build_networks(self) -> list[nn.Module]:
        o, (channels, _, _) = self.options, self.studio.image
        self.encoders = self.studio.prepare(Encoders(channels, o.width, o.blocks, o.common))
        self.decoders = self.studio.prepare(Decoders(channels, o.width, o.blocks, o.common))
        self.encoders_average, self.decoders_average = EMA(self.encoders, o.ema), EMA(self.decoders, o.ema)
        return [self.encoders, self.decoders]

    def passes(self, a: Tensor, b: Tensor) -> Passes:
        o = self.options
        code_a, code_b = self.encoders(a, FIRST), self.encoders(b, SECOND)
        z_a, z_b = self._noisy(code_a), self._noisy(code_b)
        forth, back = self.decoders(z_a, SECOND), self.decoders(z_b, FIRST)
        again_a, again_b = self.encoders(forth, SECOND), self.encoders(back, FIRST)
        same = l1_loss(self.decoders(z_a, FIRST), a) + l1_loss(self.decoders(z_b, SECOND), b)
        cycle_a, cycle_b = self.decoders(self._noisy(again_a), FIRST), self.decoders(self._noisy(again_b), SECOND)
        codes = sum(code.square().mean() for code in (code_a, code_b, again_a, again_b))
        losses = {
            "reconstruction": o.reconstruction * same,
            "cycle": o.cycle * (l1_loss(cycle_a, a) + l1_loss(cycle_b, b)),
            "kl": o.kl * codes,
        }
        return Passes(forth, back, losses)

    def draft(self, a: Tensor) -> Tensor:
        pictures: Tensor = self.decoders(self._noisy(self.encoders(a, FIRST)), SECOND)
        return pictures

    def _noisy(self, code: Tensor) -> Tensor:
        return self.studio.add_noise(code, 1.0, "codes")

    def update_averages(self) -> None:
        self.encoders_average.update()
        self.decoders_average.update()

    def translated(self, a: Tensor) -> Tensor:
        pictures: Tensor = self.decoders_average.average(self.encoders_average.average(a, FIRST), SECOND)
        return pictures

    def returned(self, b: Tensor) -> Tensor:
        pictures: Tensor = self.decoders_average.average(self.encoders_average.average(b, SECOND), FIRST)
        return pictures
