"""HERCL's measures of pictures: known values, and machine code beside NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import Tensor

from coevo.native import native
from coevo_hercl.measures import measured, measured_by_numpy, names

compiled = pytest.mark.skipif(not native(), reason="no machine code was built")


def of(picture: Tensor, name: str) -> float:
    return float(measured(picture)[0, names(picture.shape[1]).index(name)])


def flat(grey: float, channels: int = 1) -> Tensor:
    return torch.full((1, channels, 64, 64), grey)


def with_square(left: int, top: int, side: int) -> Tensor:
    picture = flat(1.0)
    picture[..., top : top + side, left : left + side] = -1
    return picture


def test_there_are_19_measures_of_grey_pictures_and_33_of_those_in_colour() -> None:
    for channels, number in ((1, 19), (3, 33)):
        assert len(set(names(channels))) == number
        assert measured(torch.rand(2, channels, 32, 48) * 2 - 1).shape == (2, number)
    assert measured(torch.empty(0, 1, 32, 32)).shape == (0, 19)


def test_a_flat_picture_is_one_convex_patch() -> None:
    found = dict(zip(names(1), measured(flat(0.0))[0].tolist(), strict=True))
    grey = 128 / 255
    expected = {
        "lightness-mean": grey,
        "patches": 0.2,
        "patch-1-lightness": grey,
        "patch-1-size": 1.0,
        "convexity": 1.0,
    }
    assert {name: value for name, value in found.items() if value} == pytest.approx(expected)


def test_a_square_on_paper() -> None:
    it = with_square(16, 16, 32)  # a quarter of the picture
    assert of(it, "lightness-mean") == pytest.approx(0.75)
    assert of(it, "lightness-deviation") == pytest.approx(math.sqrt(0.75 * 0.25))
    assert of(it, "entropy") == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(256))
    assert of(it, "patches") == pytest.approx(0.4)
    assert [of(it, f"patch-{k}-size") for k in (1, 2, 3)] == [0.75, 0.25, 0]
    assert [of(it, f"patch-{k}-lightness") for k in (1, 2, 3)] == [1, 0, 0]
    assert of(it, "convexity") == 0.25  # the paper around it fills three quarters of its hull, not 80 %
    # the gradient is 1 on both sides of an edge, and (1, 1) / 4, (1, 3) / 4, (3, 1) / 4 and (3, 3) / 4 around a corner
    corner = math.hypot(1, 1) + 2 * math.hypot(1, 3) + math.hypot(3, 3)
    assert of(it, "edges-mean") * 64 * 64 == pytest.approx(4 * (2 * 30 + corner / 4), rel=0.01)
    assert 0 < of(it, "corners-share") ** 2 * 64 * 64 <= 4 * 9


def test_a_ring_is_not_convex_and_a_disc_is() -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    radius = torch.from_numpy(np.hypot(x, y))
    disc, ring = (torch.where(inside, -1.0, 1.0)[None, None] for inside in (radius < 26, (radius < 26) & (radius > 18)))
    share = float((disc < 0).float().mean())
    assert of(disc, "convexity") == pytest.approx(share, abs=0.04)  # at half the size its rim is grey
    hole = float((radius <= 18).float().mean())
    assert of(ring, "convexity") == pytest.approx(hole, abs=0.04)  # the paper within it is a disc


def test_noise_has_many_tones_and_edges_and_a_flat_picture_has_neither() -> None:
    noise = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert of(noise, "entropy") > 0.95 and of(noise, "edges-mean") > 0.2
    assert of(flat(0.3), "entropy") == of(flat(0.3), "edges-mean") == 0


def test_colours_are_hue_lightness_and_saturation() -> None:
    red = flat(-1.0, 3)
    red[:, 0] = 1
    assert [of(red, f"{name}-mean") for name in ("lightness", "saturation", "hue")] == pytest.approx([128 / 255, 1, 0])
    green = flat(-1.0, 3)
    green[:, 1] = 1
    assert of(green, "hue-mean") == pytest.approx(1 / 3, abs=0.003)
    assert of(green, "patch-1-hue") == pytest.approx(1 / 3, abs=0.003)
    assert of(flat(0.2, 3), "saturation-mean") == 0


def test_pictures_that_are_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match=r"8 px or more, not \[1, 1, 4, 4\]"):
        measured(torch.zeros(1, 1, 4, 4))


def test_any_number_of_threads_finds_the_same() -> None:
    pictures = torch.rand(7, 3, 33, 40, generator=torch.Generator().manual_seed(1)) * 2 - 1
    assert torch.equal(measured(pictures, 1), measured(pictures, 3))


@compiled
@settings(deadline=None, max_examples=60)
@given(some.integers(0, 10**6), some.sampled_from([1, 3]), some.integers(8, 40), some.integers(8, 40))
def test_machine_code_finds_what_numpy_finds(seed: int, channels: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    cell = int(rng.integers(1, 9))  # blocks of a few tones, so that there are patches
    tones = rng.integers(0, 256, 6)[rng.integers(0, 6, (channels, height, width))]
    blocks = tones[:, np.arange(height) // cell * cell % height][..., np.arange(width) // cell * cell % width]
    picture = blocks.astype(np.uint8)
    found = measured(torch.from_numpy(picture)[None] / 127.5 - 1)[0]
    assert found.tolist() == measured_by_numpy(picture).tolist()
