"""Speed of rendering: typed trees beside deap.gp.compile, networks beside the method of PyTorch-NEAT and neat-python.

    python benchmarks/rendering.py [--side 256] [--repeats 5]

Peers and coevo take turns in one run, over the same expressions; times include compiling. Results are compared first:
the share of pixels that differ by more than 1e-3 is printed. neat-python is measured if it is installed
(`coevo[bench]`). Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else a peer's idle threads keep both cores busy in our turn

import numpy as np
import torch
from deap import gp

from coevo import Studio
from coevo.contract.works import Works
from coevo.shader.forest import checked, plan_trees, render_trees
from coevo.shader.functions import ARITHMETIC, COORDINATES, SIMS
from coevo.shader.templates import Templates
from coevo.trees.language import ANY_SIZE, COLOR, GREY, Language
from coevo.trees.machine import vary
from coevo.trees.tree import VECTOR, Tree, forest
from coevo_cppn.artist import CPPN
from coevo_cppn.drawing import render_networks
from coevo_cppn.network import Network
from coevo_gp.artist import GP

SIDES = (32, 64, 128, 256, 512, 1024)

# functions that both sides have: pointwise, without noise
NAMES = ["+", "-", "*", "/", "min", "max", "abs", "sin", "cos", "expt", "atan", "if", "dissolve", "vector"]
LANGUAGE = Language(COORDINATES | {name: SIMS[name] for name in NAMES})
TEMPLATES = Templates(LANGUAGE.primitives)

NUMPY: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
    "sin": lambda a: np.sin(a * np.pi),
    "cos": lambda a: np.cos(a * np.pi),
    "expt": lambda a, b: np.abs(a) ** b,
    "atan": lambda a, b: np.arctan2(a, b) * (1 / np.pi),
    "if": lambda c, a, b: np.where(c > 0, a, b),
    "dissolve": lambda a, b, t: a + (b - a) * (np.clip(t, -1, 1) * 0.5 + 0.5),
    "vector": lambda *numbers: np.stack(np.broadcast_arrays(*map(np.atleast_2d, numbers))),
    COLOR: lambda a: np.asarray(a)[None].repeat(3, 0) if np.ndim(a) == 2 else np.full((3, 1, 1), a),
    GREY: lambda v: v.mean(0),
}


def deap_set(dtype: type) -> gp.PrimitiveSetTyped:
    """The same functions as DEAP's users write them: NumPy over whole arrays."""
    pset = gp.PrimitiveSetTyped("peer", [float] * 4, float)
    pset.renameArguments(ARG0="x", ARG1="y", ARG2="r", ARG3="theta")
    for index, name in enumerate(NUMPY):
        pset.addPrimitive(NUMPY[name], [float] * 3, float, f"f{index}")
    pset.context["vec"] = lambda *numbers: np.array(numbers, dtype)[:, None, None]
    return pset


def python_of(tree: Tree) -> str:
    """The program as a Python expression for gp.compile."""
    index = {name: f"f{i}" for i, name in enumerate(NUMPY)}
    stack: list[str] = []
    for node in reversed(LANGUAGE.to_deap(tree)):
        if isinstance(node, gp.Terminal) and not isinstance(node.value, str):
            stack.append(f"vec{node.value}" if isinstance(node.value, tuple) else repr(node.value))
        elif node.arity:
            stack.append(
                f"{index[node.name.removesuffix(':vector')]}({', '.join(stack.pop() for _ in range(node.arity))})"
            )
        else:
            stack.append(node.name)
    return stack[0]


def with_deap(trees: Sequence[Tree], pset: gp.PrimitiveSetTyped, side: int, dtype: type) -> list[np.ndarray]:
    x, y = np.meshgrid(np.linspace(-1, 1, side, dtype=dtype), np.linspace(-1, 1, side, dtype=dtype))
    r, theta = np.sqrt(x * x + y * y), np.arctan2(y, x) / dtype(np.pi)
    with np.errstate(all="ignore"):
        return [gp.compile(python_of(tree), pset)(x, y, r, theta) for tree in trees]


def with_coevo(trees: Sequence[Tree], side: int) -> np.ndarray:
    return render_trees(TEMPLATES, forest(trees), 3, None, side, side)


def random_trees(count: int) -> list[Tree]:
    return [LANGUAGE.random_program(VECTOR, 4, 7) for _ in range(count)]


