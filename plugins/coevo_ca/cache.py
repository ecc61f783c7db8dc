"""A cache of pictures that are long to grow."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)


class PictureCache(Generic[K]):
    """Pictures by what they are grown from. Those that were used last are kept.

    Args:
        limit: bytes of what is kept, at most.

    Example:
        >>> cache = PictureCache(limit=16)
        >>> def grow(sides):
        ...     print("grown:", *sides)
        ...     return [np.zeros(side, np.float32) for side in sides]
        >>> for sides in ([1, 2], [1, 1], [2, 3], [3, 1]):
        ...     pictures = cache(sides, grow)
        grown: 1 2
        grown: 3
        grown: 1
    """

    def __init__(self, limit: int):
        self.limit, self.size = limit, 0
        self._pictures: dict[K, np.ndarray] = {}  # the one that was used last is the last

    def __call__(self, keys: Sequence[K], grow: Callable[[list[K]], Sequence[np.ndarray]]) -> list[np.ndarray]:
        """The picture of each key; `grow` makes those that are not kept."""
        wanted = dict.fromkeys(keys)
        new = [key for key in wanted if key not in self._pictures]
        made = dict(zip(new, grow(new), strict=True)) if new else {}
        used = {key: made[key] if key in made else self._pictures.pop(key) for key in wanted}
        self._pictures |= used
        self.size += sum(picture.nbytes for picture in made.values())
        while self.size > self.limit:
            self.size -= self._pictures.pop(next(iter(self._pictures))).nbytes
        return [used[key] for key in keys]
