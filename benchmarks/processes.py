"""Two processes of one core each beside one process of one core: works a second of the same run, in turns.

    python benchmarks/processes.py [RECIPE ...] [--seconds 10] [--turns 3] [--same]

Each process has one thread and one core of its own. Of two, each has the recipe's batch (as when a run grows), or half
of it (the same run, sooner); both are ratios to one process with the recipe's batch. With --same, it also
says how far losses and parameters of 50 rounds are apart, in fp32, beside what one other thread alone changes. Needs
Linux and two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from coevo.runs.starting import new_config
from coevo.storage.run_folder import RunFolder
from coevo.studio.links import make_memory
from coevo.studio.processes import MEETING

RECIPES = ["dcgan", "aae", "vae", "wgan-gp", "infogan", "alae"]


def play(folder: Path, name: str, recipe: str, processes: int, *words: str, threads: int = 1) -> Path:
    """A run that is played by some processes, each on a core of its own; its folder."""
    options = ["--runs-dir", str(folder), "--name", name, "--threads", str(threads), *words]
    rows = ["-o", "run.sheet_every=100000", "-o", "run.save_every=100000", "-o", "run.ancestral_opponents=false"]
    meeting = folder / f"{name}.meeting"
    make_memory(meeting, processes)
    started = []
    for rank in range(processes):
        place = {"RANK": str(rank), "WORLD_SIZE": str(processes), MEETING: str(meeting), "GLOO_SOCKET_IFNAME": "lo"}
        cores = str(rank) if threads == 1 else f"0-{threads - 1}"
        command = ["taskset", "-c", cores, sys.executable, "-m", "coevo", "run", recipe, *options, *rows]
        environment = {**os.environ, **(place if processes > 1 else {})}
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    for process in started:
        _, said = process.communicate()
        if process.returncode:
            sys.exit(said.decode())
    return folder / name


def speed(run: Path) -> float:
    """Works a second, the median of the rows of its log but the first, which has the start in it."""
    rows = [json.loads(line) for line in (run / "timing.jsonl").read_text().splitlines()]
    return statistics.median([row["images_per_second"] for row in rows if "images_per_second" in row][1:])


def compare_speed(recipe: str, seconds: float, turns: int, folder: Path) -> None:
    batch = new_config(recipe, {}, folder)[0].run.batch
    found = []
    for turn in range(turns):
        words = ("--minutes", str(seconds / 60), "--precision", "fp32", "--batch")
        ways = ("one", 1, batch), ("two", 2, 2 * batch), ("halves", 2, batch)
        found.append([speed(play(folder, f"{recipe}-{turn}-{way}", recipe, n, *words, str(of))) for way, n, of in ways])
    cells = [f"{statistics.median(row[0] for row in found):.0f}"]
    for way in (1, 2):
        ratios = sorted(row[way] / row[0] for row in found)
        cells.append(f"**{statistics.median(ratios):.2f}** ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"| {recipe} | {batch} | " + " | ".join(cells) + " |", flush=True)


def parameters(run: Path) -> Tensor:
    """All parameters of both players in a row; no moments of optimisers."""
    state = RunFolder(run).load()[0].state
    found: list[Tensor] = []

    def gather(value: object) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if "optimiser" not in str(name):
                    gather(inner)
        elif isinstance(value, list):
            for inner in value:
                gather(inner)
        elif isinstance(value, Tensor) and value.is_floating_point():
            found.append(value.flatten().double())

    gather([state["artist"], state["critic"]])
    return torch.cat(found)


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        value for row in rows for key, value in sorted(row.items()) if key.endswith(("loss", "elbo", "reciprocity"))
    ]


def compare_results(recipe: str, folder: Path) -> None:
    words = ("--rounds", "50", "--precision", "fp32", "-o", "run.log_every=1")
    one, two = (play(folder, f"{recipe}-same-{n}", recipe, n, *words) for n in (1, 2))
    threads = play(folder, f"{recipe}-threads", recipe, 1, *words, threads=2)
    cells = []
    for other in (two, threads):
        a, b = parameters(one), parameters(other)
        worst = max(abs(x - y) / max(abs(x), 1e-3) for x, y in zip(losses(one), losses(other), strict=True))
        cells += [f"{((a - b).norm() / a.norm()).item():.1e}", f"{worst:.1e}"]
    print(f"| {recipe} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", default=RECIPES)
    parser.add_argument("--seconds", type=float, default=10, help="of each run")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--same", action="store_true", help="compare losses and parameters too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("| recipe | batch | works/s, one process | two, a batch each | two, half a batch each |")
        print("|---|--:|--:|--:|--:|")
        for recipe in given.recipes:
            compare_speed(recipe, given.seconds, given.turns, Path(folder))
        if given.same:
            print("\nApart after 50 rounds, relative: two processes, and one with two threads\n")
            print(
                "| recipe | parameters | losses | parameters, by threads | losses, by threads |\n|---|--:|--:|--:|--:|"
            )
            for recipe in given.recipes:
                compare_results(recipe, Path(folder))


if __name__ == "__main__":
    main()
