"""Films of works that grow, and that heal where pixels of them are erased."""

from __future__ import annotations

from math import ceil, sqrt
from pathlib import Path

import torch
from torch import Tensor

from coevo.contract.capabilities import Growing
from coevo.errors import PairError
from coevo.images import FILMS
from coevo.images.films import film_bytes
from coevo.images.png import png_bytes
from coevo.images.sheets import contact_sheet
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import about, of_run, write_output

FRAMES, FRAME_MS, LAST_FRAME_MS = 150, 50, 2000  # of a film at most; how long each is seen
COLUMNS = 12  # of a sheet
WIDE = 480  # px: about the width of a film


def write_growth(run: RunFolder, n: int, steps: int, damage: str, seed: int, output: Path) -> None:
    """Write how works of a run grow: a row each on a sheet (.png), or side by side in a film.

    Args:
        run: the run's folder.
        n: the number of works.
        steps: how long they grow.
        damage: what of them is erased after half of the steps: none, left, right, top, bottom or middle.
        seed: same seed, same works.
        output: the picture.

    Raises:
        PairError: the run's artist does not grow its works.
    """
    saved = SavedRun(run)
    artist = saved.artist
    if not isinstance(artist, Growing):
        raise PairError(f"Artist {artist.name!r} of run {run.name!r} does not grow its works, so there is no film.")
    erasures = {} if damage == "none" else {steps // 2: erased(damage, *artist.studio.image[1:])}
    film = output.suffix.lower() in FILMS
    kept = shown(steps, FRAMES if film else COLUMNS, set(erasures))
    growth = artist.growth(artist.exhibit(n, seed), steps, erasures)
    frames = {step: images.cpu() for step, images in enumerate(growth) if step in kept}
    if film:
        scale = max(1, WIDE // (ceil(sqrt(n)) * artist.studio.image[2]))
        sheets = [contact_sheet(images, scale=scale) for images in frames.values()]
        write_output(output, film_bytes(output, sheets, [FRAME_MS] * (len(sheets) - 1) + [LAST_FRAME_MS]))
        return
    said = f"Each row is a work that grows; over it the steps {of_run(saved, seed=seed)}"
    if erasures:
        said += f"\nAt step {steps // 2} it is damaged: {damage}"
    rows = torch.stack(list(frames.values()), 1).flatten(0, 1)
    labels = [*map(str, frames), *[""] * (len(rows) - len(frames))]
    write_output(output, png_bytes(contact_sheet(rows, len(frames), labels=labels, caption=said), about(run, artist)))


def shown(steps: int, most: int, also: set[int]) -> list[int]:
    """The steps that are shown, in order: the first, the last, and others evenly between; those `also` beside them."""
    every = ceil(steps / (most - 1))
    return sorted({*range(0, steps, every), steps, *also})


def erased(damage: str, height: int, width: int) -> Tensor:
    """The pixels that are erased, bool [height, width]: a half of the picture, or a square in its middle."""
    pixels = torch.zeros(height, width, dtype=torch.bool)
    places = {
        "left": (slice(None), slice(0, width // 2)),
        "right": (slice(None), slice(width // 2, None)),
        "top": (slice(0, height // 2), slice(None)),
        "bottom": (slice(height // 2, None), slice(None)),
        "middle": (slice(height // 3, height - height // 3), slice(width // 3, width - width // 3)),
    }
    pixels[places[damage]] = True
    return pixels
