"""What a saved run makes for a page: pictures of label maps that are painted, and walks between its works."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CommandLine
from PIL import Image
from starlette.testclient import TestClient
from web_page import Page, opened

from coevo.interactive.painting import Painting
from coevo.storage.run_folder import RunFolder
from coevo.tools.paint import Painter, Style

SMALL = ("--size", 32, "--batch", 4, "--rounds", 1, "-o", "artist.width=4", "-o", "critic.width=4")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that draws label maps, and one that has a latent space."""
    command = CommandLine(tmp_path_factory.mktemp("web") / "runs")
    answer = command("run", "gaugan", "--name", "gaugan", *SMALL)
    assert answer.code == 0, answer.err
    command.play("dcgan", "--rounds", 20)
    return command.runs


@pytest.fixture
def page(runs: Path) -> Iterator[Page]:
    with opened(runs) as page:
        yield page


@pytest.fixture
def owner(page: Page) -> TestClient:
    return page.visitor()


def paint(client: TestClient, do: str, **more: Any) -> Any:
    answer = client.post("/api/runs/gaugan/painting", json={"do": do, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(state: Any) -> np.ndarray:
    return np.frombuffer(base64.b64decode(state["numbers"]), np.uint8).reshape(state["height"], state["width"])


def test_a_run_says_what_it_makes(owner: TestClient) -> None:
    made = {name: owner.get(f"/api/runs/{name}").json() for name in ("gaugan", "dcgan")}
    assert made["gaugan"]["paints"] and not made["dcgan"]["paints"] and made["dcgan"]["walks"]
    assert "is given nothing, no label maps" in owner.get("/api/runs/dcgan/painting").json()["error"]
    assert owner.get("/api/runs/none/painting").status_code == 404


def test_the_page_paints_as_the_terminal_does_and_keeps_every_stroke(owner: TestClient, runs: Path) -> None:
    paint(owner, "cover")
    state = paint(owner, "stroke", region=2, width=5, points=[[3, 4], [20, 9], [20, 30]])
    wanted = Painting(np.zeros((32, 32), np.uint8), len(state["regions"]))
    stroke = wanted.stroke(2, 5)
    stroke.line((3, 4), (20, 9))
    stroke.line((20, 9), (20, 30))
    assert (numbers(state) == wanted.numbers).all()
    wanted.fill((0, 31), 1)
    state = paint(owner, "fill", region=1, points=[[0, 31]])
    assert (numbers(state) == wanted.numbers).all()

    painter = Painter(RunFolder.open("gaugan", runs))
    kept, style = painter.kept() or (None, None)
    assert (kept == wanted.numbers).all() and style == Style(0)
    assert owner.get(state["picture"]).status_code == 200
    other = paint(owner, "style", seed=7)
    assert other["picture"] != state["picture"] and (painter.kept() or (0, 0))[1] == Style(7)
    assert paint(owner, "style", seed=0)["picture"] == state["picture"]


def test_undo_takes_back_a_whole_stroke(owner: TestClient) -> None:
    before = paint(owner, "cover", region=1)
    after = paint(owner, "stroke", region=3, width=9, points=[[5, 5], [6, 9], [20, 20]])
    assert paint(owner, "undo")["numbers"] == before["numbers"]
    again = paint(owner, "redo")
    assert again["numbers"] == after["numbers"] and again["picture"] == after["picture"]
    assert "nothing to redo" in paint(owner, "redo")["note"]


def test_a_saved_picture_can_be_painted_on(owner: TestClient, runs: Path, tmp_path: Path) -> None:
    state = paint(owner, "stroke", region=2, width=3, points=[[1, 1], [9, 1]])
    (tmp_path / "it.png").write_bytes(owner.get("/api/runs/gaugan/painting/file").content)
    read, _ = Painter(RunFolder.open("gaugan", runs)).read(tmp_path / "it.png")
    assert (read == numbers(state)).all()


@pytest.mark.parametrize(
    "body",
    [
        {"do": "stroke", "region": 99, "points": [[0, 0]]},
        {"do": "stroke", "points": [[32, 0]]},
        {"do": "stroke", "points": []},
        {"do": "stroke", "points": [[0]]},
        {"do": "fill", "points": [[-1, 0]]},
        {"do": "stroke", "width": 1000, "points": [[0, 0]]},
        {"do": "burn"},
    ],
)
def test_what_cannot_be_painted_is_refused(owner: TestClient, body: dict[str, Any]) -> None:
    before = owner.get("/api/runs/gaugan/painting").json()
    answer = owner.post("/api/runs/gaugan/painting", json=body)
    assert answer.status_code in (400, 422) and answer.json()["error"]
    assert owner.get("/api/runs/gaugan/painting").json() == before


def test_a_watcher_looks_at_a_map_and_does_not_paint(page: Page) -> None:
    watcher = page.visitor("watcher")
    assert watcher.get("/api/runs/gaugan/painting").status_code == 200
    assert watcher.post("/api/runs/gaugan/painting", json={"do": "cover"}).status_code == 403


def test_a_walk_leads_from_one_work_to_another(owner: TestClient) -> None:
    works = owner.get("/api/runs/dcgan/samples", params={"seed": 3}).json()["works"]
    steps = owner.get("/api/runs/dcgan/walk", params={"seed": 3, "from": 4, "to": 9}).json()["steps"]
    assert len(works) == 24 and len(steps) == 33
    assert pixels(owner, steps[0]) == pytest.approx(pixels(owner, works[4]), abs=2)
    assert pixels(owner, steps[-1]) == pytest.approx(pixels(owner, works[9]), abs=2)
    assert steps[16] not in (steps[0], steps[-1])
    assert owner.get("/api/runs/dcgan/samples", params={"seed": 4}).json()["works"] != works


def pixels(client: TestClient, address: str) -> np.ndarray:
    with Image.open(io.BytesIO(client.get(address).content)) as picture:
        return np.asarray(picture, np.float32)


def test_what_has_no_such_works_is_refused(owner: TestClient) -> None:
    assert "There are works 0 to 23" in owner.get("/api/runs/dcgan/walk", params={"from": 24}).json()["error"]
    answer = owner.get("/api/runs/gaugan/walk")
    assert answer.status_code == 400 and "latent" in answer.json()["error"]
