"""Adam (Kingma & Ba 2015) as players use it: fused, with its options, and with rates that may change as it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from inspect import unwrap
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from coevo.contract.players import Options
from coevo.nn.schedules import cosine, linear
from coevo.studio.processes import average_gradients


class AdamOptions(Options):
    """Options of a player that learns by Adam."""

    learning_rate: float = Field(2e-4, gt=0, le=1)
    """Adam's learning rate."""
    lr_half_life: int = Field(0, ge=0)
    """Steps after which the learning rate has halved, again and again; 0 keeps it. Small steps late in a game settle
    it."""
    lr_decay_steps: int = Field(0, ge=0)
    """Steps in which the learning rate falls along a line to 0, as in pix2pix and CycleGAN; 0 keeps it."""
    lr_decay_start: int = Field(0, ge=0)
    """Steps before that, in which it stays; as many as lr_decay_steps in the papers."""
    beta1: float = Field(0.5, ge=0, lt=1)
    """Adam's β1; the usual 0.9 makes adversarial games oscillate."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Adam's β2."""
    burn_in: int = Field(0, ge=0)
    """Steps in which options go along a cosine to their final values (Huang 2024); 0 keeps them as they are."""
    final_learning_rate: float | None = Field(None, gt=0, le=1)
    """Learning rate after burn_in; by default it stays."""
    final_beta2: float | None = Field(None, ge=0, lt=1)
    """Adam's β2 after burn_in; by default it stays."""

    renamed: ClassVar[Mapping[str, str]] = {"rate": "learning_rate", "halve": "lr_half_life"}
    needs: ClassVar[Mapping[str, str]] = {
        "burn_in": "final_learning_rate or final_beta2",
        "final_learning_rate": "burn_in",
        "final_beta2": "burn_in",
        "lr_decay_start": "lr_decay_steps",
    }


class AccumulationOptions(Options):
    """Options of a player that may gather the gradients of several steps."""

    accumulate: int = Field(1, ge=1, le=1024)
    """Steps whose gradients are averaged before Adam takes one: large batches in little memory (Brock 2019)."""


class Adam(torch.optim.Adam):
    """Adam with a player's options. Rates that changed, and gradients that are gathered, are part of its state.

    torch marks these methods for its compiler, and the marks import it: a second of every start. A run compiles
    networks, never an optimiser, so they are used without their marks. Hooks run as in any optimiser.

    Args:
        parameters: what it optimises.
        options: learning rate, β1, β2, how they change, and how many gradients are gathered for a step.
    """

    def __init__(self, parameters: Iterable[Parameter], options: AdamOptions):
        super().__init__(parameters, options.learning_rate, (options.beta1, options.beta2), fused=True)
        self.accumulate = options.accumulate if isinstance(options, AccumulationOptions) else 1
        self.gathered = 0
        """Losses whose gradients wait for a step."""
        if options.burn_in or options.lr_decay_steps:
            self.register_step_post_hook(partial(_follow_schedules, options))
        elif options.lr_half_life:
            self.register_step_post_hook(partial(decay_learning_rate, 0.5 ** (1 / options.lr_half_life)))

    add_param_group, zero_grad = unwrap(Optimizer.add_param_group), unwrap(Optimizer.zero_grad)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = _state_dict(self)
        return state | {"gathered": self.gathered, "gradients": self._gradients()} if self.gathered else state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        _load_state_dict(self, state_dict)
        self.gathered = state_dict.get("gathered", 0)
        for parameter, gradient in zip(self.parameters(), state_dict.get("gradients", ()), strict=False):
            parameter.grad = None if gradient is None else torch.empty_like(parameter).copy_(gradient)

    def parameters(self) -> list[Parameter]:
        """What it optimises."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def _gradients(self) -> list[Tensor | None]:
        return [parameter.grad for parameter in self.parameters()]


_state_dict, _load_state_dict = unwrap(Optimizer.state_dict), unwrap(Optimizer.load_state_dict)


def decay_learning_rate(factor: float, optimiser: Optimizer, *_: object) -> None:
    """Multiply the learning rate by a factor: a hook that optimisers call after each step."""
    for group in optimiser.param_groups:
        group["lr"] *= factor


def _follow_schedules(options: AdamOptions, optimiser: Optimizer, *_: object) -> None:
    o, burn_in = options, options.burn_in or 1
    final_rate = o.learning_rate if o.final_learning_rate is None else o.final_learning_rate
    final_beta2 = o.beta2 if o.final_beta2 is None else o.final_beta2
    for group in optimiser.param_groups:
        group["taken"] = taken = group.get("taken", 0) + 1  # not Adam's own count, for which a device would be asked
        halved = 0.5 ** (taken / o.lr_half_life) if o.lr_half_life else 1.0
        left = linear(1.0, 0.0, (taken - o.lr_decay_start) / o.lr_decay_steps) if o.lr_decay_steps else 1.0
        group["lr"] = halved * left * cosine(o.learning_rate, final_rate, taken / burn_in)
        group["betas"] = o.beta1, cosine(o.beta2, final_beta2, taken / burn_in)


def minimise(optimiser: Adam, loss: Tensor) -> bool:
    """Go down the gradient of a loss: a step of the optimiser, or of several losses the first part of one.

    Returns:
        Whether it took a step; if not, the gradient waits for more of them.
    """
    if not optimiser.gathered:
        optimiser.zero_grad()
    (loss / optimiser.accumulate if optimiser.accumulate > 1 else loss).backward()
    average_gradients(optimiser.parameters())
    optimiser.gathered = (optimiser.gathered + 1) % optimiser.accumulate
    if not optimiser.gathered:
        optimiser.step()
    return not optimiser.gathered
