"""The conformance kit: good players pass it, and every kind of bad player fails the check that is meant for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import coevo
from coevo.contract.drawings import Drawing
from coevo.plugin.registry import registry
from coevo.testing import RandomArtist, TargetCritic, check_player, conform
from coevo.testing.standins import CodeArtist, CodeCritic, EvolvingArtist, GradientArtist, GradientCritic


def failures(kind: str, player: type) -> str:
    return "\n".join(f"{check.name}: {check.message}" for check in check_player(kind, player) if not check.passed)


@pytest.mark.parametrize("game", list(registry().offers("game")))
def test_a_critic_conforms_in_every_game(game: str) -> None:
    checks = list(check_player("critic", GradientCritic, {"game": game}))
    assert len(checks) > 7 and all(check.passed for check in checks), checks


STANDINS = [
    *(("artist", player) for player in (RandomArtist, GradientArtist, CodeArtist, EvolvingArtist)),
    *(("critic", player) for player in (TargetCritic, GradientCritic, CodeCritic)),
]


@pytest.mark.parametrize(("kind", "player"), STANDINS, ids=lambda some: getattr(some, "__name__", ""))
def test_the_smallest_players_conform(kind: str, player: type) -> None:
    found = [check for check in check_player(kind, player) if not check.passed]
    idle = player is RandomArtist  # has nothing to learn
    allowed = {
        "learns: a turn changes its state",
        "Breedable: breeds the picked works, and goes on if nobody is picked",
    }
    assert not found or (idle and {check.name for check in found} <= allowed), found


def test_only_the_checks_of_capabilities_that_a_player_has_are_made() -> None:
    made = {check.name.partition(":")[0] for check in check_player("artist", EvolvingArtist)}
    assert {"Breedable", "Evolving"} <= made and not {"Encoder", "Decoder", "Renderer"} & made


class Forgetful(GradientArtist):
    """Counts its works, and forgets the count."""

    def build(self):
        super().build()
        self.made = 0

    def make(self, n, reals):
        self.made += 1
        return coevo.Works(images=super().make(n, reals).images.roll(self.made, -1), codes=torch.zeros(n, 2))


class Loud(GradientArtist):
    """Leaves [-1, 1]."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return coevo.Works(images=works.images * 9, codes=works.codes)


class Fickle(GradientArtist):
    """Draws from the global random stream when it exhibits."""

    def exhibit(self, n, seed, labels=None):
        return self.decode(torch.randn(n, 2))


class Idle(GradientArtist):
    """Learns nothing."""

    def learn(self, works, rewards):
        return {}


class Litterer(GradientArtist):
    """Writes where it should not."""

    def learn(self, works, rewards):
        Path("litter.txt").write_text("x")
        return super().learn(works, rewards)


class Miscounted(CodeArtist):
    """Codes that are smaller than their layout."""

    def encode(self, works):
        return super().encode(works)[:, :-1]


class Blurred(EvolvingArtist):
    """Renders pictures of one size only."""

    def render(self, works, size):
        return self.make(len(works), None).images[: len(works)]


class Torn(EvolvingArtist):
    """Strips that are another picture."""

    def render(self, works, size):
        return torch.zeros(len(works), 1, size, size)

    def render_strips(self, works, size):
        yield torch.ones(1, size, size)


class Whole(GradientArtist):
    """Grows, and cannot be wounded."""

    def growth(self, works, steps, wounds):
        yield from [self.decode(works.latents).pixels] * (steps + 1)


class Careless(EvolvingArtist):
    """Drawings that are other pictures."""

    def render(self, works, size):
        return torch.ones(len(works), 1, size, size)

    def vector(self, works):
        return [Drawing([], "#000000")] * len(works)


class Deaf(EvolvingArtist):
    """Takes in nobody."""

    def immigrate(self, works):
        pass


class Numb(EvolvingArtist):
    """Breeds nobody."""

    def breed(self, works, picked):
        return {}


class Chatty(GradientArtist):
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
        (Chatty, "is not a number or a detached scalar"),
        (Miscounted, "encode() gives (8, 4), and the code's layout has (8, 5)"),
        (Blurred, "images have the shape (2, 1, 32, 32), not (2, 1, 64, 64)"),
        (Torn, "render_strips() and render() draw different pictures"),
        (Whole, "where everything is erased, something is left"),
        (Careless, "vector() and render() draw pictures that differ by 2.00"),
        (Deaf, "immigrate() took in nobody"),
        (Numb, "breed() of 0 works changes nothing"),
    ],
)
def test_a_bad_artist_fails_the_check_that_is_meant_for_it(player: type, said: str) -> None:
    assert said in failures("artist", player)


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


@pytest.mark.parametrize(
    ("player", "said"),
    [(Dishonest, "spec().gradients is False"), (Broken, "not finite"), (Sloppy, "rewards have the shape (7,)")],
)
def test_a_bad_critic_fails_the_check_that_is_meant_for_it(player: type, said: str) -> None:
    assert said in failures("critic", player)


def test_conform_is_one_line_in_a_plugins_tests() -> None:
    conform("critic", GradientCritic, {"game": "minimax"})
    with pytest.raises(AssertionError, match="does not conform"):
        conform("artist", Loud)


class Flat(CodeArtist):
    """Its latents carry no gradients."""

    def latents(self, images):
        return images.detach().flatten(1)[:, :2]


class Sloped(CodeArtist):
    """Its latents carry gradients to the pictures."""

    def latents(self, images):
        return images.flatten(1)[:, :2] ** 2


def test_latents_should_carry_gradients() -> None:
    assert "DifferentiableEncoder: its latents carry gradients" in failures("artist", Flat)
    assert "latents carry no gradients" in failures("artist", Flat)
    assert "DifferentiableEncoder" not in failures("artist", Sloped)
