"""Where a second of each recipe goes: the shares of making, learning, judging, reading data and saving.

    python benchmarks/seconds.py [RECIPE ...] [--seconds 10] [--json]

Every recipe is played for some seconds after it was built, in one process; the players' own methods are timed, and of
calls within calls the outermost counts. A person's critic picks the first work at once. Use an otherwise idle
machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coevo.api import give_ui
from coevo.errors import CoevoError
from coevo.interactive.commands import Command, Pick, Quit
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI
from coevo.plugin.registry import registry
from coevo.runs.run import Run
from coevo.runs.starting import is_interactive, new_config

PARTS = ("artist make", "artist learn", "critic learn", "critic judge", "data", "saving", "rest")


class PicksOne(UI):
    """A person who picks the first work at once, until it is time to go."""

    def __init__(self, seconds: float):
        self.seconds, self.until = seconds, 0.0

    def ask(self, sheet: Sheet) -> Command:
        now = time.monotonic()
        self.until = self.until or now + self.seconds  # from the first sheet on
        return Pick((0,)) if now < self.until else Quit()


class Stopwatch:
    """Seconds in methods, by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running = False

    def time(self, part: str, owner: Any, *methods: str) -> None:
        """Count an object's methods as a part from now on; those that it has not are passed over."""
        for method in methods:
            if hasattr(owner, method):
                setattr(owner, method, self._timed(part, getattr(owner, method)))

    def _timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._running:  # within another
                return call(*args, **kwargs)
            self._running, started = True, time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds[part] += time.perf_counter() - started
                self._running = False

        return timed


def shares(recipe: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Rounds and steps a second, and the share of each part."""
    config, _ = new_config(recipe, {"run": {"minutes": seconds / 60, "seed": 0}}, folder)
    with Run.create(config, folder, recipe, recipe) as run:
        if is_interactive(config):
            give_ui(run, PicksOne(seconds))
        run.read()
        watch = Stopwatch()
        watch.time("artist make", run.artist, "build", "make")
        watch.time("artist learn", run.artist, "learn", "breed")
        watch.time("critic learn", run.critic, "learn")
        watch.time("critic judge", run.critic, "judge", "fooled")
        watch.time("data", run.session.data, "batch")
        watch.time("saving", run.session, "keep")
        for observer in run.observers:
            watch.time("saving", observer, "begin", "see", "end", "close")
        started = time.perf_counter()
        steps = sum(1 for _ in run.turns())
        run.end_turns()
        whole = time.perf_counter() - started
        watch.seconds["rest"] = whole - sum(watch.seconds.values())
        speeds = {"rounds": run.session.position.round / whole, "steps": steps / whole}
    return speeds | {part: watch.seconds[part] / whole for part in PARTS}


def main() -> None:
    recipes = sorted(registry().offers("recipe"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="all by default")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true", help="a line of JSON for each recipe")
    given = parser.parse_args()
    if unknown := sorted(set(given.recipes) - set(recipes)):
        parser.error(f"there is no recipe {', '.join(unknown)}; there are {', '.join(recipes)}")
    if given.seconds <= 0:
        parser.error(f"--seconds should be more than 0, not {given.seconds:g}")
    if not given.json:
        print("| recipe | rounds/s | steps/s | " + " | ".join(PARTS) + " |\n|---" + "|--:" * (2 + len(PARTS)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for recipe in given.recipes or recipes:
            try:
                found = shares(recipe, given.seconds, Path(folder))
            except CoevoError as error:
                found = {"problem": str(error)}
            if given.json:
                print(json.dumps({"recipe": recipe} | found), flush=True)
            elif "problem" in found:
                print(f"| {recipe} | {found['problem']} |", flush=True)
            else:
                cells = [f"{found[speed]:.3g}" for speed in ("rounds", "steps")]
                print(
                    f"| {recipe} | " + " | ".join([*cells, *(f"{found[part]:.1%}" for part in PARTS)]) + " |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
