"""The trackers of coevo, tried with the tools that they write for, where those are installed; nothing leaves the
machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import coevo
from coevo.errors import ConfigError
from coevo.monitoring.tracker import TrackedRun, Tracker
from coevo.plugin.registry import registry
from coevo.storage.jsonl import read_log
from coevo.testing import conform

SMALL: dict[str, Any] = {"artist": {"width": 4}, "critic": {"width": 4}, "data": {"size": 16}}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the tools' own code
NAMES = ("tensorboard", "wandb", "mlflow", "trackio")


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a tool keeps outside of the run's folder, it keeps in the test's."""
    for name in ("WANDB_MODE", "WANDB_PROJECT", "MLFLOW_TRACKING_URI", "TRACKIO_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def tracked(runs: Path, name: str) -> list[dict[str, float]]:
    """Play a short run in two parts; the rows of its log."""
    coevo.run("dcgan", name="it", batch=8, rounds=4, log_every=2, trackers=[name], runs_dir=runs, options=SMALL)
    coevo.resume("it", rounds=6, runs_dir=runs)
    assert "failed" not in (runs / "it" / "timing.jsonl").read_text()
    return read_log(runs / "it" / "metrics.jsonl")


def test_tensorboard_has_every_figure_and_sheet(tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    rows = tracked(tmp_path, "tensorboard")
    found = events.EventAccumulator(str(tmp_path / "it" / "tensorboard")).Reload()
    scalars = [(event.step, event.value) for event in found.Scalars("artist/loss")]
    assert scalars == [(row["round"], pytest.approx(row["artist.loss"], rel=1e-6)) for row in rows]
    assert [event.step for event in found.Images("sheet")] == [0, 4, 6]
    assert found.Images("sheet")[0].encoded_image_string.startswith(b"\x89PNG")
    assert b"artist.width" in found.Tensors("options/text_summary")[0].tensor_proto.string_val[0]


def test_wandb_keeps_an_offline_run_that_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    tracked(tmp_path, "wandb")
    id = json.loads((tmp_path / "it" / "trackers.json").read_text())["wandb"]
    parts = sorted((tmp_path / "it" / "wandb").glob("offline-run-*"))
    assert len(parts) == 2 and all(part.name.endswith(id) for part in parts)
    assert len(list(parts[0].rglob("*.png"))) == 2  # the sheets of rounds 0 and 4
    kept = b"".join(file.read_bytes() for part in parts for file in part.glob("*.wandb"))
    assert b"artist.loss" in kept and b"artist.width" in kept


def test_mlflow_has_every_figure_option_and_sheet(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    rows = tracked(tmp_path, "mlflow")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("coevo")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED" and run.info.run_name == "it" and run.data.params["artist.width"] == "4"
    metrics = client.get_metric_history(run.info.run_id, "artist.loss")
    assert [(m.step, m.value) for m in metrics] == [(row["round"], pytest.approx(row["artist.loss"])) for row in rows]
    sheets = list((tmp_path / "mlflow-artifacts").rglob("*.png"))
    assert sorted(sheet.name for sheet in sheets) == ["00000000.png", "00000004.png", "00000006.png"]


def test_trackio_has_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trackio")
    storage = pytest.importorskip("trackio.sqlite_storage").SQLiteStorage
    monkeypatch.setenv("TRACKIO_PROJECT", tmp_path.name)
    rows = tracked(tmp_path, "trackio")
    name = json.loads((tmp_path / "it" / "trackers.json").read_text())["trackio"]
    kept = [row for row in storage.get_logs(tmp_path.name, name) if "artist.loss" in row]
    assert [row["artist.loss"] for row in kept] == [pytest.approx(row["artist.loss"]) for row in rows]
    assert [row["step"] for row in kept] == [2, 4, 6]


@pytest.mark.parametrize("name", NAMES)
def test_they_keep_the_rules_of_trackers(name: str) -> None:
    conform("tracker", registry().load("tracker", name))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_package_is_asked_for(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in NAMES:
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.setitem(sys.modules, f"torch.utils.{package}", None)
        monkeypatch.setitem(sys.modules, f"{package}.entities", None)
    tracker: Tracker = registry().load("tracker", name)()
    with pytest.raises(ConfigError, match=rf"Tracker '{name}' needs the package .*: pip install 'coevo\[{name}\]'"):
        tracker.begin(TrackedRun("it", tmp_path, 0, {}))


def test_a_tracker_does_nothing_by_default(tmp_path: Path) -> None:
    tracker = Tracker()
    assert tracker.begin(TrackedRun("it", tmp_path, 0, {})) is None
    tracker.row(1, {"artist.loss": float(torch.ones(()))})
    tracker.end("finished")
    assert not list(tmp_path.iterdir())
