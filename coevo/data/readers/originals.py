"""What the pictures of a dataset were before they were resized."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Size = tuple[int, int]


class Originals(NamedTuple):
    """Width and height in pixels of the smallest and the largest original, and whether all are square."""

    smallest: Size
    largest: Size
    square: bool = True

    @classmethod
    def of(cls, sizes: Sequence[Size]) -> Originals:
        """The originals of at least one picture, by their widths and heights."""
        by_area = sorted(set(sizes), key=lambda size: (size[0] * size[1], size))
        return cls(by_area[0], by_area[-1], all(width == height for width, height in by_area))

    def resized(self, side: int) -> str:
        """What becomes of them as pictures of that side: "8 × 8 px enlarged to 32 × 32"."""
        span = " to ".join(f"{width} × {height}" for width, height in dict.fromkeys((self.smallest, self.largest)))
        if self.smallest == self.largest == (side, side):
            return f"{span} px"
        grown, shrunk = min(self.smallest) < side, min(self.largest) > side
        verb = "resized" if grown == shrunk else "enlarged" if grown else "reduced"
        return f"{span} px {'' if self.square else 'cropped and '}{verb} to {side} × {side}"
