"""Works drawn again, at any size, from the genome or code that their pictures carry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from coevo.contract.players import Artist
from coevo.errors import DataError
from coevo.images.png import Origin, describe, png_bytes, signature
from coevo.images.rendering import render_strips
from coevo.images.sheets import to_bytes, to_picture
from coevo.plugin.registry import registry
from coevo.runs.opening import load_artist
from coevo.storage.run_folder import FORMAT, RunFolder
from coevo.studio import Studio
from coevo.tools.output import write_output


def artist_of(origin: Origin, runs: Path) -> Artist:
    """An artist that can draw a work: that of its run if it has a code, or else a new one, as the genome is enough.

    Raises:
        CoevoError: there is no such artist or run, or the artist has other options.
    """
    if origin.works.codes is not None:
        return load_artist(RunFolder.open(origin.run, runs), remember=False)
    found: type[Artist] = registry().load("artist", origin.artist)
    options: Mapping[str, Any] = origin.options
    if origin.format < FORMAT:
        options = found.upgrade(dict(options))
    options = {name: value for name, value in options.items() if name != "population"}  # to draw one takes none
    try:
        artist = found(found.Options(**options), Studio((origin.channels, 32, 32), batch=8))
    except ValidationError as error:
        raise DataError(
            f"The picture's options do not fit artist {origin.artist!r}: {error.errors()[0]['msg']}."
        ) from error
    artist.build()
    return artist


def redraw(origin: Origin, size: int, output: Path, runs: Path) -> None:
    """Write a work as a PNG of another size, which carries its genome or code again.

    Args:
        origin: the work.
        size: of the picture, in px.
        output: the picture.
        runs: the folder of all runs.
    """
    artist = artist_of(origin, runs)
    pixels = np.empty((size, size, origin.channels), np.uint8)
    top = 0
    for strip in render_strips(artist, origin.works, size):
        pixels[top : top + strip.shape[1]] = to_bytes(strip[None])[0]
        top += strip.shape[1]
    write_output(output, png_bytes(to_picture(pixels), signature(artist, origin.run) | describe(origin.works, 0)))
