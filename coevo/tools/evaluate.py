"""`coevo evaluate`: figures of a run, or of a folder of pictures, beside real works."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import torch
from PIL import Image
from torch import Tensor

from coevo.coevolution.frozen import underlying
from coevo.contract.capabilities import Encoder, SelfEvaluating, Translator
from coevo.contract.players import Artist
from coevo.data.datasets import DataOptions, Dataset, load_dataset, to_float
from coevo.data.loaders import loaders
from coevo.data.splits import splits, stratified_indices
from coevo.errors import DataError
from coevo.evaluation.codes import ENCODED, code_figures, parzen_figures
from coevo.evaluation.evaluator import evaluator_for
from coevo.evaluation.metrics import nearest
from coevo.evaluation.progress import SILENT, Progress
from coevo.evaluation.report import evaluate, random_halves
from coevo.evaluation.translations import translation_figures
from coevo.images.png import png_bytes
from coevo.images.sheets import contact_sheet
from coevo.runs.effects import check_place
from coevo.runs.opening import SavedRun
from coevo.runs.real_works import changed, lost
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import write_output
from coevo.tools.samples import exhibit_batches

PAIRS = 32  # works on a sheet, each beside the real one nearest to it


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
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Figures of a run's works and codes beside its own data, or of a folder's pictures beside a dataset.

    Args:
        run: a run, or a folder of pictures.
        runs_dir: the folder of all runs.
        n: the number of works. Each individual of a population is judged once, however many works are asked for.
        seed: of the works and of random splits.
        data, data_dir: another dataset than the run's.
        sheet: a picture of some works, each beside the real one nearest to it.
        draws: samples of the posterior, for likelihoods that are estimated with them.
        window: whether to add the log-likelihood by a Parzen window.
        progress: sees what is done.

    Returns:
        Figures by name, and what they were measured with; `report_rows` shows them.
    """
    if is_folder_of_pictures(run, runs_dir):
        progress.begin(f"reading {run} and {data or 'digits'}")
        images, options = read_pictures(Path(run), n, data or "digits", data_dir)
        reals, held_out = splits(options, loaders())
        check_place(options, reals, data_dir)
        report = {"works": run, "data": reals.name, **evaluate(images, reals, held_out, seed, progress).figures()}
    else:
        saved = SavedRun(RunFolder.open(run, runs_dir))
        changes = {key: value for key, value in (("name", data), ("dir", data_dir)) if value is not None}
        options = saved.config.data.model_copy(update=changes)
        progress.begin(f"reading {options.name}")
        try:
            reals, held_out = splits(options, loaders())
        except DataError as error:
            raise error if changes else lost(error, options, saved.folder.folder, "coevo evaluate") from error
        check_place(options, reals, data_dir)
        progress.begin(f"making {n:,} works")
        images, about = exhibited(saved.artist, n, seed)
        figures = evaluate(images, reals, held_out, seed, progress).figures()
        report = {"works": f"run {saved.folder.name}, round {saved.round}, {about}", "data": reals.name, **figures}
        if not changes and (change := changed(saved.config, reals)):
            report["warnings"] = [*report["warnings"], f"The real works have changed since the run started: {change}."]
        if window:
            progress.begin("Parzen window")
            report |= parzen_figures(images, reals, held_out)
        if isinstance(saved.artist, Encoder):
            progress.begin("codes of real works")
        labelled = None
        if options.labelled is not None and not changes:
            labelled = stratified_indices(reals, options.labelled, saved.config.run.seed)
        report |= code_figures(saved.artist, reals, held_out, draws, labelled)
        if isinstance(saved.artist, Translator):
            known = reals if held_out else random_halves(reals, seed)[0]
            report |= translation_figures(saved.artist, evaluator_for(known, progress), held_out or reals)
        if isinstance(underlying(saved.setup.critic), SelfEvaluating):
            works, critic = (held_out or reals).works(slice(0, ENCODED)), cast(SelfEvaluating, underlying(saved.critic))
            report |= {f"critic_{name}": value for name, value in critic.evaluate(works, draws).items()}
    if sheet:
        progress.begin(f"drawing {sheet}")
        write_neighbours(images, reals, sheet)
    return report


@torch.no_grad()
def exhibited(artist: Artist, n: int, seed: int) -> tuple[Tensor, str]:
    """Pictures [N, C, H, W] of an artist to judge, and what they are. A population has no more than its individuals."""
    if artist.spec().population:
        everyone = artist.make(n, None).pixels.cpu()
        return everyone[:n], f"individuals of a population of {len(everyone)}, each judged once"
    return torch.cat([works.pixels.cpu() for works in exhibit_batches(artist, n, seed)]), f"seed {seed}"


def write_neighbours(images: Tensor, reals: Dataset, output: Path) -> None:
    """Write pictures, each with the nearest real one to its right, and how far it is (black to white is 1)."""
    some = images[:PAIRS]
    which, distances = nearest(some, reals.images)
    pairs = torch.stack([some, to_float(reals.images[which])], 1).flatten(0, 1)
    labels = [text for distance in distances.tolist() for text in ("made", f"{distance:.3f}")]
    write_output(output, png_bytes(contact_sheet(pairs, columns=8, labels=labels), {"nearest": reals.name}))


def is_folder_of_pictures(path: str, runs_dir: Path) -> bool:
    """Whether a path is a folder, and no run."""
    places = Path(path), runs_dir / path
    return places[0].is_dir() and not any((place / "config.toml").is_file() for place in places)


def read_pictures(folder: Path, n: int, data: str, data_dir: str | None) -> tuple[Tensor, DataOptions]:
    """Up to n pictures of a folder [N, C, H, W] in [-1, 1], and how to read a dataset in their size."""
    size, channels = shape_of_pictures(folder)
    made = load_dataset(DataOptions(name=str(folder), size=size, channels=channels, split="all"), loaders())
    return made.works(slice(0, n)).pixels, DataOptions(name=data, dir=data_dir, size=size, channels=channels)


def shape_of_pictures(folder: Path) -> tuple[int, Literal[1, 3]]:
    """Side and channels of the first picture of a folder; 32 and 1 if it cannot be read."""
    files = sorted(folder.rglob("*.png")) or sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files[:1]:
        try:
            with Image.open(path) as picture:
                return max(picture.size), 1 if picture.mode in ("L", "1", "LA") else 3
        except OSError:
            break
    return 32, 1
