"""Priors of latent codes: the distributions that blocks of a code should follow.

A prior is chosen by name (`-o artist.prior=swiss-roll`); plugins add more with the hook `coevo_priors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import log, pi
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from coevo.errors import ConfigError
from coevo.plugin.registry import registry

if TYPE_CHECKING:
    from coevo.contract.works import CodeBlock


class Prior:
    """A distribution p(c) of a block of a code.

    Args:
        size: dimensions of the block.
        classes: regions of a labelled prior; 0 for ten.

    Raises:
        ConfigError: the prior does not exist in that size.
    """

    name: ClassVar[str]
    sizes: ClassVar[tuple[int, ...]] = ()
    """The sizes that it exists in; empty for any."""
    labelled: ClassVar[bool] = False
    """Whether every class has a region of its own."""

    def __init__(self, size: int, classes: int = 0):
        if self.sizes and size not in self.sizes:
            sizes = " or ".join(map(str, self.sizes))
            raise ConfigError(f"Prior {self.name!r} has {sizes} dimensions, but the code has {size}; make them agree.")
        self.size, self.classes = size, classes or 10

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        """Draw codes.

        Args:
            n: how many.
            generator: the source of randomness; the codes are on its device.
            labels: int64 [n], the region of each code if the prior is labelled; -1 for any.

        Returns:
            Codes [n, size] float32.
        """
        raise NotImplementedError

    def log_density(self, codes: Tensor) -> Tensor:
        """log p(c) in nats.

        Args:
            codes: [N, size].

        Returns:
            [N]; -inf where the prior has no mass.
        """
        raise NotImplementedError

    def quantile(self, shares: Tensor) -> Tensor:
        """Values of one dimension below which these shares in (0, 1) of the prior lie.

        If its dimensions depend on each other, the values are evenly spaced from end to end instead.
        """
        reach = self.draw(1000, torch.Generator().manual_seed(0)).abs().max()
        return reach * (2 * shares - 1)


class Gaussian(Prior):
    """N(0, I)."""

    name = "gaussian"

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        return torch.randn(n, self.size, generator=generator, device=generator.device)

    def log_density(self, codes: Tensor) -> Tensor:
        return -0.5 * codes.square().sum(1) - self.size / 2 * log(2 * pi)

    def quantile(self, shares: Tensor) -> Tensor:
        return torch.special.ndtri(shares)  # the inverse of the normal distribution function


class Uniform(Prior):
    """U(-1, 1) in every dimension."""

    name = "uniform"

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        return torch.rand(n, self.size, generator=generator, device=generator.device) * 2 - 1

    def log_density(self, codes: Tensor) -> Tensor:
        inside = (codes.abs() <= 1).all(1)
        return torch.where(inside, -self.size * log(2), -torch.inf)

    def quantile(self, shares: Tensor) -> Tensor:
        return 2 * shares - 1


class Categorical(Prior):
    """One-hot, every category equally likely."""

    name = "categorical"

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        which = torch.randint(self.size, (n,), generator=generator, device=generator.device)
        return one_hot(which, self.size).float()

    def log_density(self, codes: Tensor) -> Tensor:
        corner = (codes == one_hot(codes.argmax(1), self.size)).all(1)
        return torch.where(corner, -log(self.size), -torch.inf)


class Mixture(Prior):
    """A 2-D Gaussian for every class, placed around the origin like petals (Makhzani 2015, fig. 4)."""

    name = "mixture"
    sizes = (2,)
    labelled = True
    reach, along, across = 1.5, 0.5, 0.1  # distance of the centres, standard deviations

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        petals = known_or_random(labels, n, self.classes, generator)
        noise = torch.randn(n, 2, generator=generator, device=generator.device)
        radial, tangential = self.reach + self.along * noise[:, 0], self.across * noise[:, 1]
        angle = petals * (2 * pi / self.classes)
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([radial * cos - tangential * sin, radial * sin + tangential * cos], 1)

    def log_density(self, codes: Tensor) -> Tensor:
        angle = torch.arange(self.classes, device=codes.device) * (2 * pi / self.classes)
        cos, sin, x, y = angle.cos(), angle.sin(), codes[:, :1], codes[:, 1:]
        radial, tangential = x * cos + y * sin - self.reach, y * cos - x * sin  # rotated back
        exponent = -0.5 * ((radial / self.along).square() + (tangential / self.across).square())
        return exponent.logsumexp(1) - log(self.classes * 2 * pi * self.along * self.across)


class SwissRoll(Prior):
    """A spiral of two turns, evenly dense, with a segment for every class (Makhzani 2015, fig. 4)."""

    name = "swiss-roll"
    sizes = (2,)
    labelled = True
    reach, thickness, turns = 2.0, 0.05, 2.0

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        shares = torch.rand(n, generator=generator, device=generator.device)
        if labels is not None:
            shares = torch.where(labels < 0, shares, (labels + shares) / self.classes)
        noise = torch.randn(n, 2, generator=generator, device=generator.device)
        return self._curve(shares) + self.thickness * noise

    def log_density(self, codes: Tensor) -> Tensor:
        return torch.cat([self._density(some) for some in codes.split(1000)])

    def _density(self, codes: Tensor) -> Tensor:
        points = self._points.to(codes)
        near = torch.cdist(codes, points).square() / (-2 * self.thickness**2)
        return near.logsumexp(1) - log(len(points) * 2 * pi * self.thickness**2)

    @cached_property
    def _points(self) -> Tensor:
        return self._curve((torch.arange(1000) + 0.5) / 1000)

    def _curve(self, shares: Tensor) -> Tensor:
        """Points at these shares of the spiral's length: [N] → [N, 2]."""
        radius = shares.sqrt()  # an arc of r = aφ grows with φ², nearly
        angle = 2 * pi * self.turns * radius
        return self.reach * radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def draw(
    blocks: Sequence[CodeBlock], n: int, generator: Generator, labels: Tensor | None = None, classes: int = 0
) -> Tensor:
    """Draw codes [n, D], each block from its prior, and from the region of its label [n] if the prior is labelled.

    Example:
        >>> from coevo import CodeBlock
        >>> codes = draw([CodeBlock("z", 2), CodeBlock("kind", 3, "categorical")], 4, Generator().manual_seed(0))
        >>> codes.shape, codes[:, 2:].sum().item()
        (torch.Size([4, 5]), 4.0)
    """
    parts = [prior_of(block, classes).draw(n, generator, labels) for block in blocks]
    return torch.cat(parts, 1)


def prior_of(block: CodeBlock, classes: int = 0) -> Prior:
    """The prior that a block should follow. Raises ConfigError if it does not exist, or not in that size."""
    prior: Prior = registry().load("prior", block.prior)(block.size, classes)
    return prior


def known_or_random(labels: Tensor | None, n: int, classes: int, generator: Generator) -> Tensor:
    """Labels [n], with a random one for every unknown one (-1)."""
    random = torch.randint(classes, (n,), generator=generator, device=generator.device)
    return random if labels is None else torch.where(labels < 0, random, labels.to(random.device))
