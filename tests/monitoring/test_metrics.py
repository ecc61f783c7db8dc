"""What a run measures of every turn."""

from __future__ import annotations

import pytest
import torch

from coevo.contract.works import Works
from coevo.loop import Position, Turn
from coevo.monitoring.metrics import Meter, diversity


def turn(role: str, rewards: list[float] | None = None, **metrics: float | torch.Tensor) -> Turn:
    made, reals = Works(torch.tensor([[-1.0], [1.0]])), Works(torch.tensor([[-2.0], [2.0]]))
    values = None if rewards is None else torch.tensor(rewards)
    return Turn(Position(), Position(1), role, made, reals, values, metrics, True)


def test_a_row_has_the_means_of_all_metrics_since_the_last() -> None:
    meter = Meter()
    meter.add(turn("critic", loss=torch.tensor(1.0)))
    meter.add(turn("critic", loss=torch.tensor(3.0), accuracy=0.5))
    meter.add(turn("artist", rewards=[0.0, 4.0]))
    assert meter.row(7) == {
        "round": 7, "critic.loss": 2.0, "critic.accuracy": 0.5, "artist.reward": 2.0, "artist.reward_std": 2.0,
    }  # fmt: skip
    meter.clear()
    assert meter.row(8) == {"round": 8}


def test_what_is_not_in_a_row_yet_is_its_state() -> None:
    one, other = Meter(), Meter()
    one.add(turn("artist", loss=torch.tensor(1.0)))
    other.restore(one.state())
    for meter in (one, other):
        meter.add(turn("artist", loss=torch.tensor(2.0)))
    assert one.row(1) == other.row(1) and one.row(1)["artist.loss"] == 1.5


def test_a_single_nan_shows() -> None:
    meter = Meter()
    meter.add(turn("artist", loss=torch.tensor(torch.nan)))
    meter.add(turn("artist", loss=torch.tensor(1.0)))
    assert meter.row(1)["artist.loss"] != meter.row(1)["artist.loss"]


def test_diversity_is_relative_to_real_works() -> None:
    assert diversity(turn("artist")) == {"artist.diversity": pytest.approx(0.5)}
    assert diversity(Turn(Position(), Position(1), "artist", Works(), None, None, {}, True)) == {}
