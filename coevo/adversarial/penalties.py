"""Limits on the gradient of a critic's score: they keep it smooth, so that the game settles instead of oscillating.

`score` is the critic's network: works [N, …] → scores [N]. Every penalty is a scalar, to be weighted and added to the
critic's loss. R1 and R2 are taken of the scores that the loss is made of, so that the network passes once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.adversarial.games import Game
from coevo.adversarial.inputs import Inputs
from coevo.nn.orthogonal import OrthogonalOptions, orthogonal_penalty
from coevo.nn.schedules import cosine
from coevo.studio import Studio

Score = Callable[[Tensor], Tensor]


class Scored(NamedTuple):
    """Inputs of a critic's network, and its scores of them, [N] or [N, heads]."""

    inputs: Inputs
    scores: Tensor


class PenaltyOptions(OrthogonalOptions):
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
    final_penalty: float | None = Field(None, ge=0, le=1)
    """Share of r1 and r2 that is left after burn_in steps (Huang 2024); by default all."""

    renamed: ClassVar[Mapping[str, str]] = {
        "clip": "weight_clip",
        "gp": "gradient_penalty",
        "every": "penalty_interval",
    }
    needs: ClassVar[Mapping[str, str]] = {"final_penalty": "burn_in"}


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
        o = self.options
        return bool(self.gradient_penalty or o.r1 or o.r2 or o.orthogonal) and step % o.penalty_interval == 0

    def __call__(self, network: nn.Module, real: Scored, made: Scored, progress: float = 0.0) -> Tensor:
        """The weighted sum of all penalties.

        Args:
            network: the critic's.
            real, made: inputs that are `watched`, and the network's scores of them.
            progress: the share of the burn-in that is over.
        """
        o = self.options
        left = 1.0 if o.final_penalty is None else cosine(1.0, o.final_penalty, progress)
        (x, labels), (g, _) = real.inputs, made.inputs
        total = torch.zeros((), device=x.device)
        if self.gradient_penalty:
            mix = self.studio.uniform((len(x),), "penalty")
            some = None if labels is None else labels[: min(len(x), len(g))]
            total = total + self.gradient_penalty * gradient_penalty(lambda mixed: network(mixed, some), x, g, mix)
        weights = [(weight * left, side) for weight, side in ((o.r1, real), (o.r2, made)) if weight]
        gradients = input_gradients([side.scores for _, side in weights], [side.inputs[0] for _, side in weights])
        for (weight, _), gradient in zip(weights, gradients, strict=True):
            total = total + weight * zero_centred(gradient)
        if o.orthogonal:
            total = total + o.orthogonal * orthogonal_penalty(network)
        return o.penalty_interval * total

    @torch.no_grad()
    def clip(self, network: nn.Module) -> None:
        """Clip the weights of a network, if the game or the options ask for it (Arjovsky 2017)."""
        if self.weight_clip:
            for parameter in network.parameters():
                parameter.clamp_(-self.weight_clip, self.weight_clip)


def watched(inputs: Inputs) -> Inputs:
    """Inputs by which the scores that they get can be differentiated."""
    return inputs[0].detach().requires_grad_(), inputs[1]


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
    mixed = mixed.detach().requires_grad_()
    (gradients,) = input_gradients([score(mixed)], [mixed])
    return (gradients.flatten(1).norm(dim=1) - 1).square().mean()


def zero_centred(gradients: Tensor) -> Tensor:
    """½ E‖∇s(x)‖² of gradients [N, …]: R1 at real works, R2 at made ones (Mescheder 2018, eq. 9 and 10)."""
    return 0.5 * gradients.square().sum() / len(gradients)


def input_gradients(scores: Sequence[Tensor], inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    """∇s of every batch of scores [N] at its inputs [N, …], in one pass; differentiable."""
    if not scores:
        return ()
    return torch.autograd.grad([each.sum() for each in scores], list(inputs), create_graph=True)
