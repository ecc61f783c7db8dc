"""Speed of evolution: individuals bred, drawn and judged a second; variation and planning beside DEAP's own.

    python benchmarks/populations.py [--rounds 30] [--repeats 5] [--trees 1000] [--nodes 60]

The recipes' own pairs play through `coevolve` at 32 px with a population of 128, without observers; the critic's share
is that of its `learn` and `judge`. Variation and planning take turns with DEAP's in one run: the same typed trees and
primitives, one child each by a crossover of half of them and a mutation of all, and then its compiled expression or its
plan. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command has it: coevo/cli/waiting.py
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

from deap import gp

from coevo.loop.coevolve import Turn, coevolve
from coevo.native.threads import in_threads, processors
from coevo.runs.run import Run
from coevo.runs.starting import new_config
from coevo.shader.forest import plan_trees
from coevo.shader.functions import ARITHMETIC
from coevo.shader.render import BATCH
from coevo.shader.templates import Templates
from coevo.trees.language import ANY_SIZE, Language
from coevo.trees.machine import grow, vary
from coevo.trees.tree import VECTOR, Tree, forest

LANGUAGE = Language(ARITHMETIC)
TEMPLATES = Templates(LANGUAGE.primitives)
SIDE, POPULATION = 32, 128


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("rounds", 30), ("repeats", 5), ("trees", 1000), ("nodes", 60)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    for recipe in ("gp-dcnn", "cppn-dcnn"):
        print(json.dumps(pair(recipe, asked.rounds, asked.repeats)), flush=True)
    print(json.dumps(variation(asked.trees, asked.nodes, asked.repeats)), flush=True)


# pairs


def pair(recipe: str, rounds: int, repeats: int) -> dict[str, Any]:
    """Individuals bred, drawn and judged a second, in each of some stretches of rounds."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"data": {"size": SIDE}, "artist": {"population": POPULATION}, "run": {"seed": 0}}
        config, _ = new_config(recipe, options, Path(folder))
        with Run.create(config, Path(folder), recipe, recipe) as run:
            run.read()
            clock = {"critic": 0.0}
            for method in ("learn", "judge"):
                setattr(run.critic, method, partial(timed, getattr(run.critic, method), clock))
            data = run.session.data
            turns = coevolve(run.artist, run.critic, data, run.session.phases)
            speeds, shares = [], []
            for _ in range(repeats + 1):
                clock["critic"], begun = 0.0, time.perf_counter()
                judged = sum(islice(judged_by_round(turns), rounds))
                whole = time.perf_counter() - begun
                speeds.append(judged / whole)
                shares.append(clock["critic"] / whole)
    return {"what": recipe, "individuals a second": spread(speeds[1:]), "critic's share": spread(shares[1:])}


def judged_by_round(turns: Iterable[Turn]) -> Iterator[int]:
    """How many individuals were judged in each round."""
    judged = 0
    for turn in turns:
        judged += len(turn.works) if turn.role == "artist" else 0
        if turn.ends_round:
            yield judged
            judged = 0


def timed(call: Callable[..., Any], clock: dict[str, float], *arguments: Any) -> Any:
    begun = time.perf_counter()
    try:
        return call(*arguments)
    finally:
        clock["critic"] += time.perf_counter() - begun


# variation and planning


def variation(count: int, nodes: int, repeats: int) -> dict[str, Any]:
    trees = trees_of_about(nodes, count)
    theirs = [LANGUAGE.to_deap(tree) for tree in trees]
    sides: dict[str, Callable[[], Any]] = {"coevo": lambda: with_coevo(trees), "deap": lambda: with_deap(theirs)}
    found: dict[str, list[float]] = {name: [] for name in sides}
    for round in range(repeats + 1):
        for name, side in sides.items():
            gc.collect()
            gc.disable()  # as timeit does: neither side pays for the other's objects
            begun = time.perf_counter()
            side()
            if round:  # the first is a rehearsal
                found[name].append(time.perf_counter() - begun)
            gc.enable()
    ratios = [there / here for there, here in zip(found["deap"], found["coevo"], strict=True)]
    times = {f"{name}_ms": spread([1e3 * second for second in seconds]) for name, seconds in found.items()}
    mean = statistics.mean(map(len, trees))
    return {"what": f"variation and plans of {count} trees of {mean:.0f} nodes", **times, "beside deap": spread(ratios)}


def trees_of_about(nodes: int, count: int) -> list[Tree]:
    """Random programs whose length is within a third of a number of nodes."""
    found: list[Tree] = []
    while len(found) < count:
        seeds = [random.getrandbits(64) for _ in range(count)]
        grown = grow(LANGUAGE.grammar, seeds, VECTOR, 4, 7, ANY_SIZE)
        found += [tree for tree in grown if abs(len(tree) - nodes) <= nodes / 3]
    return found[:count]


def with_coevo(trees: Sequence[Tree]) -> None:
    parents = [(tree, random.choice(trees) if random.random() < 0.5 else None) for tree in trees]
    seeds = [random.getrandbits(64) for _ in parents]
    children = forest(vary(LANGUAGE.grammar, parents, seeds, ANY_SIZE))

    def plan(first: int) -> None:
        plan_trees(TEMPLATES, children, 3, None, first, min(first + BATCH, len(trees)), SIDE, SIDE)

    in_threads((partial(plan, first) for first in range(0, len(trees), BATCH)), processors())  # as they are drawn


def with_deap(trees: Sequence[Any]) -> None:
    """As in DEAP's `varAnd`: copies, of which pairs are crossed and all are mutated."""
    new = partial(gp.genHalfAndHalf, min_=0, max_=3)
    children = [copy.deepcopy(tree) for tree in trees]
    for one, other in zip(children[::2], children[1::2], strict=False):
        if random.random() < 0.5:
            gp.cxOnePoint(one, other)
    for child in children:
        if random.random() < 0.5:
            gp.mutUniform(child, new, LANGUAGE.pset)
        else:
            gp.mutNodeReplacement(child, LANGUAGE.pset)
        gp.compile(sources(child), PEER)


def sources(tree: Any) -> str:
    """The program as the Python expression that DEAP compiles; its own `str` with names that Python can read."""
    stack: list[str] = []
    for node in reversed(tree):
        if node.arity:
            stack.append(f"{NAMES[node.name]}({', '.join(stack.pop() for _ in range(node.arity))})")
        else:
            stack.append(repr(node.value) if not isinstance(node.value, str) else node.value)
    return stack[0]


NAMES = {name: f"f{place}" for place, name in enumerate(LANGUAGE.pset.mapping)}
PEER = gp.PrimitiveSetTyped("peer", [float] * 4, float)
PEER.renameArguments(ARG0="x", ARG1="y", ARG2="r", ARG3="theta")
PEER.context |= dict.fromkeys(NAMES.values(), min)


def spread(values: Sequence[float]) -> str:
    """The median, and the least and the most."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    main()
