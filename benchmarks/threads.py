"""Two runs of dcgan side by side beside one alone, at 64 px: images/s together, for several ways in which threads wait.

Each run is a process of its own, and the ways take turns. `coevo` sets the first way; "spinning" is OpenMP's default.
"""

import json
import os
import statistics
import subprocess
import sys
import time

SECONDS, TURNS = 6.0, 5
WAYS: dict[str, dict[str, str]] = {
    "as coevo waits": {},
    "asleep at once": {"OMP_WAIT_POLICY": "PASSIVE"},
    "spinning": {"KMP_BLOCKTIME": "200"},  # what LLVM's has anyway; GNU's does not read it
    "one thread each": {"OMP_NUM_THREADS": "1"},
}


def play() -> None:
    """Play after a line of input; print images/s."""
    from coevo.cli.waiting import wait_briefly

    wait_briefly(os.environ)
    from coevo.loop import coevolve
    from coevo.plugin.registry import registry
    from coevo.runs.build import Setup
    from coevo.runs.config import merge, read_recipe, resolve

    config = resolve(merge(read_recipe("dcgan", registry()), {"data": {"size": 64}}), registry())
    setup = Setup(config)
    setup.build()
    turns = coevolve(setup.artist, setup.critic, setup.batches(), setup.phases)
    for _ in range(6):
        next(turns)
    print("ready", flush=True)
    sys.stdin.readline()
    begun, images = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        turn = next(turns)
        images += len(turn.works) if turn.role == "artist" else 0
    print(json.dumps(images / (time.perf_counter() - begun)), flush=True)


def together(runs: int, way: dict[str, str]) -> float:
    """Images/s of some runs at once."""
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "play"],
            env={**os.environ, **way}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(runs)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return sum(json.loads(process.communicate()[0]) for process in started)


def compare() -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_NUM_THREADS"):
        os.environ.pop(name, None)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for _ in range(TURNS):
        for name, way in WAYS.items():
            found[name].append((together(1, way), together(2, way)))
    print(f"{os.cpu_count()} processors, {TURNS} turns of {SECONDS:g} s, dcgan at 64 px, images/s")
    for name, speeds in found.items():
        alone, both = (statistics.median(column) for column in zip(*speeds, strict=True))
        ratios = sorted(pair / one for one, pair in speeds)
        print(
            f"{name}: {alone:.0f} alone, {both:.0f} of two together, {statistics.median(ratios):.2f} of one alone "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    play() if sys.argv[1:] == ["play"] else compare()
