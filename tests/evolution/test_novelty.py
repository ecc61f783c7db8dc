"""Novelty search: what differs from all that was shown has a place on the next sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import Tensor

import coevo
from coevo import Genome, Studio
from coevo.evolution.novelty import CANDIDATES, SHOWN, NoveltySearch, distances, features, most_novel
from coevo.evolution.population import Offspring
from coevo.evolution.variety import SKETCH
from coevo.trees.tree import Tree
from coevo_biomorph.artist import Biomorph
from coevo_gp.artist import GP

EVERYTHING = np.ones(1000, bool)


def points(*numbers: float) -> np.ndarray:
    return np.array(numbers)[:, None]


def test_what_is_farthest_from_the_known_is_chosen_first_and_then_known_too() -> None:
    assert most_novel(points(0.1, 2, 2.1, -1), points(0, 0.5), 3, EVERYTHING[:4]) == [2, 3, 1]


def test_novelty_is_the_mean_distance_to_the_five_nearest() -> None:
    lonely, crowded = 4.0, -3.0  # the first is nearer to one, and farther from most
    known = points(3.0, *[-1.0] * 6)
    assert most_novel(points(lonely, crowded), known, 1, EVERYTHING[:2]) == [0]


def test_what_shows_nothing_is_chosen_last() -> None:
    shows = np.array([True, False, True])
    assert most_novel(points(0.2, 9, 0.1), points(0), 3, shows) == [0, 2, 1]


@given(some.lists(some.floats(-3, 3), min_size=1, max_size=12), some.data())
@settings(deadline=None)
def test_choices_are_different_and_as_many_as_wanted(numbers: list[float], data: some.DataObject) -> None:
    n = data.draw(some.integers(0, len(numbers)))
    for known in (None, points(0, 1)):
        chosen = most_novel(points(*numbers), known, n, EVERYTHING[: len(numbers)])
        assert len(set(chosen)) == len(chosen) == n


def grid(period: int, side: int = 64) -> Tensor:
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (((x // period + y // period) % 2) * 2 - 1).float()[None]


def test_pictures_that_look_alike_are_near() -> None:
    coarse, moved, fine = grid(16), grid(16).roll(2, 1), grid(2)
    near, far = distances(features(coarse[None]), features(torch.stack([moved, fine])))[0]
    assert near < far / 2
    dark = torch.full_like(fine, -0.9) + fine * 0.05
    assert distances(features(fine[None]), features(dark[None]))[0, 0] > 0.5


def test_a_picture_has_about_the_same_features_at_every_size() -> None:
    large = grid(16)[None]
    small = torch.nn.functional.avg_pool2d(large, 2)
    np.testing.assert_allclose(features(large), features(small), atol=1e-6)


def test_the_memory_is_bounded_and_survives_a_resumption() -> None:
    search = NoveltySearch()
    search.remember(torch.rand(SHOWN + 50, 1, 8, 8))
    assert len(search.shown) == SHOWN
    again = NoveltySearch()
    again.load_state_dict(search.state_dict())
    assert torch.equal(again.shown["features"], search.shown["features"])


def test_what_was_shown_before_is_not_novel_again() -> None:
    old, new = grid(16), grid(2)
    search = NoveltySearch()
    search.remember(old[None])
    some = [old, new] * CANDIDATES
    chosen = search.choose(1, old[None], lambda n: some[:n], torch.stack, lambda _: EVERYTHING[:CANDIDATES])
    assert torch.equal(chosen[0], new)


def gp(novelty_places: int, size: int = 32, **options: object) -> GP:
    studio = Studio((1, size, size), batch=9, picks=True)
    studio.reseed()
    it = GP(GP.Options(novelty_places=novelty_places, functions="arithmetic", **options), studio)
    it.check()
    it.build()
    return it


def test_places_of_the_next_sheet_go_to_the_most_novel_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    it, shown, made = gp(3, distinct=False), list[np.ndarray](), list[list[Offspring[Tree]]]()
    reproduce = it.reproduce

    def recorded(parents: Sequence[Genome], n: int) -> list[Offspring[Tree]]:
        made.append(reproduce(parents, n))
        return made[-1]

    monkeypatch.setattr(it, "reproduce", recorded)
    chosen, all = [], []
    for _ in range(4):
        works = it.works()
        shown.append(features(works.pixels))
        it.breed(works, [0])
        candidates = features(it.draw([genome for genome, _ in made[-1]], 32, 32))
        assert len(candidates) == 3 * CANDIDATES
        known = np.concatenate(shown)
        chosen.append(distances(features(it.works().pixels)[-3:], known).min(1).mean())
        all.append(distances(candidates, known).min(1).mean())
    assert np.mean(chosen) > 1.3 * np.mean(all)


def test_every_offspring_has_its_parent_and_the_sheet_its_size() -> None:
    it = gp(4)
    parent = it.population[2].id
    it.breed(it.works(), [2])
    assert len(it.population) == 9
    assert [one.parents for one in it.population[1:]] == [(parent,)] * 8


def test_biomorphs_can_search_for_novelty_too() -> None:
    studio = Studio((1, 32, 32), batch=7, picks=True)
    studio.reseed()
    it = Biomorph(Biomorph.Options(novelty_places=3), studio)
    it.build()
    it.breed(it.works(), [0])
    assert len({one.text for one in it.population}) == 7


@pytest.mark.parametrize("size", [16, 28, 48])
def test_what_was_shown_is_compared_with_candidates_at_one_size(size: int) -> None:
    it = gp(3, size)
    for _ in range(2):
        shown = features(it.draw(list(map(it.genome, it.population)), SKETCH, SKETCH))
        it.breed(it.works(), [0])
        np.testing.assert_array_equal(it.novelty_search.shown["features"][-9:], shown)
    assert len(it.novelty_search.shown) == 18


@pytest.mark.parametrize("places", [0, 3])
def test_a_session_resumes_exactly(places: int, tmp_path: Path) -> None:
    options = {"artist": {"novelty_places": places, "functions": "arithmetic"}, "data": {"size": 32}}
    start = {"artist": "gp", "critic": "taste", "batch": 6, "runs_dir": tmp_path}
    straight = coevo.run(**start, rounds=4, name="straight", options=options)  # type: ignore[arg-type]
    coevo.run(**start, rounds=2, name="halves", options=options)  # type: ignore[arg-type]
    halves = coevo.resume("halves", runs_dir=tmp_path, rounds=4)
    assert halves.artist.population == straight.artist.population  # type: ignore[attr-defined]
