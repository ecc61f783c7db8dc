"""Runs on a page: their curves and sheets as their folders say, begun and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CommandLine
from hypothesis import given
from hypothesis import strategies as some
from starlette.testclient import TestClient
from web_page import Page, begin, opened, wait_for

from coevo_web import watching
from coevo_web.watching import Watching, curves, thinned


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    CommandLine(tmp_path / "runs").play("small", "--rounds", 20, "-o", "run.sheet_every=10")
    with opened(tmp_path / "runs") as page:
        yield page


@pytest.fixture
def owner(page: Page) -> TestClient:
    return page.visitor()


def test_a_run_is_told_with_curves_sheets_and_options(owner: TestClient) -> None:
    (short,) = owner.get("/api/runs").json()["runs"]
    assert (short["name"], short["artist"], short["rounds"], short["playing"]) == ("small", "dcgan", 20, False)
    run = owner.get("/api/runs/small").json()
    assert run["curves"]["round"] == [10, 20] and len(run["curves"]["critic.loss"]) == 2
    assert run["options"]["artist.latent"] == "8"
    assert run["sheets"][-1] == "00000020.png"
    assert owner.get("/api/runs/small/sheets/00000020.png").content.startswith(b"\x89PNG")
    assert owner.get("/api/runs/small/sheets/config.toml").status_code == 404
    assert owner.get("/api/runs/none").status_code == 404


def test_a_session_is_no_run_to_watch_but_is_listed(owner: TestClient) -> None:
    begin(owner, recipe="blind-watchmaker")
    runs = {run["name"]: run for run in owner.get("/api/runs").json()["runs"]}
    assert runs["blind-watchmaker-1"]["session"] and runs["blind-watchmaker-1"]["playing"]


@pytest.mark.slow
def test_a_run_goes_on_and_is_stopped_in_order(page: Page, owner: TestClient) -> None:
    assert page.visitor("voter").post("/api/runs/small/resume", json={}).status_code == 403
    assert "does not play" in owner.post("/api/runs/small/stop", json={}).json()["error"]
    assert owner.post("/api/runs/small/resume", json={"minutes": 5}).status_code == 202
    wait_for(lambda: owner.get("/api/runs/small").json()["rounds"] > 20, 60)
    assert "plays already" in owner.post("/api/runs/small/resume", json={}).json()["error"]
    assert owner.post("/api/runs/small/stop", json={}).status_code == 200
    wait_for(lambda: "Saved at round" in owner.get("/api/runs/small").json()["said"], 60)
    assert not owner.get("/api/runs/small").json()["playing"]


def test_a_change_of_a_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOKS", 0.01)
    folder = CommandLine(tmp_path / "runs").play("small", "--rounds", 1)

    async def told() -> list[bytes]:
        events = Watching(tmp_path / "runs").changes("small")
        first = await anext(events)
        with (folder / "metrics.jsonl").open("a") as log:
            log.write("{}\n")
        second = await asyncio.wait_for(anext(events), 10)
        await events.aclose()  # type: ignore[attr-defined] # of a generator
        return [first, second]

    assert all(event.startswith(b"event: changed") for event in asyncio.run(told()))


@given(some.lists(some.integers(), max_size=300), some.integers(2, 50))
def test_thinned_rows_keep_their_ends_and_their_order(rows: list[int], most: int) -> None:
    places = thinned(range(len(rows)), most)
    assert len(places) == min(len(rows), most) and places == sorted(set(places))
    assert not rows or (places[0], places[-1]) == (0, len(rows) - 1)


def test_curves_have_a_gap_where_a_row_has_no_finite_value() -> None:
    rows = [{"round": 1, "loss": 0.5}, {"round": 2}, {"round": 3, "loss": float("nan"), "late": 1.0}]
    assert curves(rows) == {"round": [1, 2, 3], "loss": [0.5, None, None], "late": [None, None, 1.0]}
