"""What opens over the sheet: one picture large, its ancestors, where to save it, the keys."""

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
from coevo.interactive.lineage import ancestors
from coevo.interactive.session_db import Individual
from coevo.interactive.ui import SAVED, SIZES, Branch, Command, Save, Sheet, parse

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

    def __init__(self, sheet: Sheet, place: int, picture: Any):
        super().__init__()
        self.sheet, self.place = sheet, place
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
        self.picture.image = self.sheet.picture(self.place, size)
        bar = f"{self.place + 1} of {len(self.sheet)} · {self.sheet.id(self.place)} · ← → its neighbours · z back"
        self.query_one(".bar", Static).update(escape(bar))

    def action_step(self, step: int) -> None:
        self.place = (self.place + step) % len(self.sheet)
        self.draw()

    def action_close(self) -> None:
        self.dismiss(self.place)


class Lineage(ModalScreen[Command | None]):
    """The ancestors of one individual, the newest first; each is drawn beside the list, and can be branched from."""

    BINDINGS: ClassVar = [Binding("escape,l,q", "close"), Binding("b", "branch")]

    def __init__(self, sheet: Sheet, place: int, picture: Any):
        super().__init__()
        assert sheet.history is not None
        family = ancestors(sheet.history, sheet.id(place))
        self.sheet, self.place = sheet, place
        self.family = sorted(family.values(), key=lambda one: one.moment, reverse=True)
        self.picture = picture(id="beside")

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield OptionList(*(Option(told(one)) for one in self.family), id="family")
            yield self.picture
        yield Static("↑ ↓ look at an ancestor · b or ⏎ branch: go on from its sheet · l back", classes="bar")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.picture.image = self.sheet.relative(self.family[event.option_index], 512)

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

    def __init__(self, sheet: Sheet, place: int):
        super().__init__()
        self.sheet, self.place = sheet, place

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(
                f"Save picture {self.place + 1}: its size in px ({SIZES[0]} to {SIZES[1]}), and a file if you like, "
                "as [b]2048 beetle.png[/b]. ⏎ saves, esc goes back."
            )
            yield Input(str(SAVED))
            yield Static(id="flaw")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            command = parse(f"s {self.place + 1} {event.value}")
            flaw = self.sheet.flaw(command) if isinstance(command, Save) else "A size in px is wanted."
        except CoevoError:
            flaw = f"{event.value!r} is no size, or no size and a file."
        if flaw:
            self.query_one("#flaw", Static).update(f"[red]{escape(flaw)}[/red]")
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


def told(one: Individual) -> str:
    parents = f" from {' × '.join(map(escape, one.parents))}" if one.parents else ""
    return f"[b]{escape(one.id)}[/b] · generation {one.round}{parents}"
