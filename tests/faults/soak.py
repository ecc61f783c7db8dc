"""Runs that play for long: memory and open files stay as they are.

    python -m tests.faults.soak --minutes 60      dcgan, gp-dcnn and a scripted session, one after another

It samples each process every few seconds, leaves out the start, and prints the growth of a fitted line over the
rest. Growth beyond --limit MB or a file that stays open ends it with exit code 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

RUNS = {
    "dcgan": ["--size", "16", "-o", "artist.width=8", "-o", "critic.width=8"],
    "gp-dcnn": ["--size", "16", "-o", "critic.width=8"],
    "sims": ["--size", "32"],
}


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("recipes", nargs="*", choices=[*RUNS, []], help="which of them; all by default")
    parser.add_argument("--minutes", type=float, default=60, help="of each (60)")
    parser.add_argument("--limit", type=float, default=20, help="MB that memory may grow by (20)")
    parser.add_argument("--start", type=float, default=0.1, help="the share of the time that is left out (0.1)")
    given = parser.parse_args(words)
    failed = False
    print(f"{'run':<12}{'minutes':>8}{'MB':>8}{'growth':>8}{'files':>7}{'growth':>8}", flush=True)
    for name in given.recipes or RUNS:
        with tempfile.TemporaryDirectory(prefix="coevo-soak-") as folder:
            samples = np.array(list(watched(name, Path(folder), given.minutes * 60)))
        settled = samples[int(len(samples) * given.start) :]
        span = settled[-1, 0] - settled[0, 0]
        memory, files = (np.polyfit(settled[:, 0], settled[:, column], 1)[0] * span for column in (1, 2))
        failed |= memory > given.limit or files > 1
        middle = np.median(settled, axis=0)
        print(
            f"{name:<12}{samples[-1, 0] / 60:>8.1f}{middle[1]:>8.0f}{memory:>+8.1f}{middle[2]:>7.0f}{files:>+8.2f}",
            flush=True,
        )
    return int(failed)


def watched(recipe: str, folder: Path, seconds: float) -> Iterator[tuple[float, float, int]]:
    """Seconds since the start, MB in memory, and open files, again and again while a run is played."""
    words = ["run", recipe, *RUNS[recipe], "--runs-dir", str(folder)]
    if recipe == "sims":
        picks = folder / "long.picks"
        lines = (f"{1 + n % 15} {1 + n * 7 % 15}" if n % 15 != n * 7 % 15 else "1" for n in range(1_000_000))
        picks.write_text("\n".join(["u" if n % 10 == 9 else line for n, line in enumerate(lines)]))
        words += ["--picks", str(picks)]
    process = subprocess.Popen([sys.executable, "-m", "coevo", *words], stdout=subprocess.DEVNULL)
    about, begun = psutil.Process(process.pid), time.perf_counter()
    try:
        while (now := time.perf_counter() - begun) < seconds:
            time.sleep(min(5.0, seconds / 50))
            if process.poll() is not None:
                raise SystemExit(f"{recipe} ended with exit code {process.returncode} after {now:.0f} s")
            yield now, about.memory_info().rss / 2**20, about.num_fds()
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
