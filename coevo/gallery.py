"""Pictures for people: contact sheets, and PNGs that carry what they are made of."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, PngImagePlugin, UnidentifiedImageError
from torch import Tensor

import coevo
from coevo.errors import DataError
from coevo.roles import Genome, Works
from coevo.store import write_whole

PAPER = 255
TARGET = 900  # px: about the width of a sheet


def to_bytes(images: Tensor) -> np.ndarray:
    """[N, C, H, W] in [-1, 1] → uint8 [N, H, W, C]."""
    scaled = images.detach().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def to_picture(pixels: np.ndarray) -> Image.Image:
    """uint8 [H, W, C] → a picture, grey where C is 1."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def contact_sheet(images: Tensor, columns: int | None = None, scale: int | None = None) -> Image.Image:
    """N pictures in a grid on white, each pixel enlarged to a square of `scale`, so that small ones show."""
    pixels = to_bytes(images)
    n, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    scale = scale or max(1, TARGET // (columns * width))
    pixels = pixels.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width, gap = height * scale, width * scale, max(2, 2 * scale)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), PAPER, np.uint8)
    for index, picture in enumerate(pixels):
        top = gap + index // columns * (height + gap)
        left = gap + index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return to_picture(sheet)


def save_png(path: Path, picture: Image.Image, about: dict[str, Any]) -> None:
    """Write a PNG whole, with what it is about as JSON in its text chunk `coevo`."""
    info = PngImagePlugin.PngInfo()
    info.add_text("coevo", json.dumps({"version": coevo.__version__, **about}))
    buffer = io.BytesIO()
    picture.save(buffer, "png", pnginfo=info)
    write_whole(path, buffer.getvalue())


@dataclass(frozen=True)
class Origin:
    """What a picture says of itself: the Artist's name, and the work it shows as genome or code."""

    artist: str
    works: Works


def describe(works: Works, index: int) -> dict[str, Any]:
    """What one of the works is made of, for `save_png`."""
    about: dict[str, Any] = {}
    if works.genomes is not None:
        genome = works.genomes[index]
        about |= {"id": genome.id, "parents": list(genome.parents), "genome": genome.text}
    if works.codes is not None:
        about["code"] = [round(value, 6) for value in works.codes[index].tolist()]
    return about


def read_origin(path: Path) -> Origin:
    """Whose work a PNG shows. Raises DataError where it is no picture, or carries no genome or code."""
    try:
        with Image.open(path) as picture:
            text = picture.info.get("coevo")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}") from error
    try:
        about = json.loads(text) if text else {}
        codes = torch.tensor([about["code"]], dtype=torch.float32) if "code" in about else None
        genomes = None
        if "genome" in about:
            genomes = (Genome(str(about["id"]), tuple(map(str, about["parents"])), str(about["genome"])),)
        if codes is None and genomes is None:
            raise DataError(f"{path} carries no genome and no code; only pictures saved one by one do.")
        return Origin(str(about["artist"]), Works(codes=codes, genomes=genomes))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} carries a genome that coevo cannot read ({type(error).__name__}: {error}).") from error
