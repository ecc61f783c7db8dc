"""CPU time of the parts of a generation of networks, in microseconds an individual, by machine code and by Python.

    python benchmarks/networks.py [--population 128] [--side 32] [--generations 150]

Pairs are drawn at random, half of them of two parents, and networks grow for some generations first. The least of ten
times, on one thread.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from typing import Any

import torch

from coevo import Studio, Works
from coevo_cppn import breeding, drawing
from coevo_cppn.artist import CPPN
from coevo_cppn.network import Network


def microseconds(part: Callable[[], Any], population: int) -> float:
    """CPU time per individual in µs: the best of ten calls."""
    found = []
    for _ in range(10):
        begun = time.thread_time()
        part()
        found.append(time.thread_time() - begun)
    return round(min(found) / population * 1e6, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--population", type=int, default=128)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--generations", type=int, default=150)
    given = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(1)
    size, side = given.population, given.side
    artist = CPPN(CPPN.Options(population=size, max_links=100), Studio((1, side, side)))
    artist.build()

    def pairs(nets: list[Network]) -> list[breeding.Pair]:
        return [(random.choice(nets), random.choice([None, random.choice(nets)])) for _ in nets]

    nets = artist.random_genomes(size)
    for _ in range(given.generations):
        nets = artist.offspring_of(pairs(nets))
    families = pairs(nets)
    artist.replace_population([], [(net, ()) for net in nets])
    parts = {
        "variation": lambda: artist.offspring_of(families),
        "text": lambda: artist.serialize_all(artist.offspring_of(families)),  # and variation, for texts may be kept
        "species": lambda: artist.species(Works(), 8),
        "draw": lambda: drawing.render_networks(nets, 1, side, side, threads=1),
    }
    links = round(sum(net.link_count for net in nets) / size, 1)
    for code in ("machine code", "Python"):
        if code == "Python":
            for module in (breeding, drawing):
                module.machine_code = lambda: None  # type: ignore[attr-defined]
        found = {name: microseconds(part, size) for name, part in parts.items()}
        print(json.dumps({"by": code, "links": links} | found), flush=True)


if __name__ == "__main__":
    main()
