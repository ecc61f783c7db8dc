"""Works as files that carry their genome or code: PNGs, and SVGs of what is drawn in lines; by the name's ending."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from coevo.contract.capabilities import Programmed, VectorRenderer
from coevo.contract.drawings import Drawing
from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.errors import PairError
from coevo.images import PICTURES, SOURCES
from coevo.images.origin import Origin, parse_origin
from coevo.images.png import png_bytes, png_text
from coevo.images.rendering import render_strips
from coevo.images.sheets import to_bytes, to_picture
from coevo.images.svg import svg_bytes, svg_text

PNG, SVG = PICTURES


def is_svg(path: Path) -> bool:
    return path.suffix.lower() == SVG


def work_file(path: Path, artist: Artist, works: Works, size: int, about: Mapping[str, Any]) -> bytes:
    """The content of a file that shows the first of the works.

    Args:
        path: its name ends with .svg for an SVG, or as SOURCES say for source; a PNG by default.
        artist: draws the work.
        works: one work.
        size: px of a side.
        about: its origin, as `signature` and `describe` give it.

    Raises:
        PairError: an SVG is wanted, and the artist draws no lines; or source, and its works are no programs.
    """
    if language := SOURCES.get(path.suffix.lower()):
        if not isinstance(artist, Programmed):
            raise PairError(
                f"Works of artist {artist.name!r} are no programs, so there is no source; save them as {PNG}."
            )
        return artist.source(works, language).encode()
    if is_svg(path):
        return svg_bytes(drawings(artist, works[:1])[0], size, about)
    pixels, top = np.empty((size, size, artist.studio.image[0]), np.uint8), 0
    for strip in render_strips(artist, works, size):
        pixels[top : top + strip.shape[1]] = to_bytes(strip[None])[0]
        top += strip.shape[1]
    return png_bytes(to_picture(pixels), about)


def drawings(artist: Artist, works: Works) -> list[Drawing]:
    """The drawings of works. Raises PairError, which says what to do, if the artist draws no lines."""
    if not isinstance(artist, VectorRenderer):
        raise PairError(f"Artist {artist.name!r} draws no lines, as an SVG needs them; save its works as {PNG}.")
    return list(artist.vector(works))


def read_origin(path: Path) -> Origin:
    """The origin of the work in a PNG or an SVG.

    Raises:
        DataError: the file is neither, or carries no genome or code.
    """
    return parse_origin(svg_text(path) if is_svg(path) else png_text(path), path)
