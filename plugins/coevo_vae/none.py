"""No critic, for artists that have a loss of their own, as autoencoders do."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo import Critic, CriticSpec, Works


class NoCritic(Critic):
    """Rewards every work alike, and learns nothing."""

    name = "none"

    def spec(self) -> CriticSpec:
        return CriticSpec(rewards="constant", learns=False)

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return torch.zeros(len(works), device=self.studio.device)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return torch.ones(len(works), dtype=torch.bool, device=self.studio.device)
