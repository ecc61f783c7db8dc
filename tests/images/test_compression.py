"""How well pictures compress: machine code beside Pillow and NumPy, and pictures with known values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from standins import compiled

from coevo.data.datasets import DataOptions
from coevo.images import compression
from coevo.images.compression import fractal, jpeg
from coevo_aesthetics.photographs import photographs

SIDES, TOLERANCE = (16, 8, 4), 8 / 255


def photograph(size: int = 64, n: int = 6) -> np.ndarray:
    dataset = photographs(DataOptions(size=size, channels=1, split="all"))
    return dataset.images[:: len(dataset) // n][:n, 0].numpy()


def varied(size: int, seed: int) -> np.ndarray:
    """Waves, a ramp, noise and something flat beside one another, uint8 [4, size, size]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    waves = 0.5 + 0.5 * np.sin(rng.uniform(1, 40) * x + rng.uniform(1, 40) * y)
    beside = np.where(x < rng.uniform(), waves, rng.random((size, size)) ** 2)
    pictures = [waves, x * y, rng.random((size, size)), np.where(y < rng.uniform(), beside, rng.uniform())]
    return np.rint(np.stack(pictures) * 255).astype(np.uint8)


def both_ways(monkeypatch: pytest.MonkeyPatch, coder: Any, *arguments: Any) -> tuple[Any, Any]:
    """What machine code finds, and what is found without it."""
    fast = coder(*arguments)
    with monkeypatch.context() as without:
        without.setattr(compression, "native", lambda: None)
        return fast, coder(*arguments)


@compiled
@pytest.mark.parametrize("size", [8, 17, 33, 64])
@pytest.mark.parametrize("quality", [1, 30, 75, 100])
def test_jpegs_are_those_of_pillow(size: int, quality: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = np.concatenate([varied(size, quality), photograph(64)[:, :size, :size]])
    (errors, sizes), (their_errors, their_sizes) = both_ways(monkeypatch, jpeg, pictures, quality)
    # other builds of libjpeg round a transform differently here and there
    assert np.allclose(errors, their_errors, rtol=0.01, atol=1e-4)
    assert np.allclose(sizes, their_sizes, rtol=0.01)
    assert jpeg(pictures[:, :, : size - 3])[1].shape == (len(pictures),)  # it need not be square


def test_a_flat_picture_is_a_jpeg_without_error() -> None:
    errors, sizes = jpeg(np.full((2, 64, 64), 128, np.uint8))
    assert errors.tolist() == [0, 0] and (sizes < 0.1).all()


@compiled
@pytest.mark.parametrize(("size", "sides"), [(64, SIDES), (32, (8, 4)), (96, (24, 12, 4)), (16, (4,))])
def test_machine_code_codes_as_numpy_does(size: int, sides: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.concatenate([varied(size, size), photograph(size)]) / np.float32(255)
    (errors, bits), (their_errors, their_bits) = both_ways(monkeypatch, fractal, images, sides, TOLERANCE)
    assert np.array_equal(bits, their_bits)
    assert len(np.unique(bits)) == len(sides)
    assert np.allclose(errors, their_errors, atol=1e-6)


@compiled
@given(some.integers(0, 2**32 - 1), some.floats(0, 0.2))
def test_so_it_does_with_any_picture(seed: int, tolerance: float) -> None:
    images = np.random.default_rng(seed).random((1, 32, 32), np.float32) ** 2
    errors, bits = fractal(images, (8, 4), tolerance)
    theirs, their_bits = compression._fractal_by_numpy(images[0], (8, 4), tolerance)
    same = bits[0] == their_bits
    assert np.allclose(errors[0][same], theirs[same], atol=1e-5)  # sums in another order
    assert same.all() or np.abs(theirs - tolerance**2).min() < 1e-6  # a block that may be split or not


def test_what_repeats_itself_at_half_its_size_is_coded_without_error() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None, None].repeat(64, 1)
    errors, bits = fractal(ramp, SIDES, TOLERANCE)
    assert errors.max() < 1e-6 and (bits == np.float32(32 / (8 * 16 * 16))).all()


@pytest.mark.parametrize("turned", [lambda image: np.rot90(image), lambda image: image[::-1], lambda image: image.T])
def test_a_turned_picture_is_as_hard_to_code(turned: Any) -> None:
    """All eight orientations are tried."""
    image = photograph()[0] / np.float32(255)
    plain, other = (fractal(np.stack([one]), SIDES, TOLERANCE) for one in (image, turned(image)))
    assert other[0].mean() == pytest.approx(plain[0].mean(), rel=1e-3)
    assert np.array_equal(turned(plain[1][0]), other[1][0])


def test_neighbours_and_threads_change_no_bit() -> None:
    pictures = np.concatenate([varied(64, 3), photograph()])
    threads = torch.get_num_threads()
    found = []
    for count in (1, 3):
        torch.set_num_threads(count)
        found.append([*jpeg(pictures), *fractal(pictures / np.float32(255), SIDES, TOLERANCE)])
    torch.set_num_threads(threads)
    alone = [*jpeg(pictures[4:5]), *fractal(pictures[4:5] / np.float32(255), SIDES, TOLERANCE)]
    for one, other, own in zip(*found, alone, strict=True):
        assert np.array_equal(one, other) and np.array_equal(one[4:5], own)


def test_nothing_is_nothing() -> None:
    assert [len(found) for found in jpeg(np.zeros((0, 8, 8), np.uint8))] == [0, 0]
    assert fractal(np.zeros((0, 64, 64), np.float32), SIDES, TOLERANCE)[0].shape == (0, 64, 64)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: jpeg(np.zeros((1, 8, 8), np.float32)), r"uint8 \[N, H, W\], not float32 \[1, 8, 8\]"),
        (lambda: jpeg(np.zeros((1, 0, 8), np.uint8)), r"not uint8 \[1, 0, 8\]"),
        (lambda: jpeg(np.zeros((1, 8, 8), np.uint8), 0), "from 1 to 100, not 0"),
        (lambda: fractal(np.zeros((1, 64, 32), np.float32), SIDES, 0.1), r"square pictures \[N, S, S\]"),
        (lambda: fractal(np.zeros((1, 40, 40), np.float32), (16, 8), 0.1), "blocks of 16, 8 px do not divide"),
        (lambda: fractal(np.zeros((1, 64, 64), np.float32), (32, 16), 0.1), "do not divide pictures of 64 px"),
        (lambda: fractal(np.zeros((1, 64, 64), np.float32), (8, 16), 0.1), "fall from large to small"),
        (lambda: fractal(np.zeros((1, 64, 64), np.float32), (), 0.1), "do not divide"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wrong()