def later_trees(count: int, generations: int) -> list[Tree]:
    """A population after selection: programs that have much in common."""
    trees = random_trees(count)
    target = np.asarray(with_coevo(random_trees(1), 32))[0]
    for _ in range(generations):
        errors = np.square(with_coevo(trees, 32) - target).mean((1, 2, 3))
        best = [trees[i] for i in errors.argsort()]

        def parent(best: list[Tree] = best) -> Tree:
            return best[min(random.sample(range(count), 5))]

        pairs = [(parent(), parent()) for _ in range(count - 1)]
        seeds = [random.getrandbits(64) for _ in pairs]
        trees = [best[0], *vary(LANGUAGE.grammar, pairs, seeds, ANY_SIZE._replace(nodes=200))]
    return trees


def pytorch_neat(net: Network, side: int) -> torch.Tensor:
    """The method of PyTorch-NEAT: every node is a call over whole arrays, each link a product and a sum."""
    activations: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "identity": lambda a: a,
        "sin": torch.sin,
        "cos": torch.cos,
        "sigmoid": lambda a: 2 / (1 + torch.exp(-a)) - 1,
        "gaussian": lambda a: 2 * torch.exp(-(a**2)) - 1,
    }
    line = torch.linspace(-1, 1, side)
    y, x = torch.meshgrid(line, line, indexing="ij")
    found = {"x": x, "y": y, "d": 1.4 * torch.sqrt(x * x + y * y), "bias": torch.ones_like(x)}
    sources: dict[str, list[tuple[float, str]]] = {}
    for (source, target), weight in net.links.items():
        sources.setdefault(target, []).append((weight, source))

    def get(node: str) -> torch.Tensor:
        if node not in found:
            inputs = [weight * get(source) for weight, source in sources.get(node, [])]
            found[node] = activations[net.nodes[node]](sum(inputs, torch.zeros_like(x)))
        return found[node]

    return torch.stack([get(output) for output in net.outputs])


def neat_python(net: Network, side: int) -> np.ndarray | None:
    """neat-python's `activate`, a call for every pixel; None if it is not installed."""
    try:
        from neat.nn import FeedForwardNetwork
    except ImportError:
        return None
    import math

    activations = {
        "identity": lambda a: a,
        "sin": math.sin,
        "cos": math.cos,
        "sigmoid": lambda a: 2 / (1 + math.exp(-a)) - 1,
        "gaussian": lambda a: 2 * math.exp(-a * a) - 1,
    }
    order = [node for node in net.order if node in net.nodes]
    keys = {name: -i - 1 for i, name in enumerate(("x", "y", "d", "bias"))} | {n: i for i, n in enumerate(order)}
    evals = [
        (keys[n], activations[net.nodes[n]], sum, 0.0, 1.0, [(keys[s], w) for (s, t), w in net.links.items() if t == n])
        for n in order
    ]
    peer = FeedForwardNetwork([-1, -2, -3, -4], [keys[output] for output in net.outputs], evals)
    line = np.linspace(-1, 1, side)
    rows = [[peer.activate((x, y, 1.4 * math.hypot(x, y), 1.0))[0] for x in line] for y in line]
    return np.array(rows, np.float32)


