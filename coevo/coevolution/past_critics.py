"""Critics of past rounds that go on judging beside today's, so that old tricks stay unmasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

Network = Callable[..., Tensor]


class Panel:
    """Frozen copies of a network as it was, the youngest first; part of a player's state like a module.

    size: how many there are at most; fade: what a critic's word counts, beside that of the one a round younger (Vickers
    2017 has ½). make: a network of the same kind, whatever its parameters.
    """

    def __init__(self, size: int, fade: float, make: Callable[[], nn.Module]):
        self.size, self.fade, self._make = size, fade, make
        self.critics: list[nn.Module] = []

    def __len__(self) -> int:
        return len(self.critics)

    def remember(self, network: nn.Module) -> None:
        """Add a copy of a network as it is now; the oldest goes where there are too many."""
        if not self.size:
            return
        copy = self._seat() if len(self) < self.size else self.critics.pop()
        copy.load_state_dict(network.state_dict())
        self.critics.insert(0, copy)

    def weights(self) -> list[float]:
        """What today's word counts, and those of the past, the youngest first; 1 in all."""
        falling = [self.fade**age for age in range(len(self) + 1)]
        return [weight / sum(falling) for weight in falling]

    def mean(self, network: Network, judge: Callable[[Network], Tensor]) -> Tensor:
        """The weighted mean of what today's network and those of the past say."""
        everyone: list[Network] = [network, *self.critics]
        said = [weight * judge(one) for weight, one in zip(self.weights(), everyone, strict=True)]
        return torch.stack(said).sum(0) if len(said) > 1 else said[0]

    def state_dict(self) -> dict[str, Any]:
        return {str(age): critic.state_dict() for age, critic in enumerate(self.critics)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.critics = [self._seat() for _ in state]
        for age, critic in enumerate(self.critics):
            critic.load_state_dict(state[str(age)])

    def _seat(self) -> nn.Module:
        return self._make().requires_grad_(False)
