"""The app of `coevo paint`: a label map to paint, and what a trained artist makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.markup import escape
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from coevo.errors import CoevoError
from coevo.interactive.painting import Painting, Stroke
from coevo.tools.paint import Painter, Style
from coevo_human.terminal.canvas import MapCanvas, Pixel
from coevo_human.terminal.pictures import picture_class

LARGEST_BRUSH = 33  # px
BAR = "mouse, ␣ paint  1-9 region  [ ] brush  f fill  e erase  u undo  r redo  x style  s save  ? help  q quit"
SHORT_BAR = "␣ paint  f fill  u undo  s save  ? help  q quit"
KEYS = """\
[b]mouse[/b]           paint; the right button fills
[b]arrows[/b]          move the cursor; with shift, eight pixels
[b]space[/b]           paint where the cursor is
[b]enter[/b]           begin a line, and end it
[b]1[/b] … [b]9[/b] [b]0[/b], [b]tab[/b]  the region that is painted; or click it
[b][[/b]  [b]][/b]            a smaller brush, a larger one
[b]f[/b]               fill the area around the cursor
[b]e[/b]               erase: paint the first region
[b]c[/b]               clear the whole map
[b]u[/b]  [b]r[/b]            undo, redo
[b]x[/b]               another style
[b]s[/b]               save the picture, which carries its map
[b]q[/b]               quit; the map is kept in the run's folder"""


class Swatch(Static):
    """A region of the palette."""

    class Chosen(Message):
        def __init__(self, region: int):
            super().__init__()
            self.region = region

    def __init__(self, region: int, name: str, colour: Sequence[int]):
        super().__init__(classes="swatch")
        self.number, self.named, self.colour = region, name, f"#{bytes(colour).hex()}"

    def mark(self, chosen: bool) -> None:
        key = f"{(self.number + 1) % 10} " if self.number < 10 else ""
        name = Text(f"{key}{self.named}", style="bold #ffffff on #3b6ea8" if chosen else "")
        self.update(Text.assemble(("██ ", self.colour), name, " "))

    def on_click(self) -> None:
        self.post_message(self.Chosen(self.number))


class SavingPicture(ModalScreen[Path | None]):
    """Asks for a file."""

    BINDINGS: ClassVar = [Binding("escape", "close")]

    def __init__(self, name: str):
        super().__init__()
        self.proposed = name

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(
                "The file for the picture and its map, [b].png[/b]; coevo paint --from goes on. ⏎ saves, esc goes back."
            )
            yield Input(self.proposed)
            yield Static(id="problem")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        if path.suffix.lower() == ".png":
            self.dismiss(path)
        else:
            self.query_one("#problem", Static).update(f"[red]{escape(event.value)} should end with .png.[/red]")

    def action_close(self) -> None:
        self.dismiss(None)


class Keys(ModalScreen[None]):
    """All the keys."""

    def compose(self) -> ComposeResult:
        yield Static(KEYS, classes="card")

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss()

    def on_click(self) -> None:
        self.dismiss()


