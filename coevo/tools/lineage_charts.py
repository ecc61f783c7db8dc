"""Pictures of descent: a family as a chart, a line of descent as a sheet or a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from coevo.contract.players import Artist
from coevo.contract.works import Genome, Works
from coevo.errors import ConfigError, StoreError
from coevo.images import FILMS, PICTURES, SOURCES
from coevo.images.files import drawings, is_svg, work_file
from coevo.images.films import film_bytes
from coevo.images.origin import describe, signature
from coevo.images.png import png_bytes
from coevo.images.rendering import render
from coevo.images.sheets import captioned, contact_sheet, to_bytes, to_picture
from coevo.images.svg import svg_sheet
from coevo.interactive.lineage import chart
from coevo.interactive.session_db import Individual
from coevo.runs.opening import load_artist
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import about, write_output

FRAME_MS, LAST_FRAME_MS = 400, 2000  # of a film


def write_chart(run: RunFolder, family: Mapping[str, Individual], marked: Sequence[str], output: Path) -> None:
    """Write a family as a picture (.png), each individual drawn from its genome.

    Args:
        run: the run's folder.
        family: individuals by id.
        marked: ids that get a frame.
        output: the picture.
    """
    if output.suffix.lower() != ".png":
        raise ConfigError(f"-o {output} should end with .png.")
    if not family:
        raise StoreError(f"The session of run {run.name!r} shows no individuals that could be drawn.")
    artist = load_artist(run, remember=False)
    picture = chart(family, lambda one, size: to_picture(to_bytes(drawn(artist, [one], size))[0]), marked)
    frames = "red: the one that was asked for; green: picked" if marked else "green: picked; grey: not picked"
    said = f"Parents above their children, with ids; {frames} (run {run.name})"
    write_output(output, png_bytes(captioned(picture, said), about(run, artist)))


def write_path(run: RunFolder, line: Sequence[Individual], size: int, output: Path) -> None:
    """Write individuals one after another, as a sheet (.png or .svg), which carries the last one's genome, or as a
    film; or the last one's program as source (.py or .txt)."""
    artist = load_artist(run, remember=False)
    kind = output.suffix.lower()
    if kind in SOURCES:
        write_output(output, work_file(output, artist, works_of_individuals(line[-1:]), size, {}))
        return
    if kind not in (*PICTURES, *FILMS):
        raise ConfigError(f"-o {output} should end with .png or .svg (a sheet) or {', '.join(FILMS)} (a film).")
    if kind in PICTURES:
        works = works_of_individuals(line)
        origin = signature(artist, run.name) | describe(works, len(line) - 1)
        labels = [f"{one.id}, generation {one.round}" for one in line]
        said = f"The way from {line[0].id} to {line[-1].id}, with ids and generations (run {run.name})"
        if len(line) == 1:
            content = work_file(output, artist, works, size, origin)
        elif is_svg(output):
            content = svg_sheet(drawings(artist, works), size, origin, labels)
        else:
            sheet = contact_sheet(render(artist, works, size), scale=1, labels=labels, caption=said)
            content = png_bytes(sheet, origin)
        write_output(output, content)
        return
    frames = [to_picture(to_bytes(drawn(artist, [one], size))[0]) for one in line]
    write_output(output, film_bytes(output, frames, [FRAME_MS] * (len(frames) - 1) + [LAST_FRAME_MS]))


def works_of_individuals(some: Sequence[Individual]) -> Works:
    """Individuals of a session as works, without pictures."""
    return Works(genomes=tuple(Genome(one.id, one.parents, one.genome) for one in some))


def drawn(artist: Artist, some: Sequence[Individual], size: int) -> Tensor:
    """Pictures [N, C, size, size] of individuals, from their genomes."""
    return render(artist, works_of_individuals(some), size)
