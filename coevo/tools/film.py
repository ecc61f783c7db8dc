"""A film of a run: its contact sheets, one after another."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from coevo.errors import StoreError, reason
from coevo.images.films import film_bytes
from coevo.storage.run_folder import RunFolder
from coevo.tools.growth import FRAMES, LAST_FRAME_MS, shown
from coevo.tools.output import write_output

FRAME_MS = 80


def write_film(run: RunFolder, width: int, output: Path) -> int:
    """Write the sheets of a run as a film, at most 150 of them, evenly chosen.

    Args:
        run: the run's folder.
        width: of the film, in px.
        output: the film.

    Returns:
        The number of its frames.

    Raises:
        StoreError: the run has fewer than two sheets, or one of them cannot be read.
    """
    sheets = sorted(run.sheets.glob("*.png"))
    if len(sheets) < 2:
        raise StoreError(
            f"Run {run.name!r} has {len(sheets)} contact sheets, and a film needs two or more; play on, with a smaller "
            "run.sheet_every if need be."
        )
    some = [sheets[place] for place in shown(len(sheets) - 1, FRAMES, set())]
    first = opened(some[0])
    size = width, round(first.height * width / first.width)
    frames = [opened(path).resize(size, Image.Resampling.LANCZOS) for path in some]
    write_output(output, film_bytes(output, frames, [FRAME_MS] * (len(frames) - 1) + [LAST_FRAME_MS]))
    return len(frames)


def opened(path: Path) -> Image.Image:
    """A sheet. Raises StoreError if it cannot be read."""
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.convert("RGB" if picture.mode not in ("L", "RGB") else picture.mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        said = reason(error) if isinstance(error, OSError) else str(error)
        raise StoreError(f"The sheet {path} cannot be read: {said}.") from error
