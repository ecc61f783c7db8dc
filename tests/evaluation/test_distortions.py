"""Every way to spoil pictures keeps their shape and range, changes them, and is the same with the same seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor

from coevo.data.datasets import DataOptions, digits, to_float
from coevo.evaluation.distortions import blurred, colour, noise, scramble, shuffle
from coevo.evaluation.pretext import DISTORTIONS, changed


def images(channels: int = 1, size: int = 16) -> Tensor:
    return to_float(digits(DataOptions(size=size, channels=channels)).images[:12])  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [8, 15, 32])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("way", DISTORTIONS, ids=lambda way: way.__name__)
def test_a_way_to_spoil_pictures(way: Callable[[Tensor, Generator], Tensor], channels: int, size: int) -> None:
    before = images(channels, size)
    spoilt, again = (way(before, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(spoilt, again) and spoilt.shape == before.shape
    assert spoilt.min() >= -1.001 and spoilt.max() <= 1.001
    assert (spoilt - before).abs().mean() > 1e-4


def test_what_each_way_keeps() -> None:
    before, draw = images(size=32), torch.Generator().manual_seed(0)
    assert torch.equal(shuffle(before, draw).flatten(1).sort(1).values, before.flatten(1).sort(1).values)
    assert blurred(before, 2.0).mean() == pytest.approx(before.mean().item(), abs=0.05)
    flat = torch.full((2, 3, 8, 8), 0.25)
    assert torch.allclose(blurred(flat, 1.0), flat) and torch.allclose(scramble(flat, draw), flat)
    assert noise(flat, draw).std() > 0.1 and colour(flat, draw)[0, 0].std() == 0


@pytest.mark.parametrize("n", [1, 5, 128])
def test_pictures_are_turned_and_spoilt_as_said(n: int) -> None:
    before = torch.rand(n, 1, 8, 8) * 2 - 1
    after, turns, kinds = changed(before)
    assert len(after) == len(turns) == len(kinds) == n
    for index in (kinds == 0).nonzero().flatten().tolist():  # not spoilt
        assert torch.equal(after[index], before[index].rot90(int(turns[index]), (1, 2)))
