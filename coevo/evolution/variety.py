"""Variety: a sheet to choose from shows no empty pictures, no noise and no twins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from torch import Tensor

from coevo.images.rendering import thumbnails

T = TypeVar("T")
SKETCH = 64  # px of the side at which candidates are drawn
SIDE = 16  # px of the side at which pictures are compared
PLAIN = 0.1  # standard deviation, over a picture in [-1, 1], of one that shows nothing
NOISE = 0.3  # share of its variance that noise keeps, at most, where a picture shrinks to a quarter
TWINS = 0.4  # distance of twins at most
TRIES = 6  # rounds of candidates for the places that are free still


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
    chosen: list[T] = []
    spare: list[tuple[T, np.ndarray, bool]] = []
    faces = list(features(beside)) if len(beside) else []
    for _ in range(TRIES):
        if len(chosen) == n:
            break
        some = make(n - len(chosen))
        images = draw(some)
        for one, face, good in zip(some, features(images), shows(images).tolist(), strict=True):
            if good and nearest(face, faces) > TWINS:
                chosen.append(one)
                faces.append(face)
            else:
                spare.append((one, face, good))
    while len(chosen) < n:
        best = max(range(len(spare)), key=lambda i: (spare[i][2], nearest(spare[i][1], faces)))
        one, face, _ = spare.pop(best)
        chosen.append(one)
        faces.append(face)
    return chosen


def distinct(images: Tensor, shows: Callable[[Tensor], np.ndarray]) -> list[int]:
    """The indices of pictures [N, C, H, W] that show something, and are no twins of one before them."""
    chosen: list[int] = []
    faces: list[np.ndarray] = []
    for index, (face, good) in enumerate(zip(features(images), shows(images).tolist(), strict=True)):
        if good and nearest(face, faces) > TWINS:
            chosen.append(index)
            faces.append(face)
    return chosen


def features(images: Tensor) -> np.ndarray:
    """What pictures [N, C, H, W] are compared by, [N, C·16·16]: shrunk, about their mean, of length 1.

    In NumPy, which adds in the same order whatever the number of threads.
    """
    small = thumbnails(images.detach().cpu(), SIDE).numpy()
    small = small - small.mean(1, keepdims=True)
    return small / (np.sqrt((small * small).sum(1, keepdims=True)) + 1e-6)


def nearest(face: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """The distance √(1 - r²) of features from the nearest of others, up to polarity: 0 is the same picture, and 1 has
    nothing in common; infinite if there are no others."""
    if not others:
        return float("inf")
    correlation = (np.stack(others) * face).sum(1)
    return float(np.sqrt(max(0.0, 1 - float((correlation * correlation).max()))))


def varies(images: Tensor) -> np.ndarray:
    """Whether pictures [N, C, H, W] show more than one tone: [N] bool."""
    return np.asarray(images.detach().cpu().numpy().std((2, 3)).max(1) > PLAIN)


def is_noise(images: Tensor) -> np.ndarray:
    """Whether most of what pictures [N, C, H, W] show is lost when they shrink to a quarter: [N] bool."""
    images = images.detach().cpu()
    n, channels, height, _ = images.shape
    small = thumbnails(images, max(1, height // 4)).numpy().reshape(n, channels, -1)
    return np.asarray(small.var(2).sum(1) < NOISE * images.numpy().var((2, 3)).sum(1))
