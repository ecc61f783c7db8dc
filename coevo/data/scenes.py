"""Landscapes by the number: a label map of six regions, and a picture that was painted by it. No two are alike, and no
file is read.

A scene is made of numbers in [0, 1] (`draws`), which give the map (`regions`), and with it the picture (`painted`). The
same numbers give the same scene at any size, and the sun in the map gives the time of the day in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from coevo.data.datasets import DataOptions, Dataset, reads
from coevo.data.derived import grey
from coevo.data.readers import Originals, Sums, checksums

REGIONS = ("sky", "sun", "hill", "sea", "tree", "house")
SKY, SUN, HILL, SEA, TREE, HOUSE = range(6)
TRAIN, TEST = 3000, 1000
NUMBERS = 48  # that describe a scene
GRAINS = (6, 16, 48)  # cells in a row of the noise of clouds, of hills and of leaves
TREES = 3
AT_ONCE = 250


@dataclass(frozen=True)
class Season:
    """The colours of a season, red, green and blue from 0 to 1."""

    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    hill: tuple[float, float, float]
    sea: tuple[float, float, float]
    tree: tuple[float, float, float]
    roof: tuple[float, float, float]


SUMMER = Season(
    (0.25, 0.5, 0.9), (0.75, 0.87, 1), (0.36, 0.6, 0.22), (0.1, 0.32, 0.6), (0.1, 0.36, 0.14), (0.7, 0.2, 0.14)
)
WINTER = Season(
    (0.55, 0.62, 0.72), (0.84, 0.86, 0.9), (0.93, 0.95, 1), (0.25, 0.36, 0.45), (0.36, 0.34, 0.36), (0.9, 0.92, 0.97)
)


@reads("split")
def scenes(options: DataOptions) -> Dataset:
    """3,000 summer landscapes and 1,000 others to test with, each made from a label map of six regions."""
    return _season(options, "scenes", SUMMER, salt=0)


@reads("split")
def winter(options: DataOptions) -> Dataset:
    """As many winter landscapes. None is a summer landscape in snow: the places are others."""
    return _season(options, "winter-scenes", WINTER, salt=1)


def _season(options: DataOptions, name: str, season: Season, salt: int) -> Dataset:
    parts = {"train": ((0, TRAIN),), "test": ((1, TEST),), "all": ((0, TRAIN), (1, TEST))}[options.split]
    numbers = torch.cat([draws(n, 2 * salt + part) for part, n in parts])
    pictures, maps = [], []
    for some in numbers.split(max(1, AT_ONCE * 64**2 // options.size**2)):  # whatever the size, as much memory
        found = regions(some, options.size)
        coloured = painted(some, found, season).mul_(255).round_().clamp_(0, 255).byte()
        pictures.append(grey(coloured) if options.channels == 1 else coloured)
        maps.append(found)
    side = (options.size, options.size)
    sums = Sums.of(checksums(numbers.numpy()))  # of what no processor rounds
    originals = Originals(side, side, sums=sums)
    return Dataset(name, torch.cat(pictures), originals=originals, given=torch.cat(maps), planes=REGIONS)


def draws(n: int, seed: int) -> Tensor:
    """The numbers [n, NUMBERS] of n scenes, uniform in [0, 1)."""
    return torch.rand(n, NUMBERS, generator=torch.Generator().manual_seed(seed))


def regions(numbers: Tensor, size: int) -> Tensor:
    """The region of every pixel, uint8 [N, 1, size, size], of scenes by their numbers [N, NUMBERS]."""
    x, y = _axes(size)
    u = numbers[:, :, None, None].unbind(1)
    found = torch.full((len(numbers), size, size), SKY, dtype=torch.uint8)

    def put(region: int, where: Tensor) -> None:
        found[where.expand_as(found)] = region

    across, up, radius = _sun(numbers)
    put(SUN, (x - across).square() + (y - up).square() < radius.square())
    horizon = 0.5 + 0.12 * u[3]
    ridge = horizon - 0.02 - 0.22 * u[4] * _waves(x, numbers[:, 5:9]).square()
    put(HILL, y > ridge)
    put(SEA, y > horizon)
    shore = _shore(x, numbers)
    put(HILL, y > shore)
    for tree in range(TREES):
        at = numbers[:, 20 + 4 * tree : 24 + 4 * tree, None, None].unbind(1)
        middle, height = 0.06 + 0.88 * at[0], 0.14 + 0.16 * at[1]
        foot = _shore(middle, numbers) + 0.02 + 0.1 * at[2]
        crown = ((x - middle) / (0.32 * height)).square() + ((y - foot + 0.68 * height) / (0.36 * height)).square() < 1
        trunk = ((x - middle).abs() < 0.07 * height) & (y < foot) & (y > foot - 0.5 * height)
        put(TREE, (crown | trunk) & (at[3] < 0.75))
    middle, wide, foot = _house(numbers)
    wall = ((x - middle).abs() < wide) & (y < foot) & (y > foot - 1.3 * wide)
    roof = (y <= foot - 1.3 * wide) & ((x - middle).abs() < 0.9 * (y - foot + 2.7 * wide))
    put(HOUSE, (wall | roof) & (u[36] < 0.8))
    return found[:, None]


def painted(numbers: Tensor, regions: Tensor, season: Season) -> Tensor:
    """Pictures [N, 3, size, size] in [0, 1] of scenes by their numbers [N, NUMBERS] and regions [N, 1, size, size]."""
    n, size = len(numbers), regions.shape[-1]
    x, y = (axis[:, None] for axis in _axes(size))
    u = numbers[:, :, None, None, None].unbind(1)
    noise = _noise(numbers, size)
    cloud, rough, fine = (noise[:, octave : octave + 1] for octave in range(3))
    across, up, _ = (value[:, None] for value in _sun(numbers))
    dusk = ((up - 0.1) / 0.24).clamp(0, 1)  # a low sun is red
    light = 1 - 0.35 * dusk
    zenith, horizon, hill, sea, tree, roof = (torch.tensor(colour)[:, None, None] for colour in vars(season).values())
    warm = torch.tensor([1.0, 0.55, 0.3])[:, None, None]
    low = torch.lerp(horizon, warm, 0.8 * dusk)
    sky = torch.lerp(torch.lerp(zenith, zenith * 0.55, dusk), low, (y / 0.55).clamp(0, 1))
    sky = torch.lerp(sky, torch.lerp(torch.ones(3, 1, 1), warm, dusk), 0.8 * ((cloud - 0.1) * 2.5).clamp(0, 1))
    glow = torch.tensor([1.0, 0.9, 0.55])[:, None, None] * (1 - 0.25 * dusk * torch.tensor([0.0, 1, 1])[:, None, None])
    ground = hill * light * (0.92 + 0.5 * rough + 0.35 * fine) * (0.7 + 0.6 * y)
    waves = torch.sin(90 * y / (0.3 + y) + 3 * rough + 6.28 * u[40]) * 0.06
    glint = (1 - ((x - across).abs() / 0.12)).clamp(0, 1) * (fine > 0.05) * 0.5
    water = torch.lerp(sea * light, low, 0.25 + glint) + waves
    leaves = tree * light * (1 + 1.3 * fine + 0.6 * rough)
    wall = torch.cat([0.85 + 0.1 * u[37], 0.78 + 0.14 * u[38], 0.62 + 0.2 * u[39]], 1) * light
    middle, wide, foot = (value[:, None] for value in _house(numbers))
    tiles = roof * light * (0.9 + 0.3 * torch.sin(140 * y))
    window = ((x - middle).abs() - 0.45 * wide).abs() < 0.2 * wide
    window = window & ((y - foot + 0.75 * wide).abs() < 0.25 * wide)
    dark = torch.tensor([0.2, 0.22, 0.3])[:, None, None]
    house = torch.where(y <= foot - 1.3 * wide, tiles, torch.where(window, torch.lerp(dark, warm, dusk), wall))
    layers = [part.expand(n, 3, size, size) for part in (sky, glow, ground, water, leaves, house)]
    return torch.stack(layers, 1).take_along_dim(regions[:, :, None].long().expand(-1, -1, 3, -1, -1), 1)[:, 0]


def _axes(size: int) -> tuple[Tensor, Tensor]:
    """x [1, 1, size] from left to right and y [1, size, 1] from top to bottom, in [0, 1]."""
    middles = (torch.arange(size) + 0.5) / size
    return middles[None, None, :], middles[None, :, None]


def _sun(numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where the sun stands, and its radius, [N, 1, 1] each."""
    u = numbers[:, :3, None, None].unbind(1)
    return 0.1 + 0.8 * u[0], 0.1 + 0.24 * u[1], 0.05 + 0.04 * u[2]


