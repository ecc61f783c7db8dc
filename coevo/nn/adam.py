"""Adam (Kingma & Ba 2015) as players use it: fused, with its options, and with a learning rate that may decay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from inspect import unwrap
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from coevo.contract.players import Options


class AdamOptions(Options):
    """Options of a player that learns by Adam."""

    learning_rate: float = Field(2e-4, gt=0, le=1)
    """Adam's learning rate."""
    lr_half_life: int = Field(0, ge=0)
    """Steps after which the learning rate has halved, again and again; 0 keeps it. Small steps late in a game settle
    it."""
    beta1: float = Field(0.5, ge=0, lt=1)
    """Adam's β1; the usual 0.9 makes adversarial games oscillate."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Adam's β2."""

    renamed: ClassVar[Mapping[str, str]] = {"rate": "learning_rate", "halve": "lr_half_life"}


class Adam(torch.optim.Adam):
    """Adam with a player's options. The decayed learning rate is part of its state.

    torch marks these methods for its compiler, and the marks import it: a second of every start. A run compiles
    networks, never an optimiser, so they are used without their marks. Hooks run as in any optimiser.

    Args:
        parameters: what it optimises.
        options: learning rate, its half-life, β1 and β2.
    """

    def __init__(self, parameters: Iterable[Parameter], options: AdamOptions):
        super().__init__(parameters, options.learning_rate, (options.beta1, options.beta2), fused=True)
        if options.lr_half_life:
            self.register_step_post_hook(partial(decay_learning_rate, 0.5 ** (1 / options.lr_half_life)))

    add_param_group, zero_grad = unwrap(Optimizer.add_param_group), unwrap(Optimizer.zero_grad)
    state_dict, load_state_dict = unwrap(Optimizer.state_dict), unwrap(Optimizer.load_state_dict)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))


def decay_learning_rate(factor: float, optimiser: Optimizer, *_: object) -> None:
    """Multiply the learning rate by a factor: a hook that optimisers call after each step."""
    for group in optimiser.param_groups:
        group["lr"] *= factor


def minimise(optimiser: Optimizer, loss: Tensor) -> None:
    """Take one step of an optimiser down the gradient of a loss."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
