"""Each measure on pictures with known values, and the critic that learns from measures."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CommandLine
from torch import Tensor

import coevo
from coevo import ConfigError, Genome, Studio, Works
from coevo.data.datasets import DataOptions, to_float
from coevo.testing import RandomArtist, conform
from coevo_aesthetics.features import Features
from coevo_aesthetics.measures import PARTS, hsv, measured, names
from coevo_aesthetics.photographs import CROPS, photographs

SIDE = 64


def of(images: Tensor, name: str) -> list[float]:
    return measured(images)[:, names(images.shape[1]).index(name)].tolist()


def flat(grey: float = 0.0, channels: int = 1) -> Tensor:
    return torch.full((1, channels, SIDE, SIDE), grey)


def noise(n: int = 1, channels: int = 1) -> Tensor:
    return torch.rand(n, channels, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1


def checkerboard(cell: int = 8) -> Tensor:
    line = torch.arange(SIDE) // cell
    return ((line[:, None] + line) % 2 * 2.0 - 1)[None, None]


def photograph(n: int = 4, channels: int = 1) -> Tensor:
    dataset = photographs(DataOptions(size=SIDE, channels=channels))
    return to_float(dataset.images[:: len(dataset) // n])[:n]


def test_names_are_as_many_as_numbers() -> None:
    for channels, planes in ((1, 1), (3, 3)):
        found = names(channels)
        assert len(set(found)) == len(found) == 51 * planes
        assert measured(noise(2, channels)).shape == (2, len(found))


def test_a_flat_picture() -> None:
    it = flat(0.5)
    assert of(it, "brightness/whole/mean") == pytest.approx([0.75])
    for measure in ("deviation", "entropy", "edges", "fractal-error"):
        assert of(it, f"brightness/centre/{measure}") == pytest.approx([0], abs=1e-6)
    assert of(it, "brightness/whole/jpeg-error")[0] < 0.01
    assert of(it, "brightness/whole/symmetry-x") == [1]
    assert of(it, "brightness/whole/fractal-size") == pytest.approx([32 / (8 * 16 * 16)])  # sixteen blocks, none split


def test_a_checkerboard() -> None:
    it = checkerboard()
    assert of(it, "brightness/whole/mean") == pytest.approx([0.5])
    assert of(it, "brightness/whole/deviation") == pytest.approx([0.5])
    assert of(it, "brightness/whole/entropy") == pytest.approx([1])
    assert of(it, "brightness/whole/symmetry-x") == pytest.approx([0])  # its mirror image is its negative
    assert of(it, "brightness/whole/symmetry-d") == pytest.approx([1])
    assert of(it, "brightness/whole/fractal-error")[0] < of(noise(), "brightness/whole/fractal-error")[0] / 2


def test_noise_and_ramps() -> None:
    assert of(noise(), "brightness/whole/entropy")[0] == pytest.approx(5, abs=0.05)  # 32 tones
    assert of(noise(), "brightness/whole/deviation")[0] == pytest.approx(math.sqrt(1 / 12), abs=0.01)
    ramp = torch.linspace(-1, 1, SIDE).expand(1, 1, SIDE, SIDE)
    assert of(ramp, "brightness/centre/edges")[0] == pytest.approx(1 / (SIDE - 1), rel=0.01)
    parts = [of(ramp, f"brightness/{part}/mean")[0] for part in PARTS]
    assert parts[1] == pytest.approx(parts[3]) and parts[1] < parts[0] < parts[2]


def test_a_symmetric_picture() -> None:
    half = noise()[..., : SIDE // 2]
    it = torch.cat([half, half.flip(3)], 3)
    assert of(it, "brightness/whole/symmetry-x") == pytest.approx([1])
    assert of(it, "brightness/whole/symmetry-y")[0] < 0.8


def test_hue_saturation_brightness() -> None:
    colours = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [0, 0, 0], [-1, -1, 0]])[:, :, None, None]
    found = hsv(colours)[..., 0, 0]
    assert found[0].tolist() == pytest.approx([0, 1, 1])
    assert found[1].tolist() == pytest.approx([1 / 3, 1, 1])
    assert found[2].tolist() == pytest.approx([0, 0, 0.5])
    assert found[3].tolist() == pytest.approx([2 / 3, 1, 0.5])
    red = torch.tensor([1.0, -1, -1])[None, :, None, None].expand(1, 3, SIDE, SIDE)
    assert of(red, "hue/whole/mean") == pytest.approx([1])  # all hues agree
    assert of(noise(1, 3), "hue/whole/mean")[0] < 0.2


@pytest.mark.parametrize("coder", ["jpeg", "fractal"])
def test_complexity_rises_from_flat_to_photograph_to_noise(coder: str) -> None:
    """Complexity is error times size, as Machado has it."""
    found = [
        max(of(images, f"brightness/whole/{coder}-error")) * max(of(images, f"brightness/whole/{coder}-size"))
        for images in (flat(0.3), photograph(), noise(4))
    ]
    assert found[0] < found[1] < found[2]


@pytest.mark.parametrize("side", [32, 50, 70, 101])
def test_pictures_of_any_size_are_measured(side: int) -> None:
    images = torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert measured(images).isfinite().all()


def test_measures_do_not_depend_on_their_neighbours() -> None:
    some = torch.cat([photograph(4, 3), noise(7, 3)])
    assert torch.allclose(measured(some)[3:5], measured(some[3:5]), atol=1e-6)
    assert measured(some[:0]).shape == (0, 153)


@pytest.mark.slow
def test_a_hundred_pictures_are_measured_in_a_moment() -> None:
    images = photograph(8, 3).repeat(13, 1, 1, 1)[:100]
    started = time.perf_counter()
    assert measured(images).isfinite().all()
    assert time.perf_counter() - started < 30  # the figure is in benchmarks; this only catches a pixel loop


def test_photographs_are_real_and_held_apart() -> None:
    train, test = (photographs(DataOptions(size=32, channels=3, split=split)) for split in ("train", "test"))  # type: ignore[arg-type]
    assert train.images.shape == (8 * CROPS, 3, 32, 32) and train.classes == ("scene", "texture")
    assert train.labels is not None and train.labels.bincount().tolist() == [5 * CROPS, 3 * CROPS]
    assert len(test) == 5 * CROPS and test.images.float().std() > 20
    again = photographs(DataOptions(size=32, channels=3))
    assert torch.equal(train.images, again.images)


# the critic


def critic(
    batch: int = 8, size: int = 32, channels: int = 1, classes: tuple[str, ...] = (), **options: Any
) -> Features:
    studio = Studio((channels, size, size), classes, batch=batch)
    studio.reseed()
    one = Features(Features.Options(**options), studio)
    one.check()
    one.build(RandomArtist(RandomArtist.Options(), studio))
    return one


@pytest.mark.parametrize(
    "options", [{}, {"measures": "entropy,jpeg-size", "hidden": 4}, {"against": "both", "positive_class": "3"}]
)
def test_the_critic_conforms(options: dict[str, Any]) -> None:
    conform("critic", Features, options)


def test_it_learns_what_is_real() -> None:
    one = critic(size=64, reals_measured=8)
    photos = photograph(40)[torch.randperm(40, generator=torch.Generator().manual_seed(0))]
    for step in range(4):
        one.learn(Works(noise(10) * (0.5 + 0.1 * step)), Works(photos[step * 8 : step * 8 + 8]))
    real, made = one.judge(Works(photos[32:]), None), one.judge(Works(noise(8)), None)
    assert (real > 0).float().mean() > 0.8 and (made < 0).all()
    assert torch.equal(one.fooled(Works(photos[32:]), None), real > 0)


def test_an_elite_is_remembered_once_and_measured_once() -> None:
    one = critic()
    images = noise(8)[:, :, :32, :32]
    works = Works(images, genomes=tuple(Genome(str(i), (), "x") for i in range(8)))
    one.learn(works, Works(images[:4]))
    one.learn(works, Works(images[:4]))
    assert len(one.negatives) == 8 and len(one.positives) == 8  # four real works a step
    assert torch.equal(one.measures(works)[3:4], one.measures(works[torch.tensor([3])]))


def test_after_the_first_step_only_some_real_works_are_measured() -> None:
    one = critic(reals_measured=2)
    for measured_so_far in (8, 10, 12):
        one.learn(Works(noise(8)[..., :32, :32]), Works(noise(8)[..., :32, :32]))
        assert len(one.positives) == measured_so_far


def test_its_archives_are_bounded() -> None:
    one = critic(archive=8)
    for _ in range(5):
        one.learn(Works(noise(8)[:, :, :32, :32]), Works(noise(6)[:, :, :32, :32]))
    assert len(one.positives) == len(one.negatives) == 8 and one.negatives.seen == 40


def test_good_is_told_from_bad() -> None:
    one = critic(classes=("bad", "good"), against="bad", positive_class="good", reals_measured=16)
    images = torch.cat([photograph(8)[..., :32, :32], noise(8)[..., :32, :32]])
    labels = torch.tensor([1] * 8 + [0] * 8)
    for _ in range(2):
        one.learn(Works(images[:4]), Works(images, labels=labels))
    assert (one.judge(Works(images), None) > 0).tolist() == [True] * 8 + [False] * 8
    assert len(one.negatives) == 16  # none of the works that were made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 16}, "pictures of 32 px or more, not 16 × 16"),
        ({"archive": 4}, "critic.archive=4 should be at least the batch, 8"),
        ({"against": "bad"}, "needs critic.positive_class=CLASS"),
        ({"positive_class": "3"}, "needs critic.positive_class=CLASS"),
        (
            {"positive_class": "x", "against": "bad", "classes": ("a", "b")},
            "positive_class=x is not a class of the data; it has: a, b",
        ),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        critic(**options)


def test_on_the_command_line(coevo_command: CommandLine) -> None:
    assert "should be some of mean" in coevo_command.refuses(
        "run", "computational-aesthetics", "-o", "critic.measures=beauty"
    )
    assert "is not a class of the data; it has: scene, texture" in coevo_command.refuses(
        "run", "aesthetic-learning", "-o", "critic.positive_class=sunset"
    )


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["computational-aesthetics", "aesthetic-learning", "evolved-art"])
def test_recipes_play_offline_and_resume_exactly(recipe: str, tmp_path: Path) -> None:
    options = {"data": {"size": 32}, "phases": {"critic": {"steps": 1}, "artist": {"steps": 2}}}
    whole = coevo.run(recipe, name="whole", rounds=3, batch=6, runs_dir=tmp_path, options=options)
    coevo.run(recipe, name="parts", rounds=1, batch=6, runs_dir=tmp_path, options=options)
    parts = coevo.resume("parts", rounds=3, runs_dir=tmp_path)
    works = [run.artist.make(6, None) for run in (whole, parts)]
    assert works[0].genomes == works[1].genomes
    assert torch.equal(*(run.critic.judge(works[0], whole.session.data.batch(3, 0, 0)) for run in (whole, parts)))


def test_evolution_starts_again_each_round(tmp_path: Path) -> None:
    options = {"data": {"size": 32}, "phases": {"artist": {"steps": 2, "restart": True}}}
    run = coevo.run("computational-aesthetics", name="it", rounds=2, batch=6, runs_dir=tmp_path, options=options)
    assert run.studio.ids >= 2 * (6 + 5)  # two random populations, and their offspring
