"""A picture of a grid: works of every cell, and arrows to the cells that took something of it at the last exchange."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw
from torch import Tensor

from coevo.grid.grid import Grid
from coevo.grid.leg import exchanges
from coevo.images.sheets import contact_sheet
from coevo.storage.run_folder import RunFolder

SIDE, GAP, WORKS = 160, 48, 4  # px of a cell, px between two, works of a cell
COLOURS = {"artist": (40, 110, 220), "critic": (220, 90, 30)}


def draw_grid(grid: Grid) -> Image.Image:
    """The picture; blue arrows are artists and their works, orange ones critics."""
    rows, columns = grid.shape
    size = columns * SIDE + (columns + 1) * GAP, rows * SIDE + (rows + 1) * GAP
    image = Image.new("RGB", size, "white")
    for cell in grid.cells:
        if leg := grid.done(cell):
            image.paste(cell_picture(grid.read(cell, leg).images), corner(grid, cell))
    pen = ImageDraw.Draw(image)
    for cell in grid.cells:
        pen.text((corner(grid, cell)[0], corner(grid, cell)[1] - 14), grid.name(cell), fill="black")
        for role, colour in COLOURS.items():
            source = last_taken(grid, cell).get(role, cell)
            if source != cell:
                draw_arrow(pen, centre(grid, source), centre(grid, cell), colour, 6 if role == "artist" else -6)
    return image


def last_taken(grid: Grid, cell: int) -> dict[str, Any]:
    """What a cell took at its last exchange; empty before the first."""
    if not (grid.runs / grid.name(cell)).is_dir():
        return {}
    found: Sequence[dict[str, Any]] = exchanges(RunFolder.open(grid.name(cell), grid.runs))
    return found[-1] if found else {}


def cell_picture(images: Tensor) -> Image.Image:
    """The first works of a cell, two by two."""
    sheet = contact_sheet(images[:WORKS], columns=2, scale=1)
    return sheet.convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST)


def corner(grid: Grid, cell: int) -> tuple[int, int]:
    row, column = divmod(cell, grid.shape[1])
    return GAP + column * (SIDE + GAP), GAP + row * (SIDE + GAP)


def centre(grid: Grid, cell: int) -> tuple[float, float]:
    x, y = corner(grid, cell)
    return x + SIDE / 2, y + SIDE / 2


def draw_arrow(
    pen: ImageDraw.ImageDraw,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: tuple[int, int, int],
    offset: float,
) -> None:
    """An arrow from the edge of one cell to that of another, offset sideways so that two arrows do not overlap."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    reach = SIDE / 2 / max(abs(math.cos(angle)), abs(math.sin(angle))) + 4
    direction = math.cos(angle), math.sin(angle)
    shift = -direction[1] * offset, direction[0] * offset
    tail = start[0] + direction[0] * reach + shift[0], start[1] + direction[1] * reach + shift[1]
    tip = end[0] - direction[0] * reach + shift[0], end[1] - direction[1] * reach + shift[1]
    pen.line([tail, tip], fill=colour, width=3)
    for side in (-0.5, 0.5):
        head = angle + math.pi + side
        pen.line([tip, (tip[0] + 11 * math.cos(head), tip[1] + 11 * math.sin(head))], fill=colour, width=3)
