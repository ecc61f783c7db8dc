"""Speed of HERCL's machine and canvas: instructions and drawings a second, by machine code and by Python.

    python benchmarks/programs_that_draw.py [--threads 2]

Instructions: 1,000 random programs, of which most are short and end soon, in 100 trials each; and 100 that run in a
loop until they have done 50,000. Drawings: 1,000 programs that send 900 messages each, painted at 128 px. Points: a
program of ten instructions at every point of 128 × 128 px. The best of three times: of one thread its CPU time, of more
the clock's, which needs an idle machine.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from coevo.native import Draws
from coevo_hercl import machine
from coevo_hercl.canvas import paint, sketch
from coevo_hercl.functions import draw_functions
from coevo_hercl.machine import run
from coevo_hercl.program import Program, assemble
from coevo_hercl.text import read
from coevo_hercl.variation import Bounds, of, random_codon

AGAIN = "push 0 reciprocal greater 9 pop not branch-back |"  # no register is greater than infinity
LOOP = f"| get 1 push 3 add put 1 get 2 push 1.5 multiply sqrt tanh put 2 get 1 get 2 add pop inc 3 {AGAIN}"
POINT = "get 0 get 1 multiply push 3 multiply push 1 trig write pop output |"


def random_programs(n: int, longest: int = 60) -> list[Program]:
    draws, bounds = Draws(0), Bounds()
    codons = [[random_codon(draws, bounds) for _ in range(1 + draws.below(longest))] for _ in range(n)]
    return [assemble([of(some)]) for some in codons]


def drawing() -> Program:
    """A pen that goes and turns by as much each time, and draws all the way."""
    way, angle = random.uniform(5, 15), random.uniform(-60, 60)
    return read(f"| push {way} push 1 write write output push {angle} push 2 write write output {AGAIN}")


def seconds(work: Callable[[], Any], threads: int, times: int) -> float:
    clock = time.thread_time if threads == 1 else time.perf_counter
    found = []
    for _ in range(times):
        begun = clock()
        work()
        found.append(clock() - begun)
    return min(found)


def measured(threads: int, times: int, part: int) -> dict[str, float]:
    """Speeds; `part`: by how much less work there is."""
    programs, loops = random_programs(1000 // part), [read(LOOP)] * (100 // min(part, 100))
    drawings = [drawing() for _ in range(1000 // part)]
    trials = np.random.default_rng(1).normal(size=(100, 10))
    point, side = read(POINT), max(8, 128 // part)
    random_run = lambda: run(programs, trials, steps=1000, preload=True, threads=threads)  # noqa: E731
    loop_run = lambda: run(loops, steps=50_000 // part, threads=threads)  # noqa: E731
    paint_all = lambda: paint(sketch(drawings, threads=threads), threads=threads)  # noqa: E731
    functions = lambda: draw_functions([point], side, side, threads=threads)  # noqa: E731
    return {
        "random programs, million instructions/s": random_run().steps.sum() / seconds(random_run, threads, times) / 1e6,
        "loops, million instructions/s": loop_run().steps.sum() / seconds(loop_run, threads, times) / 1e6,
        "drawings of 900 messages/s": len(drawings) / seconds(paint_all, threads, times),
        "million points/s": side * side / seconds(functions, threads, times) / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    for code, threads in (("machine code", 1), ("machine code", given.threads), ("Python", 1)):
        random.seed(1)
        if code == "Python":
            machine.machine_code = lambda: None  # type: ignore[assignment]
        elif machine.machine_code() is None:
            print(json.dumps({"by": code, "is": "not there; install coevo with a C compiler"}))
            continue
        speeds = measured(threads, times=1 if code == "Python" else 3, part=100 if code == "Python" else 1)
        print(json.dumps({"by": code, "threads": threads} | {name: round(one, 3) for name, one in speeds.items()}))


if __name__ == "__main__":
    main()
