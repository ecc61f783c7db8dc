"""Artists whose works are decoded from codes: drawn from the priors of their blocks, of a class where one is told."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.latent_models.priors import draw

AT_ONCE = 250  # codes that are decoded together


class Decoding(Artist):
    """A subclass declares `codes` and says what pictures they are; its class stands in the block named "class"."""

    def pictures(self, codes: Tensor) -> Tensor:
        """Finished pictures [N, C, H, W] of codes [N, D] on the device; changes nothing."""
        raise NotImplementedError

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        classes = len(self.studio.classes)
        if labels is None and self.labels != "unused" and classes:
            labels = torch.arange(n) % classes
        generator = torch.Generator().manual_seed(seed)  # on the CPU: the same on every device
        codes = draw(self.codes, n, generator, labels, classes)
        return self.decode(codes, labels)

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        codes = codes.to(self.studio.device)
        place = self.code_slices.get("class")
        if place and labels is not None:
            codes = self.told(codes, labels)
        elif place:  # the codes say it, and may mix classes
            labels = codes[:, place].argmax(1)
        images = torch.cat([self.pictures(some) for some in codes.split(AT_ONCE)])
        return Works(images=images, codes=codes, labels=labels)

    def reconstruct(self, works: Works) -> Works:
        """Pictures as they come back from their codes. Raises PairError where it cannot encode."""
        return self.decode(self.encode(works), works.labels if "class" in self.code_slices else None)

    def told(self, codes: Tensor, labels: Tensor) -> Tensor:
        """The codes [N, D] with these classes [N] in their class block."""
        place = self.code_slices["class"]
        block = one_hot(labels.to(codes.device), place.stop - place.start).to(codes)
        return torch.cat([codes[:, : place.start], block, codes[:, place.stop :]], 1)
