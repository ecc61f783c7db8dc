"""Runs side by side: the options that differ, figures, curves and sheets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CommandLine
from PIL import Image

from coevo.errors import ConfigError
from coevo.storage.run_folder import RunFolder
from coevo.tools.compare import compare_rows, write_comparison


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunFolder]:
    """Two runs that differ in an option, and one of other players."""
    command = CommandLine(tmp_path_factory.mktemp("compare"))
    log = ("-o", "run.log_every=1")
    command.play("plain", "--rounds", 3, *log)
    command.play("packed", "--rounds", 3, *log, "-o", "critic.pack=2")
    answer = command("run", "vae", "--name", "vae", "--size", 16, "--batch", 8, "--rounds", 2, *log)
    assert answer.code == 0, answer.err
    return [RunFolder(command.runs / name) for name in ("plain", "packed", "vae")]


def table(runs: list[RunFolder], n: int | None = None) -> dict[str, dict[str, str]]:
    return {row.pop("option or metric"): row for row in compare_rows(runs, n)}


def test_options_that_differ_come_first(runs: list[RunFolder]) -> None:
    rows = table(runs[:2])
    assert next(iter(rows)) == "critic.pack" and rows["critic.pack"] == {"plain": "1", "packed": "2"}
    assert rows["rounds"] == {"plain": "3", "packed": "3"}
    assert not {"artist.name", "artist.latent", "data.size"} & rows.keys()  # these are the same


def test_a_figure_that_a_run_does_not_have_is_empty(runs: list[RunFolder]) -> None:
    rows = table(runs)
    assert rows["artist.name"] == {"plain": "dcgan", "packed": "dcgan", "vae": "vae"}
    assert rows["artist.elbo"]["plain"] == "" and float(rows["artist.elbo"]["vae"]) < 0
    assert "artist.reward_weight" not in rows  # an option that only one of them has, and has not chosen


def test_figures_are_means_over_the_end_of_the_log(runs: list[RunFolder], tmp_path: Path) -> None:
    folders = []
    for name, rows in (("long", 40), ("short", 1)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.toml").write_bytes((runs[0].folder / "config.toml").read_bytes())
        log = "".join(json.dumps({"round": n, "artist.loss": n, "warnings": ["w"]}) + "\n" for n in range(1, rows + 1))
        (folder / "metrics.jsonl").write_text(log)
        folders.append(RunFolder(folder))
    assert table(folders)["artist.loss"] == {"long": "38.5", "short": "1"}  # of 37, 38, 39, 40


def test_runs_that_were_never_played_can_be_compared(runs: list[RunFolder], tmp_path: Path) -> None:
    folders = [RunFolder(tmp_path / name) for name in ("a", "b")]
    for run in folders:
        run.folder.mkdir()
        (run.folder / "config.toml").write_bytes((runs[0].folder / "config.toml").read_bytes())
    assert table(folders) == {name: {"a": "0", "b": "0"} for name in ("rounds", "minutes")}
    write_comparison(folders, tmp_path / "x.png")


@pytest.mark.slow
def test_works_are_evaluated_if_that_is_asked_for(runs: list[RunFolder]) -> None:
    rows = table(runs, n=50)
    assert all(value.replace(",", "").replace(".", "").isdigit() for value in rows["FID"].values())
    assert rows["z MMD"]["plain"] == "" != rows["z MMD"]["vae"]


def test_a_picture_has_a_sheet_for_each_run_and_charts(runs: list[RunFolder], tmp_path: Path) -> None:
    two, three = tmp_path / "new" / "two.png", tmp_path / "three.png"
    write_comparison(runs[:2], two)
    write_comparison(runs, three)
    with Image.open(two) as picture, Image.open(three) as larger:
        assert picture.size[0] == larger.size[0] == 1500
        assert larger.size[1] > picture.size[1]  # the VAE has metrics of its own
        assert json.loads(picture.info["coevo"])["runs"] == ["plain", "packed"]


def test_one_run_cannot_be_compared(runs: list[RunFolder], tmp_path: Path) -> None:
    for some in (runs[:1], [runs[0], runs[0]]):
        with pytest.raises(ConfigError, match="no two different runs"):
            compare_rows(some)
        with pytest.raises(ConfigError, match="no two different runs"):
            write_comparison(some, tmp_path / "x.png")
    assert not list(tmp_path.iterdir())
