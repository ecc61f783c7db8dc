"""Critics of past rounds that go on judging beside the present one, so that old tricks stay unmasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.contract.players import Options

Network = Callable[..., Tensor]


class PastCriticOptions(Options):
    """Options of a critic that judges together with its past selves."""

    past_critics: int = Field(0, ge=0, le=256)
    """The number of past rounds whose critics judge beside the present one."""
    past_decay: float = Field(0.5, gt=0, le=1)
    """Weight of a past critic relative to the critic one round younger."""

    renamed: ClassVar[Mapping[str, str]] = {"panel": "past_critics", "fade": "past_decay"}
    needs: ClassVar[Mapping[str, str]] = {"past_decay": "past_critics"}


class PastCritics:
    """Frozen copies of a network from past rounds, the youngest first; part of a player's state like a module.

    Args:
        size: the most copies that are kept.
        decay: weight of a copy relative to the one a round younger (½ in Vickers 2017).
        make: makes a network of the same kind, with any parameters.
    """

    def __init__(self, size: int, decay: float, make: Callable[[], nn.Module]):
        self.size, self.decay, self._make = size, decay, make
        self.networks: list[nn.Module] = []

    def __len__(self) -> int:
        return len(self.networks)

    def remember(self, network: nn.Module) -> None:
        """Add a copy of a network as it is now; the oldest copy makes room for it."""
        if not self.size:
            return
        copy = self._frozen() if len(self) < self.size else self.networks.pop()
        copy.load_state_dict(network.state_dict())
        self.networks.insert(0, copy)

    def weights(self) -> list[float]:
        """Weights of the present network and of the copies, the youngest first; their sum is 1."""
        falling = [self.decay**age for age in range(len(self) + 1)]
        return [weight / sum(falling) for weight in falling]

    def mean(self, network: Network, judge: Callable[[Network], Tensor]) -> Tensor:
        """The weighted mean of a judgement over the present network and the copies."""
        networks: list[Network] = [network, *self.networks]
        judged = [weight * judge(one) for weight, one in zip(self.weights(), networks, strict=True)]
        return torch.stack(judged).sum(0) if len(judged) > 1 else judged[0]

    def state_dict(self) -> dict[str, Any]:
        return {str(age): network.state_dict() for age, network in enumerate(self.networks)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.networks = [self._frozen() for _ in state]
        for age, network in enumerate(self.networks):
            network.load_state_dict(state[str(age)])

    def _frozen(self) -> nn.Module:
        return self._make().requires_grad_(False)
