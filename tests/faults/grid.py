"""A grid whose workers are killed, one after another: no cell is lost, and the result is the same.

    python -m tests.faults.grid [--minutes 15] [--every-seconds 60] [--workers 3]

Nine small pairs play for some minutes, while a worker is killed at regular intervals. The same grid is then played
without kills, and must have the same bytes.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAIR = ["lipizzaner", "--cells", "3x3", "--every", "100", "-o", "run.save_every=20", "-o", "run.sheet_every=100000"]


def command(folder: Path, name: str, legs: int, workers: int) -> list[str]:
    words = ["--legs", str(legs), "--workers", str(workers), "--name", name, "--runs-dir", str(folder)]
    return [sys.executable, "-m", "coevo", "grid", *PAIR, *words]


def workers_of(process: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True).stdout
    return [int(line) for line in found.split()]


def content(folder: Path) -> dict[str, bytes]:
    kinds = ("cells/*/metrics.jsonl", "cells/*/exchanges.json", "snapshots/*")
    return {str(path.relative_to(folder)): path.read_bytes() for kind in kinds for path in folder.glob(kind)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--every-seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=3)
    given = parser.parse_args()
    draws = random.Random(0)
    with tempfile.TemporaryDirectory() as where:
        folder, killed, legs = Path(where), 0, 0
        until = time.monotonic() + given.minutes * 60
        following = time.monotonic() + given.every_seconds
        while time.monotonic() < until:  # ever longer, as the same command goes on
            legs += 2
            process = subprocess.Popen(command(folder, "killed", legs, given.workers), stderr=subprocess.PIPE)
            while process.poll() is None:
                time.sleep(0.1)
                if time.monotonic() > following and (found := workers_of(process.pid)):
                    os.kill(draws.choice(found), signal.SIGKILL)
                    killed, following = killed + 1, following + given.every_seconds
            if process.returncode:
                sys.exit(f"It ended with {process.returncode}: {process.communicate()[1].decode()}")
        subprocess.run(command(folder, "alone", legs, given.workers), check=True, capture_output=True)
        ours, theirs = content(folder / "killed"), content(folder / "alone")
        differ = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    print(f"{killed} workers killed in {given.minutes:g} minutes, {legs} legs of 9 cells; {len(differ)} files differ.")
    if differ:
        sys.exit("\n".join(differ))


if __name__ == "__main__":
    main()
