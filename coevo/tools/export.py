"""What leaves a run: samples, lineages, figures of quality."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from coevo.contract.players import Artist
from coevo.contract.works import Genome, Works
from coevo.data.datasets import DataOptions, Dataset, load_dataset, splits, to_float
from coevo.errors import ConfigError, DamagedError, StoreError, unknown
from coevo.evaluation.codes import code_figures, parzen_figures
from coevo.evaluation.metrics import nearest
from coevo.evaluation.report import evaluate, flat
from coevo.images.png import describe, save_png, signature
from coevo.images.sheets import contact_sheet, save_gif, to_bytes, to_picture
from coevo.interactive.lineage import chart
from coevo.interactive.session_db import FILE, History, Individual
from coevo.interactive.ui import script_of
from coevo.monitoring.accepted import read_accepted, works_of_rows
from coevo.runs.run import Run, exhibit, images_of, load_artist, loaders
from coevo.storage.atomic import write_whole, writing
from coevo.storage.run_folder import RunFolder

SHEET_LIMIT = 10_000
NEIGHBOURS = 32  # works on a sheet beside the real ones nearest to them
FRAME_MS, LAST_MS = 400, 2000  # of a film


def write_samples(store: RunFolder, n: int, seed: int, output: Path, label: str | None = None) -> None:
    """n works of a run's Artist: a sheet (.png), an array (.npy, uint8 [N, H, W, C]) or a folder.

    label: the class of all of them. Raises ConfigError where there is no such class, or the Artist is not told classes.
    """
    kind = output.suffix.lower()
    if kind not in (".png", ".npy", ""):
        raise ConfigError(f"-o {output} should end with .png (a sheet), .npy (an array) or / (a folder).")
    if kind == ".png" and n > SHEET_LIMIT:
        raise ConfigError(f"A sheet holds up to {SHEET_LIMIT} works, not {n}; write an .npy or a folder.")
    artist = load_artist(store)
    labels = None if label is None else torch.full((n,), class_number(artist, label))
    about = {**signature(artist, store.name), "seed": seed}
    if kind == "":
        with writing(output):
            output.mkdir(parents=True, exist_ok=True)
        number = 0
        for works in exhibit(artist, n, seed, labels):
            for index, pixels in enumerate(to_bytes(images_of(works))):
                path = output / f"{number:06d}.png"
                save_png(path, to_picture(pixels), about | describe(works, index))
                number += 1
        return
    batches = [images_of(works) for works in exhibit(artist, n, seed, labels)]
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".png":
        save_png(output, contact_sheet(torch.cat(batches)), about)
    else:
        buffer = io.BytesIO()
        np.save(buffer, np.concatenate([to_bytes(images) for images in batches]))
        write_whole(output, buffer.getvalue())


def class_number(artist: Artist, label: str) -> int:
    """The number of a class. Raises ConfigError where there is none of that name, or the Artist is not told classes."""
    if artist.labels == "unused":
        raise ConfigError(
            f"Artist {artist.name!r} of this run was not told classes, so it cannot be asked for {label!r}; train one "
            "that is: coevo run cgan."
        )
    classes = artist.studio.classes
    if label not in classes:
        raise ConfigError(unknown("class", label, classes))
    return classes.index(label)


def open_history(store: RunFolder) -> tuple[History, str]:
    """A run's history to read, and what is wrong with it: of a damaged one, all that can still be read.

    Raises StoreError where the run has none, or nothing of it can be read.
    """
    path = store.folder / FILE
    if not path.is_file():
        raise StoreError(f"Run {store.name!r} was not bred by picks, so it has no lineage.")
    try:
        return History(path), ""
    except DamagedError as error:
        history = History.rescue(path)
        return history, f"{error} {len(history.individuals())} individuals can be read."


def write_chart(store: RunFolder, family: Mapping[str, Individual], marked: Sequence[str], output: Path) -> None:
    """A family as a picture (.png), each individual drawn from its genome."""
    if output.suffix.lower() != ".png":
        raise ConfigError(f"-o {output} should end with .png.")
    artist = load_artist(store, remember=False)
    picture = chart(family, lambda one, size: to_picture(to_bytes(drawn(artist, [one], size))[0]), marked)
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    save_png(output, picture, {"artist": artist.name, "run": store.name})


def write_path(store: RunFolder, line: Sequence[Individual], size: int, output: Path) -> None:
    """Individuals one after another, as a sheet (.png) or a film (.gif). The sheet carries the last one's genome."""
    artist = load_artist(store, remember=False)
    kind = output.suffix.lower()
    if kind not in (".png", ".gif"):
        raise ConfigError(f"-o {output} should end with .png (a sheet) or .gif (a film).")
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".png":
        images = drawn(artist, line, size)
        picture = to_picture(to_bytes(images)[0]) if len(line) == 1 else contact_sheet(images, scale=1)
        about = {**signature(artist, store.name), **describe(works_of_individuals(line[-1:]), 0)}
        save_png(output, picture, about)
        return
    frames = [to_picture(to_bytes(drawn(artist, [one], size))[0]) for one in line]
    save_gif(output, frames, [FRAME_MS] * (len(frames) - 1) + [LAST_MS])


