"""Landscapes by the number: label maps that are exact, and pictures that follow them."""

from __future__ import annotations

import torch

from coevo.data.datasets import DataOptions
from coevo.data.fingerprint import Fingerprint
from coevo.data.scenes import REGIONS, SUMMER, SUN, TREE, draws, painted, regions, scenes, winter
from coevo.data.splits import splits
from coevo.testing import conformance

test_scenes = conformance(scenes, kind="dataset")


def test_a_scene_follows_from_its_numbers_at_any_size() -> None:
    numbers = draws(20, 5)
    assert torch.equal(numbers, draws(20, 5)) and not torch.equal(numbers, draws(20, 6))
    small, large = regions(numbers, 16), regions(numbers, 48)
    assert (small == large[..., 1::3, 1::3]).all(), "a pixel's middle is in the same region"
    assert torch.equal(painted(numbers, small, SUMMER), painted(numbers, small, SUMMER))


def test_every_region_is_somewhere_and_has_its_colour() -> None:
    numbers = draws(60, 1)
    found = regions(numbers, 32)
    pictures = painted(numbers, found, SUMMER)
    assert set(found.unique().tolist()) == set(range(len(REGIONS)))
    assert pictures.min() > -0.5 and pictures.max() < 1.5
    sun, tree = (pictures.permute(1, 0, 2, 3)[:, found[:, 0] == region].mean(1) for region in (SUN, TREE))
    assert sun[0] > sun[2] + 0.2 and tree.sum() < sun.sum()


def test_the_test_part_has_other_scenes_and_winter_other_places() -> None:
    options = DataOptions(name="scenes", size=8, channels=3)
    known, held_out = splits(options, {"scenes": scenes})
    assert held_out is not None and len(known) == 3000 and len(held_out) == 1000 and known.planes == REGIONS
    snow = winter(options)
    assert not torch.equal(snow.given, known.given) and snow.images.float().mean() > known.images.float().mean()
    assert scenes(options.model_copy(update={"channels": 1})).images.shape == (3000, 1, 8, 8)
    digests = {Fingerprint.of(each).digest for each in (known, held_out, snow)}
    assert len(digests) == 3