def times(sides: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each side, taking turns."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for draw in sides.values():
        draw()
    for _ in range(repeats):
        for name, draw in sides.items():
            begun = time.perf_counter()
            draw()
            found[name].append(time.perf_counter() - begun)
    return found


def report(what: str, found: dict[str, list[float]], **more: Any) -> None:
    ours = found["coevo"]
    line = {"what": what, "coevo_ms": round(1e3 * statistics.median(ours), 2)}
    for name, theirs in found.items():
        if name != "coevo":
            ratios = sorted(a / b for a, b in zip(theirs, ours, strict=True))
            line[f"{name}_ms"] = round(1e3 * statistics.median(theirs), 2)
            line[f"beside {name}"] = f"{statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})"
    print(json.dumps(line | more), flush=True)


def trees(side: int, repeats: int) -> None:
    wide, narrow = deap_set(np.float64), deap_set(np.float32)
    for what, some in (("60 random trees", random_trees(60)), ("60 trees of generation 30", later_trees(60, 30))):
        there = with_deap(some, narrow, side, np.float32)
        here = with_coevo(some, side)
        differ = [
            np.abs(np.clip(np.nan_to_num(np.broadcast_to(a, b.shape), nan=-1), -1, 1) - b) > 1e-3
            for a, b in zip(there, here, strict=True)
        ]
        sides = {
            "coevo": lambda some=some: with_coevo(some, side),
            "deap in float64": lambda some=some: with_deap(some, wide, side, np.float64),
            "deap in float32": lambda some=some: with_deap(some, narrow, side, np.float32),
        }
        nodes = sum(map(len, some))
        report(what, times(sides, repeats), nodes=nodes, differ=float(np.mean([d.mean() for d in differ])))


def networks(side: int, repeats: int) -> None:
    """Pictures in ink, which all sides paint."""
    artist = CPPN(CPPN.Options(population=20, initial_mutations=60), Studio((1, side, side)))
    artist.build()
    nets = [artist.genome(one) for one in artist.population]

    def ours(some: Sequence[Network] = nets) -> np.ndarray:
        return render_networks(some, 1, side, side)

    def theirs(net: Network) -> torch.Tensor:
        return pytorch_neat(net, side).abs().clamp(0, 1) * 2 - 1

    differ = np.abs(np.stack([theirs(net).numpy() for net in nets]) - ours()) > 1e-3
    sides = {"coevo": ours, "pytorch-neat's method": lambda: [theirs(net) for net in nets]}
    links = sum(len(net.links) for net in nets)
    report("20 networks", times(sides, repeats), links=links, differ=float(differ.mean()))
    if neat_python(nets[0], 4) is None:
        print("neat-python is not installed: pip install 'coevo[bench]'", flush=True)
        return

    def pixel_by_pixel() -> np.ndarray:
        return np.stack([np.clip(np.abs(neat_python(net, side)), 0, 1) * 2 - 1 for net in nets])  # type: ignore[arg-type]

    differ = np.abs(pixel_by_pixel() - ours()[:, 0]) > 1e-3
    sides = {"coevo": ours, "neat-python": pixel_by_pixel}
    report("20 networks", times(sides, max(3, repeats // 3)), links=links, differ=float(differ.mean()))


def growth(repeats: int) -> None:
    """Cost by pixels, and of planning; memory of a large population."""
    import psutil

    some = forest(random_trees(60))
    found = times({str(side): partial(render_trees, TEMPLATES, some, 3, None, side, side) for side in SIDES}, repeats)
    pixels = {side: statistics.median(found[str(side)]) / side**2 / 60 for side in SIDES}
    print(json.dumps({"nanoseconds a pixel": {side: round(1e9 * t, 2) for side, t in pixels.items()}}), flush=True)
    for name, functions in (("arithmetic", ARITHMETIC), ("sims", SIMS)):
        planning(name, Language(functions), repeats)
    before = psutil.Process().memory_info().rss
    many = with_coevo(random_trees(1000), 128)
    after = psutil.Process().memory_info().rss
    megabytes = f"{(after - before) / 1e6:.0f} MB, {many.nbytes / 1e6:.0f} of them pictures"
    print(json.dumps({"1,000 individuals at 128 px": megabytes}))


def planning(name: str, language: Language, repeats: int) -> None:
    """128 programs of about 60 nodes at 32 px: planned on one processor, and planned and drawn on all."""
    templates = Templates(language.primitives)
    trees: list[Tree] = []
    while len(trees) < 128:
        tree = language.random_program(VECTOR, 3, 7)
        if 45 <= len(tree) <= 75:
            trees.append(tree)
    some = checked(forest(trees))
    found = times(
        {
            "plan": lambda: [plan_trees(templates, some, 3, None, first, first + 64, 32, 32) for first in (0, 64)],
            "plan and draw": lambda: render_trees(templates, some, 3, None, 32, 32),
        },
        4 * repeats,
    )
    plan, both = (1e3 * statistics.median(found[part]) for part in ("plan", "plan and draw"))
    line = {"plan_ms": round(plan, 2), "plan_us_a_tree": round(1e3 * plan / 128, 1), "plan_and_draw_ms": round(both, 2)}
    print(json.dumps({"what": f"128 trees of {name} at 32 px"} | line), flush=True)


def bookkeeping(side: int, repeats: int) -> None:
    """The cost of a generation of 200, relative to drawing it."""
    for its, options in ((GP, {}), (CPPN, {"initial_mutations": 20})):
        torch.manual_seed(0)
        artist: Any = its(its.Options(population=200, **options), Studio((1, side, side)))
        artist.build()
        shares = []
        for _ in range(repeats):
            begun = time.perf_counter()
            works: Works = artist.make(200, None)
            drawn = time.perf_counter() - begun
            rewards = -works.pixels.mean((1, 2, 3)) - 1
            begun = time.perf_counter()
            artist.learn(works, rewards)
            shares.append((time.perf_counter() - begun) / drawn)
        print(
            json.dumps(
                {
                    "what": f"{artist.name}, 200 at {side} px",
                    "bookkeeping by drawing": round(statistics.median(shares), 3),
                }
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=["trees", "networks", "growth", "bookkeeping"])
    given = parser.parse_args()
    random.seed(given.seed)
    parts = {
        "growth": lambda: growth(given.repeats),
        "trees": lambda: trees(given.side, given.repeats),
        "networks": lambda: networks(given.side, given.repeats),
        "bookkeeping": lambda: bookkeeping(given.side, given.repeats),
    }
    for name, part in parts.items():
        if given.only in (None, name):
            part()


if __name__ == "__main__":
    main()
