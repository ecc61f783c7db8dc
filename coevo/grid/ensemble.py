"""The best mixture of a grid: that of the neighbourhood whose works are nearest to real ones."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor

from coevo.data.loaders import loaders
from coevo.data.splits import test_part
from coevo.evaluation.evaluator import Prediction, evaluator_for
from coevo.evaluation.metrics import frechet_distance
from coevo.evaluation.progress import SILENT, Progress
from coevo.evaluation.report import random_halves
from coevo.grid.grid import Grid
from coevo.grid.mixture import evolve_weights, makers_of
from coevo.loop import checks
from coevo.runs.run import Run
from coevo.storage.atomic import write_whole
from coevo.storage.run_folder import RunFolder
from coevo.studio.random_streams import seed_of

AT_ONCE = 500  # works


def exhibited(run: Run, n: int, first: int) -> Tensor:
    """Pictures of n works that an artist exhibits, the first of them being number `first` of all."""
    seed = seed_of(run.config.run.seed, "mixture", first) % 2**31
    return checks.exhibited(run.artist, n, seed).pixels.cpu()


def best_mixture(grid: Grid, n: int, progress: Progress = SILENT) -> dict[str, Any]:
    """Evolve a mixture in every neighbourhood, and keep the best in mixture.json.

    Neighbourhood and weights are chosen by works beside known real works; the figures are those of other works of the
    same mixture beside real works that were held out.

    Args:
        grid: the grid, played.
        n: works of each artist, and of a mixture.
        progress: sees every cell.
    """
    progress.begin(f"{n} works of each cell", len(grid.cells))
    chosen_by: list[Tensor] = []
    judged: list[Prediction] = []
    for cell in grid.cells:
        run = Run.resume(RunFolder.open(grid.name(cell), grid.runs), lock=False)
        with run, run.studio.playing():
            made = torch.cat([exhibited(run, min(AT_ONCE, 2 * n - first), first) for first in range(0, 2 * n, AT_ONCE)])
        if cell == 0:
            real = run.dataset
            held_out = test_part(run.config.data, real, loaders())
            known, others = (real, held_out) if held_out is not None else random_halves(real, 0)
            evaluator = evaluator_for(known)
            of_known, of_others = (evaluator.predict(some.images[:n]).features for some in (known, others))
        chosen_by.append(evaluator.predict(made[:n]).features)
        judged.append(evaluator.predict(made[n:]))
        progress.advance()
    progress.begin("Mixtures", len(grid.cells))
    found = []
    for cell in grid.cells:
        members = [cell, *grid.around[cell]]
        found.append((evolve_weights([chosen_by[one] for one in members], of_known, n, grid.seed), cell, members))
        progress.advance()
    best, cell, members = min(found, key=lambda row: row[0].distance)
    makers = makers_of(best.weights, torch.rand(n, generator=torch.Generator().manual_seed(grid.seed + 1)))
    places = torch.arange(n)
    features = torch.stack([judged[one].features for one in members])[makers, places]
    classes = torch.stack([judged[one].classes for one in members])[makers, places]
    alone = judged[min(grid.cells, key=lambda one: frechet_distance(chosen_by[one], of_known))]
    about = {
        "cell": cell,
        "weights": {grid.name(one): round(w, 4) for one, w in zip(members, best.weights.tolist(), strict=True) if w},
        "distance": frechet_distance(features, of_others),
        "modes": len(classes.unique()),
        "best_cell": frechet_distance(alone.features, of_others),
        "modes_of_best_cell": len(alone.classes.unique()),
        "real": frechet_distance(of_known[: len(of_others)], of_others),
        "works": n,
        "evaluator": evaluator.name,
    }
    write_whole(grid.folder / "mixture.json", json.dumps(about, indent=2).encode())
    return about
