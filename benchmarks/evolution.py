"""Evolution beside random search: a picture is approximated by a population, and by equally many random genomes.

    python benchmarks/evolution.py PICTURE [--seeds 5] [--population 100] [--generations 3000] [--only gp|cppn]

The error is the mean squared difference from the picture at --side pixels; black and white differ by 2. PicBreeder's
skull is a difficult picture.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from coevo import Studio
from coevo.evolution.programs import ProgramPopulation
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo_cppn.artist import CPPN
from coevo_gp.artist import GP

ARTISTS: dict[str, tuple[type[ProgramPopulation[Any]], dict[str, Any]]] = {
    "gp": (GP, {"functions": "arithmetic", "max_nodes": 400, "crossover": 0.2, "tournament": 5, "islands": 5}),
    "cppn": (CPPN, {"tournament": 5, "species": 1}),
}


def read(path: Path, side: int) -> Tensor:
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L").resize((side, side), Image.Resampling.BOX), np.float32)
    return torch.from_numpy(pixels / 127.5 - 1)


def errors(artist: ProgramPopulation[Any], wanted: Tensor) -> Tensor:
    return (artist.make(artist.size, None).pixels[:, 0] - wanted).square().mean((1, 2))


def evolved(name: str, wanted: Tensor, seed: int, population: int, generations: int) -> tuple[float, Tensor]:
    """The least error of the last generation, and its picture."""
    artist = begun(name, wanted, seed, population)
    for _ in range(generations - 1):
        artist.learn(artist.make(population, None), -errors(artist, wanted) - 1)
    return best(artist, wanted)


def random_search(name: str, wanted: Tensor, seed: int, population: int, generations: int) -> tuple[float, Tensor]:
    """The least error of as many random genomes, and its picture."""
    artist = begun(name, wanted, seed + 1000, population)
    found = [best(artist, wanted)]
    for _ in range(generations - 1):
        artist.build()
        found.append(best(artist, wanted))
    return min(found, key=lambda pair: pair[0])


def begun(name: str, wanted: Tensor, seed: int, population: int) -> ProgramPopulation[Any]:
    its, options = ARTISTS[name]
    studio = Studio((1, *wanted.shape), seed=seed)
    studio.reseed()
    artist = its(its.Options(population=population, elites=3 * population // 20, **options), studio)
    artist.build()
    return artist


def best(artist: ProgramPopulation[Any], wanted: Tensor) -> tuple[float, Tensor]:
    found = errors(artist, wanted)
    return found.min().item(), artist.make(artist.size, None).pixels[int(found.argmin())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--population", type=int, default=100)
    parser.add_argument("--generations", type=int, default=3000)
    parser.add_argument("--only", choices=list(ARTISTS))
    parser.add_argument("-o", "--output", type=Path, help="the pictures, evolved ones above those of random search")
    given = parser.parse_args()
    wanted = read(given.picture, given.side)
    sheet = []
    for name in ARTISTS if given.only is None else [given.only]:
        started = time.perf_counter()
        size = given.population, given.generations
        ours, random = [], []
        for seed in range(given.first, given.first + given.seeds):
            ours.append(evolved(name, wanted, seed, *size))
            random.append(random_search(name, wanted, seed, *size))
            print(f"{name}, seed {seed}: {ours[-1][0]:.4f} beside {random[-1][0]:.4f}", file=sys.stderr, flush=True)
        line = {
            "artist": name,
            "evolved": [round(error, 4) for error, _ in ours],
            "random search": [round(error, 4) for error, _ in random],
            "ratio": round(statistics.mean(e for e, _ in ours) / statistics.mean(e for e, _ in random), 3),
            "seconds": round(time.perf_counter() - started),
        }
        print(json.dumps(line), flush=True)
        sheet += [wanted[None], *(image for _, image in ours), wanted[None], *(image for _, image in random)]
    if given.output:
        save_png(given.output, contact_sheet(torch.stack(sheet), columns=given.seeds + 1, scale=2), {})


if __name__ == "__main__":
    main()
