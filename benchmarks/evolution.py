"""Evolution beside chance: a picture from its own pixels, by a population and by equally many random genomes.

    python benchmarks/evolution.py PICTURE [--seeds 5] [--population 100] [--generations 3000] [--only gp|cppn]

The error is the mean squared difference from the picture, black to white being 2, at --side pixels. PICTURE is any; the
skull of PicBreeder's is a hard one.
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
from coevo.evolution.population import Population
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo_cppn.artist import CPPN
from coevo_gp.artist import GP

ARTISTS: dict[str, tuple[type[Population[Any]], dict[str, Any]]] = {
    "gp": (GP, {"functions": "arithmetic", "largest": 400, "crossover": 0.2, "tournament": 5, "islands": 5}),
    "cppn": (CPPN, {"tournament": 5, "species": 1}),
}


def read(path: Path, side: int) -> Tensor:
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L").resize((side, side), Image.Resampling.BOX), np.float32)
    return torch.from_numpy(pixels / 127.5 - 1)


def errors(artist: Population[Any], wanted: Tensor) -> Tensor:
    images = artist.make(artist.size, None).images
    assert images is not None
    return (images[:, 0] - wanted).square().mean((1, 2))


def evolved(name: str, wanted: Tensor, seed: int, population: int, generations: int) -> tuple[float, Tensor]:
    """The least error of the last generation, and its picture."""
    artist = begun(name, wanted, seed, population)
    for _ in range(generations - 1):
        artist.learn(artist.make(population, None), -errors(artist, wanted) - 1)
    return best(artist, wanted)


def by_chance(name: str, wanted: Tensor, seed: int, population: int, generations: int) -> tuple[float, Tensor]:
    """The least error of as many strangers."""
    artist = begun(name, wanted, seed + 1000, population)
    found = [best(artist, wanted)]
    for _ in range(generations - 1):
        artist.build()
        found.append(best(artist, wanted))
    return min(found, key=lambda pair: pair[0])


def begun(name: str, wanted: Tensor, seed: int, population: int) -> Population[Any]:
    its, options = ARTISTS[name]
    studio = Studio((1, *wanted.shape), seed=seed)
    studio.reseed()
    artist = its(its.Options(population=population, elites=3 * population // 20, **options), studio)
    artist.build()
    return artist


def best(artist: Population[Any], wanted: Tensor) -> tuple[float, Tensor]:
    found = errors(artist, wanted)
    images = artist.make(artist.size, None).images
    assert images is not None
    return found.min().item(), images[int(found.argmin())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="of the seeds")
    parser.add_argument("--population", type=int, default=100)
    parser.add_argument("--generations", type=int, default=3000)
    parser.add_argument("--only", choices=list(ARTISTS))
    parser.add_argument("-o", "--output", type=Path, help="the pictures, evolved ones over those by chance")
    given = parser.parse_args()
    wanted = read(given.picture, given.side)
    sheet = []
    for name in ARTISTS if given.only is None else [given.only]:
        started = time.perf_counter()
        size = given.population, given.generations
        ours, chance = [], []
        for seed in range(given.first, given.first + given.seeds):
            ours.append(evolved(name, wanted, seed, *size))
            chance.append(by_chance(name, wanted, seed, *size))
            print(f"{name}, seed {seed}: {ours[-1][0]:.4f} beside {chance[-1][0]:.4f}", file=sys.stderr, flush=True)
        line = {
            "artist": name,
            "evolved": [round(error, 4) for error, _ in ours],
            "by chance": [round(error, 4) for error, _ in chance],
            "ratio": round(statistics.mean(e for e, _ in ours) / statistics.mean(e for e, _ in chance), 3),
            "seconds": round(time.perf_counter() - started),
        }
        print(json.dumps(line), flush=True)
        sheet += [wanted[None], *(image for _, image in ours), wanted[None], *(image for _, image in chance)]
    if given.output:
        save_png(given.output, contact_sheet(torch.stack(sheet), columns=given.seeds + 1, scale=2), {})


if __name__ == "__main__":
    main()
