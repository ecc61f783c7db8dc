"""Precision auto: a network is computed in bf16 if that was measured to be faster, once, and then always."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from coevo import Studio
from coevo.runs.kept_precision import kept_precision
from coevo.storage.cache import cache_folder
from coevo.studio import precision
from coevo.studio.precision import PrecisionChoices


@pytest.fixture(autouse=True)
def a_processor_with_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coevo.studio.studio.fast_bf16", lambda device: True)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path / "cache"))
    return cache_folder() / "precision"


def measuring(monkeypatch: pytest.MonkeyPatch, half: float, full: float = 1.0) -> list[str]:
    """Steps take that long from now on; the list gets an item a step."""
    taken: list[str] = []

    def seconds(forward, inputs) -> float:
        in_half = torch.equal((result := forward(*inputs)).bfloat16().float(), result)
        taken.append("bf16" if in_half else "fp32")
        return half if in_half else full

    monkeypatch.setattr(precision, "seconds", seconds)
    return taken


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5), nn.BatchNorm1d(8))


X = torch.linspace(-1, 1, 32).view(4, 8)


def in_bf16(studio: Studio) -> bool:
    linear = nn.Linear(8, 8)
    nn.init.eye_(linear.weight)
    result = studio.prepare(linear)(X / 3)
    return torch.equal(result.bfloat16().float(), result)


@pytest.mark.parametrize(("half", "chosen"), [(0.5, True), (0.95, False), (2.0, False)])
def test_only_what_is_clearly_faster_is_computed_in_bf16(
    monkeypatch: pytest.MonkeyPatch, half: float, chosen: bool
) -> None:
    measuring(monkeypatch, half)
    assert in_bf16(Studio(precision="auto")) == chosen
    assert not in_bf16(Studio(precision="fp32"))
    assert in_bf16(Studio(precision="bf16"))
    assert not in_bf16(Studio(precision="auto", deterministic=True))


def test_measuring_changes_neither_the_network_nor_a_random_stream() -> None:
    plain = Studio(precision="fp32").prepare(net())
    torch.manual_seed(1), random.seed(1)
    expected = plain(X), torch.rand(3), random.random(), plain.state_dict()
    measured = Studio(precision="auto", choices=PrecisionChoices(lambda key, measure: measure() and False)).prepare(
        net()
    )
    torch.manual_seed(1), random.seed(1)
    found = measured(X), torch.rand(3), random.random(), measured.state_dict()
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert all(parameter.grad is None for parameter in measured.parameters())


def test_a_real_measurement_takes_whatever_a_network_is_given_and_gives() -> None:
    class Pair(nn.Module):
        def forward(self, x: Tensor, labels: Tensor | None = None, scale: float = 1.0) -> tuple[Tensor, Tensor]:
            return x * scale, x.square() if labels is None else x * labels[:, None]

    class Net(Pair):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 8)

        def forward(self, x, labels=None, scale=1.0):  # type: ignore[no-untyped-def]
            return super().forward(self.layer(x), labels, scale)

    module = Studio(precision="auto").prepare(Net())
    with torch.no_grad():
        assert [part.shape for part in module(X, torch.arange(4), scale=2.0)] == [(4, 8), (4, 8)]
    assert [part.shape for part in module(X)] == [(4, 8), (4, 8)]


def test_a_network_is_measured_once_on_a_machine(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    steps = measuring(monkeypatch, 0.5)
    assert in_bf16(Studio(precision="auto", choices=PrecisionChoices(kept_precision)))
    assert set(steps) == {"fp32", "bf16"}
    steps = measuring(monkeypatch, 2.0)  # now it would be slower, and nobody asks
    for _ in range(3):
        assert in_bf16(Studio(precision="auto", choices=PrecisionChoices(kept_precision)))
    assert not steps


@pytest.mark.parametrize("content", ["", "{", "[]", '{"bf16": 3}', "\0"])
def test_a_damaged_choice_is_measured_again(monkeypatch: pytest.MonkeyPatch, cache: Path, content: str) -> None:
    measuring(monkeypatch, 0.5)
    in_bf16(Studio(precision="auto", choices=PrecisionChoices(kept_precision)))
    (path,) = cache.glob("*.json")
    whole = path.read_bytes()
    path.write_text(content)
    assert in_bf16(Studio(precision="auto", choices=PrecisionChoices(kept_precision)))
    assert path.read_bytes() == whole


def test_what_cannot_be_kept_stays_in_fp32(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COEVO_CACHE", str(tmp_path / "file"))
    measuring(monkeypatch, 0.5)
    assert not in_bf16(Studio(precision="auto", choices=PrecisionChoices(kept_precision)))


def test_a_resumed_run_computes_as_it_began_whatever_the_cache_says(monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(monkeypatch, 0.5)
    began = Studio(precision="auto")
    assert in_bf16(began)
    measuring(monkeypatch, 2.0)
    resumed = Studio(precision="auto")
    resumed.restore(began.state())
    assert in_bf16(resumed) and not in_bf16(Studio(precision="auto"))
