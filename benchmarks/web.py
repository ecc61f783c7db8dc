"""The page: from a click to a new sheet in headless Chromium, the first page, and a crowd that looks and votes.

python benchmarks/web.py                       # 50 clicks for each of two artists
python benchmarks/web.py --crowd --minutes 5   # 50 viewers, 10 voters
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx2
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browsers import browser as chromium  # what tests drive
from web_server import Server, served

from coevo.interactive.session_db import FILE, SessionDB

CLICKS, VIEWERS, VOTERS = 50, 50, 10
SHOWN = """() => new Promise(done => {
    const began = performance.now();
    const shown = () => done(performance.now() - began);
    document.querySelector('.view').addEventListener('sheet-shown', shown, {once: true});
    document.querySelector('.primary').click();
})"""


def latency(recipe: str, runs: Path) -> None:
    """Print the time from a click on Breed until the new sheet's 15 pictures of 256 px are shown."""
    with served(runs, recipe, "--name", recipe, "-o", "data.channels=3") as server, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        began = time.perf_counter()
        page.goto(server.links[0])
        page.wait_for_selector(".tile img[src*='/pictures/']")
        first = time.perf_counter() - began
        took = []
        for click in range(CLICKS):
            page.locator(".tile").nth(click % 15).click()
            took.append(page.evaluate(SHOWN))
        print(
            f"{recipe}: first page {first:.2f} s; click to new sheet, median of {CLICKS}: "
            f"{statistics.median(took):.0f} ms, 90 %: {sorted(took)[int(0.9 * CLICKS)]:.0f} ms"
        )


async def crowd(server: Server, name: str, minutes: float) -> None:
    """Print what became of the votes of ten people, while fifty look, and how the server's memory grows."""
    process, end = psutil.Process(server.process.pid), time.monotonic() + 60 * minutes
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    answered, errors, events = 0, 0, 0

    def client(link: int) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=server.address, timeout=60, follow_redirects=True, limits=limits)

    async def opened(link: int) -> httpx2.AsyncClient:
        one = client(link)
        assert (await one.get(server.links[link].partition("#")[0])).status_code == 200
        return one

    async def look() -> None:
        nonlocal events, errors
        one = await opened(2)
        try:
            async with one.stream("GET", f"/api/sessions/{name}/events") as stream:
                async for line in stream.aiter_lines():
                    events += line.startswith("event:")
        except httpx2.HTTPError:
            errors += time.monotonic() < end

    async def vote(place: int) -> None:
        nonlocal answered, errors
        one = await opened(1)
        while time.monotonic() < end:
            body = {"do": "vote", "places": [place]}
            try:
                answer = await one.post(f"/api/sessions/{name}/commands", json=body)
                answered += answer.status_code == 200
                errors += answer.status_code != 200
            except httpx2.HTTPError:
                errors += 1
            await asyncio.sleep(1)
        await one.aclose()

    owner = await opened(0)
    await owner.post(f"/api/sessions/{name}/commands", json={"do": "rule", "quorum": VOTERS})
    viewers = [asyncio.create_task(look()) for _ in range(VIEWERS)]
    voters = [asyncio.create_task(vote(place)) for place in range(VOTERS)]
    memory = []
    while time.monotonic() < end:
        await asyncio.sleep(min(10, 6 * minutes))
        memory.append(process.memory_info().rss >> 20)
    await asyncio.gather(*voters)
    for viewer in viewers:
        viewer.cancel()
    await asyncio.gather(*viewers, return_exceptions=True)
    with SessionDB(server.runs / name / FILE) as db:
        votes, picks = len(db.events("vote")), len(db.events("pick"))
    print(
        f"{VIEWERS} viewers, {VOTERS} voters, {minutes:g} minutes: {answered} votes answered, {votes} recorded, "
        f"{picks} generations, {events} events seen, {errors} errors; memory {memory[0]} MB at first, "
        f"{memory[len(memory) // 2]} in the middle, {memory[-1]} at the end"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crowd", action="store_true")
    parser.add_argument("--minutes", type=float, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.crowd:
            with served(Path(folder) / "runs", "blind-watchmaker", "--name", "crowd") as server:
                asyncio.run(crowd(server, "crowd", asked.minutes))
        else:
            for recipe in ("picbreeder", "sims"):
                latency(recipe, Path(folder) / "runs")


if __name__ == "__main__":
    main()