class PaintingApp(App[None]):
    """A label map at the left, the picture that the artist makes of it at the right.

    Args:
        painter: the run.
        painting: the map.
        style: of the picture.
        note: what is shown first.
    """

    CSS_PATH: ClassVar = ["app.tcss", "painting.tcss"]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [
        *(Binding(key, f"move('{key}', 1)", show=False) for key in ("left", "right", "up", "down")),
        *(Binding(f"shift+{key}", f"move('{key}', 8)", show=False) for key in ("left", "right", "up", "down")),
        *(Binding(str((n + 1) % 10), f"choose({n})", show=False) for n in range(10)),
        Binding("space", "dab"),
        Binding("enter", "line"),
        Binding("tab", "next"),
        Binding("left_square_bracket", "brush(-2)"),
        Binding("right_square_bracket", "brush(2)"),
        Binding("f", "fill"),
        Binding("e", "choose(0)"),
        Binding("c", "clear"),
        Binding("u,ctrl+z", "undo"),
        Binding("r,ctrl+y", "redo"),
        Binding("x", "style"),
        Binding("s", "save"),
        Binding("question_mark,h,f1", "help"),
        Binding("q,ctrl+c,ctrl+q", "quit", priority=True),
    ]

    def __init__(self, painter: Painter, painting: Painting, style: Style, note: str = ""):
        super().__init__(ansi_color=True)
        self.painter, self.painting, self.style = painter, painting, style
        self.region, self.brush = min(1, painting.regions - 1), 5
        self.cursor: Pixel = (painting.width // 2, painting.height // 2)
        self.by_keys = False  # whether the cursor is shown
        self._anchor: Pixel | None = None  # where a line began
        self._stroke: Stroke | None = None
        self._last: Pixel = self.cursor
        self._note = note
        self._picture = picture_class()

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal(id="both"):
            yield MapCanvas(self.painting.numbers, self.painter.colours, id="map")
            yield self._picture(classes="picture", id="made")
        with Horizontal(id="palette"):
            for region, name in enumerate(self.painter.regions):
                yield Swatch(region, name, self.painter.colours[region].tolist())
        yield Static(id="note")
        yield Static(id="bar")

    def on_mount(self) -> None:
        self.changed(keep=False)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.describe)

    # what is shown

    def changed(self, note: str = "", keep: bool = True) -> None:
        """The map or the style has changed: keep it, then draw the picture."""
        self._note = note or ("" if keep else self._note)
        if keep:
            try:
                self.painter.keep(self.painting.numbers, self.style)
            except CoevoError as error:
                self._note = str(error)
        self.query_one("#made").image = self.painter.picture(self.painting.numbers, self.style)  # type: ignore[attr-defined]
        self.describe()

    def describe(self) -> None:
        """Show the map and the lines around it."""
        canvas = self.query_one("#map", MapCanvas)
        canvas.show(self.painting.numbers, self.cursor if self.by_keys else None)
        for swatch in self.query(Swatch):
            swatch.mark(swatch.number == self.region)
        facts = [self.style.name, f"brush {self.brush} px"] + (["line: ⏎ ends it"] if self._anchor else [])
        head = f"[b]Painting for {escape(self.painter.run.name)}[/b] · {' · '.join(facts)}"
        self.query_one("#head", Static).update(head, layout=False)
        self.query_one("#note", Static).update(escape(self._note), layout=False)
        self.query_one("#bar", Static).update(BAR if self.size.width >= len(BAR) + 2 else SHORT_BAR, layout=False)

    # the mouse

    def on_map_canvas_pressed(self, message: MapCanvas.Pressed) -> None:
        self.by_keys, self.cursor = False, message.pixel
        if message.fills:
            self.action_fill()
            return
        self._stroke, self._last = self.painting.stroke(self.region, self.brush), message.pixel
        self._stroke.line(message.pixel, message.pixel)
        self.describe()

    def on_map_canvas_moved(self, message: MapCanvas.Moved) -> None:
        if self._stroke:
            self._stroke.line(self._last, message.pixel)
            self._last = self.cursor = message.pixel
            self.query_one("#map", MapCanvas).show(self.painting.numbers, None)

    def on_map_canvas_released(self, message: MapCanvas.Released) -> None:
        self._stroke = None
        self.changed()

    def on_swatch_chosen(self, message: Swatch.Chosen) -> None:
        self.action_choose(message.region)

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While another screen is open, the keys of the map do nothing."""
        return action == "quit" or len(self.screen_stack) == 1

    def action_move(self, way: str, step: int) -> None:
        dx, dy = {"left": (-step, 0), "right": (step, 0), "up": (0, -step), "down": (0, step)}[way]
        x, y = self.cursor
        self.cursor = (
            min(max(x + dx, 0), self.painting.width - 1),
            min(max(y + dy, 0), self.painting.height - 1),
        )
        self.by_keys = True
        self.describe()

    def action_choose(self, region: int) -> None:
        if region < self.painting.regions:
            self.region = region
            self.describe()

    def action_next(self) -> None:
        self.action_choose((self.region + 1) % self.painting.regions)

    def action_brush(self, step: int) -> None:
        self.brush = min(max(self.brush + step, 1), LARGEST_BRUSH)
        self.describe()

    def action_dab(self) -> None:
        self.painting.stroke(self.region, self.brush).line(self.cursor, self.cursor)
        self.changed()

    def action_line(self) -> None:
        self.by_keys = True
        if self._anchor is None:
            self._anchor = self.cursor
            self.describe()
            return
        self.painting.stroke(self.region, self.brush).line(self._anchor, self.cursor)
        self._anchor = None
        self.changed()

    def action_fill(self) -> None:
        self.painting.fill(self.cursor, self.region)
        self.changed()

    def action_clear(self) -> None:
        self.painting.cover(0)
        self.changed("All is the first region; u takes it back.")

    def action_undo(self) -> None:
        self.changed("" if self.painting.undo() else "There is nothing to undo.")

    def action_redo(self) -> None:
        self.changed("" if self.painting.redo() else "There is nothing to redo.")

    def action_style(self) -> None:
        self.style = Style(self.style.seed + 1)
        self.changed()

    def action_save(self) -> None:
        self.push_screen(SavingPicture(f"{self.painter.run.name}.png"), self._save)

    def _save(self, path: Path | None) -> None:
        if path is None:
            return
        try:
            self.painter.save(self.painting.numbers, self.style, path)
            self._note = f"Saved as {path}."
        except CoevoError as error:
            self._note = str(error)
        self.describe()

    def action_help(self) -> None:
        self.push_screen(Keys())
