"""Adversarial games: what the Critic minimises, and what it pays the Artist.

s(x) is the Critic's raw score of a real work, s(g) of a made one. A game is chosen by name
(`-o critic.game=hinge`); plugins bring more with the hook `coevo_games`.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu, softplus


class Game:
    """Scores are [N] for made works and [M] for real ones; N and M may differ."""

    name: ClassVar[str]
    uses_reals: ClassVar[bool] = False
    """The reward depends on the scores of real works."""
    threshold: ClassVar[float] = 0.0
    """The score above which a work is taken for real."""

    def critic_loss(self, real: Tensor, made: Tensor) -> Tensor:
        """The scalar that the Critic minimises."""
        raise NotImplementedError

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        """Rewards [N]; an Artist minimises the mean of their negatives."""
        raise NotImplementedError

    def fooled(self, made: Tensor, real: Tensor | None) -> Tensor:
        """[N] bool: taken for real."""
        return made > self.threshold

    def probability(self, scores: Tensor) -> Tensor:
        """How real the Critic thinks works are, in [0, 1], for people to read."""
        return torch.sigmoid(scores)


class NonSaturating(Game):
    """D = sigmoid(s). Critic: -log D(x) - log(1 - D(g)); Artist: max log D(g) (Goodfellow 2014, §3)."""

    name = "non-saturating"

    def critic_loss(self, real: Tensor, made: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(made).mean()

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return logsigmoid(made)


class Minimax(NonSaturating):
    """The same Critic; Artist: min log(1 - D(g)), which saturates where the Critic is sure (eq. 1)."""

    name = "minimax"

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return softplus(made)  # -log(1 - sigmoid(s)) = softplus(s)


class LeastSquares(Game):
    """Critic: ½(s(x) - 1)² + ½ s(g)²; Artist: max -(s(g) - 1)² (Mao 2017)."""

    name = "least-squares"
    threshold = 0.5

    def critic_loss(self, real: Tensor, made: Tensor) -> Tensor:
        return 0.5 * (real - 1).square().mean() + 0.5 * made.square().mean()

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return -(made - 1).square()

    def probability(self, scores: Tensor) -> Tensor:
        return scores.clamp(0, 1)


class Hinge(Game):
    """Critic: max(0, 1 - s(x)) + max(0, 1 + s(g)); Artist: max s(g) (Lim & Ye 2017)."""

    name = "hinge"

    def critic_loss(self, real: Tensor, made: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + made).mean()

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return made


class RelativisticAverage(Game):
    """A work is judged against the average of the other side: s(x) - E s(g) (Jolicoeur-Martineau 2018)."""

    name = "relativistic"
    uses_reals = True

    def critic_loss(self, real: Tensor, made: Tensor) -> Tensor:
        return softplus(made.mean() - real).mean() + softplus(made - real.mean()).mean()

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        assert real is not None
        return logsigmoid(made - real.mean()) - softplus(real - made.mean()).mean()

    def fooled(self, made: Tensor, real: Tensor | None) -> Tensor:
        assert real is not None
        return made > real.mean()
