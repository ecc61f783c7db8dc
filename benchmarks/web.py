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

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browsers import browser as chromium  # what tests drive
from web_crowd import gather
from web_server import served

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


def crowd(runs: Path, minutes: float) -> None:
    """Print what became of the votes of ten people, while fifty look, and how the server's memory grows."""
    with served(runs, "blind-watchmaker", "--name", "crowd") as server:
        seen = asyncio.run(gather(server, "crowd", 60 * minutes, VIEWERS, VOTERS))
    kept, memory = sum(map(len, seen.kept.values())), seen.memory
    same = "in the same order" if seen.kept == seen.given else "NOT THE SAME"
    everyone = sum(one.sheets == seen.shown for one in seen.viewers)
    print(
        f"{VIEWERS} viewers, {VOTERS} voters, {minutes:g} minutes: {seen.votes} votes answered, {kept} recorded, "
        f"{same}; {len(seen.shown)} sheets, all of them seen by {everyone} viewers; {len(seen.errors)} errors\n"
        f"memory of the server in MB, at thirty moments: {', '.join(map(str, memory))}"
    )
    for error in seen.errors[:5]:
        print(error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crowd", action="store_true")
    parser.add_argument("--minutes", type=float, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.crowd:
            crowd(Path(folder) / "runs", asked.minutes)
        else:
            for recipe in ("picbreeder", "sims"):
                latency(recipe, Path(folder) / "runs")


if __name__ == "__main__":
    main()
