"""What is asked of codes beside that the pictures come back."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def sparsity(codes: Tensor, kind: str, active: float) -> Tensor:
    """Of codes [N, D]: "l1", the mean of Σ|z_i|; "kl", Σ KL(ρ ‖ ρ̂_i) of Bernoulli units, ρ̂_i a unit's mean over the
    batch and ρ what it should be (Ng 2011, §3)."""
    if kind == "l1":
        return codes.abs().sum(1).mean()
    found = codes.mean(0).clamp(1e-6, 1 - 1e-6)
    return (active * (active / found).log() + (1 - active) * ((1 - active) / (1 - found)).log()).sum()


def contraction(encoder: nn.Sequential, x: Tensor) -> Tensor:
    """E ‖∂z/∂x‖² of a fully connected encoder, exact (Rifai 2011, eq. 7): J = D_L W_L … D_1 W_1, D the slopes of
    activations, so ‖J‖² = tr A (W_1 W_1ᵀ) Aᵀ with A all but the last factor, and pixels are never multiplied out.

    Works on layers that are each followed by an activation of `coevo.nn.layers`; differentiable.
    """
    weights, slopes = [], []
    for layer in encoder:
        before, x = x, layer(x)
        if isinstance(layer, nn.Linear):
            weights.append(layer.weight)
        elif weights:
            slopes.append(slope_of(layer, before, x))
    first, *further = weights
    if not further:
        return (slopes[0].square() @ first.square().sum(1)).mean()
    chain = slopes[-1][:, :, None] * further[-1]
    for slope, weight in zip(slopes[-2:0:-1], further[-2::-1], strict=True):
        chain = (chain * slope[:, None]) @ weight
    chain = chain * slopes[0][:, None]
    return (chain @ (first @ first.T) * chain).sum((1, 2)).mean()


def disturbance(encoder: nn.Module, x: Tensor, codes: Tensor, noise: Tensor) -> Tensor:
    """E ‖h(x) - h(x + ε)‖² / σ², which for small ε ~ N(0, σ²) is E ‖∂z/∂x‖²; codes: h(x), noise: ε, like x."""
    moved = (codes - encoder(x + noise)).square().sum(1).mean()
    return moved / noise.square().mean()


def slope_of(activation: nn.Module, before: Tensor, after: Tensor) -> Tensor:
    """ds(a)/da of an activation s, elementwise; before: a, after: s(a)."""
    match activation:
        case nn.Sigmoid():
            return after * (1 - after)
        case nn.Tanh():
            return 1 - after.square()
        case nn.Softplus():
            return before.sigmoid()
        case nn.ReLU():
            return (before > 0).to(after)
        case nn.LeakyReLU():
            return torch.where(before > 0, torch.ones_like(after), activation.negative_slope)
        case nn.ELU():
            return torch.where(before > 0, torch.ones_like(after), after + activation.alpha)
        case _:
            return torch.ones_like(after)
