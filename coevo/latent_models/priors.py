"""Priors of latent codes: what a code block should look like, drawn from a seeded generator.

A prior is chosen by name (`-o artist.prior=swiss-roll`); plugins bring more with the hook `coevo_priors`.
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
    """p(c) of a block of `size` numbers. Of a labelled prior every class has a place of its own.

    size: numbers in a code; classes: places of a labelled prior, 0 for as many as there are digits. Raises ConfigError
    where it has no such size.
    """

    name: ClassVar[str]
    sizes: ClassVar[tuple[int, ...]] = ()
    """The sizes that it has; empty for any."""
    labelled: ClassVar[bool] = False
    """It has a place for every class."""

    def __init__(self, size: int, classes: int = 0):
        if self.sizes and size not in self.sizes:
            there = " or ".join(map(str, self.sizes))
            raise ConfigError(f"Prior {self.name!r} has {there} dimensions, but the code has {size}; make them agree.")
        self.size, self.classes = size, classes or 10

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        """Codes [n, size] on the generator's device; labels int64 [n]: whose place each is in, -1 for any."""
        raise NotImplementedError

    def log_density(self, codes: Tensor) -> Tensor:
        """log p(c) of codes [N, size], in nats: [N]."""
        raise NotImplementedError

    def quantile(self, shares: Tensor) -> Tensor:
        """Numbers, one for each of the shares in (0, 1), that spread over a dimension as it is filled; where its
        dimensions hang together, evenly from end to end."""
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
    """A petal for every class around the origin: 2-D Gaussians, long away from it and narrow across
    (Makhzani 2015, fig. 4)."""

    name = "mixture"
    sizes = (2,)
    labelled = True
    reach, along, across = 1.5, 0.5, 0.1  # how far away their centres are, and their deviations

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        petals = known_or_random(labels, n, self.classes, generator)
        noise = torch.randn(n, 2, generator=generator, device=generator.device)
        away, aside = self.reach + self.along * noise[:, 0], self.across * noise[:, 1]
        angle = petals * (2 * pi / self.classes)
        return torch.stack([away * angle.cos() - aside * angle.sin(), away * angle.sin() + aside * angle.cos()], 1)

    def log_density(self, codes: Tensor) -> Tensor:
        angle = torch.arange(self.classes, device=codes.device) * (2 * pi / self.classes)
        x, y = codes[:, :1], codes[:, 1:]
        away, aside = x * angle.cos() + y * angle.sin() - self.reach, y * angle.cos() - x * angle.sin()  # turned back
        exponent = -0.5 * ((away / self.along).square() + (aside / self.across).square())
        return exponent.logsumexp(1) - log(self.classes * 2 * pi * self.along * self.across)


class SwissRoll(Prior):
    """A spiral of two turns, evenly dense, a little thick; every class has a stretch of it (Makhzani 2015, fig. 4)."""

    name = "swiss-roll"
    sizes = (2,)
    labelled = True
    reach, thickness, turns = 2.0, 0.05, 2.0

    def draw(self, n: int, generator: Generator, labels: Tensor | None = None) -> Tensor:
        places = torch.rand(n, generator=generator, device=generator.device)
        if labels is not None:
            places = torch.where(labels < 0, places, (labels + places) / self.classes)
        noise = torch.randn(n, 2, generator=generator, device=generator.device)
        return self._curve(places) + self.thickness * noise

    def log_density(self, codes: Tensor) -> Tensor:
        return torch.cat([self._density(some) for some in codes.split(1000)])

    def _density(self, codes: Tensor) -> Tensor:
        points = self._points.to(codes)
        near = torch.cdist(codes, points).square() / (-2 * self.thickness**2)
        return near.logsumexp(1) - log(len(points) * 2 * pi * self.thickness**2)

    @cached_property
    def _points(self) -> Tensor:
        return self._curve((torch.arange(1000) + 0.5) / 1000)

    def _curve(self, places: Tensor) -> Tensor:
        """Points at these shares of the spiral's length: [N] → [N, 2]."""
        radius = places.sqrt()  # an arc of r = aφ grows with φ², nearly
        angle = 2 * pi * self.turns * radius
        return self.reach * radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


def draw(
    blocks: Sequence[CodeBlock], n: int, generator: Generator, labels: Tensor | None = None, classes: int = 0
) -> Tensor:
    """Codes [n, D], each block from its own prior, and that of labelled ones from the place of its label [n]."""
    parts = [prior_of(block, classes).draw(n, generator, labels) for block in blocks]
    return torch.cat(parts, 1)


def prior_of(block: CodeBlock, classes: int = 0) -> Prior:
    """The prior that a block should follow. Raises ConfigError where it has no such name or size."""
    prior: Prior = registry().load("prior", block.prior)(block.size, classes)
    return prior


def known_or_random(labels: Tensor | None, n: int, classes: int, generator: Generator) -> Tensor:
    """Labels [n], a random one wherever there is none (-1)."""
    random = torch.randint(classes, (n,), generator=generator, device=generator.device)
    return random if labels is None else torch.where(labels < 0, random, labels.to(random.device))
