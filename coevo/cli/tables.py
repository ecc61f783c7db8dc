"""Tables and figures as text. Names that a person may want to type are never cut, however narrow the terminal is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from shutil import get_terminal_size
from typing import Any

import click

GAP = "  "  # between two columns


def figure(value: Any) -> str:
    """A value of a report as text; numbers with four digits."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "  ".join(f"{key} {figure(part)}" for key, part in value.items())
    return ", ".join(map(figure, value)) if isinstance(value, list | tuple) else str(value)


def counted(n: int, noun: str) -> str:
    """A number of things: 1 work, 2 works."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def table(
    rows: Sequence[Mapping[str, Any]],
    *,
    wrap: Sequence[str] = (),
    right: Sequence[str] = (),
    widths: Mapping[str, int] | None = None,
    head: bool = True,
    indent: int = 0,
    empty: str = "Nothing.",
) -> None:
    """Print rows of the same keys as a table.

    Args:
        rows: the rows; True is shown as a dot, None and False as nothing.
        wrap: columns of prose, which may take several lines; all others are never cut nor broken.
        right: columns that stand to the right, beside those whose values are numbers.
        widths: least widths of columns, so that several tables stand below each other.
        head: whether the keys are shown above the columns.
        indent: spaces before each line.
        empty: the sentence that stands for no rows.
    """
    if not rows:
        click.echo(empty)
        return
    keys = list(rows[0])
    grid = [[_text(row[key]) for key in keys] for row in rows]
    columns = list(zip(*([keys, *grid] if head else grid), strict=True))
    natural = [max((widths or {}).get(key, 0), *map(len, cells)) for key, cells in zip(keys, columns, strict=True)]
    least = [
        max(len(word) for cell in cells for word in cell.split() or [""]) if key in wrap else width
        for key, cells, width in zip(keys, columns, natural, strict=True)
    ]
    fitted = _fit(natural, least, get_terminal_size().columns - indent - len(GAP) * (len(keys) - 1))
    numbers = [key in right or all(type(row[key]) in (int, float) for row in rows) for key in keys]
    if head:
        click.secho(_lines(keys, fitted, numbers, indent), bold=True)
        click.echo(" " * indent + GAP.join("─" * width for width in fitted))
    for line in grid:
        click.echo(_lines(line, fitted, numbers, indent))


def _text(value: Any) -> str:
    return "●" if value is True else "" if value is None or value is False else str(value)


def _fit(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths of columns: the widest become narrower, down to the least, until all fit into the room."""
    fitted = list(natural)
    while sum(fitted) > room:
        spare = [width - low for width, low in zip(fitted, least, strict=True)]
        if max(spare) <= 0:
            break
        fitted[max(range(len(fitted)), key=lambda i: (spare[i] > 0, fitted[i]))] -= 1
    return fitted


def _lines(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool], indent: int) -> str:
    """One row, as one line of text or several."""
    folded = [
        textwrap.wrap(cell, max(width, 1), break_on_hyphens=False) or [""]
        for cell, width in zip(cells, widths, strict=True)
    ]
    lines = []
    for parts in zip_longest(*folded, fillvalue=""):
        some = zip(parts, widths, right, strict=True)
        line = GAP.join(part.rjust(width) if number else part.ljust(width) for part, width, number in some)
        lines.append(" " * indent + line.rstrip())
    return "\n".join(lines)


def paragraph(text: str, indent: int = 0, hanging: int = 0) -> None:
    """Print a text, its paragraphs wrapped to the terminal at spaces only, its indented blocks as they are.

    Args:
        text: paragraphs, with empty lines between them.
        indent: spaces before each line.
        hanging: more spaces before all lines but the first.
    """
    first, others = " " * indent, " " * (indent + hanging)
    wrapper = textwrap.TextWrapper(max(40, get_terminal_size().columns), first, others)
    wrapper.break_on_hyphens = wrapper.break_long_words = False
    for number, block in enumerate(text.split("\n\n")):
        if number:
            click.echo()
        block = block.strip("\n")
        verbatim = any(line.startswith(" ") for line in block.splitlines())
        click.echo(textwrap.indent(block, first) if verbatim else wrapper.fill(" ".join(block.split("\n"))))
