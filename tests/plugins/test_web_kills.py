"""A server that is killed at any moment loses nothing that it has answered, and does nothing twice."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import httpx2
import pytest
from web_server import Server, served

from coevo.interactive.session_db import FILE, Event, SessionDB
from coevo_web.gallery import Gallery
from coevo_web.votes import MOVES, Rule, Votes

KILLS = 20
TITLES = "work {}"


class Person:
    """Somebody who breeds, votes and publishes, and remembers what was answered."""

    def __init__(self, server: Server, link: int):
        self.http = httpx2.Client(base_url=server.address, timeout=60, follow_redirects=True)
        assert self.http.get(server.links[link].partition("#")[0]).status_code == 200
        self.id = self.http.get("/api/start").json()["you"]["id"]
        self.sent: dict[str, list[Asked]] = defaultdict(list)

    def ask(self, what: str, path: str, body: dict[str, Any], detail: Any = None) -> None:
        """Ask for something."""
        try:
            answer = self.http.post(path, json=body)
        except httpx2.TransportError:
            self.sent[what].append(Asked(detail, answered=False))
            return
        assert answer.status_code < 500, answer.text
        if answer.status_code < 300:
            self.sent[what].append(Asked(detail, answered=True))  # or else it was refused


@dataclass(frozen=True)
class Asked:
    """Something that a person asked for, and whether the server answered before it was killed."""

    detail: Any
    answered: bool


def is_kept(sent: Sequence[Asked], kept: Sequence[Any]) -> bool:
    """Whether what is kept is what was sent, in order and each once, but for some that had no answer.

    Example:
        >>> sent = [Asked(1, True), Asked(2, False), Asked(3, True)]
        >>> is_kept(sent, [1, 3]), is_kept(sent, [1, 2, 3]), is_kept(sent, [1]), is_kept(sent, [1, 1, 3])
        (True, True, False, False)
    """
    reached = {0}  # how many of the kept ones may have been met
    for one in sent:
        met = {n + 1 for n in reached if n < len(kept) and kept[n] == one.detail}
        reached = met if one.answered else reached | met
    return len(kept) in reached


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
                    title = TITLES.format(len(ada.sent["publish"]))
                    body = {"session": name, "id": "1", "title": title}
                    ada.ask("publish", "/api/works", body, title)
                elif act == "vote":
                    for one in (ada, ben):
                        one.ask("vote", commands, {"do": "vote", "places": [place]}, [place])
                else:
                    ada.ask(act, commands, {"do": act})
            killer.join()
            server.start(name)
        end = time.monotonic() + 20
        while not is_quiet(state := ada.http.get(f"/api/sessions/{name}").json()) and time.monotonic() < end:
            time.sleep(0.05)
        ada.http.close()
        ben.http.close()

    with SessionDB(runs / name / FILE) as db:
        events = db.events()
        assert state["snapshot"] == db.current and [one["id"] for one in state["works"]] == db.sheet(db.current)
        assert not db.pending("pick")
    for one in (ada, ben):
        assert is_kept(
            one.sent["vote"],
            [event.detail["places"] for event in of(events, "vote") if event.detail["voter"] == one.id],
        )
    for what in ("undo", "redo"):
        assert is_kept(ada.sent[what], [None] * len(of(events, what)))
    check_picks(events)
    gallery = Gallery(runs / ".gallery" / "gallery.db")
    titles = [work["title"] for page in range(50) for work in gallery.works(page=page)][::-1]
    gallery.close()
    assert is_kept(ada.sent["publish"], titles)
    assert len(of(events, "vote")) > 20 and len(of(events, "undo")) > 3 and len(titles) > 3


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_lose_no_step_of_two_branches(tmp_path: Path) -> None:
    """Each person stands where the last answer left them, or one step further if the server was killed before it."""
    luck, runs, name = random.Random(2), tmp_path / "runs", "bw"
    commands, steps = f"/api/sessions/{name}/commands", 0
    with served(runs, "blind-watchmaker", "--name", name) as server:
        people = [Person(server, 0), Person(server, 1)]
        people[0].ask("rule", commands, {"do": "rule", "own": True})
        seen = {one.id: where(one, name) for one in people}
        for _ in range(KILLS // 2):
            killer = Timer(luck.uniform(0.1, 2.0), server.kill)
            killer.start()
            asked: dict[str, str] = {}
            while server.process.poll() is None:
                one, act = luck.choice(people), luck.choice(["pick", "pick", "pick", "undo", "redo"])
                asked = {one.id: act}
                try:
                    body = {"do": act, "places": [luck.randrange(15)] if act == "pick" else []}
                    answer = one.http.post(commands, json=body)
                except httpx2.TransportError:
                    break
                if answer.status_code == 200:
                    seen[one.id], asked, steps = answer.json()["snapshot"], {}, steps + 1
            killer.join()
            server.start(name)
            with SessionDB(runs / name / FILE) as db:
                before = {id: db.parent(snapshot) for id, snapshot in seen.items()}
            now = {one.id: where(one, name) for one in people}
            with SessionDB(runs / name / FILE) as db:
                for id, snapshot in now.items():
                    may = {seen[id]}
                    if asked.get(id) == "undo":
                        may.add(before[id] or seen[id])
                    elif id in asked:  # to the offspring, or by a redo to what was undone
                        may |= {snapshot} if db.parent(snapshot) == seen[id] else set()
                    assert snapshot in may, (asked, id, seen, now)
            seen = now
        for one in people:
            one.http.close()
    assert steps > 20


def where(one: Person, session: str) -> int:
    """The snapshot whose sheet a person sees, once the session is there."""
    end = time.monotonic() + 30
    while True:
        state = one.http.get(f"/api/sessions/{session}").json()
        if not state.get("busy", True) or time.monotonic() > end:
            return int(state["snapshot"])
        time.sleep(0.05)


def is_quiet(state: dict[str, Any]) -> bool:
    """Whether nothing is being bred, and no vote waits to be counted."""
    return not state.get("busy", True) and state["votes"] < 2


def of(events: Sequence[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]


def check_picks(events: Sequence[Event]) -> None:
    """Every pick is what the two people had voted for on that sheet, and none that they agreed on was forgotten."""
    votes = Votes(Rule(quorum=2))
    for event in events:
        if event.kind == "vote":
            votes.give(event.detail["voter"], event.user, event.detail["places"])
        elif event.kind == "pick":
            assert len(votes.given) == 2 and event.detail["places"] == votes.winners(1, 1)
        if event.kind in MOVES:
            votes.clear()
    assert len(votes.given) < 2
