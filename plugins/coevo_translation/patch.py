"""PatchGAN: a critic whose every score is of one patch (Isola, Zhu, Zhou & Efros 2017, arXiv:1611.07004, §3.2.2)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d
from torch.nn.utils.parametrizations import spectral_norm

from coevo import Artist, CriticSpec, Metrics, Works
from coevo.adversarial.critic import AdversarialCritic
from coevo.nn.convolution import Halving
from coevo.nn.layers import init_normal
from coevo_translation.normalisation import Norm, normalised
from coevo_translation.pool import Pool

WIDEST = 8  # the most channels, relative to those of the first layer
Side = Literal[1, 16, 34, 70, 142, 286]
LAYERS: dict[Side, int] = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""The layers that halve the picture, by the side of the patch that a score sees: (… (4 + 3) · 2 + 2 …)."""


class PatchDiscriminator(nn.Module):
    """[N, inputs, H, W] → scores [N, patches]: strided convolutions, two more, and no layer that sees the whole."""

    def __init__(self, inputs: int, width: int, patch: Side, norm: Norm, spectral: bool = False):
        super().__init__()
        activation, widths = nn.LeakyReLU(0.2), [width * min(2**n, WIDEST) for n in range(LAYERS[patch] + 1)]
        stages: list[list[nn.Module]]
        if patch == 1:
            stages = [[pointwise(inputs, width)], normalised(pointwise, width, 2 * width, norm)]
            self.last: nn.Module = pointwise(2 * width, 1)
        else:
            stages = [[Halving(inputs, width)]]
            stages += [normalised(Halving, a, b, norm) for a, b in pairwise(widths[:-1])]
            stages.append(normalised(keeping, widths[-2], widths[-1], norm))
            self.last = keeping(widths[-1], 1)
        self.stages = nn.ModuleList(nn.Sequential(*layers, activation) for layers in stages)
        self.apply(init_normal)
        for layer in [*self.stages.modules(), self.last] if spectral else ():
            if isinstance(layer, nn.Conv2d):
                spectral_norm(layer)

    def features(self, x: Tensor) -> list[Tensor]:
        """The maps after each stage."""
        maps = []
        for layers in self.stages:
            maps.append(x := layers(x))
        return maps

    def forward(self, x: Tensor, labels: Tensor | None = None, maps: bool = False) -> Tensor | list[Tensor]:
        """Its scores; or the maps that lead to them, for feature matching."""
        found = self.features(x)
        return found if maps else self.last(found[-1]).flatten(1)


