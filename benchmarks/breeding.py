"""From enter to the new sheet, and memory over many generations: the real program in tmux, driven by its keys.

    python benchmarks/breeding.py [--generations 500]

A sheet counts as shown when the terminal's content has stopped changing. Needs tmux.
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
    until = time.perf_counter() + 60
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


def session(runs: str, generations: int, timed: int, *words: str) -> None:
    line = " ".join([COEVO, "run", *words, "--name", "bench", "--runs-dir", runs])
    tmux("new-session", "-d", "-x", SIZE[0], "-y", SIZE[1], f"env COLORTERM=truecolor TERM=xterm-256color {line}")
    wait("generation 0")
    settle(time.perf_counter())
    pane = int(tmux("display", "-p", "#{pane_pid}"))
    program = psutil.Process(pane)
    seconds = []
    for generation in range(timed):
        tmux("send-keys", "Right", "Space")
        settle(time.perf_counter(), "✓")
        start = time.perf_counter()
        tmux("send-keys", "Enter")
        seconds.append(settle(start, f"generation {generation + 1} "))
    median, worst = statistics.median(seconds), max(seconds)
    print(
        f"  enter to the new sheet: median {median * 1000:.0f} ms, worst {worst * 1000:.0f} ms of {timed}", flush=True
    )
    before = program.memory_info().rss
    for generation in range(timed, timed + generations):
        tmux("send-keys", "Right", "Space", "Enter")
        wait(f"generation {generation + 1} ")
    grown = (program.memory_info().rss - before) / 2**20
    print(f"  memory: {before / 2**20:.0f} MB, {grown:+.1f} MB after {generations} generations", flush=True)
    tmux("send-keys", "q")
    _, alive = psutil.wait_procs([program], timeout=20)
    tmux("kill-server")
    assert not alive
    size = Path(runs, "bench", "session.db").stat().st_size / 2**20
    print(f"  session.db: {size:.1f} MB", flush=True)
    shutil.rmtree(Path(runs, "bench"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--generations", type=int, default=500)
    parser.add_argument("--timed", type=int, default=20)
    given = parser.parse_args()
    if shutil.which("tmux") is None:
        sys.exit("benchmarks/breeding.py needs tmux.")
    with tempfile.TemporaryDirectory() as runs:
        print(f"blind-watchmaker, 15 biomorphs at 128 px, {SIZE[0]} × {SIZE[1]}:", flush=True)
        session(runs, given.generations, given.timed, "blind-watchmaker")
        for recipe in ("sims", "picbreeder"):
            print(f"{recipe}, 15 pictures at 128 px:", flush=True)
            session(runs, given.generations, given.timed, recipe)
        train = [*COEVO.split(" ", 1)[:1], "-c", "from coevo.cli import main; main()", "run", "dcgan"]
        subprocess.run(
            [*train, "--rounds", "50", "--name", "base", "--runs-dir", runs], check=True, stdout=subprocess.DEVNULL
        )
        print("dcgan × human, 15 pictures at 32 px:", flush=True)
        session(runs, given.generations, given.timed, *["--artist", "dcgan", "--critic", "human", "--from", "base"])


if __name__ == "__main__":
    main()
