"""Capabilities: a player only has to have the methods, and no class to inherit."""

from __future__ import annotations

from typing import Any

from standins import studio
from torch import Tensor

from coevo import Works
from coevo.contract.capabilities import Breedable, Decoder, Encoder, Evolving, Growing, Interactive, Renderer, user_of
from coevo.testing.standins import CodeArtist, EvolvingArtist, GradientArtist, ScriptedPicker


class Wrapper:
    """No Artist at all: it forwards what it can."""

    def encode(self, works: Works) -> Tensor:
        return works.latents


class Person:
    """No Critic at all."""

    ui: Any = None
    user = "Ada"
    name = "person"

    def attach_session(self, session: Any) -> None:
        pass


def test_capabilities_are_methods() -> None:
    assert isinstance(Wrapper(), Encoder) and not isinstance(Wrapper(), Decoder)
    gradient, evolving = GradientArtist(None, studio()), EvolvingArtist(EvolvingArtist.Options(), studio())
    assert isinstance(gradient, Decoder) and not isinstance(gradient, Encoder | Evolving | Breedable | Growing)
    assert isinstance(evolving, Evolving) and isinstance(evolving, Breedable) and not isinstance(evolving, Renderer)
    assert isinstance(CodeArtist(None, studio()), Encoder)


def test_picks_are_their_users() -> None:
    assert isinstance(Person(), Interactive) and user_of(Person()) == "Ada"
    picker = ScriptedPicker(None, studio())
    assert not isinstance(picker, Interactive) and user_of(picker) == "scripted"