def _house(numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The middle of the house, half the width of its walls, and how far down they stand, [N, 1, 1] each."""
    u = numbers[:, 33:36, None, None].unbind(1)
    middle = 0.16 + 0.68 * u[0]
    return middle, 0.08 + 0.05 * u[1], _shore(middle, numbers) + 0.06 + 0.08 * u[2]


def _shore(x: Tensor, numbers: Tensor) -> Tensor:
    """Height of the near land at x."""
    return 0.72 + 0.1 * numbers[:, 10, None, None] + 0.07 * _waves(x, numbers[:, 12:16])


def _waves(x: Tensor, numbers: Tensor) -> Tensor:
    """A smooth line over x, about in [-1, 1], by four numbers [N, 4]."""
    a, b, c, d = numbers[:, :, None, None].unbind(1)
    return 0.65 * torch.sin(6.28 * ((0.6 + a) * x + b)) + 0.35 * torch.sin(6.28 * ((1.8 + 2 * c) * x + d))


def _noise(numbers: Tensor, size: int) -> Tensor:
    """Smooth noise of each grain, in [-0.5, 0.5], [N, 3, size, size]: a hash of the scene's last numbers and the cell,
    so that it needs no other random stream."""
    grains = []
    for grain, cells in enumerate(GRAINS):
        places = torch.arange(cells * cells, dtype=torch.float64)
        salt = numbers[:, NUMBERS - 1 - grain, None].double()
        hashed = (torch.sin((places + 1) * 12.9898 + salt * 78.233) * 43758.5453).frac().abs().float() - 0.5
        grid = hashed.view(-1, 1, cells, cells)
        grains.append(interpolate(grid, (size, size), mode="bilinear" if cells <= size else "area"))
    return torch.cat(grains, 1)
