"""The rules of all players: every kind of bad player breaks the one that is meant for it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from kit_rules import Plain, broken, names
from pydantic import Field
from torch import nn

import coevo
from coevo.testing.bench import PlayerBench
from coevo.testing.standins import GradientArtist, GradientCritic


class Named(GradientArtist):
    """Has a name that cannot be typed."""

    name = "my artist"


class Generous(GradientArtist):
    """Has a default beyond the bounds of its option."""

    class Options(coevo.Options):
        width: int = Field(0, ge=1)
        """Width of a layer."""


class Undescribed(GradientArtist):
    """Says nothing of an option."""

    class Options(coevo.Options):
        width: int = 1


class Dividing(GradientArtist):
    """Divides by an option that may be 0."""

    class Options(coevo.Options):
        width: int = Field(1, ge=0)
        """Width of a layer."""

    def spec(self):
        return replace(super().spec(), picks=(1, 8 // self.options.width))


class Guessing(GradientArtist):
    """Draws when it says what it needs."""

    def spec(self):
        random.random()
        return super().spec()


class Forgetful(GradientArtist):
    """Counts its works, and forgets the count."""

    every = 1

    def build(self):
        super().build()
        self.made = 0

    def make(self, n, reals):
        self.made += 1
        works = super().make(n, reals)
        return coevo.Works(images=works.images.roll(self.made // self.every, -1), codes=works.codes)


class Late(Forgetful):
    """Its count matters in every third turn."""

    every = 3


class Unseeded(GradientArtist):
    """Draws from the operating system."""

    def make(self, n, reals):
        return self.draw(torch.randn(n, 2, generator=torch.Generator().manual_seed(torch.seed())))

    def draw(self, codes):
        return coevo.Works(images=self.net(codes), codes=codes)


class Grey(GradientArtist):
    """Makes grey pictures whatever it is asked for."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return replace(works, images=works.images[:, :1])


class Square(GradientArtist):
    """Makes pictures of 32 px."""

    def build(self):
        pixels = self.studio.image[0] * 32 * 32
        self.net = nn.Sequential(nn.Linear(2, pixels), nn.Tanh(), nn.Unflatten(1, (self.studio.image[0], 32, 32)))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)


class Halved(GradientArtist):
    """Makes its pictures in half precision."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return replace(works, images=works.images.bfloat16() if self.studio.precision == "bf16" else works.images)


class Bursting(GradientArtist):
    """Makes pictures that are not numbers from its fourth turn on."""

    extra_state = ("made",)

    def build(self):
        super().build()
        self.made = 0

    def make(self, n, reals):
        self.made += 1
        works = super().make(n, reals)
        return replace(works, images=works.images / (self.made < 4))


class Meddling(GradientArtist):
    """Clamps the real works that it is given."""

    def make(self, n, reals):
        if reals is not None:
            reals.images.clamp_(-0.5, 0.5)
        return super().make(n, reals)


class Printing(GradientArtist):
    """Prints what it learns."""

    def learn(self, works, rewards):
        print("loss", float(rewards.detach().mean()))
        return super().learn(works, rewards)


class Litterer(GradientArtist):
    """Writes where it should not."""

    def learn(self, works, rewards):
        Path.home().joinpath("litter.txt").write_text("x")
        return super().learn(works, rewards)


class Whitening(GradientCritic):
    """Subtracts the mean of the works, in place."""

    def learn(self, works, reals):
        works.images.sub_(works.images.mean())
        return super().learn(works, reals)


class Colourless(GradientCritic):
    """Knows grey pictures only, and does not say so."""

    def build(self, artist):
        super().build(artist)
        pixels = self.studio.image[1] * self.studio.image[2]
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1), nn.Flatten(0))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)


CASES = [
    ("artist", Named, "name", "'my artist' has other characters"),
    ("artist", Generous, "options", "the default of option 'width' is 0: Input should be greater than or equal to 1"),
    ("artist", Undescribed, "options", "option 'width' has no description"),
    ("artist", Dividing, "bounds", "ZeroDivisionError"),
    ("artist", Guessing, "spec", "spec() draws random numbers"),
    ("artist", Forgetful, "state", "works after a restore, in turn 1, differ"),
    ("artist", Late, "state", "works after a restore, in turn 2, differ"),
    ("artist", Unseeded, "seed", "works differ"),
    ("artist", Grey, "channels", "images have the shape (8, 1, 32, 32), not (8, 3, 32, 32)"),
    ("artist", Square, "sizes", "images have the shape (8, 1, 32, 32), not (8, 1, 16, 16)"),
    ("artist", Halved, "bf16", "images are torch.bfloat16, not float32"),
    ("artist", Bursting, "late", "images are not finite in turn 4"),
    ("artist", Meddling, "in-place", "real works before and after a turn differ"),
    ("artist", Printing, "quiet", "it prints 'loss"),
    ("artist", Litterer, "files", "litter.txt"),
    ("critic", Whitening, "in-place", "works before and after a turn differ"),
    ("critic", Colourless, "channels", "RuntimeError"),
]


@pytest.mark.parametrize(("kind", "player", "rule", "said"), CASES, ids=lambda some: getattr(some, "__name__", ""))
def test_a_bad_player_breaks_the_rule_that_is_meant_for_it(
    kind: str, player: type, rule: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert said in broken(kind, player, rule)[rule].message


def test_every_rule_has_a_player_that_breaks_it() -> None:
    rules = names(PlayerBench(Plain, {})) - {"device"}  # which only a machine that has one can break
    assert rules == {rule for _, _, rule, _ in CASES}


def test_an_error_is_found_where_the_author_wrote_it() -> None:
    check = broken("artist", Dividing, "bounds")["bounds"]
    assert "8 // self.options.width" in check.message
    assert "8 // self.options.width" in Path(__file__).read_text().splitlines()[int(check.place.rpartition(":")[2]) - 1]
