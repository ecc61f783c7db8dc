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
    """Two losses and a reward. Scores are [N] for made works and [M] for real ones; N and M may differ.

    A game is `as_real`, `as_made` and `reward`; the rest follows from them.
    """

    name: ClassVar[str]
    uses_reals: ClassVar[bool] = False
    """The reward depends on the scores of real works."""
    threshold: ClassVar[float] = 0.0
    """The score above which a work is taken for real."""
    clip: ClassVar[float] = 0.0
    """The Critic's weights stay within ±clip, unless its options say otherwise; 0 leaves them free."""
    gradient_penalty: ClassVar[float] = 0.0
    """Weight of the gradient penalty, unless the Critic's options say otherwise."""

    def as_real(self, scores: Tensor) -> Tensor:
        """What the Critic pays for these scores where it should call the works real; as many as scores."""
        raise NotImplementedError

    def as_made(self, scores: Tensor) -> Tensor:
        """What the Critic pays where it should call them made."""
        raise NotImplementedError

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        """Rewards [N]; an Artist minimises the mean of their negatives."""
        raise NotImplementedError

    def beside(self, scores: Tensor, others: Tensor) -> Tensor:
        """Scores as they stand beside those of the other side."""
        return scores

    def critic_loss(
        self, real: Tensor, made: Tensor, real_labels: Tensor | float = 1.0, made_labels: Tensor | float = 0.0
    ) -> Tensor:
        """The scalar that the Critic minimises.

        The labels, 1 for real and 0 for made, may be smoothed or noisy, [M] and [N] or one for all: a work of
        label y costs y · as_real + (1 - y) · as_made, which for cross-entropy is the usual soft target.
        """
        real, made = self.beside(real, made), self.beside(made, real)
        return self._cost(real, real_labels).mean() + self._cost(made, made_labels).mean()

    def fooled(self, made: Tensor, real: Tensor | None) -> Tensor:
        """[N] bool: taken for real."""
        return made > self.threshold

    def probability(self, scores: Tensor) -> Tensor:
        """How real the Critic thinks works are, in [0, 1], for people to read."""
        return torch.sigmoid(scores)

    def _cost(self, scores: Tensor, labels: Tensor | float) -> Tensor:
        if not isinstance(labels, Tensor) and labels in (0.0, 1.0):
            return self.as_real(scores) if labels else self.as_made(scores)
        return labels * self.as_real(scores) + (1 - labels) * self.as_made(scores)


class NonSaturating(Game):
    """D = sigmoid(s). Critic: -log D(x) - log(1 - D(g)); Artist: max log D(g) (Goodfellow 2014, §3)."""

    name = "non-saturating"

    def as_real(self, scores: Tensor) -> Tensor:
        return softplus(-scores)  # -log sigmoid(s)

    def as_made(self, scores: Tensor) -> Tensor:
        return softplus(scores)  # -log(1 - sigmoid(s))

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return logsigmoid(made)


class Minimax(NonSaturating):
    """The same Critic; Artist: min log(1 - D(g)), which saturates where the Critic is sure (eq. 1)."""

    name = "minimax"

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return softplus(made)


class LeastSquares(Game):
    """Critic: ½(s(x) - 1)² + ½ s(g)²; Artist: max -(s(g) - 1)² (Mao 2017)."""

    name = "least-squares"
    threshold = 0.5

    def as_real(self, scores: Tensor) -> Tensor:
        return 0.5 * (scores - 1).square()

    def as_made(self, scores: Tensor) -> Tensor:
        return 0.5 * scores.square()

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return -(made - 1).square()

    def probability(self, scores: Tensor) -> Tensor:
        return scores.clamp(0, 1)


class Hinge(Game):
    """Critic: max(0, 1 - s(x)) + max(0, 1 + s(g)); Artist: max s(g) (Lim & Ye 2017)."""

    name = "hinge"

    def as_real(self, scores: Tensor) -> Tensor:
        return relu(1 - scores)

    def as_made(self, scores: Tensor) -> Tensor:
        return relu(1 + scores)

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return made


class Wasserstein(Game):
    """Critic: s(g) - s(x), its weights clipped so that s is Lipschitz; Artist: max s(g) (Arjovsky 2017)."""

    name = "wasserstein"
    clip = 0.01

    def as_real(self, scores: Tensor) -> Tensor:
        return -scores

    def as_made(self, scores: Tensor) -> Tensor:
        return scores

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return made


class WassersteinPenalised(Wasserstein):
    """The same, but s is held near slope 1 by 10 · E(‖∇s‖ - 1)² instead of clipping (Gulrajani 2017)."""

    name = "wasserstein-gp"
    clip = 0.0
    gradient_penalty = 10.0


class RelativisticAverage(NonSaturating):
    """A work is judged against the average of the other side: s(x) - E s(g) (Jolicoeur-Martineau 2018)."""

    name = "relativistic"
    uses_reals = True

    def beside(self, scores: Tensor, others: Tensor) -> Tensor:
        return scores - others.mean()

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        assert real is not None
        return logsigmoid(self.beside(made, real)) - softplus(self.beside(real, made)).mean()

    def fooled(self, made: Tensor, real: Tensor | None) -> Tensor:
        assert real is not None
        return self.beside(made, real) > 0
