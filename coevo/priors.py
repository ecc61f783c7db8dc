"""Priors of latent codes: what a code block should look like, drawn from a seeded generator.

Plugins bring more with the hook `coevo_priors`; a prior is a function (n, size, generator) → [n, size].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from coevo.registry import registry

if TYPE_CHECKING:
    from coevo.roles import CodeBlock


def draw(blocks: Sequence[CodeBlock], n: int, generator: Generator) -> Tensor:
    """Codes [n, D], each block from its own prior."""
    return torch.cat([registry().load("prior", block.prior)(n, block.size, generator) for block in blocks], 1)


def gaussian(n: int, size: int, generator: Generator) -> Tensor:
    """N(0, I)."""
    return torch.randn(n, size, generator=generator, device=generator.device)


def uniform(n: int, size: int, generator: Generator) -> Tensor:
    """U(-1, 1) in every dimension."""
    return torch.rand(n, size, generator=generator, device=generator.device) * 2 - 1


def categorical(n: int, size: int, generator: Generator) -> Tensor:
    """One-hot rows, every category equally likely."""
    which = torch.randint(size, (n,), generator=generator, device=generator.device)
    return one_hot(which, size).float()
