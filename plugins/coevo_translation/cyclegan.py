"""CycleGAN: unpaired translation between two domains (Zhu, Park, Isola & Efros 2017, arXiv:1703.10593)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from coevo.nn.ema import EMA
from coevo_translation.residual import Residual
from coevo_translation.two_way import Passes, TwoWay


class CycleGAN(TwoWay):
    """Two generators, each of which undoes what the other did."""

    name = "cyclegan"

    class Options(TwoWay.Options):
        cycle: float = Field(10.0, ge=0)
        """Weight of the mean distance of pixels after a translation there and back (eq. 2)."""
        identity: float = Field(0.5, ge=0)
        """The same for pictures that are in the domain already, relative to `cycle` (§5.2)."""

    options: Options

    def build_networks(self) -> list[nn.Module]:
        o, (channels, _, _) = self.options, self.studio.image
        self.forth, self.back = (self.studio.prepare(Residual(channels, channels, o.width, o.blocks)) for _ in range(2))
        self.forth_average, self.back_average = EMA(self.forth, o.ema), EMA(self.back, o.ema)
        return [self.forth, self.back]

    def passes(self, a: Tensor, b: Tensor) -> Passes:
        o, forth, back = self.options, self.forth(a), self.back(b)
        losses = {"cycle": o.cycle * (l1_loss(self.back(forth), a) + l1_loss(self.forth(back), b))}
        if o.identity:
            same = l1_loss(self.forth(b), b) + l1_loss(self.back(a), a)
            losses["identity"] = o.cycle * o.identity * same
        return Passes(forth, back, losses)

    def draft(self, a: Tensor) -> Tensor:
        pictures: Tensor = self.forth(a)
        return pictures

    def update_averages(self) -> None:
        self.forth_average.update()
        self.back_average.update()

    def translated(self, a: Tensor) -> Tensor:
        pictures: Tensor = self.forth_average.average(a)
        return pictures

    def returned(self, b: Tensor) -> Tensor:
        pictures: Tensor = self.back_average.average(b)
        return pictures
