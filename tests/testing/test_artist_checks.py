"""The rules of artists: every kind of bad artist breaks the one that is meant for it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from kit_rules import Plain, broken, names

import coevo
from coevo.testing.bench import PlayerBench
from coevo.testing.kit import bench_for
from coevo.testing.standins import GradientArtist


class Loud(GradientArtist):
    """Leaves [-1, 1]."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return coevo.Works(images=works.images * 9, codes=works.codes)


class Single(GradientArtist):
    """Exhibits two works at least."""

    def exhibit(self, n, seed, labels=None):
        return super().exhibit(max(n, 2), seed)


class Fickle(GradientArtist):
    """Draws from the global random stream when it exhibits."""

    def exhibit(self, n, seed, labels=None):
        return self.decode(torch.randn(n, 2))


class Mislabelled(GradientArtist):
    """Has a class of digits in its code, and takes no notice of it."""

    def spec(self):
        blocks = (coevo.CodeBlock("z", 2), coevo.CodeBlock("class", 10, "categorical", "label"))
        return replace(super().spec(), code=coevo.CodeLayout(blocks))

    def exhibit(self, n, seed, labels=None):
        codes = torch.randn(n, 12, generator=torch.Generator().manual_seed(seed))
        return coevo.Works(images=self.net(codes[:, :2]).detach(), codes=codes, labels=torch.zeros(n).long())


class Idle(GradientArtist):
    """Learns nothing."""

    def learn(self, works, rewards):
        return {}


class Chatty(GradientArtist):
    """Waits for the device to report a loss, as a whole tensor of rewards."""

    def learn(self, works, rewards):
        return {**super().learn(works, rewards), "rewards": rewards}


class Quitting(GradientArtist):
    """Ends the process."""

    def learn(self, works, rewards):
        sys.exit("enough")


class Doubled(GradientArtist):
    """Has two blocks of one name."""

    def spec(self):
        return replace(super().spec(), code=coevo.CodeLayout((coevo.CodeBlock("z", 1), coevo.CodeBlock("z", 1))))


class Restless(GradientArtist):
    """Calls itself a population, and makes other works every time."""

    def spec(self):
        return replace(super().spec(), population=True)


class Severed(GradientArtist):
    """Wants gradients, and makes works that carry none."""

    def make(self, n, reals):
        return super().make(n, reals).detach()


CASES = [
    (Loud, "make", "some pixels are outside of"),
    (Single, "batches", "2 works, not 1"),
    (Fickle, "exhibit", "changed the state or a random stream"),
    (Mislabelled, "labels", "have the labels [0, 0, 0"),
    (Idle, "learn", "its state is the same before and after learn"),
    (Chatty, "learn", "is not a number or a detached scalar"),
    (Quitting, "learn", "SystemExit: enough, in `sys.exit("),
    (Doubled, "code", "two blocks of its code have the same name"),
    (Restless, "population", "works made twice differ"),
    (Severed, "gradients", "spec().gradients is set, but its works carry none"),
]


@pytest.mark.parametrize(("player", "rule", "said"), CASES, ids=lambda some: getattr(some, "__name__", ""))
def test_a_bad_artist_breaks_the_rule_that_is_meant_for_it(player: type, rule: str, said: str) -> None:
    assert said in broken("artist", player, rule)[rule].message


def test_every_rule_has_an_artist_that_breaks_it() -> None:
    assert names(bench_for("artist", Plain)) - names(PlayerBench(Plain, {})) == {rule for _, rule, _ in CASES}


def test_a_broken_rule_says_where_and_what_to_do() -> None:
    check = broken("artist", Loud, "make")["make"]
    line = Path(__file__).read_text().split("class Loud")[0].count("\n") + 4
    assert Path(check.place).name == f"{Path(__file__).name}:{line}"
    assert "a last tanh keeps pixels in range" in check.todo
    assert str(check).splitlines()[0] == "make: makes works of the declared shape, float32, finite, in [-1, 1]"
