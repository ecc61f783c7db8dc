"""Sheets to choose from: no empty pictures, no noise, no twins."""

import random
from collections.abc import Sequence
from itertools import chain, count, islice, repeat

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.evolution.variety import distances, distinct, draw_distinct, features, is_noise, showing, varies
from coevo.plugin.registry import registry
from coevo.studio import Studio

SIDE = 32


def stripes(angle: float, period: float = 9.0) -> torch.Tensor:
    """A picture [1, SIDE, SIDE] of stripes."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    turn = torch.tensor(angle)
    return torch.sin((x * turn.cos() + y * turn.sin()) * 2 * torch.pi / period)[None]


def test_one_tone_and_plain_colour_show_nothing():
    pictures = torch.stack([torch.full((3, SIDE, SIDE), 0.3), stripes(0).expand(3, -1, -1)])
    pictures = torch.cat([pictures, torch.tensor([1.0, -1, -1])[None, :, None, None].expand(1, 3, SIDE, SIDE)])
    assert varies(pictures).tolist() == [False, True, False]


def test_noise_is_told_from_a_fine_pattern():
    noise = torch.rand(1, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert is_noise(torch.stack([noise, stripes(1), stripes(0, period=16)])).tolist() == [True, False, False]


@given(st.floats(0.1, 3), st.booleans())
def test_a_picture_of_other_contrast_or_polarity_is_a_twin(contrast, inverted):
    found = features(torch.stack([stripes(0), stripes(0) * (-contrast if inverted else contrast)]))
    assert distances(found[:1], found[1:]) < 0.01


def test_the_first_of_twins_stays():
    pictures = torch.stack([stripes(0), stripes(0), torch.zeros(1, SIDE, SIDE), stripes(1), -stripes(1)])
    assert distinct(pictures, varies(pictures)) == [0, 3]


@pytest.mark.parametrize(("plain", "found"), [(3, [1.0, 2.0, 3.0]), (10_000, [0.0, 0.0, 0.0])])
def test_random_pictures_show_something_if_any_does(plain, found):
    numbers = chain(repeat(0.0, plain), count(1.0))
    draw = lambda some: torch.stack([stripes(0) * number for number in some])  # noqa: E731
    assert showing(3, lambda n: list(islice(numbers, n)), draw) == found


def draw_stripes(angles: Sequence[float]) -> torch.Tensor:
    return torch.stack(list(map(stripes, angles)))


def test_what_is_empty_or_a_twin_is_drawn_again():
    angles = chain([0.0, 1.0, 1.0, 2.0], repeat(0.0))
    found = draw_distinct(2, stripes(0)[None], lambda n: list(islice(angles, n)), draw_stripes, varies)
    assert found == [1.0, 2.0]


def test_twins_take_the_places_that_nothing_else_takes():
    angles = chain([0.0, 1.0], repeat(0.0))
    assert draw_distinct(4, torch.empty(0), lambda n: list(islice(angles, n)), draw_stripes, varies) == [0, 1, 0, 0]


@pytest.mark.parametrize("name", ["gp", "cppn", "biomorph"])
def test_a_person_sees_more_works_that_differ(name):
    def differing(picks: bool) -> int:
        artist = registry().load("artist", name)
        player = artist(artist.Options(), Studio((1, 64, 64), batch=15, picks=picks))
        sheets = []
        for seed in range(3):
            player.studio.reseed(seed)
            player.build()
            player.breed(player.works(), [3])
            sheets.append(player.pictures())
        return sum(len(distinct(sheet, player.shows(sheet))) for sheet in sheets)

    assert differing(picks=True) > differing(picks=False)


def test_distinct_works_are_drawn_alike_every_time():
    def texts(seed: int) -> list[str]:
        artist = registry().load("artist", "cppn")
        player = artist(artist.Options(), Studio((1, 32, 32), seed=seed, batch=15, picks=True))
        player.studio.reseed()
        player.build()
        player.breed(player.works(), [0, 1])
        return [one.text for one in player.population]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)


def test_no_population_of_a_critic_that_scores_is_sifted():
    artist = registry().load("artist", "cppn")

    def first(**options: bool) -> list[str]:
        player = artist(artist.Options(**options), Studio((1, 32, 32), batch=15))
        random.seed(0)
        player.build()
        return [one.text for one in player.population]

    assert first() == first(distinct=False)
