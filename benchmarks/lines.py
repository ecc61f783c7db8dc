"""Speed of line drawings: strokes beside Pillow's pen on a canvas four times as large, and a biomorph's next sheet.

    python benchmarks/lines.py [--repeats 7]

Biomorphs are 7 to 11 branchings deep, half of them with every later gene. Both ways draw the same lines, in turns, on
one thread; times are of the processor. The mean difference of their pictures is printed, in grey levels of 255.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageDraw

from coevo import Studio
from coevo.images.strokes import Strokes, draw_strokes
from coevo_biomorph.artist import Biomorph
from coevo_biomorph.development import develop
from coevo_biomorph.drawing import INK, PAPER, strokes
from coevo_biomorph.genotype import LATER, Genotype, mutate

FINE = 4
SHEETS = (15, 128), (100, 64), (1, 2048)  # pictures and px


def biomorphs(n: int) -> list[Genotype]:
    """Random ones; every other one has mutated in all genes."""
    rng = random.Random(0)
    rolls, made = iter(rng.random, None), list[Genotype]()
    while len(made) < n:
        one = Genotype((*(round(rng.uniform(-30, 30)) for _ in range(8)), rng.randint(7, 11)))
        for _ in range(30 if len(made) % 2 else 0):
            one = mutate(one, 0.3, frozenset(LATER), rolls)
        made += [one] if one.depth >= 7 else []
    return made


def by_pillow(drawn: Strokes, size: int) -> np.ndarray:
    """The same strokes by Pillow's pen, which has no round ends and no edges between black and white."""
    pictures = []
    for start, stop in zip(drawn.first, drawn.first[1:], strict=False):
        canvas = Image.new("L", (size * FINE, size * FINE), PAPER)
        pen = ImageDraw.Draw(canvas)
        for x0, y0, x1, y1, width in (drawn.segments[start:stop] * FINE).tolist():
            middle = size * FINE / 2
            pen.line((x0 + middle, y0 + middle, x1 + middle, y1 + middle), INK, round(width))
        pictures.append(np.asarray(canvas.reduce(FINE)))
    return np.stack(pictures)[:, None] / np.float32(127.5) - 1


def in_turns(repeats: int, *ways: Callable[[], object]) -> list[float]:
    """The median milliseconds of each of several ways."""
    seconds = [list[float]() for _ in ways]
    for _ in range(repeats):
        for way, spent in zip(ways, seconds, strict=True):
            start = time.process_time()
            way()
            spent.append(time.process_time() - start)
    return [1000 * statistics.median(spent) for spent in seconds]


def next_sheets(seed: int, generations: int = 20) -> list[float]:
    """Milliseconds from a pick to the next sheet of 15 pictures of 128 px, without the terminal."""
    studio = Studio((1, 128, 128), seed=seed, batch=15)
    studio.reseed()
    studio.picks = True
    artist = Biomorph(Biomorph.Options(), studio)
    artist.build()
    spent = []
    for generation in range(generations):
        works = artist.make(15, None)
        start = time.process_time()
        artist.breed(works, [generation * 5 % 15])
        artist.make(15, None)
        spent.append(1000 * (time.process_time() - start))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    made = biomorphs(100)
    (growing,) = in_turns(repeats, lambda: [develop(made[:50]), develop(made[50:])])
    print(f"development of {len(made)} biomorphs, {len(develop(made)[0]):,} lines: {growing:.1f} ms")
    for n, size in SHEETS:
        drawn = strokes(made[:n], size)
        ours, theirs = in_turns(repeats, lambda: draw_strokes(drawn, size), lambda: by_pillow(drawn, size))  # noqa: B023
        apart = np.abs(draw_strokes(drawn, size) - by_pillow(drawn, size)).mean() * 127.5
        said = f"{n} × {size} px, {len(drawn.segments):,} strokes: {ours:.1f} ms, Pillow {theirs:.1f} ms"
        print(f"{said}, {theirs / ours:.1f} times as long; {apart:.1f} levels apart")
    sheets = [spent for seed in range(3) for spent in next_sheets(seed)]
    print(f"from a pick to the next sheet: median {statistics.median(sheets):.0f} ms, worst {max(sheets):.0f} ms")


if __name__ == "__main__":
    main()
