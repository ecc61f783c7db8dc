"""Works drawn anew, at any size, from what their pictures carry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import ValidationError

from coevo.contract.players import Artist
from coevo.errors import DataError
from coevo.images.png import Origin, describe, save_png, signature
from coevo.images.sheets import to_bytes, to_picture
from coevo.plugin.registry import registry
from coevo.runs.run import load_artist
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio


def artist_of(origin: Origin, runs: Path) -> Artist:
    """An Artist that draws a work: made anew, as a genome tells all; where a network decodes a code, that of its run.

    Raises CoevoError where there is no such Artist or run, or its options are others.
    """
    if origin.works.codes is not None:
        return load_artist(RunFolder.open(origin.run, runs), remember=False)
    its: type[Artist] = registry().load("artist", origin.artist)
    try:
        options = its.Options(**origin.options)
    except ValidationError as error:
        raise DataError(
            f"The picture's options do not fit artist {origin.artist!r}: {error.errors()[0]['msg']}."
        ) from error
    artist = its(options, Studio((origin.channels, 32, 32), batch=8))
    artist.build()
    return artist


def redraw(origin: Origin, size: int, output: Path, runs: Path) -> None:
    """Write the work as a PNG of that size, which carries it on."""
    artist = artist_of(origin, runs)
    pixels = np.empty((size, size, origin.channels), np.uint8)
    top = 0
    for strip in artist.render_strips(origin.works, size):
        pixels[top : top + strip.shape[1]] = to_bytes(strip[None])[0]
        top += strip.shape[1]
    save_png(output, to_picture(pixels), signature(artist, origin.run) | describe(origin.works, 0))
