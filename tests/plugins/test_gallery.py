"""A gallery: what it admits, what it refuses, how its taste follows, and that it resumes exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

import coevo
from coevo import ConfigError, Genome, Studio, Works
from coevo.testing import RandomArtist, conform
from coevo_aesthetics.gallery import Gallery

SIDE = 32


def stripes(n: int, seed: int, period: int = 8) -> Tensor:
    """Masters: stripes that lean a little, each in another place."""
    generator = torch.Generator().manual_seed(seed)
    place, lean = torch.rand(2, n, 1, 1, generator=generator)
    line = torch.arange(SIDE)
    return torch.sin((line + place * SIDE + lean * line[:, None]) * (2 * torch.pi / period))[:, None]


def noise(n: int, seed: int) -> Tensor:
    return torch.rand(n, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def works(images: Tensor, first: int = 0) -> Works:
    return Works(images, genomes=tuple(Genome(str(first + i), (), f"genome {first + i}") for i in range(len(images))))


def gallery(**options: Any) -> Gallery:
    studio = Studio((1, SIDE, SIDE), batch=8)
    studio.reseed()
    one = Gallery(Gallery.Options(**options), studio)
    one.check()
    one.build(RandomArtist(RandomArtist.Options(), studio))
    return one


def taught(**options: Any) -> Gallery:
    """A gallery that has seen masters, and refused noise."""
    one = gallery(**options)
    for step in range(3):
        one.learn(works(noise(8, step), 8 * step), Works(stripes(8, step)))
    return one


def admit(one: Gallery, images: Tensor, first: int) -> int:
    """How many of some works are admitted."""
    submitted = works(images, first)
    return round(float(one.learn(submitted, Works(stripes(8, first)))["admitted"]) * len(images))


@pytest.mark.parametrize("options", [{}, {"distance": 0, "influence": 0, "room": 2}])
def test_it_conforms(options: dict[str, Any]) -> None:
    conform("critic", Gallery, options)


def test_it_refuses_all_before_it_has_seen_a_master_and_noise_afterwards() -> None:
    one = gallery()
    assert admit(one, stripes(8, 1), 0) == 0
    assert admit(taught(), noise(8, 9), 100) == 0


def test_it_admits_what_passes_for_a_master_the_best_first_and_not_too_many() -> None:
    one = taught(admissions=2, distance=0.1)
    made = works(torch.cat([noise(4, 7), stripes(4, 7)]), 100)
    best = one.judge(made, None).argmax().item()
    assert best >= 4 and one.fooled(made, None)[best] and not one.fooled(made, None)[:4].any()
    assert round(float(one.learn(made, Works(stripes(8, 5)))["admitted"]) * 8) == 2
    shown = one.collection()
    assert shown.individuals[0].id == str(100 + best)
    assert torch.allclose(shown.pixels[0], made.pixels[best], atol=1 / 127)


def test_a_copy_of_an_admitted_work_is_refused() -> None:
    one = taught(admissions=8, distance=0.3)
    made = stripes(1, 7).repeat(8, 1, 1, 1)
    assert admit(one, made, 100) == 1
    assert admit(one, made, 200) == 0
    assert (one.judge(works(made, 300), None) <= -0.99).all()  # it is where one is already
    free = taught(admissions=8, distance=0)
    assert admit(free, made, 100) == 8


def test_what_is_only_too_much_is_no_bad_example() -> None:
    one = taught(admissions=2, distance=0)
    before = len(one.refused)
    made = works(torch.cat([stripes(6, 7), noise(2, 7)]), 100)
    assert one.fooled(made, None).sum() == 6
    one.learn(made, Works(stripes(8, 5)))
    assert len(one.shown) == 2 and len(one.refused) == before + 2  # the noise alone


def test_what_was_too_much_is_a_bad_example_once_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = taught(admissions=1, distance=0)
    made = works(stripes(2, 7), 100)
    one.learn(made, Works(stripes(8, 5)))
    before = len(one.refused)
    monkeypatch.setattr(one, "options", one.options.model_copy(update={"threshold": 1 - 1e-9}))
    for _ in range(2):
        one.learn(made, Works(stripes(8, 5)))
    assert len(one.refused) == before + 1


@pytest.mark.parametrize("distance", [0, 0.3])
def test_an_individual_that_survives_is_shown_once(distance: float) -> None:
    one = taught(distance=distance)
    made = works(stripes(1, 7), 100)
    for _ in range(3):
        one.learn(made, Works(stripes(8, 5)))
    assert [genome.id for genome in one.collection().individuals] == ["100"]
    assert not one.fooled(made, None).any()


def test_it_has_room_for_some_and_the_oldest_leaves() -> None:
    one = taught(room=3, distance=0, admissions=2)
    for step in range(3):
        admit(one, stripes(4, step), 100 * (step + 1))
    ids = [int(genome.id) for genome in one.collection().individuals]
    assert len(ids) == 3 and ids == sorted(ids, key=lambda id: id // 100) and min(ids) >= 200


def scores_of_rings(influence: float) -> float:
    """The score of pictures that no master made, after some like them were admitted."""
    one = taught(influence=influence, distance=0, threshold=0.01, admissions=8)
    line = torch.linspace(-1, 1, SIDE)
    radius = (line**2 + line[:, None] ** 2).sqrt()
    rings = torch.stack([torch.sin(radius * (9 + 0.2 * i)) for i in range(16)])[:, None]
    one.shown.add(
        measures=one.measures(Works(rings[:8])), pictures=torch.zeros(8, 1, SIDE, SIDE, dtype=torch.uint8),
        age=torch.zeros(8),
    )  # fmt: skip
    for step in range(3):
        one.learn(works(noise(8, 50 + step), 500 + 8 * step), Works(stripes(8, 50 + step)))
    return one.judge(Works(rings[8:]), None).mean().item()


def test_its_taste_shifts_towards_what_was_admitted() -> None:
    assert scores_of_rings(0.8) > scores_of_rings(0.0) + 0.5


def test_admitted_works_fade_as_examples() -> None:
    one = taught(distance=0, half_life=1, admissions=4)
    admit(one, stripes(4, 3), 100)
    assert one.shown["age"].tolist() == [1.0] * len(one.shown)
    admit(one, noise(8, 4), 200)
    assert one.shown["age"].tolist() == [2.0] * len(one.shown)


def test_a_work_that_survives_is_refused_once() -> None:
    one = taught()
    before = len(one.refused)
    made = works(noise(8, 30), 300)
    for _ in range(2):
        one.learn(made, Works(stripes(8, 30)))
    assert len(one.refused) == before + 8


@pytest.mark.parametrize(
    ("size", "options", "said"),
    [(16, {}, "of 32 px or more, not 16 × 16.*say -o data.size=64"), (32, {"archive": 4}, "at least the batch, 8")],
)
def test_what_does_not_fit_is_refused(size: int, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Gallery(Gallery.Options(**options), Studio((1, size, size), batch=8)).check()


@pytest.mark.parametrize("artist", ["biomorph", "cppn", pytest.param("gp", marks=pytest.mark.slow)])
def test_artists_of_all_kinds_submit_and_its_collection_is_drawn(artist: str, tmp_path: Path) -> None:
    lenient = {"threshold": 0.01, "distance": 0.05, "epochs": 1}
    options = {"data": {"name": "digits", "size": 32}, "critic": lenient}
    run = coevo.run(artist=artist, critic="gallery", name="it", rounds=3, batch=6, runs_dir=tmp_path, options=options)
    assert isinstance(run.critic, Gallery) and len(run.critic.collection()) > 1
    with Image.open(run.store.folder / "collection.png") as picture:
        assert picture.width > SIDE


@pytest.mark.slow
def test_swarm_art_plays_offline_and_resumes_exactly(tmp_path: Path) -> None:
    options = {"data": {"size": 32}, "critic": {"threshold": 0.05, "distance": 0.2}, "phases": {"artist": {"steps": 2}}}
    whole = coevo.run("swarm-art", name="whole", rounds=6, batch=6, runs_dir=tmp_path, options=options)
    coevo.run("swarm-art", name="parts", rounds=3, batch=6, runs_dir=tmp_path, options=options)
    parts = coevo.resume("parts", rounds=6, runs_dir=tmp_path)
    made = [run.artist.make(6, None) for run in (whole, parts)]
    assert made[0].genomes == made[1].genomes
    assert torch.equal(*(run.critic.judge(made[0], None) for run in (whole, parts)))
    assert isinstance(whole.critic, Gallery) and isinstance(parts.critic, Gallery)
    assert whole.critic.collection().genomes == parts.critic.collection().genomes
    logs = [(run.store.folder / "metrics.jsonl").read_bytes() for run in (whole, parts)]
    assert logs[0] == logs[1]
