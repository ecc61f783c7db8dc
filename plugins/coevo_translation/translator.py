"""Artists that make works of what they are given."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from coevo import Artist, ConfigError, PairError, Works
from coevo.images.given import is_map
from coevo_translation.segmentation import region_figures

AT_ONCE = 64  # works that are made together for people
SIDES = (16, 32, 64, 128, 256)  # px that networks halve or double, level by level


class Translating(Artist):
    """An artist that makes works of what real works bring as `given`.

    A subclass implements `finished`; the works that it exhibits are those of the studio's examples.
    """

    def finished(self, given: Tensor, seed: int) -> Tensor:
        """Finished pictures [N, C, H, W] in [-1, 1] of given [N, planes, H, W]; at most AT_ONCE, without gradients.

        Args:
            given: on the device.
            seed: of what it leaves open, the same for all of them.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method finished(given, seed)")

    @torch.no_grad()
    def translate(self, given: Tensor, seed: int) -> Works:
        return Works(torch.cat([self.finished(some, seed) for some in given.split(AT_ONCE)]), given=given)

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self.translate(self.examples(n, seed), seed)

    def region_figures(self, made: Tensor, pairs: Works) -> Mapping[str, float | str]:
        """How well a network finds the regions of label maps in pictures made from them; empty if pictures are given
        or the pairs are too few."""
        if not is_map(self.studio.planes) or len(pairs) < 2:
            return {}
        return region_figures(made, pairs)

    def check_side(self, way: str) -> None:
        """Raise ConfigError if the side of pictures is no power of two that the networks can do.

        Args:
            way: what they do with it, such as "which it halves down to 2 px".
        """
        if (size := self.studio.image[1]) not in SIDES:
            raise ConfigError(
                f"Artist {self.name!r} needs pictures of {', '.join(map(str, SIDES[:-1]))} or {SIDES[-1]} px, {way}, "
                f"not {size}; choose another data.size."
            )

    def examples(self, n: int, seed: int) -> Tensor:
        """What n real works of a seed were made from, [n, planes, H, W]."""
        if self.studio.examples is None:
            raise PairError(f"Artist {self.name!r} makes works of what it is given, and this studio has no examples.")
        return self.studio.examples(n, seed).conditions
