"""InfoGAN: codes that mean something, found without labels (Chen 2016, arXiv:1606.03657)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from coevo import CodeBlock, Works
from coevo.nn.adam import Adam
from coevo.nn.augmentation import augment, known_kinds
from coevo.nn.layers import MapLinear, halvings
from coevo_gan.dcgan import DCGAN


class InfoGAN(DCGAN):
    """Makes images of noise z and of codes c, and keeps c legible in the image.

    A network Q(c|x) infers c, categorical and continuous, from an image. The artist maximises a lower bound of the
    mutual information I(c; G(z, c)), E log Q(c|G(z, c)) (eq. 5). Q is the artist's own, so that any critic will do.
    """

    name = "infogan"

    class Options(DCGAN.Options):
        categories: int = Field(10, ge=2, le=1000)
        """Values of the categorical code."""
        continuous: int = Field(2, ge=0, le=100)
        """Number of continuous codes, each uniform in [-1, 1]."""
        q_width: int = Field(16, ge=4, le=1024)
        """Channels of the first layer of Q."""
        information_weight: float = Field(1.0, ge=0, le=100)
        """Weight λ of the categorical code's bound."""
        continuous_information_weight: float = Field(0.1, ge=0, le=100)
        """Weight λ of the continuous codes' bound."""
        q_noise: float = Field(0.0, ge=0, le=10)
        """Standard deviation of Gaussian noise on the inputs of Q, so that codes mean what is visible through it."""
        q_augmentation: str = ""
        """Augmentation of the inputs of Q, so that codes do not mean these changes: any of
        colour,translation,cutout,affine,weight."""

        renamed: ClassVar[Mapping[str, str]] = {
            **DCGAN.Options.renamed,
            "information": "information_weight",
            "continuous_information": "continuous_information_weight",
            "blind": "q_noise",
            "augment": "q_augmentation",
        }

        _kinds = field_validator("q_augmentation")(known_kinds)

    options: Options

    def blocks(self) -> tuple[CodeBlock, ...]:
        o = self.options
        category = CodeBlock("category", o.categories, "categorical")
        continuous = (CodeBlock("continuous", o.continuous, "uniform"),) if o.continuous else ()
        return (*super().blocks(), category, *continuous)

    def build(self) -> None:
        super().build()
        channels, size, _ = self.studio.image
        layers, features = halvings(self.options.q_width, channels, size)
        layers += [nn.Identity(), MapLinear(features, self.informative)]  # the first was a Flatten: names of weights
        self.q = self.studio.prepare(nn.Sequential(*layers))
        self.optimiser = Adam([*self.generator.parameters(), *self.q.parameters()], self.options)

    @property
    def informative(self) -> int:
        """Size of c, the last columns of the code."""
        return self.options.categories + self.options.continuous

    def extra_losses(self, works: Works) -> dict[str, Tensor]:
        """-E log Q(c|x), up to a constant: cross-entropy of the category, squared errors of the rest."""
        o = self.options
        images, codes = self.augment_q_input(works.pixels), works.latents
        if images is not works.images:  # Q learns from half of the works unchanged too, and G gets no gradient of these
            half = len(works) // 2
            images, codes = torch.cat([images, works.pixels[:half].detach()]), torch.cat([codes, codes[:half]])
        category, continuous = codes[:, -self.informative :].split([o.categories, o.continuous], 1)
        inferred = self.q(images)
        bound = {"category": o.information_weight * cross_entropy(inferred[:, : o.categories], category)}
        if o.continuous:  # Q(c|x) = N(mean, 1)
            errors = (inferred[:, o.categories :] - continuous).square()
            bound["continuous"] = o.continuous_information_weight * 0.5 * errors.sum(1).mean()
        return super().extra_losses(works) | bound

    def augment_q_input(self, images: Tensor) -> Tensor:
        """Images as Q sees them in training."""
        images = augment(images, self.options.q_augmentation, self.studio.generator("q_input"))
        return self.studio.add_noise(images, self.options.q_noise, "q_input")

    @torch.no_grad()
    def encode(self, works: Works) -> Tensor:
        """Codes [N, D] of images: c as Q infers it, and 0 for z and the class."""
        o = self.options
        self.q.eval()
        inferred = torch.cat([self.q(some) for some in works.pixels.to(self.studio.device).split(500)])
        self.q.train()
        category = one_hot(inferred[:, : o.categories].argmax(1), o.categories).float()
        rest = torch.zeros(len(inferred), self.code.size - self.informative, device=inferred.device)
        return torch.cat([rest, category, inferred[:, o.categories :].clamp(-1, 1)], 1)
