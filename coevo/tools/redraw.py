"""Works drawn again, at any size, from the genome or code that their pictures carry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coevo.contract.players import Artist
from coevo.errors import DataError
from coevo.images.files import work_file
from coevo.images.origin import Origin, describe, signature
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
    """Write a work as a picture of another size, which carries its genome or code again.

    Args:
        origin: the work.
        size: of the picture, in px.
        output: the picture: a PNG, or an SVG by its name.
        runs: the folder of all runs.
    """
    artist, works = artist_of(origin, runs), origin.works
    about = signature(artist, origin.run) | describe(works, 0)
    write_output(output, work_file(output, artist, works, size, about))
