"""The pace of a run: said once when its steps have become much slower."""

from __future__ import annotations

from coevo.monitoring.pace import Pace


def said(pace: Pace, role: str, seconds: float, times: int) -> list[str]:
    return [text for text in (pace.step(role, seconds) for _ in range(times)) if text]


def test_steps_that_become_slow_are_named_once() -> None:
    pace = Pace()
    assert said(pace, "artist", 0.01, 1000) == []
    assert said(pace, "artist", 0.3, 100) == [
        "steps of the artist take 30 times as long as before; another job may be using the processors (see --threads)"
    ]
    assert said(pace, "artist", 0.3, 100) == []


def test_one_slow_moment_is_no_slow_run() -> None:
    pace = Pace()
    assert said(pace, "critic", 0.01, 1000) + said(pace, "critic", 3.0, 1) + said(pace, "critic", 0.01, 1000) == []


def test_sides_are_not_compared_with_each_other() -> None:
    pace = Pace()
    assert said(pace, "critic", 0.001, 5000) + said(pace, "artist", 1.0, 50) == []
