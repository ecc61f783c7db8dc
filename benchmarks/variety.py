"""Are sheets worth choosing from? Empty pictures, noise and twins on the first sheets that a person sees.

    python benchmarks/variety.py [--seeds 20] [--picks 5] [--sheets FOLDER] [NAME ...]

A scripted person picks two works of each sheet (one of biomorphs), at random among those that are neither empty nor
noise. All measures are of the pictures at 128 px, and not those by which an artist chooses:

empty     the share of works of one tone, or of one gradient: a plane explains 98 % of all that varies
noise     the share of works whose neighbouring pixels have little in common (r < 0.5); not of line drawings
twins     the share of works that another one before them on the sheet resembles: |r| > 0.95 at 32 px
distance  the mean of √(1 - r²) over all pairs
good      the mean number of works of fifteen that are none of the three
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

import coevo
from coevo.images.sheets import contact_sheet
from coevo.interactive.commands import Command, Pick, Quit
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI

SHEETS: dict[str, dict[str, Any]] = {
    "sims": {"recipe": "sims"},
    "picbreeder": {"recipe": "picbreeder"},
    "evoeco": {"recipe": "evoeco"},
    "insects": {"recipe": "blind-watchmaker", "options": {"artist": {"start": "insect"}}},
    "trees": {"recipe": "blind-watchmaker"},
    "gp": {"artist": "gp", "critic": "human", "options": {"data": {"size": 128}}},
    "cppn-colour": {"artist": "cppn", "critic": "human", "options": {"data": {"size": 128, "channels": 3}}},
}
LINES = ("insects", "trees")  # drawings, whose lines fade when they are shrunk


def empty(images: Tensor) -> Tensor:
    """[N, C, H, W] → [N] bool."""
    side = torch.linspace(-1, 1, images.shape[-1])
    y, x = torch.meshgrid(side, side, indexing="ij")
    basis = torch.stack([torch.ones_like(x), x, y]).flatten(1)
    basis = basis / basis.norm(dim=1, keepdim=True)
    channels = images.flatten(2)
    rest = channels - (channels @ basis.T) @ basis
    varies = (channels - channels.mean(2, keepdim=True)).square().sum((1, 2))
    return (images.std((2, 3)).amax(1) < 0.1) | (rest.square().sum((1, 2)) < 0.02 * varies)


def noisy(images: Tensor) -> Tensor:
    """[N, C, H, W] → [N] bool: by the correlation of pixels with their neighbours, from 1 for what is smooth to 0."""
    steps = (images.diff(dim=2).square().mean((1, 2, 3)) + images.diff(dim=3).square().mean((1, 2, 3))) / 2
    varies = (images - images.mean((2, 3), keepdim=True)).square().mean((1, 2, 3))
    return 1 - steps / (2 * varies + 1e-9) < 0.5


def likeness(images: Tensor) -> Tensor:
    """|r| [N, N] of pictures at 32 px, up to the polarity of all channels; empty ones resemble each other."""
    small = avg_pool2d(images, images.shape[-1] // 32).flatten(1)
    small = small - small.mean(1, keepdim=True)
    small = small / (small.norm(dim=1, keepdim=True) + 1e-3)
    return (small @ small.T).abs().clamp(max=1)


def figures(images: Tensor, lines: bool) -> tuple[list[float], list[int]]:
    """The measures of one sheet, and the works to pick from."""
    nothing, like = empty(images), likeness(images)
    noise = torch.zeros_like(nothing) if lines else noisy(images) & ~nothing
    twin = (like.tril(-1) > 0.95).any(1) & ~nothing & ~noise
    n = len(images)
    apart = (1 - like.square()).sqrt()[*torch.tril_indices(n, n, -1)].mean()
    good = ~(nothing | noise | twin)
    choice = (~(nothing | noise)).nonzero().flatten().tolist() or list(range(n))
    return [float(some.float().mean()) for some in (nothing, noise, twin, apart)] + [float(good.sum()) * 15 / n], choice


class Person(UI):
    """Picks at random among the works that show something, and measures every sheet."""

    def __init__(self, seed: int, picks: int, lines: bool, folder: Path | None = None):
        self.random, self.left, self.lines, self.folder = random.Random(seed), picks, lines, folder
        self.measured: list[list[float]] = []

    def ask(self, sheet: Sheet) -> Command:
        images = sheet.works.pixels.cpu()
        found, choice = figures(images, self.lines)
        if self.folder:
            contact_sheet(images, columns=5, scale=1).save(self.folder / f"{len(self.measured)}.png")
        self.measured.append(found)
        if not self.left:
            return Quit()
        self.left -= 1
        return Pick(tuple(sorted(self.random.sample(choice, min(2, sheet.picks[1], len(choice))))))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(SHEETS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--picks", type=int, default=5)
    parser.add_argument("--sheets", type=Path, help="a folder for the sheets of the first seeds")
    given = parser.parse_args()
    print(f"{given.seeds} seeds\n{'':12} sheet  empty  noise  twins  distance  good of 15")
    for name in given.names:
        measured = []
        for seed in range(given.seeds):
            folder = given.sheets / name / str(seed) if given.sheets and seed < 3 else None
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            person = Person(seed, given.picks, name in LINES, folder)
            with tempfile.TemporaryDirectory() as runs:
                words = dict(SHEETS[name])
                options = {**words.pop("options", {}), "run": {"seed": seed}}
                coevo.run(words.pop("recipe", None), **words, options=options, name="sheets", runs_dir=runs, ui=person)
            measured.append(person.measured)
        means = np.mean(measured, axis=0)
        for sheet, row in enumerate(means):
            shares = "  ".join(f"{share:5.0%}" for share in row[:3])
            print(f"{name if not sheet else '':12} {sheet:5}  {shares}  {row[3]:8.2f}  {row[4]:10.1f}", flush=True)


if __name__ == "__main__":
    main()
