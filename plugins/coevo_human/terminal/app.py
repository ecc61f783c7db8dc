"""The app of a session: a sheet to pick from, its keys, and the thread that the run plays in."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import queue
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any, ClassVar

from PIL import Image
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Grid
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from coevo.interactive.commands import Command, Mutate, Pick, Quit, Redo, Undo
from coevo.interactive.sheet import Sheet
from coevo_human.terminal.pictures import picture_class, pixels_per_cell
from coevo_human.terminal.screens import Help, Lineage, Saving, Zoom

ROWS = 9  # of cells: the smallest height of a picture; a sheet that needs less is paged
QUICK = 128  # px of the side at which a new sheet is drawn at once, at most
SHARPEST = 512  # px of a picture's side on a sheet, at most: one picture after another is drawn so, between keys
PAUSE = 0.02  # s between two of those, for keys and for the terminal
BAR = "␣ pick  ⏎ breed  u undo  r redo  +- mutation  z zoom  s save  l lineage  b branch  q quit  ? help"
SHORT_BAR = "␣ pick  ⏎ breed  u undo  r redo  q quit  ? all keys"


class Title(Widget):
    """One line in one style. It draws itself: a sheet has fifteen, and each changes with every generation."""

    PLAIN, PICKED = Style.parse("#9aa3b2 on #15171c"), Style.parse("bold #8fd18f on #15171c")
    FOCUSED, BOTH = Style.parse("bold #ffffff on #3b6ea8"), Style.parse("bold #ffffff on #2f8f4e")

    def __init__(self) -> None:
        super().__init__(classes="title")
        self._line = Segment("")

    def show(self, text: str, focused: bool, picked: bool) -> None:
        style = (self.BOTH if picked else self.FOCUSED) if focused else self.PICKED if picked else self.PLAIN
        if self._line != (line := Segment(text, style)):
            self._line = line
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        strip = Strip([self._line]).adjust_cell_length(self.size.width, self._line.style)
        return [strip.crop(crop.x, crop.right)] * crop.height


class Tile(Widget):
    """One picture of the sheet, under its number."""

    class Clicked(Message):
        def __init__(self, index: int, double: bool):
            super().__init__()
            self.index, self.double = index, double

    def __init__(self, index: int, picture: Any):
        super().__init__()
        self.index, self.title, self.picture = index, Title(), picture(classes="picture")

    def compose(self) -> ComposeResult:
        yield self.title
        yield self.picture

    def mark(self, id: str, focused: bool, picked: bool) -> None:
        number = str(self.index + 1)
        name = number if id == number else f"{number} · {id}"
        self.title.show(f"{'✓' if picked else ' '} {name}", focused, picked)

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(self.index, event.chain == 2))


class BreedingApp(App[None]):
    """Shows one sheet after another, and answers with commands. The run plays in a thread of its own."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [
        *(Binding(key, f"move('{key}')", show=False) for key in ("left", "right", "up", "down")),
        Binding("space", "pick"),
        Binding("enter", "breed"),
        Binding("u", "send('undo')"),
        Binding("r", "send('redo')"),
        Binding("plus,equals_sign", "mutate(1)"),
        Binding("minus", "mutate(-1)"),
        Binding("pagedown,n", "page(1)"),
        Binding("pageup,p", "page(-1)"),
        Binding("z", "zoom"),
        Binding("s", "save"),
        Binding("l,b", "lineage"),
        Binding("question_mark,h,f1", "help"),
        Binding("q,ctrl+c,ctrl+q", "leave", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__(ansi_color=True)  # no filter on every cell: all colours here are given as they are
        self.play: Callable[[], None] = lambda: None
        self.sheet: Sheet | None = None
        self.focus_index = 0
        self.picked: set[int] = set()
        self.columns, self.rows = 1, 1
        self._picture = picture_class()
        self.tiles: list[Tile] = []
        self._arranged: tuple[int, ...] = ()
        self._blurred: deque[int] = deque()
        self._sharpening: Timer | None = None
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.players = Thread(target=self._play, name="players", daemon=True)
        self._failure: BaseException | None = None
        self.busy = False  # the players are at work: what is typed meanwhile is not for the next sheet

    # called from the players' thread

    def ask(self, sheet: Sheet) -> Command:
        """Show a sheet, and wait for a command."""
        pictures = [] if self._shows(sheet) else sheet.pictures(min(self.resolution(len(sheet)), QUICK))
        try:
            self.call_from_thread(self.show, sheet, pictures)  # type: ignore[arg-type] # it takes coroutines
        except RuntimeError:  # the screen has gone
            return Quit()
        return self._commands.get()

    def _play(self) -> None:
        try:
            self.play()
        except BaseException as error:  # raised again by finish(), when the terminal is as it was
            self._failure = error
        with suppress(RuntimeError):
            self.call_from_thread(self.exit)

    def finish(self) -> None:
        """After the screen has gone: let the players end, and raise what ended them."""
        self._commands.put(Quit())
        if self.players.ident:
            self.players.join()
        if self._failure:
            raise self._failure
        if self._exception:
            raise self._exception

    # the screen

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        yield Grid(id="sheet")
        yield Static(id="note")
        yield Static(id="bar")

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ValueError, NotImplementedError, RuntimeError, AttributeError):  # only the main thread can
            loop.add_signal_handler(signal.SIGTERM, self.action_leave)
            # The terminal has gone, and writing to it would wait for ever. The database has all that was done.
            loop.add_signal_handler(signal.SIGHUP, os._exit, 129)
        gc.freeze()  # what stands now stays: to collect it again and again would take longer than to draw
        self.players.start()

    def _shows(self, sheet: Sheet) -> bool:
        """Whether these works are on the screen already."""
        return self.sheet is not None and (bool(sheet.note) or self.sheet.works.images is sheet.works.images)

    def resolution(self, n: int) -> int:
        """The pixels that a picture's side has on the screen, where n are on the sheet."""
        width, height = self.size.width, self.size.height - 3
        columns, rows = layout(n, width, height)
        cells = min((width + 1) // columns - 1, 2 * (height // rows - 1))
        return min(cells * pixels_per_cell(self._picture), SHARPEST)

    async def show(self, sheet: Sheet, pictures: Sequence[Image.Image]) -> None:
        """A new sheet with its pictures, or the same one with a note and none."""
        self.sheet, self.busy = sheet, False
        if len(self.tiles) != len(sheet):
            grid = self.query_one("#sheet", Grid)
            await grid.remove_children()
            self.tiles = [Tile(index, self._picture) for index in range(len(sheet))]
            await grid.mount_all(self.tiles)
            self.focus_index = min(self.focus_index, len(sheet) - 1)
        if pictures:
            self.picked.clear()
            for tile, picture in zip(self.tiles, pictures, strict=True):
                tile.picture.image = picture
            self._blurred = deque(range(len(sheet) if self.resolution(len(sheet)) > QUICK else 0))
        self.arrange()
        self._sharpen_next()

    def _sharpen_next(self) -> None:
        if self._sharpening:
            self._sharpening.stop()
        self._sharpening = self.set_timer(PAUSE, self._sharpen) if self._blurred else None

    def _sharpen(self) -> None:
        """Draw one picture with all the pixels that its place has; not while the players work, as the artist draws."""
        if self.sheet is None or self.busy:
            return
        index = self._blurred.popleft()
        one = Sheet(self.sheet.works[index : index + 1], self.sheet.session)
        (self.tiles[index].picture.image,) = one.pictures(self.resolution(len(self.sheet)))
        self._sharpen_next()

    def arrange(self) -> None:
        """Fit the tiles to the terminal: all of them if they are large enough, else page by page."""
        if self.sheet is None:
            return
        width, height = self.size.width, self.size.height - 3
        self.columns, self.rows = layout(len(self.tiles), width, height)
        per_page = self.columns * self.rows
        page = self.focus_index // per_page
        if (arranged := (width, height, page, len(self.tiles))) != self._arranged:  # it costs a new layout
            self._arranged = arranged
            grid = self.query_one("#sheet", Grid)
            grid.styles.grid_size_columns, grid.styles.grid_size_rows = self.columns, self.rows
            grid.styles.grid_rows = str(max(2, height // self.rows))  # all alike, which fractions would not be
            grid.styles.grid_columns = str(max(2, (width + 1) // self.columns - 1))
            for tile in self.tiles:
                tile.display = page * per_page <= tile.index < (page + 1) * per_page
        for tile in self.tiles:
            tile.mark(self.sheet.id(tile.index), tile.index == self.focus_index, tile.index in self.picked)
        self._describe(self.sheet, page, math.ceil(len(self.tiles) / per_page))

    def _describe(self, sheet: Sheet, page: int, pages: int) -> None:
        """Write the lines above and below the tiles."""
        facts = [f"generation {sheet.generation}"]
        if sheet.mutation is not None:
            facts.append(f"mutation {sheet.mutation:.3g}")
        if pages > 1:
            facts.append(f"page {page + 1} of {pages} (n, p)")
        self.query_one("#head", Static).update(f"[b]{sheet.title}[/b] · {' · '.join(facts)}", layout=False)
        picked = f"{len(self.picked)} picked" if self.picked else f"{sheet.picks_text}, or nobody to roll again"
        self.query_one("#note", Static).update(sheet.note or picked, layout=False)
        self.query_one("#bar", Static).update(BAR if self.size.width >= len(BAR) else SHORT_BAR, layout=False)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.arrange)

    def on_tile_clicked(self, message: Tile.Clicked) -> None:
        self.focus_index = message.index
        if message.double:
            self.action_zoom()
        else:
            self.action_pick()

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While another screen is open over the sheet, the sheet's keys do nothing."""
        return action == "leave" or len(self.screen_stack) == 1

    def action_move(self, way: str) -> None:
        if self.sheet is not None:
            step = {"left": -1, "right": 1, "up": -self.columns, "down": self.columns}[way]
            if 0 <= self.focus_index + step < len(self.tiles):
                self.focus_index += step
            self.arrange()

    def action_page(self, step: int) -> None:
        if self.sheet is not None:
            index = self.focus_index + step * self.columns * self.rows
            self.focus_index = max(0, min(index, len(self.tiles) - 1))
            self.arrange()

    def action_pick(self) -> None:
        if self.sheet is None:
            return
        index, (least, most), note = self.focus_index, self.sheet.picks, ""
        if index in self.picked:
            self.picked.remove(index)
        elif most == 1:
            self.picked = {index}
        elif len(self.picked) < least or not (note := self.sheet.problem(Pick((*self.picked, index)))):
            self.picked.add(index)
        self._note(self.sheet, note)

    def action_breed(self) -> None:
        self._send(Pick(tuple(sorted(self.picked))))

    def action_send(self, command: str) -> None:
        self._send(Undo() if command == "undo" else Redo())

    def action_mutate(self, steps: int) -> None:
        if self.busy:  # it is for the next sheet, whatever that shows
            self._commands.put(Mutate(steps))
        else:
            self._send(Mutate(steps))

    def action_zoom(self) -> None:
        if self.sheet is not None and not self.busy:  # it draws by the artist, who must not learn meanwhile
            self.push_screen(Zoom(self.sheet, self.focus_index, self._picture), self._zoomed)

    def _zoomed(self, index: int | None) -> None:
        self.focus_index = self.focus_index if index is None else index
        self.arrange()

    def action_save(self) -> None:
        if self.sheet is not None:
            self.push_screen(Saving(self.sheet, self.focus_index), self._send)

    def action_lineage(self) -> None:
        if self.sheet is None or self.sheet.db is None or self.busy:
            return
        if self.sheet.works.genomes is None:
            self._note(self.sheet, "These works have no genomes, so they have no lineage.")
        else:
            self.push_screen(Lineage(self.sheet, self.sheet.db, self.focus_index, self._picture), self._send)

    def action_help(self) -> None:
        self.push_screen(Help())

    def action_leave(self) -> None:
        if self.busy:  # the players ask again soon, and leave then
            self._commands.put(Quit())
        else:
            self._send(Quit())

    def _send(self, command: Command | None) -> None:
        """Answer the players, unless they have their answer; or show why a command cannot be followed."""
        if command is None or self.sheet is None or self.busy:
            return
        if problem := self.sheet.problem(command):
            self._note(self.sheet, problem)
            return
        self.busy = True
        self._commands.put(command)

    def _note(self, sheet: Sheet, note: str) -> None:
        """Show the same sheet with another note."""
        self.sheet = Sheet(sheet.works, sheet.session, note)
        self.arrange()


def layout(n: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows of a page, so that square pictures are as large as possible.

    A page has all n if none is then lower than `ROWS` cells, else as many as are not. Each takes a row for its title
    and a column between.

    Args:
        n: number of pictures.
        width, height: the terminal's cells.
    """

    def cells(columns: int, rows: int) -> float:
        return min(((width + 1) // columns - 1) / 2, height // rows - 1)

    grids = [(columns, rows) for columns in range(1, n + 1) for rows in range(1, math.ceil(n / columns) + 1)]
    fitting = [grid for grid in grids if cells(*grid) >= ROWS] or [(1, 1)]
    most = min(n, max(columns * rows for columns, rows in fitting))
    return max((g for g in fitting if g[0] * g[1] >= most), key=lambda g: (cells(*g), -g[0] * g[1]))
