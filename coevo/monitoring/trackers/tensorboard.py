"""TensorBoard: curves, sheets and warnings as events in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from coevo.extras import needed
from coevo.monitoring.tracker import Ending, TrackedRun, Tracker


class TensorBoard(Tracker):
    """Writes events to the folder tensorboard/ of the run; `tensorboard --logdir runs` shows those of all runs."""

    def begin(self, run: TrackedRun) -> None:
        module = needed("torch.utils.tensorboard", "tensorboard", "Tracker 'tensorboard'")
        purge = run.round + 1 if run.round else None  # of rounds that were lost, the events are hidden
        self._writer: Any = module.SummaryWriter(str(run.folder / "tensorboard"), purge_step=purge)
        rows = "\n".join(f"| {name} | {value} |" for name, value in run.options.items())
        self._writer.add_text("options", f"| option | value |\n|---|---|\n{rows}", run.round)

    def row(self, round: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name.replace(".", "/", 1), value, round)  # a section for each player

    def sheet(self, round: int, picture: Path) -> None:
        with Image.open(picture) as sheet:
            self._writer.add_image("sheet", np.asarray(sheet.convert("RGB")), round, dataformats="HWC")

    def warning(self, round: int, message: str) -> None:
        self._writer.add_text("warnings", message, round)

    def end(self, ending: Ending) -> None:
        self._writer.close()
