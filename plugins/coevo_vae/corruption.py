"""What a denoising autoencoder has to undo (Vincent 2010, §3.3)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Generator, Tensor

Corruption = Literal["none", "gaussian", "masking", "salt-and-pepper"]


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
