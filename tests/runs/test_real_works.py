"""The real works of a run: what was read, and a dataset that changes or moves while the run waits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, CommandLine
from PIL import Image

import coevo
from coevo.data.datasets import DataOptions, Dataset, load_dataset
from coevo.runs.config import read_toml
from coevo.runs.real_works import what_was_read


def write_pictures(folder: Path, numbers: range = range(60)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.new("L", (16, 12 + number % 3), 4 * number + 1).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def played_on(coevo_command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A command line with a run `it` whose dataset was named by a relative path."""
    write_pictures(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    answer = coevo_command("run", "dcgan", "--name", "it", "--data", "photos", *SMALL, "--rounds", 2)
    assert answer.code == 0, answer.err
    assert "coevo: Read 60 pictures, photos, 16 × 12 to 16 × 14 px cropped and enlarged to 16 × 16.\n" in answer.err
    assert "only" not in answer.err
    return coevo_command


def test_what_was_read_is_said_beside_the_answer_for_programs(coevo_command: CommandLine) -> None:
    answer = coevo_command("run", "dcgan", "--json", *SMALL, "--rounds", 1)
    assert "Read 1,797 pictures of 10 classes, digits, 8 × 8 px enlarged to 16 × 16." in answer.err
    assert "Read" not in answer.out


def test_a_run_goes_on_from_any_folder(played_on: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert played_on("resume", "it", "--rounds", 3).code == 0
    assert read_toml(played_on.runs / "it" / "config.toml")["data"]["name"] == str(tmp_path / "photos")


def test_pictures_that_were_removed_are_said_and_can_be_accepted(played_on: CommandLine, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / "photos" / f"{number}.png").unlink()
    said = played_on.refuses("resume", "it", "--rounds", 3)
    assert "has changed since the run started: it had 60 pictures and has 40 now" in said
    assert "coevo resume it --changed-data" in said
    assert played_on("resume", "it", "--rounds", 3, "--changed-data").code == 0
    assert played_on("resume", "it", "--rounds", 4).code == 0  # from now on these are its pictures


@pytest.mark.slow
def test_evaluate_warns_of_a_dataset_that_has_changed(played_on: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "photos" / "0.png").unlink()
    report = json.loads(played_on("evaluate", "it", "-n", 20, "--json").out)
    assert any("have changed since the run started: it had 60 pictures and has 59" in one for one in report["warnings"])
    assert "--data-dir would have no effect" in played_on.refuses("evaluate", "it", "--data-dir", tmp_path)


def test_a_picture_that_was_exchanged_is_noticed(played_on: CommandLine, tmp_path: Path) -> None:
    write_pictures(tmp_path / "other", range(1))
    shutil.copy(tmp_path / "photos" / "7.png", tmp_path / "photos" / "8.png")
    assert "of its 60 pictures and their labels some are others" in played_on.refuses("resume", "it", "--rounds", 3)


def test_a_dataset_that_was_moved_is_found_again(played_on: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "photos").rename(tmp_path / "moved")
    assert "say where it is: coevo resume it --data PATH" in played_on.refuses("resume", "it", "--rounds", 3)
    assert "There is no dataset named" in played_on.refuses("resume", "it", "--rounds", 3, "--data", "nowhere")
    assert "has no --data-dir" in played_on.refuses("resume", "it", "--rounds", 3, "--data-dir", "moved")
    assert played_on("resume", "it", "--rounds", 3, "--data", "moved").code == 0
    assert played_on("resume", "it", "--rounds", 4).code == 0


def test_a_run_that_looks_at_no_data_is_told_nothing_of_data(coevo_command: CommandLine) -> None:
    society = ("run", "artificial-creativity", "--size", 16, "--batch", 4, "--agents", 2, "--rounds", 1, "--name", "it")
    answer = coevo_command(*society)
    assert answer.code == 0 and "Read" not in answer.err
    for words in (("--data-dir", "."), ("--changed-data",)):
        assert "'it' looks at no real works" in coevo_command.refuses("resume", "it", "--rounds", 2, *words)


def test_a_dataset_without_files_is_nowhere_else(coevo_command: CommandLine, tmp_path: Path) -> None:
    coevo_command.play("it", "--rounds", 1)
    said = coevo_command.refuses("resume", "it", "--rounds", 2, "--data-dir", tmp_path)
    assert "--data-dir would have no effect: dataset 'digits' reads no files" in said


def test_other_classes_are_never_accepted(coevo_command: CommandLine, tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        write_pictures(tmp_path / "pets" / name)
    assert coevo_command("run", "cgan", "--name", "it", "--data", tmp_path / "pets", *SMALL, "--rounds", 1).code == 0
    (tmp_path / "pets" / "dogs").rename(tmp_path / "pets" / "wolves")
    said = coevo_command.refuses("resume", "it", "--rounds", 2, "--changed-data")
    assert "its classes were cats, dogs, and are cats, wolves now" in said


def test_a_run_of_an_older_version_without_a_fingerprint_goes_on(played_on: CommandLine, tmp_path: Path) -> None:
    config = played_on.runs / "it" / "config.toml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(lines[: lines.index("[made.data]\n")]).replace("# SHA-256", "# was"))
    (tmp_path / "photos" / "0.png").unlink()
    assert played_on("resume", "it", "--rounds", 3).code == 0


@pytest.mark.parametrize(("numbers", "said"), [(range(1), "has one picture"), ([0, 0, 0], "3 pictures that are all")])
def test_nothing_is_learnt_from_one_picture(
    coevo_command: CommandLine, tmp_path: Path, numbers: range, said: str
) -> None:
    for place, number in enumerate(numbers):
        Image.new("L", (16, 16), number).save(tmp_path / f"{place}.png")
    assert said in coevo_command.refuses("run", "dcgan", "--data", tmp_path, *SMALL, "--rounds", 1)


def test_a_loader_that_raises_is_named(coevo_command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(options: DataOptions) -> Dataset:
        raise RuntimeError("the lamp\nwent out")

    monkeypatch.setattr("coevo_aesthetics.photographs.photographs", broken)
    said = coevo_command.refuses("run", "dcgan", "--data", "photographs", *SMALL, "--rounds", 1)
    assert "Dataset 'photographs' raised RuntimeError: the lamp went out\n" in said
    assert "its loader, in plugin 'aesthetics', or in what it reads; `coevo --debug` shows" in said
    assert not list(coevo_command.runs.glob("*"))


def test_few_pictures_are_played_with_a_warning(coevo_command: CommandLine, tmp_path: Path) -> None:
    answer = coevo_command("run", "dcgan", "--data", write_pictures(tmp_path / "few", range(3)), *SMALL, "--rounds", 1)
    assert answer.code == 0 and "has only 3 pictures: a critic learns so few by heart" in answer.err


def test_from_python_a_run_says_what_it_read(tmp_path: Path) -> None:
    options = {"artist": {"width": 4}, "critic": {"width": 4}, "data": {"size": 16}}
    run = coevo.run("dcgan", name="it", runs_dir=tmp_path, rounds=1, batch=4, options=options)
    assert run.notes == ["Read 1,797 pictures of 10 classes, digits, 8 × 8 px enlarged to 16 × 16."]
    assert torch.equal(run.dataset.images, coevo.load("it", tmp_path).dataset.images)


@pytest.mark.parametrize("colour", [True, False])
def test_colour_that_is_not_kept_is_said(colour: bool, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 16, 16, 3 if colour else 1), np.uint8)
    pixels = np.broadcast_to(pixels, (60, 16, 16, 3))  # grey in RGB has no colour
    (tmp_path / "photos").mkdir()
    for number, picture in enumerate(pixels):
        Image.fromarray(np.ascontiguousarray(picture)).save(tmp_path / "photos" / f"{number}.jpg")
    np.savez(tmp_path / "photos.npz", images=pixels)
    options = DataOptions(size=16)
    for name in ("photos", "photos.npz"):
        for channels in (1, 3):
            where = options.model_copy(update={"name": str(tmp_path / name), "channels": channels})
            said = what_was_read(load_dataset(where, {}), 16)
            lost = colour and channels == 1
            assert said.endswith(", in colour and made grey (--channels 3 keeps it)." if lost else "16 × 16 px.")


def test_data_that_is_gone_is_said_by_every_command_that_reads_it(played_on: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "photos").rename(tmp_path / "moved")
    gone = f"There is no folder, zip or .npz file {tmp_path / 'photos'}. If the data of run 'it' was moved"
    said = played_on.refuses("resume", "it", "--rounds", 3)
    assert f"{gone}, say where it is: coevo resume it --data PATH" in said
    assert f"{gone}, say where it is: coevo evaluate it --data PATH" in played_on.refuses("evaluate", "it")
