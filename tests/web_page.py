"""A page without a network: its application, and visitors of every role."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from coevo_web.app import make_app
from coevo_web.links import Links, Role
from coevo_web.pictures import Pictures
from coevo_web.rooms import Rooms

HOST = "localhost:8765"


@dataclass
class Page:
    """An application, and who visits it."""

    app: Any
    rooms: Rooms
    links: Links

    def visitor(self, role: Role = "owner", **settings: Any) -> TestClient:
        """A browser that came by the link of a role."""
        client = TestClient(self.app, f"http://{HOST}", raise_server_exceptions=False, **settings)
        assert client.get(f"/?token={self.links.token(role)}").status_code == 200
        return client


@contextmanager
def opened(runs: Path) -> Iterator[Page]:
    """A page over a folder of runs, closed in order."""
    rooms, links = Rooms(runs, Pictures()), Links(b"s" * 32)
    app = make_app(rooms, runs / ".gallery" / "gallery.db", links, [HOST], "coevo-8765")
    page = Page(app, rooms, links)
    with TestClient(app, f"http://{HOST}"):  # its lifespan
        try:
            yield page
        finally:
            rooms.close()


def begin(client: TestClient, **body: Any) -> str:
    """Open a session and wait for its first sheet; its name."""
    answer = client.post("/api/sessions", json=body)
    assert answer.status_code == 201, answer.text
    name = str(answer.json()["name"])
    wait_for(lambda: "works" in client.get(f"/api/sessions/{name}").json())
    return name


def give(client: TestClient, session: str, do: str, **more: Any) -> Any:
    """Give a command; the answer."""
    return client.post(f"/api/sessions/{session}/commands", json={"do": do, **more})


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
