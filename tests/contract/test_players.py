"""Players: their options, their state, and what they say if a method is missing."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from pydantic import ValidationError
from standins import Reals, built, studio
from torch import nn

from coevo import Artist, ArtistSpec, Critic, Works
from coevo.contract.players import Options
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing.standins import EvolvingArtist, GradientArtist, GradientCritic


class Counting(Artist):
    """A module, a tensor, a number, and something that is no state."""

    name = "counting"
    extra_state = ("count", "mean")
    renamed_state: ClassVar = {"network": "net"}

    class Options(Options):
        width: int = 2
        """Size of the layer."""

        renamed: ClassVar = {"hidden": "width"}

    def spec(self) -> ArtistSpec:
        return ArtistSpec()

    def build(self) -> None:
        self.net = nn.Linear(self.options.width, 1)
        self.count, self.mean, self.cache = 3, torch.ones(2), "anything"


class Dreaming(Counting):
    """With a network that never learns."""

    constant_state = ("frozen",)

    def build(self) -> None:
        super().build()
        self.frozen = nn.Linear(2, 2)


def counting() -> Counting:
    artist = Counting(Counting.Options(), studio())
    artist.build()
    return artist


def test_a_player_is_made_without_any_work() -> None:
    artist = GradientArtist(GradientArtist.Options(), studio())
    assert artist.spec().gradients and artist.code.size == 2
    assert not hasattr(artist, "net")


def test_options_are_frozen_and_closed() -> None:
    options = EvolvingArtist.Options(population=4)
    with pytest.raises(ValidationError):
        options.population = 5
    with pytest.raises(ValidationError):
        EvolvingArtist.Options(populaton=4)


def test_the_state_is_modules_and_extra_state() -> None:
    artist = counting()
    assert artist.state().keys() == {"net", "count", "mean"}
    saved = copy_state(artist.state())
    other = counting()
    other.count, other.mean = 9, torch.zeros(2)
    assert not equal_states(saved, other.state())
    other.restore(saved)
    assert equal_states(saved, other.state())


def dreaming() -> Dreaming:
    artist = Dreaming(Dreaming.Options(), studio())
    artist.build()
    return artist


@pytest.mark.parametrize("part", ["net", "count", "mean"])
def test_a_state_without_a_part_is_refused_and_nothing_is_restored(part: str) -> None:
    artist, saved = counting(), copy_state(counting().state())
    artist.count, before = 9, copy_state(artist.state())
    del saved[part]
    with pytest.raises(KeyError, match=f"The state has no '{part}'"):
        artist.restore(saved)
    assert equal_states(artist.state(), before | {"count": 9})


@pytest.mark.parametrize("part", ["xyz", "cache", "options", "studio", "spec", "name"])
def test_a_part_that_the_player_does_not_have_is_refused(part: str) -> None:
    with pytest.raises(KeyError, match=f"'{part}' is not a part of artist 'counting'"):
        counting().restore(counting().state() | {part: 1})


def test_the_state_of_the_other_player_is_refused() -> None:
    artist, critic = built(
        GradientArtist(GradientArtist.Options(), studio()), GradientCritic(GradientCritic.Options(), studio())
    )
    with pytest.raises(KeyError, match="is not a part of critic 'gradient'"):
        critic.restore(artist.state() | {"likes": 1.0})


def test_a_player_that_is_not_built_cannot_be_restored() -> None:
    with pytest.raises(KeyError, match="is not a part of artist 'counting'"):
        Counting(Counting.Options(), studio()).restore(counting().state())


def test_parts_that_never_change_may_be_left_out() -> None:
    artist, saved = dreaming(), copy_state(dreaming().state())
    del saved["frozen"]
    artist.count = 9
    artist.restore(saved)
    assert artist.count == 3
    artist.restore(artist.state())
    with pytest.raises(KeyError, match="The state has no 'net'"):
        artist.restore({name: part for name, part in saved.items() if name != "net"})


def test_optimisers_belong_to_the_state() -> None:
    artist, critic = built(
        GradientArtist(GradientArtist.Options(), studio()), GradientCritic(GradientCritic.Options(), studio())
    )
    works = artist.make(8, None)
    artist.learn(works, critic.judge(works, Reals().batch(0, 0, 0)))
    assert artist.state()["optimiser"]["state"]


def test_every_parameter_is_listed_once() -> None:
    artist = counting()
    artist.twin = artist.net
    assert len(list(artist.parameters())) == 2


def test_old_names_of_options_and_of_parts_of_a_state_are_upgraded() -> None:
    assert Counting.upgrade({"hidden": 4}) == {"width": 4}
    old = counting().state()
    old["network"] = old.pop("net")
    assert Counting.upgrade_state(old).keys() == {"net", "count", "mean"}


@pytest.mark.parametrize(
    ("player", "method", "arguments"),
    [
        (Artist, "spec", ()),
        (Artist, "build", ()),
        (Artist, "make", (1, None)),
        (Artist, "learn", (Works(), torch.zeros(1))),
        (Artist, "exhibit", (1, 0)),
        (Critic, "spec", ()),
        (Critic, "learn", (Works(), Works())),
        (Critic, "judge", (Works(), None)),
        (Critic, "fooled", (Works(), None)),
    ],
)
def test_a_missing_method_is_named(player: type, method: str, arguments: tuple) -> None:
    unfinished = type("Unfinished", (player,), {"name": "unfinished"})
    with pytest.raises(NotImplementedError, match=rf"Unfinished needs a method {method}\("):
        getattr(unfinished(None, studio()), method)(*arguments)
