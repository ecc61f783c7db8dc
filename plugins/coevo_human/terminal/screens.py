"""Screens that open over the sheet: one picture large, its ancestors, how to save it, all the keys."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.markup import escape
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from coevo.errors import CoevoError
from coevo.interactive.commands import DEFAULT_SIZE, SIZES, Branch, Command, Save, parse_command
from coevo.interactive.lineage import ancestors
from coevo.interactive.session_db import Individual, SessionDB
from coevo.interactive.sheet import Sheet

PIXELS = 16  # a cell's width in a real picture, at most: enough for the sharpest screens
KEYS = """\
[b]arrows, mouse[/b]   move; a click picks, a double click zooms
[b]space[/b]           pick, or take back
[b]enter[/b]           breed the picked; with nobody picked, roll again
[b]u[/b]  [b]r[/b]            undo, redo; breeding after an undo gives new children
[b]+[/b]  [b]-[/b]            mutation rate
[b]n[/b]  [b]p[/b]            next and previous page
[b]z[/b]               the picture on the full screen
[b]s[/b]               save the picture, in any size
[b]l[/b]  [b]b[/b]            its lineage; from there, branch from an ancestor
[b]q[/b]               quit and keep everything: coevo resume goes on"""


class Zoom(ModalScreen[int]):
    """One picture, drawn anew for the full screen; the arrows go to its neighbours."""

    BINDINGS: ClassVar = [
        Binding("escape,z,enter,q", "close"),
        Binding("left,up", "step(-1)"),
        Binding("right,down", "step(1)"),
    ]

    def __init__(self, sheet: Sheet, index: int, picture: Any):
        super().__init__()
        self.sheet, self.index = sheet, index
        self.picture = picture(classes="picture")

    def compose(self) -> ComposeResult:
        yield self.picture
        yield Static(classes="bar")

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def draw(self) -> None:
        size = min(max(self.size.height * 2 * PIXELS, 64), 2048)
        self.picture.image = self.sheet.picture(self.index, size)
        bar = f"{self.index + 1} of {len(self.sheet)} · {self.sheet.id(self.index)} · ← → its neighbours · z back"
        self.query_one(".bar", Static).update(escape(bar))

    def action_step(self, step: int) -> None:
        self.index = (self.index + step) % len(self.sheet)
        self.draw()

    def action_close(self) -> None:
        self.dismiss(self.index)


class Lineage(ModalScreen[Command | None]):
    """The ancestors of one individual, the newest first; each is drawn beside the list, and can be branched from."""

    BINDINGS: ClassVar = [Binding("escape,l,q", "close"), Binding("b", "branch")]

    def __init__(self, sheet: Sheet, db: SessionDB, index: int, picture: Any):
        super().__init__()
        self.sheet = sheet
        family = ancestors(db, sheet.id(index))
        self.family = sorted(family.values(), key=lambda one: one.first_snapshot, reverse=True)
        self.picture = picture(id="beside")

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield OptionList(*(Option(description(one)) for one in self.family), id="family")
            yield self.picture
        yield Static("↑ ↓ look at an ancestor · b or ⏎ branch: go on from its sheet · l back", classes="bar")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.picture.image = self.sheet.ancestor_picture(self.family[event.option_index], 512)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.action_branch()

    def action_branch(self) -> None:
        row = self.query_one(OptionList).highlighted
        self.dismiss(None if row is None else Branch(self.family[row].id))

    def action_close(self) -> None:
        self.dismiss(None)


class Saving(ModalScreen[Command | None]):
    """Asks for a size and a file."""

    BINDINGS: ClassVar = [Binding("escape", "close")]

    def __init__(self, sheet: Sheet, index: int):
        super().__init__()
        self.sheet, self.index = sheet, index

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(
                f"Save picture {self.index + 1}: its size in px ({SIZES[0]} to {SIZES[1]}), and a file if you like, "
                "as [b]2048 beetle.png[/b]; lines as [b]beetle.svg[/b], too. ⏎ saves, esc goes back."
            )
            yield Input(str(DEFAULT_SIZE))
            yield Static(id="problem")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            command = parse_command(f"s {self.index + 1} {event.value}")
            problem = self.sheet.problem(command) if isinstance(command, Save) else "Type a size in px."
        except CoevoError:
            problem = f"{event.value!r} is not a size, or a size and a file."
        if problem:
            self.query_one("#problem", Static).update(f"[red]{escape(problem)}[/red]")
        else:
            self.dismiss(command)

    def action_close(self) -> None:
        self.dismiss(None)


class Help(ModalScreen[None]):
    """All the keys."""

    def compose(self) -> ComposeResult:
        yield Static(KEYS, classes="card")

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss()

    def on_click(self) -> None:
        self.dismiss()


def description(one: Individual) -> str:
    parents = f" from {' × '.join(map(escape, one.parents))}" if one.parents else ""
    return f"[b]{escape(one.id)}[/b] · generation {one.round}{parents}"
