"""Works drawn again, at any size, from the genome or code that their pictures carry."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coevo.contract.players import Artist
from coevo.errors import DataError, StoreError
from coevo.images.files import work_file
from coevo.images.origin import Origin, describe, signature
from coevo.plugin.registry import registry
from coevo.runs.opening import load_artist, read_config
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio
from coevo.tools.output import write_output


def artist_of(origin: Origin, runs: Path) -> Artist:
    """An artist that can draw a work: that of its run if it has a code, or else a new one, as the genome is enough.

    Raises:
        CoevoError: there is no such artist or run, or the artist has other options.
    """
    if origin.works.codes is not None:
        return load_artist(RunFolder.open(origin.run, runs), remember=False)
    found = class_of(origin, runs)
    options: Mapping[str, Any] = found.upgrade(dict(origin.options))
    options = {name: value for name, value in options.items() if name != "population"}  # to draw one takes none
    try:
        artist = found(found.Options(**options), Studio((origin.channels, 32, 32), batch=8))
    except ValidationError as error:
        raise DataError(
            f"The picture's options do not fit artist {origin.artist!r}: {error.errors()[0]['msg']}."
        ) from error
    artist.build()
    return artist


def class_of(origin: Origin, runs: Path) -> type[Artist]:
    """The class of the artist that drew a work: an installed one, or the user's own, which its run knows.

    Raises:
        CoevoError: there is no such artist.
    """
    if not registry().has("artist", origin.artist):
        with suppress(StoreError):
            kept = read_config(RunFolder.open(origin.run, runs)).artist_class
            if kept.name == origin.artist:
                return kept
    found: type[Artist] = registry().load("artist", origin.artist)
    return found


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
