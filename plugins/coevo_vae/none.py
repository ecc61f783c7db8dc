"""No critic: for Artists that know by themselves what is good, as autoencoders do."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo import Critic, CriticSpec, Works


class NoCritic(Critic):
    """Likes all works alike, and learns nothing."""

    name = "none"

    def spec(self) -> CriticSpec:
        return CriticSpec(rewards="constant", learns=False)

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return torch.zeros(len(works), device=self.studio.device)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return torch.ones(len(works), dtype=torch.bool, device=self.studio.device)
