"""The measures by which a critic written in HERCL sees pictures: 19 of grey ones, 33 of those in colour.

| measure                  | what it is                                                                               |
|--------------------------|------------------------------------------------------------------------------------------|
| lightness, saturation, hue | mean and standard deviation, in [0, 1]; of grey pictures the lightness alone           |
| entropy                  | of the 256 tones, relative to that of noise                                              |
| edges                    | mean and standard deviation of the length of Sobel's gradient; 1 is black beside white   |
| patches                  | regions of one of four clusters of tones that cover more than 1 %, relative to five      |
| patch 1 to 5             | mean lightness, saturation and hue, and share of the picture, of the five largest; 0 for |
|                          | those that are not there                                                                 |
| convexity                | share of the picture in patches that fill 80 % of their convex hull or more              |
| corners                  | mean strength of Harris' corners relative to the strongest, and √ of their share         |

Machine code does it if it was built (`coevo/native/picture_measures.c`), else NumPy, with equal results.

Reference: Vickers, Soderlund & Blair, Co-evolving line drawings with hierarchical evolution, 2017; Datta et al.,
Studying aesthetics in photographic images using a computational approach, 2006, for patches and convexity.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import log, sqrt

import numpy as np
import torch
from torch import Tensor

from coevo.extras import needed
from coevo.native import address
from coevo.native.threads import in_threads, parts
from coevo_hercl.machine import machine_code

SMALLEST = 8  # px of a side
TONES, CLUSTERS, PATCHES, ROUNDS = 256, 4, 5, 16
FINE = 16  # parts of a unit in which lengths of gradients are counted
SHIFT, WHOLE = 20, 65535  # binary places that responses of corners lose, and the largest one, as in machine code


def names(channels: int) -> list[str]:
    """The names of the columns of `measured`, such as patch-1-lightness."""
    planes = ("lightness",) if channels == 1 else ("lightness", "saturation", "hue")
    numbers = range(1, PATCHES + 1)
    return [
        *(f"{plane}-{moment}" for plane in planes for moment in ("mean", "deviation")),
        *("entropy", "edges-mean", "edges-deviation", "patches"),
        *(f"patch-{number}-{plane}" for number in numbers for plane in planes),
        *(f"patch-{number}-size" for number in numbers),
        *("convexity", "corners-strength", "corners-share"),
    ]


@torch.no_grad()
def measured(images: Tensor, threads: int = 1) -> Tensor:
    """Every measure of every picture.

    Args:
        images: [N, C, H, W] in [-1, 1]; C is 1 or 3, H and W at least 8 px.
        threads: that measure; their number changes nothing.

    Returns:
        [N, F] float32 on the CPU, F = 19 or 33; `names` says which column is what.

    Raises:
        ValueError: pictures have another shape.
        MemoryError: there is not enough memory.

    Example:
        >>> row = measured(torch.ones(1, 1, 32, 32))[0]
        >>> {name: value for name, value in zip(names(1), row.tolist()) if value}
        {'lightness-mean': 1.0, 'patches': 0.2..., 'patch-1-lightness': 1.0, 'patch-1-size': 1.0, 'convexity': 1.0}
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or min(images.shape[2:]) < SMALLEST:
        raise ValueError(
            f"measured() takes pictures [N, 1 or 3, H, W] of {SMALLEST} px or more, not {list(images.shape)}"
        )
    pixels = ((images.float().cpu() + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8).contiguous().numpy()
    found = np.empty((len(pixels), len(names(images.shape[1]))), np.float32)

    def measure(some: slice) -> None:
        library, of = machine_code(), pixels[some]
        if library is None:
            for n, picture in enumerate(of, some.start):
                found[n] = measured_by_numpy(picture)
        elif not library.coevo_measure_pictures(address(of), *of.shape, found.shape[1], address(found[some])):
            raise MemoryError("there is no memory to measure pictures; make them smaller")

    in_threads((partial(measure, some) for some in parts(len(pixels), threads)), threads)
    return torch.from_numpy(found)


# the same by NumPy


def measured_by_numpy(picture: np.ndarray) -> np.ndarray:
    """The measures [F] of one picture, uint8 [C, H, W]."""
    grey, planes = _planes(picture.astype(np.int64))
    half, half_planes = _half(grey), [_half(plane) for plane in planes]
    found = [part for plane in planes for part in _moments(plane, 255)]
    found.append(_entropy(grey))
    across, down = _gradient(grey)
    length = (np.sqrt((across**2 + down**2).astype(np.float32)) * FINE + np.float32(0.5)).astype(np.int64)
    found += _moments(length, FINE * 4 * 255)
    found += [*_patches(half, half_planes), *_corners(across, down)]
    return np.array(found, np.float32)


def _planes(picture: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Grey; and lightness, saturation and hue, or lightness alone: [H, W] from 0 to 255 each."""
    if len(picture) == 1:
        return picture[0], [picture[0]]
    red, green, blue = picture
    high, low = picture.max(0), picture.min(0)
    chroma, both = high - low, high + low
    room = np.where(both <= 255, both, 510 - both).clip(1)
    some = chroma.clip(1)
    way = np.where(
        high == red, green - blue, np.where(high == green, blue - red + 2 * chroma, red - green + 4 * chroma)
    )
    hue = (512 * (way % (6 * some)) + 6 * some) // (12 * some) % 256
    saturation = (510 * chroma + room) // (2 * room)
    return (299 * red + 587 * green + 114 * blue + 500) // 1000, [(both + 1) // 2, saturation, hue * (chroma > 0)]


def _half(plane: np.ndarray) -> np.ndarray:
    """A plane at half its size: every pixel is the mean of four."""
    height, width = plane.shape[0] // 2, plane.shape[1] // 2
    fours = plane[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    half: np.ndarray = (fours.sum((1, 3)) + 2) >> 2
    return half


def _moments(whole: np.ndarray, unit: int) -> list[float]:
    """Mean and standard deviation of whole numbers."""
    mean = int(whole.sum()) / whole.size
    return [mean / unit, sqrt(max(0.0, int((whole**2).sum()) / whole.size - mean * mean)) / unit]


def _entropy(grey: np.ndarray) -> float:
    shares = [count / grey.size for count in np.bincount(grey.ravel(), minlength=TONES).tolist()]
    return -sum(share * log(share) for share in shares if share) / log(TONES)


def _gradient(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sobel's, beyond the border is the border again."""
    x = np.pad(grey, 1, "edge")
    smooth = x[:-2] + 2 * x[1:-1] + x[2:]
    across = smooth[:, 2:] - smooth[:, :-2]
    smooth = x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]
    return across, smooth[2:] - smooth[:-2]


def _corners(across: np.ndarray, down: np.ndarray) -> tuple[float, float]:
    """Mean strength of corners, and √ of the share of pixels in them (Harris & Stephens 1988, k = 1/25)."""

    def window(products: np.ndarray) -> np.ndarray:
        padded = np.pad(products, ((1, 0), (1, 0)), "edge")
        summed: np.ndarray = padded[1:, 1:] + padded[1:, :-1] + padded[:-1, 1:] + padded[:-1, :-1]
        return summed

    a, b, c = window(across**2), window(across * down), window(down**2)
    response = (25 * (a * c - b * b) - (a + c) ** 2) >> SHIFT
    most = int(response.max())
    if most <= 0:
        return 0.0, 0.0
    strong = response[255 * response > 90 * most]
    strength = int((strong * WHOLE // most).sum()) / (len(strong) * WHOLE)
    return strength, sqrt(len(strong) / response.size)


def _patches(grey: np.ndarray, planes: list[np.ndarray]) -> list[float]:
    cluster, found, convex = _clusters(grey), list[tuple[int, int, np.ndarray]](), 0
    measure = needed("skimage.measure", "photographs", "Critic 'hercl'")
    labels = measure.label(cluster, background=-1, connectivity=1)
    areas = np.bincount(labels.ravel())
    for number in np.flatnonzero(200 * areas > grey.size).tolist():
        area, inside = int(areas[number]), labels == number
        rows = inside.any(1)
        convex += area * (10 * area >= 4 * _hull_area(inside[rows]))  # Datta et al. 2006, f56
        if 100 * area > grey.size:
            found.append((-area, int(inside.ravel().argmax()), inside))
    largest = sorted(found, key=lambda one: one[:2])[:PATCHES]
    none = [0.0] * (PATCHES - len(largest))
    tones = [int(plane[inside].sum()) / (-255.0 * area) for area, _, inside in largest for plane in planes]
    sizes = [-area / grey.size for area, _, _ in largest]
    return [len(largest) / PATCHES, *tones, *(none * len(planes)), *sizes, *none, convex / grey.size]


def _clusters(grey: np.ndarray) -> np.ndarray:
    """The cluster of every pixel, by Lloyd's k-means on the histogram; the first means are spread over its range."""
    counts = np.bincount(grey.ravel(), minlength=TONES)
    tones = np.arange(TONES)
    low, high = int(grey.min()), int(grey.max())
    means = [low + (high - low) * (2 * k + 1) / (2.0 * CLUSTERS) for k in range(CLUSTERS)]
    of = np.zeros(TONES, np.int64)
    for _ in range(ROUNDS):
        of = np.abs(tones[:, None] - np.array(means)).argmin(1)
        before = list(means)
        for k in range(CLUSTERS):
            if number := int(counts[of == k].sum()):
                means[k] = int((counts * tones)[of == k].sum()) / number
        if means == before:
            break
    of_pixels: np.ndarray = of[grey]
    return of_pixels


def _hull_area(inside: np.ndarray) -> int:
    """Twice the area of the convex hull of pixels [H, W] bool, by their corners row by row (Andrew 1979)."""
    rows, width = range(len(inside)), inside.shape[1]
    left = inside.argmax(1).tolist()
    right = (width - inside[:, ::-1].argmax(1)).tolist()
    twice = 0
    for xs, sign in ((left, -1), (right, 1)):
        chain: list[tuple[int, int]] = []
        for x, y in ((xs[row], row + lower) for row in rows for lower in (0, 1)):
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2:]
                if sign * ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) > 0:  # it bends the right way
                    break
                chain.pop()
            chain.append((x, y))
        twice += sign * sum((ax + bx) * (by - ay) for (ax, ay), (bx, by) in pairwise(chain))
    return twice