def accepted_rows(store: RunFolder, id: str | None = None) -> list[dict[str, Any]]:
    """The works of a run that fooled its critic, oldest first, or the one of that id.

    Raises StoreError where none has it.
    """
    rows = read_accepted(store.folder)
    if id is None:
        return rows
    if found := [row for row in rows if row["id"] == id]:
        return found
    raise StoreError(unknown("accepted work", id, [row["id"] for row in rows]))


def write_accepted(store: RunFolder, rows: Sequence[dict[str, Any]], size: int, output: Path) -> None:
    """Accepted works drawn anew, each under its round and score; one alone carries its genome."""
    if not rows:
        raise StoreError(f"Run {store.name!r} has no accepted works to draw.")
    artist = load_artist(store, remember=False)
    works = works_of_rows(rows)
    images = artist.render(works, size)
    if len(rows) > 1:
        labels = [f"{row['round']}: {row['score']:.2f}" for row in rows]
        save_png(output, contact_sheet(images, labels=labels), {"artist": artist.name, "run": store.name})
        return
    (row,) = rows
    about = {"round": row["round"], "score": row["score"], **describe(works, 0)}
    save_png(output, to_picture(to_bytes(images)[0]), signature(artist, store.name) | about)


def write_script(history: History, output: Path) -> None:
    """A whole session as lines that `--picks` plays again."""
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, "".join(f"{line}\n" for line in script_of(history)).encode())


def works_of_individuals(some: Sequence[Individual]) -> Works:
    return Works(genomes=tuple(Genome(one.id, one.parents, one.genome) for one in some))


def drawn(artist: Artist, some: Sequence[Individual], size: int) -> Tensor:
    """Pictures [N, C, size, size] of individuals, from their genomes."""
    return artist.render(works_of_individuals(some), size)


def evaluate_works(
    run: str,
    runs_dir: Path,
    n: int,
    seed: int,
    data: str | None,
    data_dir: str | None,
    sheet: Path | None = None,
    draws: int = 200,
    window: bool = False,
) -> dict[str, Any]:
    """The figures of a run's works beside its own data, and of its codes; or of a folder's pictures beside a dataset.

    sheet: where to draw some of the works, each beside the real one that is nearest to it; draws: of the posterior, for
    likelihoods that are estimated by them; window: the log-likelihood by a Parzen window too.
    """
    if is_folder_of_pictures(run, runs_dir):
        images, options = read_pictures(Path(run), n, data or "digits", data_dir)
        reals, held_out = splits(options, loaders())
        if sheet:
            write_neighbours(images, reals, sheet)
        return {"works": run, "data": reals.name, **evaluate(images, reals, held_out, seed).figures()}
    store = RunFolder.open(run, runs_dir)
    it = Run.resume(store, lock=False)
    options = it.config.data.model_copy(update={k: v for k, v in (("name", data), ("dir", data_dir)) if v is not None})
    reals, held_out = splits(options, loaders())
    images = torch.cat([images_of(works).cpu() for works in exhibit(it.artist, n, seed)])
    if sheet:
        write_neighbours(images, reals, sheet)
    return {
        "works": f"run {store.name}, round {it.round}, seed {seed}",
        "data": reals.name,
        **evaluate(images, reals, held_out, seed).figures(),
        **(parzen_figures(images, reals, held_out) if window else {}),
        **code_figures(it.artist, reals, held_out, draws),
    }


def write_neighbours(images: Tensor, reals: Dataset, output: Path) -> None:
    """Pictures, each with the nearest real one to its right, and how far it is (black to white being 1)."""
    some = images[:NEIGHBOURS]
    which, distances = nearest(flat(some), flat(to_float(reals.images)))
    pairs = torch.stack([some, to_float(reals.images[which])], 1).flatten(0, 1)
    labels = [word for distance in distances.tolist() for word in ("made", f"{distance:.3f}")]
    save_png(output, contact_sheet(pairs, columns=8, labels=labels), {"nearest": reals.name})


def is_folder_of_pictures(path: str, runs_dir: Path) -> bool:
    folder = Path(path)
    return (
        folder.is_dir() and not (folder / "config.toml").is_file() and not (runs_dir / path / "config.toml").is_file()
    )


def read_pictures(folder: Path, n: int, data: str, data_dir: str | None) -> tuple[Tensor, DataOptions]:
    """Up to n pictures of a folder [N, C, H, W] in [-1, 1], and how to read a dataset in their size."""
    sizes: set[tuple[int, int]] = set()
    modes: set[str] = set()
    for path in sorted(folder.rglob("*.png"))[:1] or sorted(path for path in folder.rglob("*") if path.is_file())[:1]:
        try:
            with Image.open(path) as picture:
                sizes.add(picture.size)
                modes.add(picture.mode)
        except OSError:
            continue
    size = max((max(size) for size in sizes), default=32)
    channels: Any = 1 if modes <= {"L", "1", "LA"} else 3
    made = load_dataset(DataOptions(name=str(folder), size=size, channels=channels, split="all"), loaders())
    images = made.works(slice(0, n)).images
    assert images is not None
    return images, DataOptions(name=data, dir=data_dir, size=size, channels=channels)
