"""A session in plain lines: a numbered sheet as PNG and as text, picks typed as `3 7`."""

from __future__ import annotations

import sys

import click
import numpy as np
from PIL import Image

from coevo.errors import ConfigError
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.interactive.commands import HELP, Command, Quit, parse_command
from coevo.interactive.lineage import pedigree
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI

RAMP = " .:-=+*#%@"
CELLS = 16  # characters across a picture; they are twice as high as wide
WIDTH = 80


class Plain(UI):
    """Reads commands from stdin, one a line; the end of the input quits and keeps everything."""

    def ask(self, sheet: Sheet) -> Command:
        if sheet.note:
            click.echo(sheet.note)
        else:
            self.show(sheet)
        while True:
            try:
                line = self.line(f"{sheet.picks_text}, h for help> ")
            except (EOFError, KeyboardInterrupt):
                click.echo()
                return Quit()
            try:
                match line.split():
                    case ["h" | "help" | "?"]:
                        click.echo(HELP)
                    case ["z" | "zoom", number]:
                        self.zoom(sheet, number)
                    case ["l" | "lineage", number]:
                        self.lineage(sheet, number)
                    case _:
                        return parse_command(line)
            except ConfigError as error:
                click.echo(str(error))

    def line(self, prompt: str) -> str:
        """A typed line. Raises EOFError at the end of the input."""
        click.echo(prompt, nl=False)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        if not sys.stdin.isatty():
            click.echo(line.rstrip())  # so that a log of the session can be read
        return line

    def show(self, sheet: Sheet) -> None:
        mutation = f" · mutation {sheet.mutation:.3g}" if sheet.mutation is not None else ""
        click.echo(f"\n{sheet.title} · generation {sheet.generation}{mutation}")
        click.echo("\n".join(text_sheet(sheet.pictures())))
        if (folder := sheet.session.studio.folder) is not None:
            path = folder / "sheet.png"
            labels = [str(index + 1) for index in range(len(sheet))]
            save_png(path, contact_sheet(sheet.works.pixels, labels=labels), {"artist": sheet.session.artist.name})
            click.echo(f"The sheet is {path}")

    def zoom(self, sheet: Sheet, number: str) -> None:
        index = checked_index(sheet, number)
        click.echo("\n".join(text_picture(sheet.picture(index, 8 * WIDTH), WIDTH)))

    def lineage(self, sheet: Sheet, number: str) -> None:
        from rich.console import Console

        id = sheet.id(checked_index(sheet, number))
        if sheet.db and id in sheet.db.individuals(id):
            Console(width=WIDTH).print(pedigree(sheet.db, id))
        else:
            click.echo("These works have no lineage.")


def checked_index(sheet: Sheet, number: str) -> int:
    """The index of the work with a typed number. Raises ConfigError if there is none."""
    index = int(number) - 1 if number.isdecimal() else -1
    if problem := sheet.missing(index):
        raise ConfigError(problem)
    return index


def text_sheet(pictures: list[Image.Image]) -> list[str]:
    """Pictures as lines of text: rows of numbered blocks of characters."""
    columns = max(1, (WIDTH + 1) // (CELLS + 1))
    rows = []
    for first in range(0, len(pictures), columns):
        some = pictures[first : first + columns]
        rows.append(" ".join(f"[{first + index + 1}]".ljust(CELLS) for index in range(len(some))).rstrip())
        blocks = [text_picture(picture, CELLS) for picture in some]
        rows += [" ".join(parts).rstrip() for parts in zip(*blocks, strict=True)]
    return rows


def text_picture(picture: Image.Image, width: int) -> list[str]:
    """A picture as lines of characters: denser ones where it differs more from its median tone."""
    small = picture.convert("L").resize((width, width // 2), Image.Resampling.BOX)
    grey = np.asarray(small, np.float32)
    off = np.abs(grey - np.median(grey))
    steps = (off / max(float(off.max()), 32.0) * (len(RAMP) - 1)).round().astype(int)
    return ["".join(RAMP[step] for step in row) for row in steps]
