"""A label map that a person paints: brush, lines, fill, undo. It knows nothing of screens."""

from __future__ import annotations

import numpy as np

from coevo.errors import ConfigError

MOST_UNDONE = 200  # strokes


class Painting:
    """A label map under work.

    Args:
        numbers: of the regions, uint8 [H, W]; they are copied.
        regions: how many there are.

    Raises:
        ConfigError: the map has no pixels, or a number that is no region's.

    Example:
        >>> painting = Painting(np.zeros((3, 5), np.uint8), regions=2)
        >>> painting.stroke(1).line((0, 1), (4, 1))
        >>> painting.numbers.tolist()
        [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]
        >>> painting.undo(), int(painting.numbers.max())
        (True, 0)
    """

    def __init__(self, numbers: np.ndarray, regions: int):
        if numbers.ndim != 2 or not numbers.size or int(numbers.max()) >= regions:
            raise ConfigError(f"A label map is [H, W] with numbers below {regions}, not {numbers.shape}.")
        self.numbers = numbers.astype(np.uint8)
        self.regions = regions
        self._before: list[np.ndarray] = []
        self._after: list[np.ndarray] = []

    @property
    def height(self) -> int:
        return len(self.numbers)

    @property
    def width(self) -> int:
        return self.numbers.shape[1]

    def stroke(self, region: int, width: int = 1) -> Stroke:
        """Begin a stroke, which one undo takes back as a whole.

        Args:
            region: what it paints.
            width: of the brush, in pixels.
        """
        self._remember()
        return Stroke(self, region, width)

    def fill(self, at: tuple[int, int], region: int) -> None:
        """Fill the connected pixels of one region around a pixel (x, y), which touch by their sides."""
        x, y = at
        same = self.numbers == self.numbers[y, x]
        reached, grown = np.zeros_like(same), np.zeros_like(same)
        grown[y, x] = True
        while (grown != reached).any():
            reached = grown.copy()
            grown[1:] |= reached[:-1]
            grown[:-1] |= reached[1:]
            grown[:, 1:] |= reached[:, :-1]
            grown[:, :-1] |= reached[:, 1:]
            grown &= same
        self._change(np.where(reached, np.uint8(region), self.numbers))

    def cover(self, numbers: np.ndarray | int) -> None:
        """Replace the whole map: by another one, or by one region."""
        self._change(np.broadcast_to(np.asarray(numbers, np.uint8), self.numbers.shape).copy())

    def undo(self) -> bool:
        """Take the last change back; False if there is none."""
        return self._go(self._before, self._after)

    def redo(self) -> bool:
        """Do again what was taken back last; False if there is nothing."""
        return self._go(self._after, self._before)

    def _go(self, source: list[np.ndarray], target: list[np.ndarray]) -> bool:
        if not source:
            return False
        target.append(self.numbers)
        self.numbers = source.pop()
        return True

    def _change(self, numbers: np.ndarray) -> None:
        if (numbers != self.numbers).any():
            self._remember()
            self.numbers = numbers

    def _remember(self) -> None:
        self._before = [*self._before[1 - MOST_UNDONE :], self.numbers.copy()]
        self._after = []


class Stroke:
    """A stroke of the brush, from one pixel to the next."""

    def __init__(self, painting: Painting, region: int, width: int):
        self._painting, self._region, self._width = painting, region, width

    def line(self, start: tuple[int, int], stop: tuple[int, int]) -> None:
        """Paint all pixels (x, y) whose centre is under the brush on its way; what lies outside is cut off."""
        numbers = self._painting.numbers
        y, x = np.mgrid[: numbers.shape[0], : numbers.shape[1]].astype(np.float32)
        dx, dy = stop[0] - start[0], stop[1] - start[1]
        length = dx * dx + dy * dy
        along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / length, 0, 1) if length else 0.0
        far = np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)
        numbers[far <= self._width / 2] = self._region  # a brush of one pixel reaches half a pixel
