"""The origin of a work, which its picture carries: who made it, and the genome or code to draw it from again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from coevo.contract.players import Artist
from coevo.contract.works import Genome, Works
from coevo.errors import DataError
from coevo.storage.run_folder import FORMAT
from coevo.version import __version__


@dataclass(frozen=True)
class Origin:
    """The origin of the work in a picture.

    Args:
        artist, run: names.
        works: the work as genome or code, without its picture.
        options: the artist's, as far as they are not the defaults; with them a genome can be drawn again.
        channels: of the picture.
        format: of the options.
    """

    artist: str
    run: str
    works: Works
    options: Mapping[str, Any] = field(default_factory=dict)
    channels: int = 1
    format: int = FORMAT


def signature(artist: Artist, run: str) -> dict[str, Any]:
    """Artist, options and run of works, for `origin_text`."""
    options = artist.options.model_dump(mode="json", exclude_defaults=True)
    return {"artist": artist.name, "run": run, "options": options, "channels": artist.studio.image[0]}


def describe(works: Works, index: int) -> dict[str, Any]:
    """Genome and code of one of the works, for `origin_text`."""
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


def check_names(*names: str) -> None:
    """Raise ValueError if a name could be a path to somewhere else, or control a terminal."""
    for name in names:
        if len(name) > 500 or not name.isprintable() or ".." in name.split("/") or name.startswith("/"):
            raise ValueError(f"{name[:40]!r} is not a name")


def qualify_ids(works: Works, run: str) -> Works:
    """The same works, their individuals named with the run they come from, as `blind-watchmaker-1/37`."""
    if works.genomes is None or not run:
        return works
    own = f"{run}/"
    return replace(works, genomes=tuple(replace(one, id=own + one.id.removeprefix(own)) for one in works.genomes))


def origin_text(about: Mapping[str, Any]) -> str:
    """What a picture is about, as the text that it carries; ASCII."""
    return json.dumps({"version": __version__, "format": FORMAT, **about})


def parse_origin(text: str | None, path: Path) -> Origin:
    """The origin of the work in a picture, by the text that it carries.

    The individual is named as `qualify_ids` does, so that its lineage can go on in another run.

    Args:
        text: as `origin_text` wrote it; it may come from others, so that nothing in it is trusted.
        path: of the picture, for messages.

    Raises:
        DataError: there is no text, or it has no genome or code.
    """
    try:
        about = json.loads(text) if text else {}
        works, run = works_of(about), str(about.get("run", ""))
        if works.codes is None and works.genomes is None:
            raise DataError(f"{path} carries no genome or code of coevo's; only pictures that are saved one by one do.")
        options, channels = dict(about.get("options", {})), int(about.get("channels", 1))
        format, artist = int(about.get("format", 1)), str(about["artist"])
        if channels not in (1, 3):
            raise ValueError(f"a picture has 1 or 3 channels, not {channels}")
        check_names(artist, run, *(name for one in works.genomes or () for name in (one.id, *one.parents)))
        return Origin(artist, run, qualify_ids(works, run), options, channels, format)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError(f"{path} carries a genome that coevo cannot read ({type(error).__name__}: {error}).") from error
