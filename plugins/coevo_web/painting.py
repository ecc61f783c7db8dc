"""Label maps that are painted on the page, and the pictures that a run's artist makes of them.

It is `coevo paint` for the browser: the same model of strokes and fills, the same painter, and the same file in the
run's folder, so that one goes on where the other stopped.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from threading import Lock
from typing import Any, Literal

from coevo.errors import ConfigError
from coevo.interactive.painting import Painting
from coevo.storage.run_folder import RunFolder
from coevo.tools.paint import Painter, Style
from coevo_web.jobs import PLAYERS
from coevo_web.pictures import Pictures

Point = tuple[int, int]
LARGEST_BRUSH = 65  # px


class LabelMap:
    """The label map of one run, as it is painted.

    Args:
        run: its folder.
        pictures: where pictures are kept.

    Raises:
        ConfigError: the run's artist is given no label maps.
    """

    def __init__(self, run: RunFolder, pictures: Pictures):
        self.pictures, self._lock = pictures, Lock()
        with PLAYERS:
            self.painter = Painter(run)
            numbers, self.style = self.painter.kept() or (self.painter.blank(), Style())
        self.painting = Painting(numbers, len(self.painter.regions))
        self._picture = self._draw()

    def state(self) -> dict[str, Any]:
        """What a page shows."""
        known = zip(self.painter.regions, self.painter.colours.tolist(), strict=True)
        return {
            "regions": [{"name": name, "colour": colour} for name, colour in known],
            "width": self.painting.width,
            "height": self.painting.height,
            "numbers": base64.b64encode(self.painting.numbers.tobytes()).decode(),
            "picture": self._picture,
            "seed": self.style.seed,
            "style": self.style.name,
        }

    def stroke(self, region: int, width: int, points: Sequence[Point]) -> dict[str, Any]:
        """Draw a line through points (x, y)."""
        self._check(region, *points)
        with self._lock:
            stroke = self.painting.stroke(region, width)
            for start, stop in zip(points, points[1:] or points, strict=False):
                stroke.line(start, stop)
            return self._changed()

    def fill(self, region: int, at: Point) -> dict[str, Any]:
        """Fill the area around a pixel."""
        self._check(region, at)
        with self._lock:
            self.painting.fill(at, region)
            return self._changed()

    def cover(self, region: int) -> dict[str, Any]:
        """Replace the whole map by one region."""
        self._check(region)
        with self._lock:
            self.painting.cover(region)
            return self._changed()

    def go(self, way: Literal["undo", "redo"]) -> dict[str, Any]:
        """Take the last change back, or do it again."""
        with self._lock:
            moved = self.painting.undo() if way == "undo" else self.painting.redo()
            return self._changed() if moved else self.state() | {"note": f"There is nothing to {way}."}

    def restyle(self, seed: int) -> dict[str, Any]:
        """Draw in the style of a seed."""
        with self._lock:
            self.style = Style(seed)
            return self._changed()

    def file(self) -> bytes:
        """The picture as a PNG, which carries the map and the style."""
        with self._lock, PLAYERS:
            return self.painter.content(self.painting.numbers, self.style)

    def _changed(self) -> dict[str, Any]:
        """Draw the picture, and keep both in the run's folder before the change is answered."""
        with PLAYERS:
            self.painter.keep(self.painting.numbers, self.style)
        self._picture = self._draw()
        return self.state()

    def _draw(self) -> str:
        with PLAYERS:
            return f"/pictures/{self.pictures.add(self.painter.picture(self.painting.numbers, self.style))}.png"

    def _check(self, region: int, *points: Point) -> None:
        if not 0 <= region < self.painting.regions:
            raise ConfigError(f"There is no region {region}; there are 0 to {self.painting.regions - 1}.")
        width, height = self.painting.width, self.painting.height
        for x, y in points:
            if not (0 <= x < width and 0 <= y < height):
                raise ConfigError(f"({x}, {y}) is outside the map of {width} × {height} px.")
