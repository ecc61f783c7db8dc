"""Selection: who lives on and who reproduces, by the scores of a population. Draws are Python's global ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

Pair = tuple[int, int]


class Selection(NamedTuple):
    """Indices of the individuals that live on, and of the parents whose offspring take the other places."""

    elites: list[int]
    pairs: list[Pair]


def ranks(scores: Tensor) -> Tensor:
    """Ranks [N] in [0, 1] of scores [N], the highest 1; selection uses ranks, as a reward's scale means nothing.

    Equal scores share their mean rank.

    Example:
        >>> import torch
        >>> ranks(torch.tensor([30.0, -1.0, 7.0])).tolist()
        [1.0, 0.0, 0.5]
        >>> ranks(torch.tensor([3.0, 9.0, 3.0])).tolist()
        [0.25, 1.0, 0.25]
    """
    _, places, counts = scores.unique(return_inverse=True, return_counts=True)
    means = counts.cumsum(0) - (counts + 1) / 2
    return means[places] / max(1, len(scores) - 1)


def elites(scores: Sequence[float], candidates: Sequence[int], n: int) -> list[int]:
    """The n best of the candidates (indices), the best first; equals have equal chances.

    Example:
        >>> elites([0.1, 0.9, 0.5], range(3), 2)
        [1, 2]
    """
    shuffled = random.sample(candidates, len(candidates))
    return sorted(shuffled, key=scores.__getitem__, reverse=True)[:n]


def tournament(scores: Sequence[float], candidates: Sequence[int], size: int, n: int) -> list[int]:
    """The winners of n tournaments, each the best of `size` candidates drawn with replacement; of equals the one that
    was drawn first."""
    draws = np.frombuffer(random.randbytes(4 * n * size), "<u4").reshape(n, size)
    rivals = np.asarray(candidates, np.int64)[draws.astype(np.int64) * len(candidates) >> 32]
    winners = np.asarray(scores, np.float64)[rivals].argmax(1)
    chosen: list[int] = rivals[np.arange(n), winners].tolist()
    return chosen


def mating_pairs(scores: Sequence[float], candidates: Sequence[int], size: int, n: int) -> list[Pair]:
    """n pairs of parents, each parent the winner of a tournament."""
    winners = tournament(scores, candidates, size, 2 * n)
    return list(zip(winners[::2], winners[1::2], strict=True))
