"""Tables and figures as text. Names that a person may want to type are never cut, however narrow the terminal is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from typing import Any

import click


def figure(value: Any) -> str:
    """A value of a report as text; numbers with four digits."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "  ".join(f"{key} {figure(part)}" for key, part in value.items())
    return ", ".join(map(figure, value)) if isinstance(value, list | tuple) else str(value)


def table(
    rows: Sequence[Mapping[str, Any]],
    *,
    wrap: Sequence[str] = (),
    widths: Mapping[str, int] | None = None,
    head: bool = True,
    indent: int = 0,
    empty: str = "Nothing.",
) -> None:
    """Print rows of the same keys as a table.

    Args:
        rows: the rows; True is shown as a dot, None and False as nothing.
        wrap: columns of prose, which may take several lines; all others are never cut nor broken.
        widths: least widths of columns, so that several tables stand below each other.
        head: whether the keys are shown above the columns.
        indent: spaces before each line.
        empty: the sentence that stands for no rows.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    if not rows:
        click.echo(empty)
        return
    grid = Table(box=SIMPLE_HEAD, pad_edge=False) if head else Table.grid(padding=(0, 2, 0, 0))
    for key in rows[0]:
        cells = [key if head else "", *(_text(row[key]) for row in rows)]
        words = [word for cell in cells for word in (cell.split() if key in wrap else [cell])]
        least = max([(widths or {}).get(key, 0), *map(len, words)])
        number = all(isinstance(row[key], int | float) and not isinstance(row[key], bool) for row in rows)
        grid.add_column(key, min_width=least, no_wrap=key not in wrap, justify="right" if number else "left")
    for row in rows:
        grid.add_row(*(Text(_text(value)) for value in row.values()))
    console = Console()
    with console.capture() as captured:
        console.print(Padding(grid, (0, 0, 0, indent), expand=False), crop=False)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _text(value: Any) -> str:
    return "●" if value is True else "" if value in (None, False) else str(value)


def paragraph(text: str, indent: int = 0) -> None:
    """Print a text, wrapped to the terminal."""
    before = " " * indent
    width = max(40, get_terminal_size().columns)
    click.echo(click.wrap_text(text, width, before, before, preserve_paragraphs=True))


def figures(row: Mapping[str, float], width: int) -> list[str]:
    """Figures of a log's row in aligned columns, as many as fit into the width."""
    values = [(key, value) for key, value in row.items() if key != "round"]
    if not values:
        return []
    longest = max(len(key) for key, _ in values)
    cells = [f"{key:<{longest}} {value:>9.4g}" for key, value in values]
    columns = max(1, (width + 3) // (longest + 13))
    return ["   ".join(cells[i : i + columns]) for i in range(0, len(cells), columns)]
