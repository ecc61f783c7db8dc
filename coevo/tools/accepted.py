"""The works of a run that fooled its critic, listed and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coevo.errors import StoreError, unknown
from coevo.images.files import drawings, is_svg, work_file
from coevo.images.origin import describe, signature
from coevo.images.png import png_bytes
from coevo.images.rendering import render
from coevo.images.sheets import contact_sheet
from coevo.images.svg import svg_sheet
from coevo.loop.pairs import lacks_gradients
from coevo.monitoring.accepted import read_accepted, works_of_rows
from coevo.runs.build import one_pair
from coevo.runs.opening import SavedRun, read_config
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio
from coevo.tools.output import about, of_run, write_output


def accepted_rows(run: RunFolder, id: str | None = None) -> list[dict[str, Any]]:
    """The accepted works of a run, oldest first, or the one of that id.

    Raises:
        StoreError: there is none of that id, or the artist does not evolve, so that no works are recorded.
    """
    rows = read_accepted(run.folder)
    if not rows:
        check_evolves(run)
    if id is None:
        return rows
    if found := [row for row in rows if row["id"] == id]:
        return found
    raise StoreError(unknown("accepted work", id, [row["id"] for row in rows]))


def check_evolves(run: RunFolder) -> None:
    """Raise StoreError if a run records no accepted works."""
    config = read_config(run)
    artist, critic = one_pair(config, Studio())
    why = ""
    if not artist.spec().population and not lacks_gradients(artist.spec(), critic.spec()):
        why = f"its artist {artist.name!r} does not evolve"
    elif critic.spec().rewards == "picks":
        why = f"its critic {critic.name!r} picks, and what it picked is in `coevo lineage`"
    elif not config.run.accepted:
        why = "it was played with run.accepted=0"
    if why:
        again = run.command("coevo sample")
        raise StoreError(
            f"Run {run.name!r} records no accepted works: {why}. Draw its works with: {again} -o works.png"
        )


def write_accepted(run: RunFolder, rows: Sequence[dict[str, Any]], size: int, output: Path) -> None:
    """Draw accepted works, each under its id, round and score; a single one carries its genome.

    Args:
        run: the run's folder.
        rows: as `accepted_rows` gives them.
        size: of a picture, in px.
        output: the picture (.png or .svg).
    """
    if not rows:
        raise StoreError(f"Run {run.name!r} has no accepted works to draw.")
    saved = SavedRun(run, remember=False)
    artist, works = saved.artist, works_of_rows(rows)
    labels = [f"{row['id']}, round {row['round']}: {row['score']:.2f}" for row in rows]
    if len(rows) == 1:
        (row,) = rows
        origin = signature(artist, run.name) | {"round": row["round"], "score": row["score"]} | describe(works, 0)
        content = work_file(output, artist, works, size, origin)
    elif is_svg(output):
        content = svg_sheet(drawings(artist, works), size, about(run, artist), labels)
    else:
        said = f"{len(rows)} works that fooled the critic, with id, round and score {of_run(saved)}"
        sheet = contact_sheet(render(artist, works, size), labels=labels, caption=said)
        content = png_bytes(sheet, about(run, artist))
    write_output(output, content)
