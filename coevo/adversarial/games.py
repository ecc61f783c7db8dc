"""Adversarial games: the loss that a critic minimises, and the rewards that it gives to an artist.

s(x) is the critic's raw score of a real work, s(g) of a made one. A game is chosen by name (`-o critic.game=hinge`);
plugins bring more with the hook `coevo_games`.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu, softplus

from coevo.errors import PairError
from coevo.studio.processes import everyone


class Game:
    """Two losses and a reward. Scores are [N] for made works and [M] for real ones; N and M may differ.

    A subclass implements `as_real`, `as_made` and `reward`; the rest follows from them.

    Example:
        >>> game = Hinge()
        >>> game.critic_loss(real=torch.tensor([2.0]), made=torch.tensor([0.0]))
        tensor(1.)
        >>> game.reward(torch.tensor([0.5]), None)
        tensor([0.5000])
    """

    name: ClassVar[str]
    uses_reals: ClassVar[bool] = False
    """The reward depends on the scores of real works."""
    threshold: ClassVar[float] = 0.0
    """The score above which a work is taken for real."""
    weight_clip: ClassVar[float] = 0.0
    """The critic's weights are clipped to ±weight_clip, unless its options say otherwise; 0 never."""
    gradient_penalty: ClassVar[float] = 0.0
    """Weight of the gradient penalty, unless the critic's options say otherwise."""

    def as_real(self, scores: Tensor) -> Tensor:
        """The critic's losses [N] for scores [N] of works whose target is 1, real."""
        raise NotImplementedError

    def as_made(self, scores: Tensor) -> Tensor:
        """The critic's losses [N] for scores [N] of works whose target is 0, made."""
        raise NotImplementedError

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        """Rewards for made works; an artist maximises their mean.

        Args:
            made: scores [N] of made works, with gradients to them.
            real: scores [M] of real works if `uses_reals`; else None.

        Returns:
            Rewards [N], higher is better.
        """
        raise NotImplementedError

    def relative_to(self, scores: Tensor, others: Tensor) -> Tensor:
        """Scores relative to those of the other side."""
        return scores

    def critic_loss(
        self, real: Tensor, made: Tensor, real_labels: Tensor | float = 1.0, made_labels: Tensor | float = 0.0
    ) -> Tensor:
        """The scalar that the critic minimises.

        Args:
            real, made: scores [M] and [N].
            real_labels, made_labels: targets, 1 for real and 0 for made, or between; [M] and [N], or one for all.
                A work of label y costs y · as_real + (1 - y) · as_made: for cross-entropy, the usual soft target.
        """
        real, made = self.relative_to(real, made), self.relative_to(made, real)
        return self._cost(real, real_labels).mean() + self._cost(made, made_labels).mean()

    def fooled(self, made: Tensor, real: Tensor | None) -> Tensor:
        """Whether each made work is taken for real, bool [N]; scores as for `reward`."""
        return made > self.threshold

    def probability(self, scores: Tensor) -> Tensor:
        """The probability that works are real, in [0, 1], for logs."""
        return torch.sigmoid(scores)

    def _cost(self, scores: Tensor, labels: Tensor | float) -> Tensor:
        if not isinstance(labels, Tensor) and labels in (0.0, 1.0):
            return self.as_real(scores) if labels else self.as_made(scores)
        return labels * self.as_real(scores) + (1 - labels) * self.as_made(scores)


class NonSaturating(Game):
    """D = sigmoid(s). critic: -log D(x) - log(1 - D(g)); artist: max log D(g) (Goodfellow 2014, §3)."""

    name = "non-saturating"

    def as_real(self, scores: Tensor) -> Tensor:
        return softplus(-scores)  # -log sigmoid(s)

    def as_made(self, scores: Tensor) -> Tensor:
        return softplus(scores)  # -log(1 - sigmoid(s))

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return logsigmoid(made)


class Minimax(NonSaturating):
    """The same critic; artist: min log(1 - D(g)), which saturates where the critic is sure (eq. 1)."""

    name = "minimax"

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return softplus(made)


class LeastSquares(Game):
    """critic: ½(s(x) - 1)² + ½ s(g)²; artist: max -(s(g) - 1)² (Mao 2017)."""

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
    """critic: max(0, 1 - s(x)) + max(0, 1 + s(g)); artist: max s(g) (Lim & Ye 2017)."""

    name = "hinge"

    def as_real(self, scores: Tensor) -> Tensor:
        return relu(1 - scores)

    def as_made(self, scores: Tensor) -> Tensor:
        return relu(1 + scores)

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return made


class Wasserstein(Game):
    """critic: s(g) - s(x), its weights clipped so that s is Lipschitz; artist: max s(g) (Arjovsky 2017)."""

    name = "wasserstein"
    weight_clip = 0.01

    def as_real(self, scores: Tensor) -> Tensor:
        return -scores

    def as_made(self, scores: Tensor) -> Tensor:
        return scores

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return made


class WassersteinPenalised(Wasserstein):
    """The same, but 10 · E(‖∇s‖ - 1)² holds the gradient norm of s near 1 instead of clipping (Gulrajani 2017)."""

    name = "wasserstein-gp"
    weight_clip = 0.0
    gradient_penalty = 10.0


class RelativisticAverage(NonSaturating):
    """Judges a work against the average of the other side: s(x) - E s(g) (Jolicoeur-Martineau 2018)."""

    name = "relativistic"
    uses_reals = True

    def relative_to(self, scores: Tensor, others: Tensor) -> Tensor:
        return scores - everyone(others).mean()

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        real = required(real)
        return logsigmoid(self.relative_to(made, real)) - softplus(everyone(self.relative_to(real, made))).mean()

    def fooled(self, made: Tensor, real: Tensor | None) -> Tensor:
        return self.relative_to(made, required(real)) > 0


class RelativisticPairing(NonSaturating):
    """Judges a made work against a real one, and not by itself: critic: -log sigmoid(s(x) - s(g)); artist: the reverse.

    Each work is paired with all of the other side. The mean over all pairs is an unbiased estimate of the same
    expectation as that over pairs by their position, has less variance, and ranks the works of a population by their
    own scores alone.

    Reference:
        Jolicoeur-Martineau 2018, The relativistic discriminator (RSGAN); Sun et al. 2020: it has no bad local minima;
        Huang et al. 2024, R3GAN: with R1 and R2 it converges from near the equilibrium.
    """

    name = "relativistic-pairing"
    uses_reals = True

    def critic_loss(
        self, real: Tensor, made: Tensor, real_labels: Tensor | float = 1.0, made_labels: Tensor | float = 0.0
    ) -> Tensor:
        of_reals = self._cost(real[:, None] - everyone(made), column(real_labels)).mean()
        return 0.5 * (of_reals + self._cost(made[:, None] - everyone(real), column(made_labels)).mean())

    def reward(self, made: Tensor, real: Tensor | None) -> Tensor:
        return logsigmoid(made[:, None] - everyone(required(real))).mean(1)

    def fooled(self, made: Tensor, real: Tensor | None) -> Tensor:
        return made > everyone(required(real)).mean(0)


def column(labels: Tensor | float) -> Tensor | float:
    """Targets [N] as [N, 1], or one for all."""
    return labels[:, None] if isinstance(labels, Tensor) else labels


def required(real: Tensor | None) -> Tensor:
    """The scores of real works. Raises PairError if there are none."""
    if real is None:
        raise PairError("The relativistic game compares made works with real ones, and there are none.")
    return real
