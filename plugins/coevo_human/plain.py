"""A session in plain lines: a numbered sheet as PNG and as text, picks typed as `3 7`."""

from __future__ import annotations

import sys

import click
import numpy as np
from PIL import Image

from coevo.errors import ConfigError
from coevo.images.png import save_png
from coevo.images.sheets import contact_sheet
from coevo.interactive.lineage import pedigree
from coevo.interactive.ui import HELP, Command, Face, Pick, Quit, Sheet, parse

RAMP = " .:-=+*#%@"
CELLS = 16  # characters across a picture; they are twice as high as wide
WIDTH = 80


class Plain(Face):
    """Reads commands from stdin, a line each; the end of the input leaves and keeps everything."""

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
                    case ["z" | "zoom", place]:
                        self.zoom(sheet, place)
                    case ["l" | "lineage", place]:
                        self.lineage(sheet, place)
                    case _:
                        return parse(line)
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
            labels = [str(place + 1) for place in range(len(sheet))]
            assert sheet.works.images is not None
            save_png(path, contact_sheet(sheet.works.images, labels=labels), {"artist": sheet.session.artist.name})
            click.echo(f"The sheet is {path}")

    def zoom(self, sheet: Sheet, place: str) -> None:
        if flaw := sheet.flaw(pick := Pick((int(place) - 1 if place.isdecimal() else -1,))):
            click.echo(flaw)
        else:
            click.echo("\n".join(text_picture(sheet.picture(pick.places[0], 8 * WIDTH), WIDTH)))

    def lineage(self, sheet: Sheet, place: str) -> None:
        from rich.console import Console

        if flaw := sheet.flaw(pick := Pick((int(place) - 1 if place.isdecimal() else -1,))):
            click.echo(flaw)
        elif sheet.history and (one := sheet.id(pick.places[0])) in sheet.history.individuals(one):
            Console(width=WIDTH).print(pedigree(sheet.history, one))
        else:
            click.echo("These works have no lineage.")


def text_sheet(pictures: list[Image.Image]) -> list[str]:
    """Pictures as rows of numbered blocks of characters."""
    columns = max(1, (WIDTH + 1) // (CELLS + 1))
    rows = []
    for first in range(0, len(pictures), columns):
        some = pictures[first : first + columns]
        rows.append(" ".join(f"[{first + place + 1}]".ljust(CELLS) for place in range(len(some))).rstrip())
        blocks = [text_picture(picture, CELLS) for picture in some]
        rows += [" ".join(parts).rstrip() for parts in zip(*blocks, strict=True)]
    return rows


def text_picture(picture: Image.Image, width: int) -> list[str]:
    """A picture in characters: what differs from its commonest tone is drawn, the more the denser."""
    small = picture.convert("L").resize((width, width // 2), Image.Resampling.BOX)
    grey = np.asarray(small, np.float32)
    off = np.abs(grey - np.median(grey))
    steps = (off / max(float(off.max()), 32.0) * (len(RAMP) - 1)).round().astype(int)
    return ["".join(RAMP[step] for step in row) for row in steps]
