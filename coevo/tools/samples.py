"""Samples of a run's artist: a sheet, an array or a folder; with codes near the middle of their prior if asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coevo.contract.capabilities import Decoder
from coevo.contract.players import Artist
from coevo.contract.works import Works
from coevo.errors import ConfigError, PairError, unknown
from coevo.images import PICTURES
from coevo.images.files import drawings, is_svg
from coevo.images.given import side_by_side
from coevo.images.origin import describe, signature
from coevo.images.png import png_bytes
from coevo.images.sheets import contact_sheet, to_bytes, to_picture
from coevo.images.svg import svg_sheet
from coevo.latent_models.truncation import truncated
from coevo.loop.checks import exhibited
from coevo.runs.opening import load_artist
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import npy, write_output

SHEET_LIMIT = 10_000
SVG_SHEET = 900  # px: about the width of a sheet
BATCH = 1000  # works that are made at a time
SEED_STEP = 1_000_003  # between the seeds of two batches


def write_samples(
    run: RunFolder, n: int, seed: int, output: Path, label: str | None = None, truncation: Sequence[float] = ()
) -> int:
    """Write n works of a run's artist.

    Args:
        run: the run's folder.
        n: the number of works.
        seed: same seed, same works.
        output: a sheet (.png or .svg), an array (.npy, uint8 [N, H, W, C]) or a folder. On a sheet works stand beside
            what they were made from, if they were.
        label: the class of all of them; any by default.
        truncation: where the normal distribution of codes ends; of several values the sheet has a row each, with the
            same n / values works.

    Returns:
        How many of them may differ: those of a population repeat if it has fewer than n individuals.

    Raises:
        ConfigError: there is no such class, the artist is not conditional, or output has another suffix.
        PairError: an SVG is wanted, and the artist draws no lines; or truncation, and it has no Gaussian code.
    """
    kind = output.suffix.lower()
    if kind not in (*PICTURES, ".npy", ""):
        raise ConfigError(f"-o {output} should end with .png or .svg (a sheet), .npy (an array) or / (a folder).")
    if kind in PICTURES and n > SHEET_LIMIT:
        raise ConfigError(f"A sheet holds up to {SHEET_LIMIT} works, not {n}; write an .npy or a folder.")
    artist = load_artist(run)
    labels = None if label is None else torch.full((n,), class_index(artist, label))
    about = {**signature(artist, run.name), "seed": seed}
    if truncation:
        check_truncation(artist)
        about["truncation"] = ",".join(f"{threshold:g}" for threshold in truncation)
    if len(truncation) > 1:
        if kind != ".png":
            raise ConfigError(f"Several truncations are rows of a sheet, so -o {output} should end with .png.")
        return write_truncations(artist, max(1, n // len(truncation)), seed, labels, truncation, output, about)
    batches = exhibit_batches(artist, n, seed, labels, *truncation)
    if is_svg(output):
        drawn = [drawing for works in batches for drawing in drawings(artist, works)]
        write_output(output, svg_sheet(drawn, max(artist.studio.image[1], SVG_SHEET // math.isqrt(n)), about))
    elif kind == ".png":
        groups = [side_by_side(works, artist, seed_of_batch(seed, number)) for number, works in enumerate(batches)]
        images = torch.cat([group.images for group in groups])
        sheet = contact_sheet(images, groups[0].columns, caption=groups[0].caption)
        write_output(output, png_bytes(sheet, about))
    elif kind == ".npy":
        write_output(output, npy(np.concatenate([to_bytes(works.pixels) for works in batches])))
    else:
        number = 0
        for works in batches:
            for index, pixels in enumerate(to_bytes(works.pixels)):
                picture = png_bytes(to_picture(pixels), about | describe(works, index))
                write_output(output / f"{number:06d}.png", picture)
                number += 1
    return min(n, len(artist.make(n, None))) if artist.spec().population else n


def exhibit_batches(
    artist: Artist, n: int, seed: int, labels: Tensor | None = None, truncation: float | None = None
) -> Iterator[Works]:
    """n works in batches that fit into memory; batch k is drawn with a seed of its own."""
    for number, start in enumerate(range(0, n, BATCH)):
        some = None if labels is None else labels[start : start + BATCH]
        works = exhibited(artist, min(BATCH, n - start), seed_of_batch(seed, number), some)
        if truncation is not None and isinstance(artist, Decoder):
            works = artist.decode(truncated(works.latents, artist.code, truncation), works.labels)
        yield works


def seed_of_batch(seed: int, number: int) -> int:
    """The seed of the k-th batch of works of a seed."""
    return seed + number * SEED_STEP


def check_truncation(artist: Artist) -> None:
    """Raise PairError if an artist draws no Gaussian codes, which could be truncated."""
    if not isinstance(artist, Decoder) or artist.spec().population:
        raise PairError(
            f"Artist {artist.name!r} decodes no works of codes that it draws, so --truncation has nothing to narrow."
        )
    if all(block.prior != "gaussian" for block in artist.code):
        blocks = " and ".join(f"{block.name} is {block.prior}" for block in artist.code) or "it has none"
        raise PairError(f"--truncation narrows Gaussian codes, and of artist {artist.name!r} {blocks}.")


def write_truncations(
    artist: Artist, n: int, seed: int, labels: Tensor | None, truncation: Sequence[float], output: Path, about: Any
) -> int:
    """Write a sheet with a row for each truncation, of the same n works; how many works that are."""
    labels = None if labels is None else labels[:n]
    rows = [works.pixels for each in truncation for works in exhibit_batches(artist, n, seed, labels, each)]
    names = [f"±{each:g}" if column == 0 else "" for each in truncation for column in range(n)]
    said = "Each row: the same works, whose codes end at the value above its first"
    write_output(output, png_bytes(contact_sheet(torch.cat(rows), columns=n, labels=names, caption=said), about))
    return n * len(truncation)


def class_index(artist: Artist, label: str) -> int:
    """The index of a class. Raises ConfigError if there is none of that name, or the artist is not conditional."""
    if artist.spec().labels == "unused":
        raise ConfigError(
            f"Artist {artist.name!r} of this run is not conditional, so it cannot make works of class {label!r}; train "
            "one that uses labels."
        )
    classes = artist.studio.classes
    if label not in classes:
        raise ConfigError(unknown("class", label, classes))
    return classes.index(label)
