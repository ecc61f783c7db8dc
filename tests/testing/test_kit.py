"""The conformance kit: good players pass it, bad ones do not, and it is used as a whole or rule by rule."""

from __future__ import annotations

import subprocess
import sys

import pytest
from kit_rules import broken

from coevo.errors import ConfigError
from coevo.testing import RandomArtist, TargetCritic, check_player, conform, conformance
from coevo.testing.standins import CodeArtist, CodeCritic, EvolvingArtist, GradientArtist

IDLE = dict.fromkeys(("learn", "breedable", "offspring"), "it has nothing to learn")


@pytest.mark.parametrize(
    ("kind", "player"), [("artist", CodeArtist), ("artist", EvolvingArtist), ("critic", CodeCritic)]
)
def test_the_smallest_players_break_no_rule(kind: str, player: type) -> None:
    assert not broken(kind, player)


def test_conform_is_one_line_in_a_plugins_tests() -> None:
    conform("critic", TargetCritic)
    with pytest.raises(AssertionError, match="artist 'random' does not conform:\nbreedable: "):
        conform("artist", RandomArtist)


def test_rules_can_be_chosen() -> None:
    assert [check.rule for check in check_player("artist", GradientArtist, only=["make", "seed"])] == ["make", "seed"]
    with pytest.raises(ConfigError, match="no rule named 'sede'; did you mean 'seed'"):
        list(check_player("artist", GradientArtist, only=["sede"]))


test_gradient_artist = conformance(GradientArtist)
test_random_artist = conformance(RandomArtist, expected=IDLE)


def test_expected_rules_must_exist() -> None:
    with pytest.raises(ConfigError, match="no rule named 'lern'; did you mean 'learn'"):
        conformance(RandomArtist, expected={"lern": "it has nothing to learn"})


def test_what_is_no_player_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no class of an artist, critic, game, prior"):
        conformance(dict)


OPTIMISED = """
from coevo.testing import TargetCritic, check_player

class Scalar(TargetCritic):
    "Gives one reward for all."
    def judge(self, works, reals):
        return super().judge(works, reals).mean()

print([check.rule for check in check_player("critic", Scalar, only=["judge"]) if not check.passed])
"""


@pytest.mark.slow
def test_the_kit_checks_where_python_leaves_out_asserts() -> None:
    done = subprocess.run([sys.executable, "-O", "-c", OPTIMISED], capture_output=True, text=True)
    assert done.stdout.strip() == "['judge']", done.stderr
