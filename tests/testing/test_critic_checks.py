"""The rules of critics: every kind of bad critic breaks the one that is meant for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit_rules import Plain, broken, names

from coevo.plugin.registry import registry
from coevo.testing import TargetCritic, check_player
from coevo.testing.bench import PlayerBench
from coevo.testing.kit import bench_for
from coevo.testing.standins import GradientCritic


class Dishonest(GradientCritic):
    """Says that it gives no gradients, and does."""

    def spec(self):
        return replace(super().spec(), gradients=False)


class Broken(GradientCritic):
    """Rewards that are not finite."""

    def judge(self, works, reals):
        return super().judge(works, reals) / 0


class Sloppy(GradientCritic):
    """One reward too few."""

    def judge(self, works, reals):
        return super().judge(works, reals)[1:]


class Normalised(GradientCritic):
    """Compares a work with its batch, which may be a batch of one."""

    def judge(self, works, reals):
        scores = super().judge(works, reals)
        return (scores - scores.mean()) / (scores - scores.mean()).square().mean()


class Counting(GradientCritic):
    """Counts how often it is fooled."""

    extra_state = ("asked",)
    asked = 0

    def fooled(self, works, reals):
        self.asked += 1
        return super().fooled(works, reals)


class Doubtful(GradientCritic):
    """Says by a number whether it is fooled."""

    def fooled(self, works, reals):
        return super().fooled(works, reals).float()


class Lazy(GradientCritic):
    """Learns nothing."""

    def learn(self, works, reals):
        return {}


class Peeking(TargetCritic):
    """Looks at real works, of which its spec says nothing."""

    def judge(self, works, reals):
        return super().judge(works, reals) + (0 if reals is None else reals.pixels.mean())


CASES = [
    (Dishonest, "gradients", "spec().gradients is False"),
    (Broken, "judge", "not finite"),
    (Sloppy, "judge", "rewards have the shape (7,)"),
    (Normalised, "batches", "some rewards of 1 works are not finite"),
    (Counting, "fooled", "fooled() changed asked"),
    (Doubtful, "fooled", "fooled() gives torch.float32"),
    (Lazy, "learn", "its state is the same before and after learn"),
    (Peeking, "reals", "rewards with and without them differ"),
]


@pytest.mark.parametrize(("player", "rule", "said"), CASES, ids=lambda some: getattr(some, "__name__", ""))
def test_a_bad_critic_breaks_the_rule_that_is_meant_for_it(player: type, rule: str, said: str) -> None:
    assert said in broken("critic", player, rule)[rule].message


def test_every_rule_has_a_critic_that_breaks_it() -> None:
    assert names(bench_for("critic", Plain)) - names(PlayerBench(Plain, {})) == {rule for _, rule, _ in CASES}


@pytest.mark.parametrize("game", list(registry().offers("game")))
def test_a_critic_conforms_in_every_game(game: str) -> None:
    checks = list(check_player("critic", GradientCritic, {"game": game}))
    assert len(checks) > 15 and all(check.passed for check in checks), checks
