"""The screen of a session: a sheet that is picked from, and what can be opened over it."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import queue
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Grid
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from coevo.interactive.ui import Command, Mutate, Pick, Quit, Redo, Sheet, Undo
from coevo_human.terminal.pictures import picture_class
from coevo_human.terminal.screens import Help, Lineage, Saving, Zoom

ROWS = 9  # of cells: the least height of a picture before the sheet is paged
BAR = "␣ pick  ⏎ breed  u undo  r redo  +- mutation  z zoom  s save  l lineage  b branch  q quit  ? help"
SHORT_BAR = "␣ pick  ⏎ breed  u undo  r redo  q quit  ? all keys"


class Title(Widget):
    """One line in one style. Drawn by itself: a sheet has fifteen, and each changes with every generation."""

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
        def __init__(self, place: int, twice: bool):
            super().__init__()
            self.place, self.twice = place, twice

    def __init__(self, place: int, picture: Any):
        super().__init__()
        self.place, self.title, self.picture = place, Title(), picture(classes="picture")

    def compose(self) -> ComposeResult:
        yield self.title
        yield self.picture

    def mark(self, id: str, focused: bool, picked: bool) -> None:
        number = str(self.place + 1)
        name = number if id == number else f"{number} · {id}"
        self.title.show(f"{'✓' if picked else ' '} {name}", focused, picked)

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(self.place, event.chain == 2))


class Breeding(App[None]):
    """Shows sheets, one after another, and answers with commands. The run plays in a thread of its own."""

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
        self.at = 0
        self.picked: set[int] = set()
        self.columns, self.rows = 1, 1
        self._picture = picture_class()
        self._tiles: list[Tile] = []
        self._arranged: tuple[int, ...] = ()
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._player = Thread(target=self._play, name="players", daemon=True)
        self._failure: BaseException | None = None
        self._waiting = False  # for the players; what is typed meanwhile is not for the next sheet

    # the players' thread

    def ask(self, sheet: Sheet) -> Command:
        """Called by the players: show a sheet, and wait for a command."""
        try:
            self.call_from_thread(self.show, sheet)  # type: ignore[arg-type] # it takes coroutines
        except RuntimeError:  # the screen has gone
            return Quit()
        return self._commands.get()

    def _play(self) -> None:
        try:
            self.play()
        except BaseException as error:  # raised again by part(), when the terminal is as it was
            self._failure = error
        with suppress(RuntimeError):
            self.call_from_thread(self.exit)

    def part(self) -> None:
        """The screen has gone: let the players end, and raise what ended them."""
        self._commands.put(Quit())
        if self._player.ident:
            self._player.join()
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
            # The terminal has gone, and writing to it would wait for ever. All that was done is in the history.
            loop.add_signal_handler(signal.SIGHUP, os._exit, 129)
        gc.freeze()  # what stands now stays: collecting it again and again would take longer than drawing
        self._player.start()

    async def show(self, sheet: Sheet) -> None:
        """A new sheet, or the same one with a note."""
        same = self.sheet is not None and self.sheet.works.images is sheet.works.images
        same = same or (bool(sheet.note) and self.sheet is not None)
        self.sheet, self._waiting = sheet, False
        if len(self._tiles) != len(sheet):
            grid = self.query_one("#sheet", Grid)
            await grid.remove_children()
            self._tiles = [Tile(place, self._picture) for place in range(len(sheet))]
            await grid.mount_all(self._tiles)
            self.at = min(self.at, len(sheet) - 1)
        if not same:
            self.picked.clear()
            for tile, picture in zip(self._tiles, sheet.pictures(), strict=True):
                tile.picture.image = picture
        self.arrange()

    def arrange(self) -> None:
        """Fit the tiles to the terminal: all of them where they are large enough, else page by page."""
        if self.sheet is None:
            return
        width, height = self.size.width, self.size.height - 3
        self.columns, self.rows = layout(len(self._tiles), width, height)
        a_page = self.columns * self.rows
        page = self.at // a_page
        if (arranged := (width, height, page, len(self._tiles))) != self._arranged:  # it costs a new layout
            self._arranged = arranged
            grid = self.query_one("#sheet", Grid)
            grid.styles.grid_size_columns, grid.styles.grid_size_rows = self.columns, self.rows
            grid.styles.grid_rows = str(max(2, height // self.rows))  # all alike, where a fraction would not be
            grid.styles.grid_columns = str(max(2, (width + 1) // self.columns - 1))
            for tile in self._tiles:
                tile.display = page * a_page <= tile.place < (page + 1) * a_page
        for tile in self._tiles:
            tile.mark(self.sheet.id(tile.place), tile.place == self.at, tile.place in self.picked)
        pages = math.ceil(len(self._tiles) / a_page)
        self._tell(page, pages)

    def _tell(self, page: int, pages: int) -> None:
        sheet = self.sheet
        assert sheet is not None
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
        self.at = message.place
        if message.twice:
            self.action_zoom()
        else:
            self.action_pick()

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is open over the sheet, the sheet's keys are silent."""
        return action == "leave" or len(self.screen_stack) == 1

    def action_move(self, way: str) -> None:
        if self.sheet is not None:
            step = {"left": -1, "right": 1, "up": -self.columns, "down": self.columns}[way]
            if 0 <= self.at + step < len(self._tiles):
                self.at += step
            self.arrange()

    def action_page(self, step: int) -> None:
        if self.sheet is not None:
            at = self.at + step * self.columns * self.rows
            self.at = max(0, min(at, len(self._tiles) - 1))
            self.arrange()

    def action_pick(self) -> None:
        if self.sheet is None:
            return
        self._quiet()
        if self.at in self.picked:
            self.picked.remove(self.at)
        elif self.sheet.picks[1] == 1:
            self.picked = {self.at}
        elif flaw := self.sheet.flaw(Pick((*self.picked, self.at))) if len(self.picked) >= self.sheet.picks[0] else "":
            self._note(flaw)
        else:
            self.picked.add(self.at)
        self.arrange()

    def action_breed(self) -> None:
        self._send(Pick(tuple(sorted(self.picked))))

    def action_send(self, command: str) -> None:
        self._send(Undo() if command == "undo" else Redo())

    def action_mutate(self, steps: int) -> None:
        self._send(Mutate(steps))

    def action_zoom(self) -> None:
        if self.sheet is not None:
            self.push_screen(Zoom(self.sheet, self.at, self._picture), self._zoomed)

    def _zoomed(self, place: int | None) -> None:
        self.at = self.at if place is None else place
        self.arrange()

    def action_save(self) -> None:
        if self.sheet is not None:
            self.push_screen(Saving(self.sheet, self.at), self._send)

    def action_lineage(self) -> None:
        if self.sheet is None or self.sheet.history is None:
            return
        if self.sheet.works.genomes is None:
            self._note("These works have no genomes, so they have no lineage.")
            self.arrange()
        else:
            self.push_screen(Lineage(self.sheet, self.at, self._picture), self._send)

    def action_help(self) -> None:
        self.push_screen(Help())

    def action_leave(self) -> None:
        if self._waiting:  # the players are at work: they are asked again soon, and leave then
            self._commands.put(Quit())
        else:
            self._send(Quit())

    def _send(self, command: Command | None) -> None:
        """Answer the players, unless they have their answer; what cannot be done is said in place."""
        if command is None or self.sheet is None or self._waiting:
            return
        if flaw := self.sheet.flaw(command):
            self._note(flaw)
            self.arrange()
            return
        self._waiting = True
        self._commands.put(command)

    def _note(self, note: str) -> None:
        assert self.sheet is not None
        self.sheet = Sheet(self.sheet.works, self.sheet.session, note)

    def _quiet(self) -> None:
        self._note("")


def layout(n: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows of a page, so that square pictures are as large as they can be; all n where none is
    then lower than `ROWS` cells, else as many as are not. Each takes a row for its title and a column between."""

    def cells(columns: int, rows: int) -> float:
        return min(((width + 1) // columns - 1) / 2, height // rows - 1)

    grids = [(columns, rows) for columns in range(1, n + 1) for rows in range(1, math.ceil(n / columns) + 1)]
    fitting = [grid for grid in grids if cells(*grid) >= ROWS] or [(1, 1)]
    most = min(n, max(columns * rows for columns, rows in fitting))
    return max((g for g in fitting if g[0] * g[1] >= most), key=lambda g: (cells(*g), -g[0] * g[1]))
