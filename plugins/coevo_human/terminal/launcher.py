"""The app of `coevo start`: the recipes by group and year, with a picture of each."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from PIL import Image
from rich.markup import escape
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from coevo.cli.looking import GROUPS
from coevo.plugin.registry import registry
from coevo.runs.config import recipe_picture
from coevo_human.terminal.pictures import picture_class

BAR = "↑ ↓ choose  ⏎ play  type to search  esc clear, or leave"
NOTHING = Image.new("L", (2, 2), 21)


class Launcher(App[tuple[str, ...]]):
    """Shows recipes; its result is the words of the command that plays the chosen one, after `coevo`.

    Args:
        rows: of recipes, as `coevo recipes --json` prints them.
    """

    CSS_PATH: ClassVar = ["app.tcss", "launcher.tcss"]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [
        Binding("down", "step(1)", priority=True),
        Binding("up", "step(-1)", priority=True),
        Binding("pagedown", "step(10)", priority=True),
        Binding("pageup", "step(-10)", priority=True),
        Binding("enter", "play", priority=True),
        Binding("escape", "leave_or_clear", priority=True),
        Binding("ctrl+c,ctrl+q", "quit", priority=True),
    ]

    def __init__(self, rows: Sequence[Mapping[str, Any]]):
        super().__init__(ansi_color=True)
        self.rows = [row for row in rows if not row["error"]]
        self.shown: list[str] = []  # names, in the order of the list's choices
        self._picture = picture_class()

    def compose(self) -> ComposeResult:
        yield Static("[b]coevo[/b] · choose a system", id="head")
        with Horizontal(id="both"):
            with Vertical(id="left"):
                yield Input(placeholder="search", id="search")
                yield OptionList(id="recipes")
            with Vertical(id="right"):
                yield self._picture(classes="picture", id="picture")
                yield Static(id="about")
        yield Static(BAR, id="bar")

    def on_mount(self) -> None:
        self.query_one("#search", Input).focus()
        self.fill("")

    def fill(self, words: str) -> None:
        """List the recipes that have all these words in what is said of them."""
        choices = self.query_one("#recipes", OptionList)
        choices.clear_options()
        self.shown = []
        for group, title in GROUPS.items():
            some = [row for row in self.rows if (row["group"] if row["group"] in GROUPS else "") == group]
            some = [row for row in some if all(word in _said(row) for word in words.lower().split())]
            if some:
                choices.add_option(Option(f"[b #8fd18f]{title}[/]", disabled=True))
            for row in some:
                text = f"[dim]{row['year'] or '    '}[/] [b]{escape(row['recipe'])}[/]  [dim]{escape(row['title'])}[/]"
                choices.add_option(Option(text, id=row["recipe"]))
                self.shown.append(row["recipe"])
        if self.shown:
            choices.highlighted = choices.get_option_index(self.shown[0])
        else:
            self.describe(None)

    @property
    def chosen(self) -> Mapping[str, Any] | None:
        """The recipe that is marked."""
        option = self.query_one("#recipes", OptionList).highlighted_option
        return next((row for row in self.rows if option is not None and row["recipe"] == option.id), None)

    def describe(self, row: Mapping[str, Any] | None) -> None:
        """Show a recipe's picture, what it is, and the command that plays it."""
        content = recipe_picture(row["recipe"], registry()) if row else None
        picture = Image.open(io.BytesIO(content)).convert("RGB") if content else NOTHING
        self.query_one("#picture").image = picture  # type: ignore[attr-defined]
        if row is None:
            self.query_one("#about", Static).update("No recipe has all these words.")
            return
        by = f" · {escape(row['authors'])}" if row["authors"] else ""
        lines = [
            f"[b]{escape(row['title'])}[/b]",
            f"[dim]{row['year']}{by} · {escape(row['artist'])} × {escape(row['critic'])}[/dim]",
            "",
            escape(" ".join(str(row["about"]).split())),
            "",
            f"[#8fd18f]$ coevo run {escape(row['recipe'])}[/]",
        ]
        self.query_one("#about", Static).update("\n".join(lines))

    def on_option_list_option_highlighted(self) -> None:
        self.describe(self.chosen)

    def on_option_list_option_selected(self) -> None:
        self.action_play()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.fill(event.value)

    def action_step(self, step: int) -> None:
        if self.shown:
            choices = self.query_one("#recipes", OptionList)
            now = self.chosen
            place = self.shown.index(now["recipe"]) if now else 0
            place = min(max(place + step, 0), len(self.shown) - 1)
            choices.highlighted = choices.get_option_index(self.shown[place])

    def action_play(self) -> None:
        if row := self.chosen:
            self.exit(("run", str(row["recipe"])))

    def action_leave_or_clear(self) -> None:
        search = self.query_one("#search", Input)
        if search.value:
            search.value = ""
        else:
            self.exit(None)


def _said(row: Mapping[str, Any]) -> str:
    """All that is said of a recipe, in small letters."""
    return " ".join(str(value) for value in row.values()).lower()
