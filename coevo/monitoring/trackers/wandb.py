"""Weights & Biases: offline unless one asks for more."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from coevo.extras import needed
from coevo.monitoring.tracker import Ending, TrackedRun, Tracker


class WandB(Tracker):
    """Writes an offline run to the folder wandb/ of the run; `wandb sync` uploads it, or WANDB_MODE=online at once.

    WANDB_PROJECT names the project, which is "coevo" by default.
    """

    def begin(self, run: TrackedRun) -> str:
        self._wandb = needed("wandb", "wandb", "Tracker 'wandb'")
        self._run = self._wandb.init(
            project=os.environ.get("WANDB_PROJECT", "coevo"),
            mode=os.environ.get("WANDB_MODE", "offline"),
            name=run.name,
            id=run.id,
            resume="allow",
            dir=str(run.folder),
            config=dict(run.options),
            settings=self._wandb.Settings(silent=True, console="off"),
        )
        return str(self._run.id)

    def row(self, round: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=round)

    def sheet(self, round: int, picture: Path) -> None:
        self._run.log({"sheet": self._wandb.Image(str(picture), caption=f"round {round}")}, step=round)

    def warning(self, round: int, message: str) -> None:
        self._run.alert(title=f"round {round}", text=message, level="WARN")

    def end(self, ending: Ending) -> None:
        self._run.finish(exit_code=int(ending == "failed"))
