"""Novelty: what differs from all that was shown has a place on the next sheet (novelty search, Lehman & Stanley 2011).

Pictures are compared by features of images that a person sees at a glance: tones, layout, detail, symmetry. All is
computed by NumPy in one thread, so that the same works are chosen whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from coevo.coevolution.archive import Archive
from coevo.evolution.variety import shrunk

T = TypeVar("T")
SHOWN = 100  # works that are remembered, a fair sample of all
NEIGHBOURS = 5  # whose mean distance is the novelty of a work
CANDIDATES = 3  # for each place
SIDE = 32  # px of the side at which pictures are compared
LAYOUT = 4  # areas along a side
SAME = 1e-3  # distance of pictures that are the same, at most


class NoveltySearch:
    """Remembers what was shown, and chooses what is farthest from it. It is part of an artist's state like a module."""

    def __init__(self) -> None:
        self.shown = Archive(SHOWN)

    def remember(self, images: Tensor) -> None:
        """Add pictures [N, C, H, W] that were shown, of the size at which candidates will be drawn."""
        self.shown.add(features=torch.from_numpy(features(images)))

    def choose(
        self,
        n: int,
        beside: Tensor,
        make: Callable[[int], Sequence[T]],
        draw: Callable[[Sequence[T]], Tensor],
        shows: Callable[[Tensor], np.ndarray],
    ) -> list[T]:
        """The n most novel of several candidates, each farthest from all that were shown, or chosen before it.

        Args:
            n: how many.
            beside: pictures [K, C, H, W] of the others on the next sheet.
            make: makes that many candidates.
            draw: pictures [N, C, H, W] in [-1, 1] of candidates.
            shows: whether each of some pictures shows something; others are chosen last.
        """
        candidates = make(n * CANDIDATES)
        images = draw(candidates)
        known = [features(beside)] if len(beside) else []
        known += [self.shown["features"].cpu().numpy()] if len(self.shown) else []
        chosen = most_novel(features(images), np.concatenate(known) if known else None, n, shows(images))
        return [candidates[index] for index in chosen]

    def state_dict(self) -> dict[str, object]:
        return self.shown.state_dict()

    def load_state_dict(self, state: dict[str, object]) -> None:
        self.shown.load_state_dict(state)


def most_novel(candidates: np.ndarray, known: np.ndarray | None, n: int, shows: np.ndarray) -> list[int]:
    """The indices of the n candidates with the greatest novelty: the mean distance to the nearest of those known, and
    of those chosen before.

    Args:
        candidates: features [N, D].
        known: features [M, D]; None if nothing is known.
        n: how many; no more than there are.
        shows: [N] bool: what shows nothing, or equals what is known, is chosen only if nothing else is left.

    Example:
        >>> most_novel(np.array([[0.0], [5.0], [5.1], [-3.0]]), np.array([[0.0], [1.0]]), 2, np.ones(4, bool))
        [2, 3]
    """
    chosen: list[int] = []
    nearest = np.empty((len(candidates), 0))
    others = candidates[:0] if known is None else known
    for _ in range(n):
        nearest = np.sort(np.concatenate([nearest, distances(candidates, others)], 1), 1)[:, :NEIGHBOURS]
        new = shows & (nearest[:, :1] > SAME).all(1)
        value = new + (np.tanh(nearest.mean(1)) if nearest.shape[1] else 0)
        value[chosen] = -1
        chosen.append(int(value.argmax()))
        others = candidates[chosen[-1:]]
    return chosen


def distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Euclidean distances [N, M] of features [N, D] and [M, D]."""
    apart = ones[:, None] - others[None]
    return np.asarray(np.sqrt(np.einsum("nmd,nmd->nm", apart, apart)))


def features(images: Tensor) -> np.ndarray:
    """Features of pictures [N, C, H, W], [N, D] float32; each group counts alike.

    tones     the mean and the standard deviation of every channel
    layout    the means of areas about the picture's
    detail    the standard deviation of what is lost at each halving of the side
    symmetry  the correlation of a picture with its mirror images
    """
    pixels = shrunk(images.detach().cpu().numpy(), SIDE).astype(np.float64)
    means = pixels.mean((2, 3), keepdims=True)
    rest = pixels - means
    tones = np.concatenate([means[..., 0, 0], rest.std((2, 3))], 1)
    layout = shrunk(rest, LAYOUT).reshape(len(pixels), -1)
    detail, whole = [], pixels
    while whole.shape[-1] % 2 == 0 and whole.shape[-2] % 2 == 0 and whole.shape[-1] > 2:
        half = shrunk(whole, whole.shape[-1] // 2)
        detail.append((whole - half.repeat(2, 2).repeat(2, 3)).std((1, 2, 3)))
        whole = half
    energy = np.square(rest).sum((1, 2, 3)) + 1e-6
    symmetry = np.stack([(rest * np.flip(rest, axis)).sum((1, 2, 3)) / energy for axis in (2, 3)], 1)
    groups = [tones, layout, *([np.stack(detail, 1)] if detail else []), symmetry]
    return np.concatenate([some / np.sqrt(some.shape[1]) for some in groups], 1).astype(np.float32)
