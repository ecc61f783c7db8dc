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
