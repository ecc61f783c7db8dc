"""A run has the process's random streams and torch's modes to itself while it plays; its caller never notices."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from standins import seed_all

from coevo import Studio
from coevo.storage.state_tools import copy_state, equal_states

DRAWS: dict[str, Callable[[], float]] = {
    "random": random.random,
    "gauss": lambda: random.gauss(0, 1),
    "numpy": np.random.rand,
    "numpy's normal": np.random.randn,  # draws two, and keeps one of them for later
    "torch": lambda: torch.rand(()).item(),
}
drawing = some.lists(some.sampled_from(sorted(DRAWS)), max_size=6)


def draw(names: list[str]) -> list[float]:
    return [DRAWS[name]() for name in names]


@given(some.lists(some.tuples(drawing, drawing), max_size=5))
def test_a_run_and_its_caller_draw_what_each_would_draw_alone(turns: list[tuple[list[str], list[str]]]) -> None:
    def played(its: bool, the_callers: bool) -> tuple[list[list[float]], list[list[float]]]:
        seed_all(1)
        studio, own, others = Studio(seed=2), [], []
        with studio.playing():
            for of_run, of_caller in turns:
                own.append(draw(of_run) if its else [])
                with studio.paused():
                    others.append(draw(of_caller) if the_callers else [])
        others.append(draw(sorted(DRAWS)) if the_callers else [])
        return own, others

    own, others = played(its=True, the_callers=True)
    assert own == played(its=True, the_callers=False)[0]
    assert others == played(its=False, the_callers=True)[1]


@given(drawing, drawing)
def test_the_state_of_a_run_that_rests_is_its_own(before: list[str], after: list[str]) -> None:
    studio = Studio(seed=2)
    with studio.playing():
        draw(before)
    state = copy_state(studio.state())
    draw(after)
    assert equal_states(studio.state(), state)
    with studio.playing():
        expected = draw(after)
    studio.restore(state)
    with studio.playing():
        assert draw(after) == expected


def test_a_run_opened_while_another_plays_leaves_it_alone() -> None:
    one, other, names = Studio(seed=1), Studio(seed=1), ["gauss", "numpy", "random", "torch"]
    with one.playing():
        first = draw(names)
        with other.playing():
            assert draw(names) == first
        with other.playing(), other.playing():  # twice is once
            second = draw(names)
        assert draw(names) == second


def test_whatever_ends_a_turn_the_caller_has_its_streams_back() -> None:
    seed_all(3)
    expected = draw(sorted(DRAWS))
    seed_all(3)
    studio = Studio(seed=2)
    with pytest.raises(KeyboardInterrupt), studio.playing(), studio.paused():
        raise KeyboardInterrupt
    assert draw(sorted(DRAWS)) == expected


def test_only_deterministic_algorithms_while_a_run_plays_that_wants_it() -> None:
    studio, allowed = Studio(deterministic=True), torch.are_deterministic_algorithms_enabled
    assert not allowed()
    with studio.playing():
        assert allowed()
        with studio.paused():
            assert not allowed()
        assert allowed()
        with Studio().playing():
            assert allowed()  # what the caller has set stays
    assert not allowed()


def test_the_stream_of_an_accelerator_is_saved_and_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none here: torch.mps and its generator are stood in for by those of the CPU."""
    generator, cpu = torch.Generator().manual_seed(9), torch.Generator
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: generator.get_state())
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state: generator.set_state(state))
    monkeypatch.setattr(torch, "Generator", lambda device=None: cpu())
    theirs = generator.get_state()
    studio = Studio(device=torch.device("mps"), seed=4)
    with studio.playing():
        torch.rand(1, generator=generator)
        state = copy_state(studio.state())
        first = torch.rand(2, generator=generator)
        with studio.paused():
            assert torch.equal(generator.get_state(), theirs)
        studio.restore(state)
        assert torch.equal(torch.rand(2, generator=generator), first)
    assert set(state) == {"streams", "python", "numpy", "torch", "mps", "ids"}
    assert torch.equal(generator.get_state(), theirs)
    other = Studio()
    other.restore(state)  # on a CPU, which has no such stream
    assert "mps" not in other.state()


def test_a_run_computes_with_its_own_number_of_threads() -> None:
    before = torch.get_num_threads()
    with Studio(threads=before + 1).playing():
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
