"""A curious critic: Wundt's curve, a map that learns works, neighbouring nodes that are alike."""

from __future__ import annotations

import math

import pytest
import torch
from conftest import CommandLine
from hypothesis import given
from hypothesis import strategies as some

from coevo import ConfigError, Studio, Works
from coevo.testing import RandomArtist, conform
from coevo_aesthetics.som import SOM, wundt


def critic(**options: object) -> SOM:
    studio = Studio((1, 16, 16), batch=8)
    one = SOM(SOM.Options(**options), studio)  # type: ignore[arg-type]
    one.check()
    one.build(RandomArtist(RandomArtist.Options(), studio))
    return one


def blobs(n: int, seed: int = 0) -> Works:
    """Pictures of a soft spot somewhere: a family of two dimensions."""
    places = torch.rand(n, 2, generator=torch.Generator().manual_seed(seed)) * 1.6 - 0.8
    line = torch.linspace(-1, 1, 16)
    squares = (line - places[:, :1]).square()[:, None, :] + (line - places[:, 1:]).square()[:, :, None]
    return Works((2 * torch.exp(-squares / 0.3) - 1)[:, None])


@given(some.floats(0, 1), some.floats(0.05, 0.4), some.floats(0, 2))
def test_wundts_curve_is_its_formula(novelty: float, width: float, alpha: float) -> None:
    def normal(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    expected = normal((novelty - 0.3) / width) - alpha * normal((novelty - 0.7) / width)
    assert wundt(torch.tensor(novelty), 0.3, 0.7, width, alpha).item() == pytest.approx(expected, abs=1e-5)


def test_the_familiar_bores_and_the_strange_repels() -> None:
    liking = wundt(torch.tensor([0.0, 0.5, 1.0]), 0.3, 0.7, 0.15, 1.2)
    assert liking[0] < 0.05 and liking[1] > 0.75 and liking[2] < -0.1


def test_a_map_learns_works() -> None:
    one = critic(steps=30)
    errors = []
    for step in range(40):
        one.learn(blobs(32, step), Works())
        errors.append(one.novelty(blobs(64, 1000)).mean().item())
    assert errors[-1] < 0.5 * errors[0]


def test_neighbours_in_the_map_are_alike() -> None:
    one = critic(steps=30)
    for step in range(40):
        one.learn(blobs(32, step), Works())
    apart = torch.cdist(one.nodes, one.nodes)
    near, far = apart[one.map_distances == 1].mean(), apart[one.map_distances > 9].mean()
    assert near < 0.6 * far


def test_it_judges_before_it_learns() -> None:
    one = critic()
    works = blobs(8)
    before = one.novelty(works)
    one.learn(works, Works())
    assert torch.equal(one.novelty(works), before)
    one.learn(blobs(8, 1), Works())
    assert one.novelty(works).mean() < before.mean()


def test_a_work_is_interesting_at_half_of_the_highest_reward() -> None:
    one = critic()
    assert one.peak == pytest.approx(0.799, abs=0.01)
    works = blobs(16)
    assert torch.equal(one.fooled(works, None), one.judge(works, None) >= one.peak / 2)


@pytest.mark.parametrize("options", [{}, {"nodes": 3, "side": 8}])
def test_the_critic_conforms(options: dict[str, int]) -> None:
    conform("critic", SOM, options)


def test_what_does_not_fit_is_refused(coevo_command: CommandLine) -> None:
    with pytest.raises(
        ConfigError, match=r"critic.reward_novelty=0.8 should be less than critic.punishment_novelty=0.7"
    ):
        critic(reward_novelty=0.8)
    assert "critic.nodes" in coevo_command.refuses("run", "artificial-creativity", "-o", "critic.nodes=1")