def pointwise(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    """A convolution of 1 × 1."""
    return nn.Conv2d(inputs, outputs, 1, bias=bias)


def keeping(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    """A convolution of 4 × 4 and stride 1, whose map is a pixel smaller."""
    return nn.Conv2d(inputs, outputs, 4, 1, 1, bias=bias)


def too_large(patch: Side, size: int, scales: int = 1) -> bool:
    """Whether a critic of such patches halves pictures of that many px to nothing."""
    return patch > 1 and size // 2 ** (LAYERS[patch] + scales - 1) < 3


class Scales(nn.Module):
    """Critics of the picture and of its halves, quarters, …, side by side (Wang 2018, pix2pixHD, §3.2)."""

    def __init__(self, critics: list[PatchDiscriminator]):
        super().__init__()
        self.critics = nn.ModuleList(critics)

    def features(self, x: Tensor) -> list[Tensor]:
        """The maps of all critics."""
        return [part for critic, seen in self._seen(x) for part in critic.features(seen)]

    def forward(self, x: Tensor, labels: Tensor | None = None, maps: bool = False) -> Tensor | list[Tensor]:
        """Its scores; or the maps that lead to them, for feature matching."""
        return self.features(x) if maps else torch.cat([critic(seen) for critic, seen in self._seen(x)], 1)

    def _seen(self, x: Tensor) -> list[tuple[PatchDiscriminator, Tensor]]:
        """Each critic with what it sees: a picture of half the side of the one before."""
        seen = []
        for critic in self.critics:
            seen.append((critic, x))
            x = avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return seen  # type: ignore[return-value]


class Patch(AdversarialCritic):
    """Scores every patch of a picture beside the same patch of what it was made from."""

    name = "patch"

    class Options(AdversarialCritic.Options):
        width: int = Field(32, ge=1, le=512)
        """Channels of the first layer, twice as many in every layer after, up to eight times; 64 in the paper."""
        patch: Side = 16
        """Side in px of the patches that it scores; 70 in the paper, of 256 px."""
        learning_rate: float = Field(1e-3, gt=0, le=1)
        """Adam's learning rate; 2e-4 in the paper."""
        conditional: bool = True
        """It sees what a work was made from too."""
        norm: Norm = "instance"
        """Normalisation of all layers but the first and the last."""
        spectral_norm: bool = False
        """Spectral normalisation: the largest singular value of every layer is 1 (Miyato 2018)."""
        scales: int = Field(1, ge=1, le=4)
        """Number of critics: of the picture, of its half, its quarter and so on (Wang 2018)."""
        feature_matching: float = Field(0.0, ge=0)
        """Weight of the distance between its maps of a work and of the true one in the reward (Wang 2018)."""
        pool: int = Field(0, ge=0, le=100_000)
        """Number of past works, half of which it sees in the place of new ones; 50 in CycleGAN."""

    options: Options

    def spec(self) -> CriticSpec:
        sees = self.options.conditional or self.options.feature_matching
        return replace(super().spec(), batch=16, given="pairs" if sees else "unused")

    def build(self, artist: Artist) -> None:
        super().build(artist)
        if self.options.pool:
            self.pool = Pool(self.options.pool)
            self.learning_state = (*self.learning_state, "pool")

    def network(self, artist: Artist) -> nn.Module:
        o = self.options
        inputs = (self.studio.image[0] + (len(self.studio.planes) if o.conditional else 0)) * o.pack
        critics = [PatchDiscriminator(inputs, o.width, o.patch, o.norm, o.spectral_norm) for _ in range(o.scales)]
        return Scales(critics) if o.scales > 1 else critics[0]

    def inputs(self, works: Works) -> Tensor:
        return torch.cat([works.conditions, works.pixels], 1) if self.options.conditional else works.pixels

    def learn(self, works: Works, reals: Works) -> Metrics:
        if self.options.pool:
            works = self.pool.exchange(works, self.studio.generator("pool"))
        return super().learn(works, reals)

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        rewards = super().judge(works, reals).mean(1)
        weight = self.options.feature_matching
        return rewards - weight * self.mismatch(works, reals or Works()) if weight else rewards

    def mismatch(self, works: Works, reals: Works) -> Tensor:
        """The mean distance [N] between the critic's maps of each work and of the real one of its number."""
        with torch.no_grad():
            true = self.scorer(self.inputs(reals[: len(works)]), maps=True)
        made = self.scorer(self.inputs(works), maps=True)
        apart = [(a - b).float().abs().mean((1, 2, 3)) for a, b in zip(made, true, strict=True)]
        return torch.stack(apart).mean(0)

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return super().fooled(works, reals).float().mean(1) > 0.5

    def problems(self) -> list[str]:
        o, size = self.options, self.studio.image[1]
        problems = {
            f"critic.patch={o.patch} with critic.scales={o.scales} halves a picture of {size} px to nothing; "
            "choose smaller patches, fewer scales or a larger data.size.": too_large(o.patch, size, o.scales),
            "critic.feature_matching compares single works, and critic.pack judges several as one; leave one "
            "out.": o.feature_matching > 0 and o.pack > 1,
            "critic.novelty_threshold needs features of a whole picture, and critic 'patch' has none; leave it "
            "out.": o.novelty_threshold > 0,
            "critic.augmentation=colour would colour what a work was made from too; leave out colour, or say "
            "critic.conditional=false.": o.conditional and "colour" in o.augmentation.split(","),
        }
        return [*super().problems(), *(problem for problem, is_one in problems.items() if is_one)]
