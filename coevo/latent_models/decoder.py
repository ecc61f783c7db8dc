"""Artists that decode their works from codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor

from coevo.contract.players import Artist, Options
from coevo.contract.works import CodeBlock, Works
from coevo.latent_models.priors import draw

AT_ONCE = 250  # codes that are decoded together


class ConditionalOptions(Options):
    """Options of an artist whose decoder may be given the label."""

    conditional: bool = False
    """The decoder or generator is given the class of a work, as a block of the code."""

    renamed: ClassVar[Mapping[str, str]] = {"labels": "conditional"}


def label_block(classes: int) -> CodeBlock:
    """The one-hot class, given from outside."""
    return CodeBlock("class", classes, "categorical", role="label", conditioning=True)


class DecoderArtist(Artist):
    """An artist that decodes its works from codes.

    A subclass lays out its code in `spec()` and decodes in `pictures()`. Works are exhibited by drawing each block of
    the code from its prior; the block of labels, if there is one, holds the class.
    """

    def pictures(self, codes: Tensor) -> Tensor:
        """Decode codes to finished images; changes nothing, such as running averages.

        Args:
            codes: [N, D] float32 on the device, the blocks in the order of `code`; at most `AT_ONCE`.

        Returns:
            Images [N, C, H, W] in [-1, 1].
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method pictures(codes)")

    def exhibited_decoder(self) -> Callable[[Tensor], Tensor]:
        """What decodes the next works; override it if it has to be made ready once for all of them."""
        return self.pictures

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        spec, classes = self.spec(), len(self.studio.classes)
        if labels is None and spec.labels != "unused" and classes:
            labels = torch.arange(n) % classes
        generator = torch.Generator().manual_seed(seed)  # on the CPU: the same on every device
        return self.decode(draw(spec.code.blocks, n, generator, labels, classes), labels)

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        codes, layout = codes.to(self.studio.device), self.code
        if layout.label and labels is not None:
            codes = layout.with_labels(codes, labels)
        elif layout.label:  # the codes may mix classes
            labels = codes[:, layout.label].argmax(1)
        pictures = self.exhibited_decoder()
        images = torch.cat([pictures(some) for some in codes.split(AT_ONCE)])
        return Works(images, codes, labels)
