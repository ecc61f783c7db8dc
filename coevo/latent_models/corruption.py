"""What a denoising autoencoder has to undo (Vincent 2010, §3.3), and what keeps a variational one from learning its
pictures by heart (Im 2017, arXiv:1511.06406)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor

from coevo.contract import players as roles

Corruption = Literal["none", "gaussian", "masking", "salt-and-pepper"]


class CorruptionOptions(roles.Options):
    """Options of an artist that reads corrupted pixels; its own stand beside them."""

    corruption: Corruption = "none"
    """Denoising (Vincent 2010): what is done to the pixels that it reads."""
    corrupted: float = Field(0.3, ge=0, le=1)
    """Deviation of gaussian noise, or share of the pixels that are hidden (masking) or made black or white."""


def corrupted(x: Tensor, kind: Corruption, amount: float, generator: Generator) -> Tensor:
    """Pixels x in [0, 1] with Gaussian noise of that deviation, or that share of them black, or black or white."""
    if kind == "none":
        return x
    if kind == "gaussian":
        return x + amount * torch.randn(x.shape, generator=generator, device=x.device)
    hit = torch.rand(x.shape, generator=generator, device=x.device)
    if kind == "masking":
        return torch.where(hit < amount, 0.0, x)
    return torch.where(hit < amount, (hit < amount / 2).to(x), x)
