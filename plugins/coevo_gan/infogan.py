"""InfoGAN: codes that mean something, found without labels (Chen 2016, arXiv:1606.03657)."""

from __future__ import annotations

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from coevo import CodeBlock, Works
from coevo.nn.adam import Adam
from coevo.nn.augmentation import augmented, known_kinds
from coevo.nn.layers import halvings
from coevo_gan.dcgan import DCGAN


class InfoGAN(DCGAN):
    """Beside noise z, the code has a categorical and some continuous parts c, which must be told from the picture.

    Q(c|x) reads them from a picture, and the artist keeps the mutual information I(c; G(z, c)) high by its
    variational bound E log Q(c|G(z, c)) (eq. 5). Q is a network of the artist's own, so any critic will do.
    """

    name = "infogan"

    class Options(DCGAN.Options):
        categories: int = Field(10, ge=2, le=1000)
        """Values of the categorical code."""
        continuous: int = Field(2, ge=0, le=100)
        """Continuous codes, each uniform in [-1, 1]."""
        q_width: int = Field(16, ge=4, le=1024)
        """Channels of the first layer of Q."""
        information: float = Field(1.0, ge=0, le=100)
        """Weight of the categorical code's bound, λ."""
        continuous_information: float = Field(0.1, ge=0, le=100)
        """Weight of the continuous codes' bound."""
        blind: float = Field(0.0, ge=0, le=10)
        """Deviation of the noise on what Q reads, so that codes mean what is still seen through it."""
        augment: str = ""
        """How what Q reads is changed, so that codes do not mean it: any of colour,translation,cutout,affine,weight."""

        _kinds = field_validator("augment")(known_kinds)

    options: Options

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        o = self.options
        category = CodeBlock("category", o.categories, "categorical")
        continuous = (CodeBlock("continuous", o.continuous, "uniform"),) if o.continuous else ()
        return (*super().codes, category, *continuous)

    def build(self) -> None:
        super().build()
        o = self.options
        channels, size, _ = self.studio.image
        layers, features = halvings(o.q_width, channels, size)
        self.q = self.studio.prepare(nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, self._informed)))
        self.optimiser = Adam([*self.generator.parameters(), *self.q.parameters()], o)

    def further(self, works: Works) -> dict[str, Tensor]:
        o = self.options
        assert works.images is not None and works.codes is not None
        shown, codes = self.glimpse(works.images), works.codes
        if shown is not works.images:  # Q learns to read works as they are, too, but G is not paid for those
            half = len(works) // 2
            shown, codes = torch.cat([shown, works.images[:half].detach()]), torch.cat([codes, codes[:half]])
        category, continuous = codes[:, -self._informed :].split([o.categories, o.continuous], 1)
        read = self.q(shown)
        bound = {"category": o.information * cross_entropy(read[:, : o.categories], category)}
        if o.continuous:  # -log N(c; mean, 1) but for a constant
            errors = (read[:, o.categories :] - continuous).square()
            bound["continuous"] = o.continuous_information * 0.5 * errors.sum(1).mean()
        return super().further(works) | bound

    def glimpse(self, images: Tensor) -> Tensor:
        """What Q sees of pictures while it learns."""
        o, chance = self.options, self.studio.generator("glimpse")
        images = augmented(images, o.augment, chance)
        if not o.blind:
            return images
        return images + o.blind * torch.randn(images.shape, generator=chance, device=images.device)

    @torch.no_grad()
    def encode(self, works: Works) -> Tensor:
        """Codes [N, D] as Q reads them; z, which Q does not read, is left at 0."""
        o = self.options
        assert works.images is not None
        self.q.eval()
        read = torch.cat([self.q(some) for some in works.images.to(self.studio.device).split(500)])
        self.q.train()
        category = one_hot(read[:, : o.categories].argmax(1), o.categories).float()
        rest = torch.zeros(len(read), self.code_size - self._informed, device=read.device)
        return torch.cat([rest, category, read[:, o.categories :].clamp(-1, 1)], 1)

    @property
    def _informed(self) -> int:
        return self.options.categories + self.options.continuous
