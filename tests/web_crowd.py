"""A crowd at one session: people who look and people who vote, over real connections to a real server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import psutil
from web_server import Server

from coevo.interactive.session_db import FILE, SessionDB

OWNER, VOTER, WATCHER = 0, 1, 2  # places in Server.links
PLACES = 15  # on a sheet
LAST_EVENTS = 10  # seconds in which the last sheet has to reach all


@dataclass
class Viewer:
    """What one person has seen of a session."""

    versions: list[int] = field(default_factory=list)
    sheets: list[int] = field(default_factory=list)
    """Snapshots, each once, in the order in which they were shown."""


@dataclass
class Crowd:
    """What became of a crowd.

    Args:
        given: each voter's votes, the places in the order in which the server answered.
        kept: the same as the session's database has them.
        shown: the snapshots that the session bred, in order.
        viewers: what those who looked have seen.
        errors: answers that were no success, and connections that broke.
        memory: of the server in MB, at equal steps of time.
    """

    given: dict[str, list[int]] = field(default_factory=dict)
    kept: dict[str, list[int]] = field(default_factory=dict)
    shown: list[int] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    @property
    def votes(self) -> int:
        return sum(map(len, self.given.values()))


@asynccontextmanager
async def visitor(server: Server, link: int) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that came by a link."""
    async with httpx2.AsyncClient(base_url=server.address, timeout=60, follow_redirects=True) as one:
        assert (await one.get(server.links[link].partition("#")[0])).status_code == 200
        yield one


async def gather(server: Server, name: str, seconds: float, viewers: int, voters: int, pause: float = 1.0) -> Crowd:
    """Let people look and vote; a sheet is bred from as soon as all voters have voted.

    Args:
        server: where the session is open.
        name: the session's.
        seconds: how long they vote.
        viewers: how many look.
        voters: how many vote.
        pause: seconds between two votes of a person.
    """
    seen, commands = Crowd(), f"/api/sessions/{name}/commands"
    end, process = time.monotonic() + seconds, psutil.Process(server.process.pid)

    async def look(one: Viewer) -> None:
        async with (
            visitor(server, WATCHER) as client,
            client.stream("GET", f"/api/sessions/{name}/events", timeout=None) as stream,
        ):
            kind = ""
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind == "state":
                    state = json.loads(line.removeprefix("data: "))
                    one.versions.append(state["version"])
                    if not state["busy"] and state["snapshot"] not in one.sheets[-1:]:
                        one.sheets.append(state["snapshot"])
        seen.errors.append("the server ended an event stream")

    async def vote(nth: int) -> None:
        async with visitor(server, VOTER) as client:
            me = (await client.get("/api/start")).json()["you"]["id"]
            given = seen.given.setdefault(me, [])
            while time.monotonic() < end:
                place = (nth + len(given)) % PLACES
                answer = await client.post(commands, json={"do": "vote", "places": [place]})
                if answer.status_code == 200:
                    given.append(place)
                else:
                    seen.errors.append(f"{answer.status_code} {answer.text}")
                await asyncio.sleep(pause)

    async def measure() -> None:
        while time.monotonic() < end:
            seen.memory.append(process.memory_info().rss >> 20)
            await asyncio.sleep(seconds / 30)

    async with visitor(server, OWNER) as owner:
        await owner.post(commands, json={"do": "rule", "quorum": voters})
        seen.viewers = [Viewer() for _ in range(viewers)]
        looking = [asyncio.create_task(look(one)) for one in seen.viewers]
        for broken in await asyncio.gather(measure(), *map(vote, range(voters)), return_exceptions=True):
            if broken is not None:
                seen.errors.append(repr(broken))
        await asyncio.sleep(0)
        last = await settled(owner, name)
        until = time.monotonic() + LAST_EVENTS
        while time.monotonic() < until and any(one.sheets[-1:] != [last] for one in seen.viewers):
            await asyncio.sleep(0.05)
        for task in looking:
            task.cancel()
        for ended in await asyncio.gather(*looking, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError) and ended is not None:
                seen.errors.append(repr(ended))
    with SessionDB(server.runs / name / FILE) as db:
        for event in db.events("vote"):
            seen.kept.setdefault(event.detail["voter"], []).extend(event.detail["places"])
        seen.shown = sorted({event.snapshot for event in db.events("pick")} | {db.current})
    return seen


async def settled(client: httpx2.AsyncClient, name: str) -> int:
    """The snapshot that is shown, once nothing is bred any more."""
    while (state := (await client.get(f"/api/sessions/{name}")).json())["busy"]:
        await asyncio.sleep(0.05)
    return int(state["snapshot"])
