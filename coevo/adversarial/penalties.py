"""Limits on the gradient of a critic's score: they keep it smooth, so that the game settles instead of oscillating.

`score` is the critic's network: works [N, …] → scores [N]. Every penalty is a scalar, to be weighted and added to the
critic's loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.adversarial.games import Game
from coevo.adversarial.inputs import Inputs
from coevo.contract.players import Options
from coevo.studio import Studio

Score = Callable[[Tensor], Tensor]


class PenaltyOptions(Options):
    """Options that limit the gradient of a critic's score."""

    weight_clip: float | None = Field(None, ge=0)
    """Clip weights to ±weight_clip, 0 never; by default as the game does."""
    gradient_penalty: float | None = Field(None, ge=0)
    """Weight of the gradient penalty (Gulrajani 2017); by default as the game has it."""
    r1: float = Field(0.0, ge=0)
    """Weight of R1, the squared gradient at real works (Mescheder 2018)."""
    r2: float = Field(0.0, ge=0)
    """Weight of R2, the squared gradient at made works."""
    penalty_interval: int = Field(1, ge=1)
    """Apply penalties every N steps, scaled by N (lazy regularisation, Karras 2020)."""

    renamed: ClassVar[Mapping[str, str]] = {
        "clip": "weight_clip",
        "gp": "gradient_penalty",
        "every": "penalty_interval",
    }


class Penalties:
    """The limits that a critic's options set, or else its game.

    Args:
        options: the critic's.
        game: gives the weight of the gradient penalty and the clip of weights where the options leave them open.
        studio: draws from its random stream "penalty".
    """

    def __init__(self, options: PenaltyOptions, game: Game, studio: Studio):
        o = self.options = options
        self.gradient_penalty = game.gradient_penalty if o.gradient_penalty is None else o.gradient_penalty
        self.weight_clip = game.weight_clip if o.weight_clip is None else o.weight_clip
        self.studio = studio

    def due(self, step: int) -> bool:
        """Whether there are penalties at this step."""
        any_weight = self.gradient_penalty or self.options.r1 or self.options.r2
        return bool(any_weight) and step % self.options.penalty_interval == 0

    def __call__(self, network: Callable[..., Tensor], real: Inputs, made: Inputs) -> Tensor:
        """The weighted sum of all penalties."""
        o, (x, x_labels), (g, g_labels) = self.options, real, made
        total = torch.zeros((), device=x.device)
        if self.gradient_penalty:
            mix = torch.rand(len(x), generator=self.studio.generator("penalty"), device=x.device)
            labels = None if x_labels is None else x_labels[: min(len(x), len(g))]
            total = total + self.gradient_penalty * gradient_penalty(lambda mixed: network(mixed, labels), x, g, mix)
        if o.r1:
            total = total + o.r1 * zero_centred(lambda works: network(works, x_labels), x)
        if o.r2:
            total = total + o.r2 * zero_centred(lambda works: network(works, g_labels), g)
        return o.penalty_interval * total

    @torch.no_grad()
    def clip(self, network: nn.Module) -> None:
        """Clip the weights of a network, if the game or the options ask for it (Arjovsky 2017)."""
        if self.weight_clip:
            for parameter in network.parameters():
                parameter.clamp_(-self.weight_clip, self.weight_clip)


def gradient_penalty(score: Score, real: Tensor, made: Tensor, mix: Tensor) -> Tensor:
    """E(‖∇s(x̂)‖ - 1)² at x̂ = u·x + (1 - u)·g (Gulrajani 2017, eq. 3).

    Args:
        score: the critic's.
        real, made: works [M, …] and [N, …]; only as many pairs as there are of both are mixed.
        mix: u, uniform in [0, 1), one for each pair.
    """
    n = min(len(real), len(made), len(mix))
    u = mix[:n].reshape(n, *[1] * (real.ndim - 1))
    mixed = u * real[:n] + (1 - u) * made[:n]
    return (input_gradients(score, mixed).norm(dim=1) - 1).square().mean()


def zero_centred(score: Score, works: Tensor) -> Tensor:
    """½ E‖∇s(x)‖²: R1 on real works, R2 on made ones (Mescheder 2018, eq. 9 and 10)."""
    return 0.5 * input_gradients(score, works).square().sum(1).mean()


def input_gradients(score: Score, works: Tensor) -> Tensor:
    """∇s at each of the works, [N, D]; differentiable."""
    works = works.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(score(works).sum(), works, create_graph=True)
    return gradients.flatten(1)
