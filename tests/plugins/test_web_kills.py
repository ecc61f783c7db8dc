"""A server that is killed at any moment loses nothing that it has answered, and does nothing twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from threading import Timer
from typing import Any

import httpx2
import pytest
from web_server import Server, served

from coevo.interactive.session_db import FILE, SessionDB
from coevo_web.gallery import Gallery

KILLS = 20
TITLES = "work {}"


class Person:
    """Somebody who breeds, votes and publishes, and remembers what was answered."""

    def __init__(self, server: Server, link: int):
        self.http = httpx2.Client(base_url=server.address, timeout=60, follow_redirects=True)
        assert self.http.get(server.links[link].partition("#")[0]).status_code == 200
        self.sent: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()

    def ask(self, what: str, path: str, body: dict[str, Any]) -> Any:
        """Ask for something; None if there was no answer."""
        self.sent[what] += 1
        try:
            answer = self.http.post(path, json=body)
        except httpx2.TransportError:
            return None
        assert answer.status_code < 500, answer.text
        if answer.status_code < 300:
            self.answered[what] += 1
        else:
            self.sent[what] -= 1  # it was refused
        return answer.json()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_kills_at_random_moments_lose_no_pick_vote_publication_or_undo(tmp_path: Path) -> None:
    luck, runs, name = random.Random(1), tmp_path / "runs", "bw"
    commands = f"/api/sessions/{name}/commands"
    with served(runs, "blind-watchmaker", "--name", name) as server:
        ada, ben = Person(server, 0), Person(server, 1)
        ada.ask("rule", commands, {"do": "rule", "quorum": 2})
        for _ in range(KILLS):
            killer = Timer(luck.uniform(0.1, 2.0), server.kill)
            killer.start()
            while server.process.poll() is None:
                place = luck.randrange(15)
                act = luck.choice(["vote", "vote", "vote", "undo", "redo", "publish"])
                if act == "publish":
                    title = TITLES.format(ada.sent["publish"])
                    ada.ask("publish", "/api/works", {"session": name, "id": "1", "title": title})
                elif act == "vote":
                    for one in (ada, ben):
                        one.ask("vote", commands, {"do": "vote", "places": [place]})
                else:
                    ada.ask(act, commands, {"do": act})
            killer.join()
            server.start(name)
        end = time.monotonic() + 20
        while (now := ada.http.get(f"/api/sessions/{name}")).json().get("busy", True) and time.monotonic() < end:
            time.sleep(0.05)
        state = now.json()
        ada.http.close()
        ben.http.close()

    with SessionDB(runs / name / FILE) as db:
        found = Counter(event.kind for event in db.events())
        assert state["snapshot"] == db.current and [one["id"] for one in state["works"]] == db.sheet(db.current)
        assert not db.pending("pick")
    total = {what: ada.sent[what] + ben.sent[what] for what in ("vote", "undo", "redo")}
    for what in ("vote", "undo", "redo"):
        answered = ada.answered[what] + ben.answered[what]
        assert answered <= found[what] <= total[what], (what, answered, found, total)
    assert found["vote"] // 2 - KILLS <= found["pick"] <= found["vote"] // 2 + KILLS  # every second vote decides
    gallery = Gallery(runs / ".gallery" / "gallery.db")
    titles = Counter(work["title"] for page in range(50) for work in gallery.works(page=page))
    gallery.close()
    assert ada.answered["publish"] <= sum(titles.values()) <= ada.sent["publish"]
    assert max(titles.values(), default=1) <= 2
    assert found["vote"] > 20 and found["undo"] > 3
