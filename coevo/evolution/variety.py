"""Variety: a sheet to choose from shows no empty pictures, no noise and no twins.

All is computed by NumPy in one thread, so that the same works are chosen whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from torch import Tensor

T = TypeVar("T")
SKETCH = 64  # px of the side at which candidates are drawn
SIDE = 16  # px of the side at which pictures are compared
PLAIN = 0.1  # standard deviation, over a picture in [-1, 1], of one that shows nothing
NOISE = 0.3  # share of its variance that noise keeps, at most, where a picture shrinks to a quarter
TWINS = 0.4  # distance of twins at most
TRIES = 8  # rounds of candidates for the places that are free still
FIRST_TRIES = 100  # the same of random individuals, which are cheap


def draw_distinct(
    n: int,
    beside: Tensor,
    make: Callable[[int], Sequence[T]],
    draw: Callable[[Sequence[T]], Tensor],
    shows: Callable[[Tensor], np.ndarray],
) -> list[T]:
    """Make n individuals whose pictures show something and differ. What does not is replaced, but not for ever: the
    places that are free after `TRIES` rounds go to the candidates that differ most from all others.

    Args:
        n: how many.
        beside: pictures [K, C, H, W] of others on the same sheet; K may be 0.
        make: makes that many candidates.
        draw: pictures [N, C, H, W] in [-1, 1] of candidates.
        shows: whether each of some pictures shows something.
    """
    sheet, chosen, spare = Sheet(beside), list[T](), list[T]()
    for _ in range(TRIES):
        if len(chosen) == n:
            return chosen
        some = make(n - len(chosen))
        accepted = set(sheet.accept(images := draw(some), shows(images)))
        chosen += [one for index, one in enumerate(some) if index in accepted]
        spare += [one for index, one in enumerate(some) if index not in accepted]
    return chosen + [spare[index] for index in sheet.complete(n - len(chosen))]


def showing(n: int, make: Callable[[int], Sequence[T]], draw: Callable[[Sequence[T]], Tensor]) -> list[T]:
    """Make n individuals whose pictures show something; plain ones only if no others are found. Arguments as of
    `draw_distinct`."""
    found = list[T]()
    for _ in range(FIRST_TRIES):
        some = make(n - len(found))
        found += [one for one, shows in zip(some, varies(draw(some)).tolist(), strict=True) if shows]
        if len(found) == n:
            return found
    return [*found, *make(n - len(found))]


def distinct(images: Tensor, shows: np.ndarray) -> list[int]:
    """The indices of pictures [N, C, H, W] that show something ([N] bool), and are no twins of one before them."""
    return Sheet(images[:0]).accept(images, shows)


class Sheet:
    """Pictures on a sheet, and candidates that found no place on it.

    Args:
        images: the first pictures [K, C, H, W].
    """

    def __init__(self, images: Tensor):
        self.features = features(images) if len(images) else None
        self._spare: list[tuple[np.ndarray, np.ndarray]] = []  # features, and whether they show something

    def accept(self, images: Tensor, shows: np.ndarray) -> list[int]:
        """Place what shows something and is no twin, one after another; the indices of those."""
        vectors, accepted = features(images), list[int]()
        apart = self._distances(vectors)
        among = distances(vectors, vectors)
        for index in range(len(vectors)):
            if shows[index] and apart[index] > TWINS:
                accepted.append(index)
                apart = np.minimum(apart, among[index])
        self._add(vectors[accepted])
        rest = np.ones(len(vectors), bool)
        rest[accepted] = False
        self._spare.append((vectors[rest], shows[rest]))
        return accepted

    def complete(self, n: int) -> list[int]:
        """The n spare candidates, in the order in which they came, that are placed best: each the farthest from all
        on the sheet, empty ones last."""
        vectors, shows = (np.concatenate(some) for some in zip(*self._spare, strict=True))
        apart, placed = self._distances(vectors), list[int]()
        for _ in range(n):
            value = apart + shows
            value[placed] = -1
            placed.append(int(value.argmax()))
            apart = np.minimum(apart, distances(vectors, vectors[placed[-1:]])[:, 0])
        return placed

    def _add(self, vectors: np.ndarray) -> None:
        self.features = vectors if self.features is None else np.concatenate([self.features, vectors])

    def _distances(self, vectors: np.ndarray) -> np.ndarray:
        """The distance [N] of features from the nearest on the sheet; 1 if it is empty."""
        if self.features is None or not len(self.features):
            return np.ones(len(vectors))
        return np.asarray(distances(vectors, self.features).min(1))


def features(images: Tensor) -> np.ndarray:
    """What pictures [N, C, H, W] are compared by, [N, D]: shrunk, about their mean, of length 1."""
    small = shrunk(images.detach().cpu().numpy(), SIDE).reshape(len(images), -1)
    small = small - small.mean(1, keepdims=True)
    return small / (np.sqrt((small * small).sum(1, keepdims=True)) + 1e-6)


def distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """√(1 - r²) of features [N, D] and [M, D], [N, M]: 0 between pictures that differ in contrast or polarity at most,
    1 where they have nothing in common."""
    correlation = np.einsum("nd,md->nm", ones, others)  # by @ the sums would depend on the threads
    return np.asarray(np.sqrt(np.maximum(0, 1 - correlation * correlation)))


def varies(images: Tensor) -> np.ndarray:
    """Whether pictures [N, C, H, W] show more than one tone: [N] bool."""
    return np.asarray(images.detach().cpu().numpy().std((2, 3)).max(1) > PLAIN)


def is_noise(images: Tensor) -> np.ndarray:
    """Whether most of what pictures [N, C, H, W] show is lost when they shrink to a quarter: [N] bool."""
    pixels = images.detach().cpu().numpy()
    kept, all = (some.var((2, 3)).sum(1) for some in (shrunk(pixels, max(1, pixels.shape[-1] // 4)), pixels))
    return np.asarray(kept < NOISE * all)


def shrunk(pixels: np.ndarray, side: int) -> np.ndarray:
    """[N, C, H, W] → [N, C, side, side] by the means of areas; what is over at two edges is left out."""
    n, channels, *sides = pixels.shape
    height, width = (max(1, length // side) for length in sides)
    areas = pixels[..., : side * height, : side * width].reshape(n, channels, -1, height, min(side, sides[1]), width)
    return np.asarray(areas.mean((3, 5)))
