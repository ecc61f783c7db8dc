"""Every artist that is installed before every critic: each pair plays five rounds, or is refused with its reason, as
docs/recipes/pairs.md says."""

from __future__ import annotations

import json

import pytest
from builder import pairs
from builder.pairs import DECISIONS, NOTHING, PAGE, PICTURES, PLAYS, VARIANTS

from coevo.plugin.registry import registry

ARTISTS, CRITICS = registry().offers("artist"), registry().offers("critic")
DECIDED: dict[str, str] = json.loads(DECISIONS.read_text())
REASONS = (
    "learns by gradients and",
    "learns from scores only",
    "judges latent codes and",
    "samples its codes from the prior",
    "judges pictures and",
    "learns from a critic alone",
    "so it can only breed the latent codes of an artist",
    "shares the encoder of artist",
    "is given nothing",
    "needs something to make works from",
    "learns from pairs",
    "judges works by their labels and",
    "plays in the code space of a trained artist",
)


@pytest.mark.slow
@pytest.mark.parametrize("critic", CRITICS)
@pytest.mark.parametrize("artist", ARTISTS)
def test_the_pair_plays_or_is_refused_as_the_page_says(artist: str, critic: str) -> None:
    """As it stands, judged by what the critic judges; `python docs/builder/pairs.py` decides the rest, and resumes."""
    variant = pairs.spec("critic", critic).judges
    answer = pairs.decide(artist, critic, variant, resumes=False)
    assert answer == PLAYS or any(reason in answer for reason in REASONS), answer
    assert DECIDED[pairs.key(artist, critic, variant)] == answer


def test_the_page_has_every_pair_and_follows_from_what_was_decided() -> None:
    there = {pairs.key(one, two, variant) for one in ARTISTS for two in CRITICS for variant in VARIANTS}
    assert there == DECIDED.keys(), "python docs/builder/pairs.py ARTIST decides those of new players"
    assert PAGE.read_text() == pairs.page(DECIDED)
    assert not [answer for answer in DECIDED.values() if "failed in" in answer]


def test_a_pair_has_a_picture_if_it_plays() -> None:
    playing = {key for key, answer in DECIDED.items() if answer == PLAYS}
    pictured = {path.stem for path in PICTURES.glob("*.webp")}
    assert {key.replace(" × ", "-").replace(", ", "-") for key in playing} == pictured
    assert NOTHING in DECIDED.values() and len(playing) > 300
