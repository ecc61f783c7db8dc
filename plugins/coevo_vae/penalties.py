"""Penalties on the codes of an autoencoder, which keep it from copying its images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor, nn

from coevo import Studio
from coevo.evaluation.metrics import discrepancy
from coevo.studio.processes import everyone, mean, rows


class Penalty(Protocol):
    """A term of the loss that depends on the codes alone."""

    name: ClassVar[str]

    def __call__(self, encoder: nn.Sequential, x: Tensor, codes: Tensor) -> Tensor:
        """The weighted penalty, a scalar.

        Args:
            encoder: the network.
            x: clean pixels [N, C, H, W] in [0, 1].
            codes: [N, D], the encoder's outputs for what it read of them.
        """


@dataclass(frozen=True)
class Sparsity:
    """Few units are active: the L1 norm of codes, or the divergence of each unit's mean from a target (Ng 2011, §3)."""

    name: ClassVar[str] = "sparse"
    kind: Literal["l1", "kl"]
    weight: float
    target: float = 0.05

    def __call__(self, encoder: nn.Sequential, x: Tensor, codes: Tensor) -> Tensor:
        return self.weight * (codes.abs().sum(1).mean() if self.kind == "l1" else activity_kl(codes, self.target))


@dataclass(frozen=True)
class AnalyticContraction:
    """E ‖∂z/∂x‖², exact (Rifai 2011, eq. 7), for fully connected encoders."""

    name: ClassVar[str] = "contractive"
    weight: float

    def __call__(self, encoder: nn.Sequential, x: Tensor, codes: Tensor) -> Tensor:
        return self.weight * jacobian_norm(encoder, x)


@dataclass(frozen=True)
class StochasticContraction:
    """E ‖∂z/∂x‖² estimated by what small noise on x does to the code (Rifai 2011, §3.4), for any encoder."""

    name: ClassVar[str] = "contractive"
    weight: float
    std: float
    corrupted: bool
    """Whether the codes are of corrupted pixels, and those of clean ones have to be computed."""
    studio: Studio

    def __call__(self, encoder: nn.Sequential, x: Tensor, codes: Tensor) -> Tensor:
        draw = partial(torch.randn, generator=self.studio.generator("disturbance"), device=x.device)
        noise = rows(len(x), lambda n: draw(n, *x.shape[1:]))
        clean = encoder(x) if self.corrupted else codes
        return self.weight * finite_difference_norm(encoder, x, clean, self.std * noise)


@dataclass(frozen=True)
class PriorDiscrepancy:
    """The maximum mean discrepancy of codes from N(0, I): a Wasserstein autoencoder (Tolstikhin 2018, WAE-MMD)."""

    name: ClassVar[str] = "mmd"
    weight: float
    studio: Studio

    def __call__(self, encoder: nn.Sequential, x: Tensor, codes: Tensor) -> Tensor:
        return self.weight * discrepancy(
            everyone(codes), everyone(self.studio.noise(len(codes), codes.shape[1], "prior"))
        )


def activity_kl(codes: Tensor, target: float) -> Tensor:
    """Σ_i KL(ρ ‖ ρ̂_i) of Bernoulli units; ρ̂_i is the mean of unit i over codes [N, D], ρ the target."""
    active = mean(codes.mean(0)).clamp(1e-6, 1 - 1e-6)
    return (target * (target / active).log() + (1 - target) * ((1 - target) / (1 - active)).log()).sum()


def jacobian_norm(encoder: nn.Sequential, x: Tensor) -> Tensor:
    """E ‖∂z/∂x‖² of fully connected layers, each followed by an activation of `coevo.nn.layers`; differentiable.

    J = D_L W_L … D_1 W_1, where D are the slopes of activations. So ‖J‖² = tr A (W_1 W_1ᵀ) Aᵀ, where A is all but the
    last factor, and no product has the size of an image.
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


def finite_difference_norm(encoder: nn.Module, x: Tensor, codes: Tensor, noise: Tensor) -> Tensor:
    """E ‖h(x) - h(x + ε)‖² / σ², which approaches E ‖∂z/∂x‖² as ε ~ N(0, σ²) shrinks; codes: h(x), noise: ε."""
    difference = (codes - encoder(x + noise)).square().sum(1).mean()
    return difference / noise.square().mean()


def slope_of(activation: nn.Module, before: Tensor, after: Tensor) -> Tensor:
    """ds(a)/da of an elementwise activation s; before: a, after: s(a)."""
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
