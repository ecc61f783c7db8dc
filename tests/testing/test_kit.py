"""The conformance kit: ours pass it, and every kind of bad player fails the check that is meant for it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch

import coevo
from coevo.plugin.registry import registry
from coevo.testing.kit import check_player, conform
from coevo_gan.dcgan import DCGAN
from coevo_gan.dcnn import DCNN

SMALL = {"width": 4}


def failures(kind: str, player: type) -> str:
    return "\n".join(
        f"{check.name}: {check.message}" for check in check_player(kind, player, SMALL) if not check.passed
    )


def test_the_generator_conforms() -> None:
    assert failures("artist", DCGAN) == ""


@pytest.mark.parametrize("game", list(registry().offers("game")))
def test_the_discriminator_conforms_in_every_game(game: str) -> None:
    checks = list(check_player("critic", DCNN, {**SMALL, "game": game}))
    assert len(checks) > 7 and all(check.passed for check in checks), checks


def test_the_guides_plugin_conforms_so_the_core_takes_no_name_an_outsider_uses(monkeypatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs" / "example-plugin")
    conform("artist", importlib.import_module("coevo_sunrise.artist").Sunrise)


class Forgetful(DCGAN):
    """Counts its works, and forgets the count."""

    def build(self):
        super().build()
        self.made = 0

    def make(self, n, reals):
        self.made += 1
        return coevo.Works(images=super().make(n, reals).images.roll(self.made, -1), codes=torch.zeros(n, 16))


class Loud(DCGAN):
    """Leaves [-1, 1]."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return coevo.Works(images=works.images * 9, codes=works.codes)


class Fickle(DCGAN):
    """Draws from the global random stream when it exhibits."""

    def exhibit(self, n, seed, labels=None):
        return self.decode(torch.randn(n, self.options.latent))


class Idle(DCGAN):
    """Learns nothing."""

    def learn(self, works, rewards):
        return {}


class Litterer(DCGAN):
    """Writes where it should not."""

    def learn(self, works, rewards):
        Path("litter.txt").write_text("x")
        return super().learn(works, rewards)


class Chatty(DCGAN):
    """Waits for the device to report a loss, as a whole tensor of rewards."""

    def learn(self, works, rewards):
        return {**super().learn(works, rewards), "rewards": rewards}


@pytest.mark.parametrize(
    ("player", "said"),
    [
        (Forgetful, "works after a restore differ"),
        (Loud, "some pixels are outside of"),
        (Fickle, "changed the state or a random stream"),
        (Idle, "its state is the same before and after learn"),
        (Litterer, "litter.txt"),
        (Chatty, "is no detached value of one number"),
    ],
)
def test_a_bad_artist_fails_the_check_that_is_meant_for_it(player: type, said: str) -> None:
    assert said in failures("artist", player)


class Dishonest(DCNN):
    """Says that it gives no gradients, and does."""

    gives_gradients = False


class Broken(DCNN):
    """Rewards that are not finite."""

    def judge(self, works, reals):
        return super().judge(works, reals) / 0


class Sloppy(DCNN):
    """One reward too few."""

    def judge(self, works, reals):
        return super().judge(works, reals)[1:]


@pytest.mark.parametrize(
    ("player", "said"),
    [(Dishonest, "gives_gradients is False"), (Broken, "not finite"), (Sloppy, "rewards have the shape (7,)")],
)
def test_a_bad_critic_fails_the_check_that_is_meant_for_it(player: type, said: str) -> None:
    assert said in failures("critic", player)


def test_conform_is_one_line_in_a_plugins_tests() -> None:
    conform("critic", DCNN, SMALL)
    with pytest.raises(AssertionError, match="does not conform"):
        conform("artist", Loud, SMALL)
