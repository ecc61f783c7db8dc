"""What the pictures of a dataset were before they were resized."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

LOOKED_AT = 32  # pictures that are searched for colour
READ_MB = 256  # of pictures in memory that are summed; of more, evenly spaced ones
Size = tuple[int, int]


class Sums(NamedTuple):
    """The number of pictures that differ from each other, of those that were summed, and a CRC-32 over them all."""

    different: int
    crc: int

    @classmethod
    def of(cls, checksums: np.ndarray) -> Sums:
        """The sums of pictures by the checksum of each, uint32."""
        return cls(len(np.unique(checksums)), zlib.crc32(checksums.astype("<u4").tobytes()))


class Originals(NamedTuple):
    """Width and height in pixels of the smallest and the largest original, whether all are square, sums of them, and
    whether they are in colour as far as some of them show.

    The sums are the same on every machine; those of resized pictures are not, since processors round differently.
    """

    smallest: Size
    largest: Size
    square: bool = True
    sums: Sums | None = None
    colour: bool = False

    @classmethod
    def of(cls, sizes: Iterable[Size], sums: Sums | None = None, colour: bool = False) -> Originals:
        """The originals of at least one picture, by their widths and heights."""
        by_area = sorted(set(sizes), key=lambda size: (size[0] * size[1], size))
        return cls(by_area[0], by_area[-1], all(width == height for width, height in by_area), sums, colour)

    @classmethod
    def of_arrays(cls, *arrays: np.ndarray) -> Originals:
        """The originals of pictures that are arrays [N, H, W, …]."""
        sizes = [(array.shape[2], array.shape[1]) for array in arrays]
        colour = any(has_colour(array[spaced(len(array), LOOKED_AT)]) for array in arrays if array.ndim == 4)
        return cls.of(sizes, Sums.of(np.concatenate([checksums(array) for array in arrays])), colour)

    def beside(self, others: Originals | None) -> Originals | None:
        """The same, with sums of these and of others; None if the sums of either are unknown."""
        if not self.sums or not others or not others.sums:
            return None
        mixed = Sums(self.sums.different, zlib.crc32(str(others.sums.crc).encode(), self.sums.crc))
        return self._replace(sums=mixed)

    def resized(self, side: int) -> str:
        """What becomes of them as pictures of that side: "8 × 8 px enlarged to 32 × 32"."""
        span = " to ".join(f"{width} × {height}" for width, height in dict.fromkeys((self.smallest, self.largest)))
        if self.smallest == self.largest == (side, side):
            return f"{span} px"
        grown, shrunk = min(self.smallest) < side, min(self.largest) > side
        verb = "resized" if grown == shrunk else "enlarged" if grown else "reduced"
        return f"{span} px {'' if self.square else 'cropped and '}{verb} to {side} × {side}"


def has_colour(pixels: np.ndarray) -> bool:
    """Whether the channels of pictures […, C] differ anywhere."""
    return bool((pixels != pixels[..., :1]).any())


def spaced(n: int, some: int) -> np.ndarray:
    """Up to `some` numbers below n, evenly spaced, from the first to the last."""
    return np.linspace(0, n - 1, min(n, some)).astype(np.int64)


def checksums(pictures: np.ndarray) -> np.ndarray:
    """A checksum uint32 of each picture [N, …], or of evenly spaced ones where they are too many to be read."""
    some = min(len(pictures), max(1, READ_MB * 2**20 // max(1, pictures[0].nbytes)))
    places = spaced(len(pictures), some)
    return np.fromiter((zlib.crc32(np.ascontiguousarray(pictures[place]).data) for place in places), np.uint32, some)
