"""Threads in which machine code works: parts that cover everything, results in their order."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.native.threads import in_threads, parts, processors


@given(st.integers(0, 500), st.integers(1, 9), st.integers(1, 64))
def test_parts_follow_each_other_and_are_not_too_small(count: int, threads: int, least: int) -> None:
    made = parts(count, threads, least)
    covered = [place for part in made for place in range(part.start, part.stop)]
    assert covered == list(range(count))
    assert len(made) <= threads
    assert all(part.stop - part.start >= min(least, count) for part in made)


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_tasks(threads: int) -> None:
    assert in_threads((partial(pow, number, 2) for number in range(20)), threads) == [n * n for n in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_task_raises_is_raised(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads([partial(divmod, 1, 1), partial(divmod, 1, 0)], threads)


def test_there_is_a_processor() -> None:
    assert processors() >= 1
