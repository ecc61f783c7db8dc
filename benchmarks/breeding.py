"""From enter to the new sheet, and memory over many generations: the real program in tmux, driven by its keys.

    python benchmarks/breeding.py [--generations 500] [--timed 20] [--seeds 3]

Pictures of 128 px, of biomorphs, programs, networks, automata and the latent space of a dcgan that was trained at
128 px for three rounds. A sheet counts as shown when the terminal's content has stopped changing. Needs tmux, and an
idle machine.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

COEVO = f"{sys.executable} -c 'from coevo.cli import main; main()'"
SIZE = 160, 48
STILL = 0.15  # s without a change


def tmux(*words: object) -> str:
    done = subprocess.run(
        ["tmux", "-L", "bench", "-f", "/dev/null", *map(str, words)], capture_output=True, text=True, check=False
    )
    return done.stdout


def wait(wanted: str) -> None:
    until = time.perf_counter() + 120
    while wanted not in tmux("capture-pane", "-p"):
        assert time.perf_counter() < until, f"{wanted!r} never came:\n{tmux('capture-pane', '-p')}"
        time.sleep(0.02)


def settle(start: float, wanted: str = "") -> float:
    """Seconds from start to the last change of the pane, once something wanted is on it."""
    seen, changed = "", start
    while time.perf_counter() - changed < STILL or wanted not in seen:
        now = tmux("capture-pane", "-p")
        if now != seen:
            seen, changed = now, time.perf_counter()
        time.sleep(0.015)  # else the queries would keep tmux from drawing
    return changed - start


def session(runs: str, generations: int, timed: int, *words: str) -> list[float]:
    """Play a session; the seconds from enter to each of the timed sheets."""
    line = " ".join([COEVO, "run", *words, "--name", "bench", "--runs-dir", runs])
    tmux("new-session", "-d", "-x", SIZE[0], "-y", SIZE[1], f"env COLORTERM=truecolor TERM=xterm-256color {line}")
    wait("generation 0")
    settle(time.perf_counter())
    program = psutil.Process(int(tmux("display", "-p", "#{pane_pid}")))
    seconds = []
    for generation in range(timed):
        tmux("send-keys", "Right", "Space")
        settle(time.perf_counter(), "✓")
        start = time.perf_counter()
        tmux("send-keys", "Enter")
        seconds.append(settle(start, f"generation {generation + 1} "))
    before = program.memory_info().rss
    for generation in range(timed, timed + generations):
        tmux("send-keys", "Right", "Space", "Enter")
        wait(f"generation {generation + 1} ")
    if generations:
        grown = (program.memory_info().rss - before) / 2**20
        size = Path(runs, "bench", "session.db").stat().st_size / 2**20
        print(f"  {before / 2**20:.0f} MB, {grown:+.1f} MB after {generations} generations; session.db {size:.1f} MB")
    tmux("send-keys", "q")
    _, alive = psutil.wait_procs([program], timeout=20)
    tmux("kill-server")
    assert not alive
    shutil.rmtree(Path(runs, "bench"))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--generations", type=int, default=500, help="of the first seed, for memory")
    parser.add_argument("--timed", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if shutil.which("tmux") is None:
        sys.exit("benchmarks/breeding.py needs tmux.")
    with tempfile.TemporaryDirectory() as runs:
        base = ["run", "dcgan", "--size", "128", "--rounds", "3", "--name", "base", "--runs-dir"]
        train = [sys.executable, "-c", "from coevo.cli import main; main()", *base, runs]
        subprocess.run(train, check=True, stdout=subprocess.DEVNULL)
        bred = "--artist dcgan --critic human --from base --size 128"
        for words in ("blind-watchmaker", "sims", "picbreeder", "evoeco", bred):
            seconds: list[float] = []
            for seed in range(given.seeds):
                generations = given.generations if seed == 0 else 0
                seconds += session(runs, generations, given.timed, *words.split(), "--seed", str(seed))
            *_, tenth = statistics.quantiles(seconds, n=10)
            print(
                f"{words}: enter to the next of {len(seconds)} sheets at {SIZE[0]} × {SIZE[1]}: median "
                f"{statistics.median(seconds) * 1000:.0f} ms, 90 % within {tenth * 1000:.0f} ms, worst "
                f"{max(seconds) * 1000:.0f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
