"""Every recipe again and again in fresh processes, beside other load and through kills: the same bytes each time.

    python -m tests.faults.reproducible --runs 20               20 whole runs of every recipe
    python -m tests.faults.reproducible --runs 1 --kills 100    100 kills over all recipes, each then resumed

The first run of a recipe is what the others are compared with. It prints a line for every recipe, and ends with exit
code 1 if anything differs, is stuck or is lost.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from .processes import Story, moment
from .systems import differing, ending, recipes

KILLS_OF_A_RUN = 4  # at most: then it may end
TITLES = "runs", "kills", "differ", "stuck", "lost"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.reproducible", description=__doc__.split("\n")[0])
    parser.add_argument("recipes", nargs="*", help="names of recipes; all by default")
    parser.add_argument("--runs", type=int, default=20, help="whole runs of every recipe (20)")
    parser.add_argument("--kills", type=int, default=0, help="kills in all, over all recipes (0)")
    parser.add_argument("--jobs", type=int, default=2, help="recipes played beside each other (2)")
    parser.add_argument("--load", type=int, default=1, help="processes beside them that only keep the machine busy (1)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills (0)")
    given = parser.parse_args()
    names = given.recipes or recipes()
    shares = [given.kills // len(names) + (number < given.kills % len(names)) for number in range(len(names))]
    print(f"{'recipe':<26}" + "".join(f"{title:>8}" for title in TITLES))
    totals = dict.fromkeys(TITLES, 0)
    with (
        tempfile.TemporaryDirectory(prefix="coevo-faults-") as folder,
        busy(given.load),
        ThreadPoolExecutor(given.jobs) as pool,
    ):
        work = pool.map(lambda *about: Examined(Path(folder), given.runs, f"{given.seed}", *about), names, shares)
        for name, examined in zip(names, work, strict=True):
            found = examined.counts()
            totals = {title: totals[title] + found[title] for title in TITLES}
            print(f"{name:<26}" + "".join(f"{found[title]:>8}" for title in TITLES), flush=True)
            print("".join(f"    {line}\n" for line in examined.lines), end="", flush=True)
    print(f"{'all':<26}" + "".join(f"{count:>8}" for count in totals.values()))
    return int(any(totals[title] for title in TITLES[2:]))


class Examined:
    """A recipe, played and killed; what was found of it.

    Args:
        folder: where its runs are.
        runs: whole runs of it.
        seed: of the moments of the kills.
        recipe: its name.
        kills: how many there are, over as many runs as that takes.
    """

    def __init__(self, folder: Path, runs: int, seed: str, recipe: str, kills: int):
        self.folder, self.recipe = folder, recipe
        self.stories: list[Story] = []
        self.lines: list[str] = []
        first = self.story()
        seconds = first.play()
        self.expected = ending(first.run) if first.ended else {}
        self.runs = max(1, runs)
        self.judge(first)
        for _ in range(self.runs - 1):
            story = self.story()
            story.play()
            self.judge(story)
        rng, left = random.Random(f"{seed} {recipe}"), kills
        while left > 0 and self.expected:
            story = self.story()
            while left > 0 and story.kills < KILLS_OF_A_RUN and not story.ended and not story.troubles:
                before = story.kills
                story.kill(*moment(rng, seconds))
                left -= story.kills - before
            story.play()
            self.judge(story)

    def story(self) -> Story:
        self.stories.append(Story(self.recipe, self.folder / f"{self.recipe}-{len(self.stories)}"))
        return self.stories[-1]

    def judge(self, story: Story) -> None:
        """Compare a run that should have come to its end with the first one, and remove it."""
        if not story.ended:
            story.trouble("stuck: it did not come to its end")
        elif parts := differing(ending(story.run), self.expected):
            story.trouble(f"differ: {', '.join(parts)}")
        if "Traceback" in story.said() or "damaged" in story.said():
            story.trouble("lost: its processes spoke of an error")
        self.lines += [f"{story.folder.name} {trouble}" for trouble in story.troubles]
        if story.troubles:
            self.lines += [f"    {line}" for line in story.said().splitlines()[-12:]]
        shutil.rmtree(story.folder, ignore_errors=True)

    def counts(self) -> dict[str, int]:
        said = [trouble for story in self.stories for trouble in story.troubles]
        troubles = (sum(one.startswith(kind) for one in said) for kind in TITLES[2:])
        return dict(zip(TITLES, (self.runs, sum(story.kills for story in self.stories), *troubles), strict=True))


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Processes that keep the machine busy meanwhile."""
    load = [subprocess.Popen([sys.executable, "-c", "while True: sum(range(10**6))"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in load:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
