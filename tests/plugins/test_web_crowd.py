"""A crowd at one session: nobody's vote is lost or counted twice, and everybody sees every sheet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from web_crowd import gather
from web_server import served

VIEWERS, VOTERS, SECONDS = 50, 10, 20
GROWTH = 96 + 32  # MB: the store of pictures as it fills, and what fifty connections take


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_fifty_viewers_and_ten_voters_lose_no_vote_and_no_sheet(tmp_path: Path) -> None:
    """benchmarks/web.py --crowd does the same for five minutes."""
    with served(tmp_path / "runs", "blind-watchmaker", "--name", "crowd") as server:
        crowd = asyncio.run(gather(server, "crowd", SECONDS, VIEWERS, VOTERS, pause=0.5))
    assert not crowd.errors
    assert crowd.kept == crowd.given and len(crowd.given) == VOTERS and crowd.votes >= 5 * VOTERS
    assert len(crowd.shown) - 1 <= crowd.votes // VOTERS  # a vote that decided did so once
    for one in crowd.viewers:
        assert one.sheets == crowd.shown
        assert one.versions == sorted(set(one.versions))
    assert crowd.memory[-1] - crowd.memory[0] <= GROWTH
