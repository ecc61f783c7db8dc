"""Pictures for people: contact sheets, and PNGs that carry what they are made of."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, UnidentifiedImageError
from torch import Tensor

from coevo.contract.players import Artist, Genome, Works
from coevo.errors import DataError
from coevo.storage.run_folder import write_whole
from coevo.version import __version__

PAPER, INK = 255, 60
LABEL = 24  # px that a label takes
TARGET = 900  # px: about the width of a sheet


def to_bytes(images: Tensor) -> np.ndarray:
    """[N, C, H, W] in [-1, 1] → uint8 [N, H, W, C]."""
    pixels = images.detach().permute(0, 2, 3, 1).cpu().numpy()
    return ((np.clip(pixels, -1, 1) + 1) * 127.5).round().astype(np.uint8, order="C")  # one thread: they are few


def to_picture(pixels: np.ndarray) -> Image.Image:
    """uint8 [H, W, C] → a picture, grey where C is 1."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def contact_sheet(
    images: Tensor,
    columns: int | None = None,
    scale: int | None = None,
    labels: Sequence[str] = (),
    gap: int | None = None,
) -> Image.Image:
    """N pictures in a grid on white, each pixel enlarged to a square of `scale`, so that small ones show.

    labels: a word to write over each picture; gap: px between two of them.
    """
    pixels = to_bytes(images)
    n, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    scale = scale or max(1, TARGET // (columns * width))
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width, gap = height * scale, width * scale, max(2, 2 * scale) if gap is None else gap
    head = LABEL if labels else 0
    sheet = np.full((rows * (height + gap + head) + gap, columns * (width + gap) + gap, channels), PAPER, np.uint8)
    places = [(gap + i // columns * (height + gap + head) + head, gap + i % columns * (width + gap)) for i in range(n)]
    for (top, left), picture in zip(places, pixels, strict=True):
        sheet[top : top + height, left : left + width] = picture
    drawn = to_picture(sheet)
    pen, font = ImageDraw.Draw(drawn), fitting_font(labels, width)
    for (top, left), label in zip(places, labels, strict=False):
        pen.text((left + width / 2, top - head / 2), label, INK if channels == 1 else (INK,) * 3, font, "mm")
    return drawn


def filled(row: Tensor, columns: int) -> Tensor:
    """Pictures [N, C, H, W] and paper after them: [columns, C, H, W]."""
    return torch.cat([row, row.new_ones(columns - len(row), *row.shape[1:])])


def fitting_font(labels: Sequence[str], width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font in which every label fits over a picture of that width in px; no smaller than can be read."""
    fonts = [ImageFont.load_default(size) for size in range(LABEL - 8, 8, -1)]
    return next((font for font in fonts if max(map(font.getlength, labels), default=0) <= width), fonts[-1])


def save_png(path: Path, picture: Image.Image, about: dict[str, Any]) -> None:
    """Write a PNG whole, with what it is about as JSON in its text chunk `coevo`."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", f"coevo {__version__}")
    info.add_text("coevo", json.dumps({"version": __version__, **about}))
    buffer = io.BytesIO()
    picture.save(buffer, "png", pnginfo=info)
    write_whole(path, buffer.getvalue())


def save_gif(path: Path, frames: Sequence[Image.Image], milliseconds: Sequence[int]) -> None:
    """Write a film whole; it begins anew at its end."""
    buffer = io.BytesIO()
    frames[0].save(buffer, "gif", save_all=True, append_images=frames[1:], duration=list(milliseconds), loop=0)
    write_whole(path, buffer.getvalue())


@dataclass(frozen=True)
class Origin:
    """What a picture says of itself: whose work it is, of which run, and the work as genome or code.

    options, channels: the Artist's and the picture's; a genome can be drawn again by them alone.
    """

    artist: str
    run: str
    works: Works
    options: Mapping[str, Any] = field(default_factory=dict)
    channels: int = 1


def signature(artist: Artist, run: str) -> dict[str, Any]:
    """Whose works these are, for `save_png`."""
    options = artist.options.model_dump(mode="json", exclude_defaults=True)
    return {"artist": artist.name, "run": run, "options": options, "channels": artist.studio.image[0]}


def describe(works: Works, index: int) -> dict[str, Any]:
    """What one of the works is made of, for `save_png`."""
    about: dict[str, Any] = {}
    if works.genomes is not None:
        genome = works.genomes[index]
        about |= {"id": genome.id, "parents": list(genome.parents), "genome": genome.text}
    if works.codes is not None:
        about["code"] = [float(f"{value:.9g}") for value in works.codes[index].tolist()]  # exact for float32
    return about


def works_of(about: dict[str, Any]) -> Works:
    """The work that `describe` described, without its picture. Raises KeyError, ValueError or TypeError."""
    codes = torch.tensor([about["code"]], dtype=torch.float32) if "code" in about else None
    genomes = None
    if "genome" in about:
        genomes = (Genome(str(about["id"]), tuple(map(str, about["parents"])), str(about["genome"])),)
    return Works(codes=codes, genomes=genomes)


def abroad(works: Works, run: str) -> Works:
    """The same works, their individuals named with the run they come from, as `blind-watchmaker-1/37`."""
    if works.genomes is None or not run:
        return works
    own = f"{run}/"
    return replace(works, genomes=tuple(replace(one, id=own + one.id.removeprefix(own)) for one in works.genomes))


def read_origin(path: Path) -> Origin:
    """Whose work a PNG shows. Raises DataError where it is no picture, or carries no genome or code.

    The individual is named as `abroad` does, so that its lineage can go on in another run.
    """
    try:
        with Image.open(path) as picture:
            text = picture.info.get("coevo")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}") from error
    try:
        about = json.loads(text) if text else {}
        works, run = works_of(about), str(about.get("run", ""))
        if works.codes is None and works.genomes is None:
            raise DataError(f"{path} carries no genome and no code of coevo's; only pictures saved one by one do.")
        options, channels = dict(about.get("options", {})), int(about.get("channels", 1))
        return Origin(str(about["artist"]), run, abroad(works, run), options, channels)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} carries a genome that coevo cannot read ({type(error).__name__}: {error}).") from error
