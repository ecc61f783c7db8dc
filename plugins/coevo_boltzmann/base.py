"""What the players of this plugin share: options, what a pixel is, and stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from inspect import unwrap
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

import coevo
from coevo import Artist, ConfigError
from coevo.contract.players import Player
from coevo.nn.adam import decay_learning_rate
from coevo_boltzmann.machine import Visible

GAUSSIAN = 0.01  # times the learning rate: the inputs of Gaussian pixels have no bounds (Hinton 2010, §13.2)


class DescentOptions(coevo.Options):
    """Options of a player that learns by stochastic gradient descent."""

    learning_rate: float | None = Field(None, gt=0, le=1)
    """Learning rate of stochastic gradient descent; by default 0.05 of an artist, 0.01 of a critic, and for Gaussian
    pixels a hundredth of it."""
    lr_half_life: int = Field(0, ge=0)
    """Steps after which the learning rate has halved, again and again; 0 keeps it."""
    momentum: float = Field(0.5, ge=0, lt=1)
    """Nesterov's momentum; 0 is none."""
    weight_decay: float = Field(2e-4, ge=0, le=1)
    """Decay of the weights, which keeps chains moving."""


class PixelOptions(coevo.Options):
    """Options of a player whose pixels may be Gaussian."""

    visible: Visible = "bernoulli"
    """Distribution of a pixel: bernoulli, white with a probability; or gaussian."""
    pixel_std: float = Field(0.2, gt=0, le=10)
    """visible=gaussian: standard deviation of a pixel in [0, 1]."""

    needs: ClassVar[Mapping[str, str]] = {"pixel_std": "visible=gaussian"}


class SGD(torch.optim.SGD):
    """Stochastic gradient descent with a player's options, without the marks that import torch's compiler.

    Args:
        module: what it optimises.
        options: momentum, half-life and weight decay.
        rate: the learning rate.
        decays: whether all parameters decay; else the weights alone, which are the matrices.
    """

    def __init__(self, module: nn.Module, options: DescentOptions, rate: float, decays: bool = False):
        self.weight_decay, self.matrices = options.weight_decay, [] if decays else matrices(module)
        decay = options.weight_decay if decays else 0.0
        momentum = options.momentum
        super().__init__(module.parameters(), rate, momentum, weight_decay=decay, nesterov=momentum > 0, fused=True)
        if options.lr_half_life:
            self.register_step_post_hook(partial(decay_learning_rate, 0.5 ** (1 / options.lr_half_life)))

    add_param_group, zero_grad = unwrap(Optimizer.add_param_group), unwrap(Optimizer.zero_grad)
    state_dict, load_state_dict = unwrap(Optimizer.state_dict), unwrap(Optimizer.load_state_dict)

    def minimise(self, loss: Tensor) -> None:
        """Take one step down the gradient of a loss and of half the decayed squares."""
        self.zero_grad()
        loss.backward()
        for matrix in self.matrices:
            if matrix.grad is not None:
                matrix.grad.add_(matrix.detach(), alpha=self.weight_decay)
        self.step()

    step = torch.no_grad()(unwrap(torch.optim.SGD.step))


def matrices(module: nn.Module) -> list[nn.Parameter]:
    """The parameters of a module that are weights of connections, not biases."""
    return [parameter for parameter in module.parameters() if parameter.ndim == 2]


class EnergyPlayer(Player):
    """A player with an energy for every picture."""

    options: Any
    rate: ClassVar[float] = 0.05
    """The learning rate by default, of binary pixels."""

    @property
    def visible(self) -> Visible:
        """The distribution of a pixel."""
        return self.options.visible if isinstance(self.options, PixelOptions) else "bernoulli"

    def learning_rate(self, visible: Visible) -> float:
        """The learning rate that was chosen, or the default of a machine with such visible units."""
        chosen: float | None = self.options.learning_rate
        return chosen or self.rate * (GAUSSIAN if visible == "gaussian" else 1)

    def energies(self, images: Tensor) -> Tensor:
        """The energy [N] of images [N, C, H, W] in [-1, 1], hidden units summed out: -log p up to a constant."""
        raise NotImplementedError

    def filters(self) -> Tensor:
        """The weights of each hidden unit to the pixels, [H, P]."""
        raise NotImplementedError

    def check(self) -> None:
        if self.visible == "bernoulli" and self.studio.image[0] > 1:
            role = "artist" if isinstance(self, Artist) else "critic"
            said = "takes a pixel for the probability of white, which colours are not"
            if isinstance(self.options, PixelOptions):
                raise ConfigError(f"{role}.visible=bernoulli {said}; choose gaussian.")
            raise ConfigError(f"Artist {self.name!r} {said}; say --channels 1.")
