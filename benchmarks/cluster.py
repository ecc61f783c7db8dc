"""A population that workers draw and measure, beside the same run without them: works a second, in turns.

    python benchmarks/cluster.py [WORDS ...] [--seconds 20] [--turns 3]

WORDS are those of a `coevo run`, such as: gp-dcnn; or swarm-art -o artist.population=128. The run has one thread. The
ratio of one worker to none is what the way to the cluster costs; that of two to one is what another worker brings, if
the machine has a core for each, and for the run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def speed(folder: Path, name: str, words: list[str], workers: int, seconds: float) -> float:
    """Works a second of a run with some workers, or with none; the median of its log's rows but the first two."""
    cluster = ["--cluster", "local", "--workers", str(workers)] if workers else []
    quiet = ["run.sheet_every=100000", "run.save_every=100000", "run.ancestral_opponents=false", "run.log_every=1"]
    options = [word for option in quiet for word in ("-o", option)]
    where = ["--runs-dir", str(folder), "--name", name, "--minutes", str(seconds / 60), "--threads", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "coevo", "run", *words, *where, *cluster, *options], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    rows = [json.loads(line) for line in (folder / name / "timing.jsonl").read_text().splitlines()]
    return statistics.median([row["images_per_second"] for row in rows if "images_per_second" in row][2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of each run")
    parser.add_argument("--turns", type=int, default=3)
    given, words = parser.parse_known_args()
    words = words or ["gp-dcnn"]
    with tempfile.TemporaryDirectory() as folder:
        turns = [
            [speed(Path(folder), f"{turn}-{workers}", words, workers, given.seconds) for workers in (0, 1, 2)]
            for turn in range(given.turns)
        ]
    none, one, two = (statistics.median(column) for column in zip(*turns, strict=True))
    print(f"{' '.join(words)}: {none:.0f} works/s without workers, {one:.0f} with one, {two:.0f} with two")
    for title, top, base in (("one worker to none", 1, 0), ("two to one", 2, 1), ("two to none", 2, 0)):
        ratios = sorted(row[top] / row[base] for row in turns)
        print(f"  {title}: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
