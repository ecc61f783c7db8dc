"""A label map on the screen, which a mouse or a cursor paints."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from coevo_human.terminal.pictures import fit, style_of

Pixel = tuple[int, int]  # x and y


class MapCanvas(Widget):
    """A label map in half blocks: a cell shows two pixels, one above the other.

    Args:
        numbers: of regions, uint8 [H, W].
        colours: of the regions, uint8 [regions, 3].
    """

    class Pressed(Message):
        """A button goes down on a pixel."""

        def __init__(self, pixel: Pixel, fills: bool):
            super().__init__()
            self.pixel, self.fills = pixel, fills

    class Moved(Message):
        """The mouse moves while its button is down."""

        def __init__(self, pixel: Pixel):
            super().__init__()
            self.pixel = pixel

    class Released(Message):
        """The button goes up."""

    def __init__(self, numbers: np.ndarray, colours: np.ndarray, id: str):
        super().__init__(id=id)
        self.numbers, self.colours = numbers, colours
        self.cursor: Pixel | None = None  # shown while keys move it
        self._down = False

    def show(self, numbers: np.ndarray, cursor: Pixel | None) -> None:
        self.numbers, self.cursor = numbers, cursor
        self.refresh()

    @property
    def _place(self) -> Region:
        """The cells that the map takes, in the middle of the widget."""
        height, width = self.numbers.shape
        columns, rows = fit(width, height, self.size.width, self.size.height)
        return Region((self.size.width - columns) // 2, (self.size.height - rows) // 2, columns, rows)

    def pixel_at(self, x: int, y: int) -> Pixel | None:
        """The pixel in the middle of a cell of the widget, if the map is there."""
        place, (height, width) = self._place, self.numbers.shape
        if not place.contains(x, y):
            return None
        return int((x - place.x + 0.5) * width / place.width), int((y - place.y + 0.5) * height / place.height)

    def render_lines(self, crop: Region) -> list[Strip]:
        place, (height, width) = self._place, self.numbers.shape
        around = self.rich_style
        rows = (np.arange(2 * place.height) * height // (2 * place.height)).clip(0, height - 1)
        columns = (np.arange(place.width) * width // place.width).clip(0, width - 1)
        seen = self.colours[self.numbers[rows][:, columns]].astype(np.int64)
        if self.cursor is not None:
            at = (rows == self.cursor[1])[:, None] & (columns == self.cursor[0])
            seen[at] = 255 - seen[at] // 2 if seen[at].mean() < 128 else seen[at] // 4
        keys = seen @ np.array([0x10000, 0x100, 1])
        keys = (keys[0::2] << 24) + keys[1::2]  # the upper half is the ink of ▀
        blank = Strip.blank(self.size.width, around)
        left = Segment(" " * place.x, around)
        lines = [blank] * place.y
        for row in keys:
            starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]])).tolist()
            runs = zip(starts, [*starts[1:], len(row)], strict=True)
            parts = [Segment("▀" * (stop - start), self._style(int(row[start]))) for start, stop in runs]
            lines.append(Strip([left, *parts]).adjust_cell_length(self.size.width, around))
        lines += [blank] * (self.size.height - len(lines))
        return [strip.crop(crop.x, crop.right) for strip in lines[crop.y : crop.bottom]]

    def _style(self, key: int) -> Style:
        return style_of(key, self.app.console.color_system == "truecolor")

    def on_mouse_down(self, event: events.MouseDown) -> None:
        pixel = self.pixel_at(int(event.x), int(event.y))
        if pixel is not None:
            self._down = event.button == 1
            if self._down:
                self.capture_mouse()
            self.post_message(self.Pressed(pixel, fills=event.button != 1))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._down and (pixel := self.pixel_at(int(event.x), int(event.y))) is not None:
            self.post_message(self.Moved(pixel))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._down:
            self._down = False
            self.release_mouse()
            self.post_message(self.Released())
