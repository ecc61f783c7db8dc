"""The first minute: `coevo run --artist dcgan --critic dcnn`, all else by default, as `coevo evaluate` judges it.

    python benchmarks/first_minute.py [--seeds 5] [--minutes 1] [--mnist FOLDER] [--ships ZIP] [--omniglot ZIP]
                                      [--only NAME] [--rounds N] [--sheets FOLDER] [--recipe r3gan]

One run after another on the shipped digits, and on each dataset that is named; a table with the mean of all seeds. Use
an otherwise idle machine: the budget is in minutes. On a busy one give the rounds that an idle minute holds. A recipe
takes the place of the defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from coevo.storage.jsonl import read_log

COEVO = str(Path(sys.executable).parent / "coevo")
PAIR = ["--artist", "dcgan", "--critic", "dcnn"]
FIGURES = ("kid", "kid_of_reals", "precision", "coverage", "recall", "smallest_share", "copies")


def first_minute(
    place: Path, name: str, seed: int, pair: list[str], budget: list[str], data: list[str]
) -> dict[str, Any]:
    """Rounds and figures of one run."""
    folder = ["--runs-dir", str(place)]
    asked = [*data, *budget, "--seed", str(seed), "--name", name]
    subprocess.run([COEVO, "run", *pair, *asked, *folder], check=True, stdout=subprocess.DEVNULL)
    evaluated = subprocess.run(
        [COEVO, "evaluate", name, "--json", *folder], check=True, stdout=subprocess.PIPE, text=True
    )
    figures = json.loads(evaluated.stdout)
    return {"rounds": list(read_log(place / name / "timing.jsonl"))[-1]["round"]} | {
        figure: figures[figure] for figure in FIGURES
    }


def row(*cells: Any) -> None:
    print(
        "| " + " | ".join(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells) + " |", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="the number of seeds, from 0")
    parser.add_argument("--minutes", type=float, default=1.0, help="of every run")
    parser.add_argument("--rounds", type=int, help="of every run, in place of minutes")
    parser.add_argument("--only", help="one dataset: digits, mnist, ships or omniglot")
    parser.add_argument("--mnist", help="folder of MNIST's IDX files")
    parser.add_argument("--ships", help="zip of CIFAR's ships and horses, 32 px in colour")
    parser.add_argument("--omniglot", help="zip of Omniglot's characters, drawn at 64 px")
    parser.add_argument("--recipe", help="a recipe in place of dcgan × dcnn")
    parser.add_argument("--sheets", type=Path, help="folder for the last sheet of every run")
    given = parser.parse_args()
    datasets = {
        "digits": [],
        "mnist": ["--data", "mnist", "--data-dir", given.mnist],
        "ships": ["--data", given.ships, "--channels", "3"],
        "omniglot": ["--data", given.omniglot, "--size", "64"],
    }
    budget = ["--rounds", str(given.rounds)] if given.rounds else ["--minutes", str(given.minutes)]
    pair = [given.recipe] if given.recipe else PAIR
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; {' '.join(budget)} each\n")
    row("data", "seed", "rounds", *(figure.replace("_", " ") for figure in FIGURES))
    row(*["---"] * (3 + len(FIGURES)))
    with tempfile.TemporaryDirectory() as folder:
        for name, data in datasets.items():
            if None in data or given.only not in (None, name):
                continue
            runs = []
            for seed in range(given.seeds):
                runs.append(first_minute(Path(folder), f"{name}-{seed}", seed, pair, budget, data))
                row(name, seed, *runs[-1].values())
                if given.sheets:
                    given.sheets.mkdir(parents=True, exist_ok=True)
                    newest = max((Path(folder) / f"{name}-{seed}" / "sheets").glob("*.png"))
                    (given.sheets / f"{name}-{seed}.png").write_bytes(newest.read_bytes())
            row(f"**{name}**", "mean", *(float(mean(run[figure] for run in runs)) for figure in runs[0]))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "linux" else 2**30)
    print(f"\npeak memory: {peak:.2f} GB")


if __name__ == "__main__":
    main()
