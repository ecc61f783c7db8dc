"""A grid of small GANs beside one of them that has as many rounds as all cells together: modes and distance.

    python benchmarks/grid.py --mnist FOLDER [--seeds 3] [--cells 2x2] [--legs 10] [--every 200] [--works 10000]

On stacked MNIST, of 1,000 classes, with a critic so small that a single pair collapses. Each mixture is drawn from the
best neighbourhood of its grid. Runs are kept in --runs by name, and go on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from coevo.grid.topology import shape_of
from coevo.storage.run_folder import RunFolder

PAIR = ["-o", "artist.width=16", "-o", "critic.width=4", "-o", "run.sheet_every=100000"]


def coevo(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "coevo", *words], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="the folder of MNIST's files")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cells", default="2x2")
    parser.add_argument("--legs", type=int, default=10)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--works", type=int, default=10_000)
    given = parser.parse_args()
    rows, columns = shape_of(given.cells)
    data = ["--data", "stacked-mnist", "--data-dir", given.mnist]
    for seed in range(given.seeds):
        name, alone = f"grid-{seed}", f"grid-alone-{seed}"
        words = ["--cells", given.cells, "--legs", str(given.legs), "--every", str(given.every), "--seed", str(seed)]
        words += ["--name", name, "--runs-dir", given.runs, "--mixture", str(given.works), "--lr-mutation", "0.1"]
        words += ["-o", "data.channels=3", *PAIR, "--json"]
        mixture = json.loads(coevo("grid", "lipizzaner", *data, *words))["mixture"]
        rounds = rows * columns * given.legs * given.every
        if not Path(given.runs, alone).is_dir():
            where = ["--name", alone, "--runs-dir", given.runs, "--channels", "3", "--seed", str(seed)]
            coevo("run", "lipizzaner", *data, *where, "--rounds", str(rounds), "--threads", "1", *PAIR)
        elif RunFolder.open(alone, Path(given.runs)).load()[0].position[0] < rounds:
            coevo("resume", alone, "--runs-dir", given.runs, "--rounds", str(rounds))
        evaluated = coevo("evaluate", alone, "--runs-dir", given.runs, "-n", str(given.works), "--json")
        print(json.dumps({"seed": seed, "mixture": mixture, "alone": json.loads(evaluated)}), flush=True)


if __name__ == "__main__":
    main()
