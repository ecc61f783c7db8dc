"""What a page knows of a sheet: plain values, as JSON has them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from coevo.contract.capabilities import ShaderRenderer, VectorRenderer
from coevo.contract.works import Genome, Works
from coevo.errors import CoevoError, ConfigError, StoreError
from coevo.images.files import work_file
from coevo.images.films import film_bytes
from coevo.images.origin import describe, signature
from coevo.interactive.lineage import line_of_descent
from coevo.interactive.session_db import Individual
from coevo.interactive.sheet import Sheet
from coevo.tools.pages import shader_data

FRAME_MS, LAST_FRAME_MS = 400, 2000  # of a film
FRAMES = 200  # of a film, at most: the last ones
FILM_SIZE = 1024  # px of a film's side, at most


def sheet_state(sheet: Sheet, pictures: Sequence[str]) -> dict[str, Any]:
    """A sheet as a page shows it.

    Args:
        sheet: the sheet.
        pictures: the names of its pictures, by which `/pictures/NAME.png` gives them.
    """
    session = sheet.session
    return {
        "title": sheet.title,
        "artist": session.artist.name,
        "generation": sheet.generation,
        "snapshot": sheet.snapshot,
        "picks": list(sheet.picks),
        "mutation": mutation(sheet),
        "undo": sheet.can_undo,
        "redo": sheet.can_redo,
        "note": sheet.note,
        "lineage": sheet.works.genomes is not None,
        "vector": isinstance(session.artist, VectorRenderer),
        "works": [
            {"id": sheet.id(place), "parents": parents(sheet, place), "picture": f"/pictures/{name}.png"}
            for place, name in enumerate(pictures)
        ],
    }


def mutation(sheet: Sheet) -> dict[str, float] | None:
    if sheet.mutation is None:
        return None
    least, most = sheet.mutation_bounds
    return {"rate": sheet.mutation, "least": least, "most": min(most, 1e9)}


def parents(sheet: Sheet, place: int) -> list[str]:
    return list(sheet.works.genomes[place].parents) if sheet.works.genomes else []


def individual_state(sheet: Sheet, id: str) -> dict[str, Any]:
    """Everything that is known of one individual. Raises StoreError if there is none of that id."""
    one, artist = found(sheet, id), sheet.session.artist
    known = {**lineage_row(one), "genome": one.genome, "at": one.at, "picked": list(map(list, one.picked))}
    if isinstance(artist, ShaderRenderer):
        with suppress(ConfigError):  # a function set of a plugin's may have no shader
            known["shader"] = shader_data(artist.shader(works_of(sheet, id)))
    return known


def lineage_row(one: Individual) -> dict[str, Any]:
    return {
        "id": one.id,
        "parents": list(one.parents),
        "generation": one.round,
        "picked": len(one.picked),
        "by": sorted({user for user, _ in one.picked}),
    }


def found(sheet: Sheet, id: str) -> Individual:
    if sheet.db is None or sheet.works.genomes is None:
        raise StoreError("These works have no genomes, so they have no lineage.")
    return sheet.db.individual(id)


def works_of(sheet: Sheet, id: str) -> Works:
    """The work of any sheet that has this id; of works without genomes one of this sheet, by its number."""
    if sheet.works.genomes is None:
        place = int(id) - 1 if id.isdecimal() and len(id) < 9 else -1
        if problem := sheet.missing(place):
            raise StoreError(problem)
        return sheet.works[place : place + 1]
    for place, genome in enumerate(sheet.works.genomes):
        if genome.id == id:
            return sheet.works[place : place + 1]
    one = found(sheet, id)
    return Works(genomes=(Genome(one.id, one.parents, one.genome),))


def picture_of(sheet: Sheet, id: str, size: int) -> Image.Image:
    """Any individual at a size in px."""
    return Sheet(works_of(sheet, id), sheet.session).picture(0, size)


def file_of(sheet: Sheet, id: str, size: int, ending: str) -> bytes:
    """The content of a file to save.

    Args:
        sheet: of the session that has the individual.
        id: the individual's.
        size: px of a side.
        ending: png or svg, which carry the genome, or gif, the film of the way from the first ancestor.

    Raises:
        PairError: an SVG is wanted, and the artist draws no lines.
        StoreError: there is no individual of that id.
    """
    if ending == "gif":
        line = line_of_descent(sheet.db, id) if sheet.db and sheet.works.genomes else []
        if len(line) < 2:
            raise CoevoError("A film shows the way from an ancestor, and this work has none.")
        frames = [sheet.ancestor_picture(one, min(size, FILM_SIZE)) for one in line[-FRAMES:]]
        return film_bytes(Path("it.gif"), frames, [FRAME_MS] * (len(frames) - 1) + [LAST_FRAME_MS])
    return work_file_of(sheet, works_of(sheet, id), size, ending)


def work_file_of(sheet: Sheet, works: Works, size: int, ending: str) -> bytes:
    from pathlib import Path

    folder, artist = sheet.session.studio.folder, sheet.session.artist
    about = signature(artist, folder.name if folder else "") | describe(works, 0)
    return work_file(Path(f"x.{ending}"), artist, works, size, about)
