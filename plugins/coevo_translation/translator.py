"""Artists that make works of what they are given."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo import Artist, PairError, Works

AT_ONCE = 64  # works that are made together for people


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

    def examples(self, n: int, seed: int) -> Tensor:
        """What n real works of a seed were made from, [n, planes, H, W]."""
        if self.studio.examples is None:
            raise PairError(f"Artist {self.name!r} makes works of what it is given, and this studio has no examples.")
        return self.studio.examples(n, seed).conditions
