"""Adam (Kingma & Ba 2015) as the players use it: fused, its options in one place, its rate fading if it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from pydantic import Field
from torch.nn import Parameter

from coevo.contract import players as roles


class AdamOptions(roles.Options):
    """Options of a player that learns by Adam; its own stand beside them."""

    learning_rate: float = Field(2e-4, gt=0, le=1)
    """Adam's learning rate."""
    lr_half_life: int = Field(0, ge=0)
    """Steps in which the rate halves, again and again; 0 keeps it. Late in a game, small steps settle it."""
    beta1: float = Field(0.5, ge=0, lt=1)
    """Adam's β1; the usual 0.9 makes adversarial games oscillate."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Adam's β2."""


class Adam(torch.optim.Adam):
    """Adam over these parameters, with a player's options; the faded rate is part of its state.

    What torch puts around every step, marks for its profiler and hooks that nobody here registers, costs small networks
    about 3 % of their time, so this one does without.
    """

    def __init__(self, parameters: Iterable[Parameter], options: AdamOptions):
        super().__init__(parameters, options.learning_rate, (options.beta1, options.beta2), fused=True)
        self._fade = 0.5 ** (1 / options.lr_half_life) if options.lr_half_life else 1.0

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; they are always set to None."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def step(self, closure: Callable[[], float] | None = None) -> Any:
        loss = super().step(closure)
        for group in self.param_groups:
            group["lr"] *= self._fade
        return loss

    step.hooked = True  # type: ignore[attr-defined] # torch takes it for wrapped
