"""MLflow: a database beside the runs unless MLFLOW_TRACKING_URI names a server."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coevo.extras import needed
from coevo.monitoring.tracker import Ending, TrackedRun, Tracker

STATUS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
LONGEST = 5000  # characters of a tag or a parameter


class MLflow(Tracker):
    """Writes to the database mlflow.db in the folder of all runs, or to the server that MLFLOW_TRACKING_URI names.

    `mlflow ui --backend-store-uri sqlite:///runs/mlflow.db` shows it. The experiment is "coevo", or the one that
    MLFLOW_EXPERIMENT_NAME names.
    """

    def begin(self, run: TrackedRun) -> str:
        self._entities = needed("mlflow.entities", "mlflow", "Tracker 'mlflow'")
        runs = run.folder.absolute().parent
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{runs / 'mlflow.db'}"
        self._client = needed("mlflow", "mlflow", "Tracker 'mlflow'").MlflowClient(uri)
        self._id = run.id if run.id and self._goes_on(run.id) else self._new(run, runs / "mlflow-artifacts")
        return self._id

    def row(self, round: int, figures: Mapping[str, float]) -> None:
        now, metric = int(time.time() * 1000), self._entities.Metric
        some = [metric(re.sub(r"[^\w\-./ ]", "_", name), value, now, round) for name, value in figures.items()]
        self._client.log_batch(self._id, metrics=some)

    def sheet(self, round: int, picture: Path) -> None:
        self._client.log_artifact(self._id, str(picture), "sheets")

    def warning(self, round: int, message: str) -> None:
        self._client.set_tag(self._id, f"warning.{round}", message[:LONGEST])

    def end(self, ending: Ending) -> None:
        self._client.set_terminated(self._id, STATUS[ending])

    def _goes_on(self, id: str) -> bool:
        """Whether the run is still there; it is then running again."""
        if not any(id == one.info.run_id for one in self._client.search_runs([self._experiment(None)])):
            return False
        self._client.update_run(id, status="RUNNING")
        return True

    def _new(self, run: TrackedRun, artifacts: Path) -> str:
        made: Any = self._client.create_run(self._experiment(artifacts.as_uri()), run_name=run.name)
        param = self._entities.Param
        self._client.log_batch(
            made.info.run_id, params=[param(name, str(value)[:LONGEST]) for name, value in run.options.items()]
        )
        return str(made.info.run_id)

    def _experiment(self, artifacts: str | None) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "coevo")
        there = self._client.get_experiment_by_name(name)
        return str(there.experiment_id if there else self._client.create_experiment(name, artifacts))
