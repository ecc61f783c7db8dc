"""The pace of a run: said once when its steps have become much slower, and not because they are harder."""

from __future__ import annotations

from coevo.monitoring.pace import Pace


def said(pace: Pace, role: str, seconds: float, times: int, busy: float = 0.01) -> list[str]:
    return [text for text in (pace.step(role, seconds, busy) for _ in range(times)) if text]


def test_steps_that_become_slow_are_named_once() -> None:
    pace = Pace()
    assert said(pace, "artist", 0.01, 1000) == []
    assert said(pace, "artist", 0.025, 600) == [
        "steps of the artist take 2.5 times as long as before: another job may be using the processors; runs beside "
        "each other lose least with --threads 1"
    ]
    assert said(pace, "artist", 0.3, 100) == []


def test_steps_that_are_a_little_slower_are_not_named() -> None:
    pace = Pace()
    assert said(pace, "artist", 0.01, 1000) + said(pace, "artist", 0.019, 1000) == []


def test_steps_that_are_harder_are_no_sign_of_another_job() -> None:
    pace = Pace()
    assert said(pace, "artist", 0.01, 1000) + said(pace, "artist", 0.05, 1000, busy=0.05) == []


def test_threads_that_spin_work_for_nothing_and_are_named_when_all_stands_still() -> None:
    pace = Pace()
    assert said(pace, "artist", 0.01, 1000) == []
    assert len(said(pace, "artist", 0.5, 100, busy=0.5)) == 1


def test_one_slow_moment_is_no_slow_run() -> None:
    pace = Pace()
    assert said(pace, "critic", 0.01, 1000) + said(pace, "critic", 3.0, 1) + said(pace, "critic", 0.01, 1000) == []


def test_sides_are_not_compared_with_each_other() -> None:
    pace = Pace()
    assert said(pace, "critic", 0.001, 5000) + said(pace, "artist", 1.0, 50) == []


def test_the_fastest_is_what_counts_as_before() -> None:
    """A run that starts beside another job and is then alone for a while."""
    pace = Pace()
    assert said(pace, "artist", 0.015, 1000) + said(pace, "artist", 0.01, 1000) == []
    assert len(said(pace, "artist", 0.025, 1000)) == 1
