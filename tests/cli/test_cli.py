"""The command line: the answers of its commands, and those to bad input."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, CommandLine
from PIL import Image

import coevo
from coevo.storage.jsonl import read_log


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_a_run_leaves_everything_in_its_folder(coevo_command: CommandLine) -> None:
    folder = coevo_command.play("first", "--rounds", 20, "-o", "run.sheet_every=10", "-o", "run.save_every=10")
    assert (folder / "config.toml").is_file()
    assert [row["round"] for row in read_log(folder / "metrics.jsonl")] == [10, 20]
    assert sorted(path.name for path in (folder / "sheets").iterdir()) == [f"000000{n}.png" for n in ("00", "10", "20")]
    assert (folder / "checkpoints" / "latest").read_text() == "00000020"


def test_runs_are_numbered_where_no_name_is_given(coevo_command: CommandLine) -> None:
    for _ in range(2):
        answer = coevo_command(
            "run", "--artist", "dcgan", "--critic", "dcnn", "--rounds", 1, "--size", 16, "--batch", 4
        )
        assert answer.code == 0, answer.err
    assert sorted(path.name for path in coevo_command.runs.iterdir()) == [
        "dcgan-dcnn-digits-1",
        "dcgan-dcnn-digits-2",
    ]


def test_json_lines_for_programs(coevo_command: CommandLine) -> None:
    answer = coevo_command("run", "dcgan", "--rounds", 10, "--size", 16, "--batch", 4, "--json", "--name", "j")
    *rows, last = map(json.loads, answer.out.splitlines())
    assert rows[0]["round"] == 10
    assert set(rows[0]) >= {
        "critic.loss",
        "critic.D(x)",
        "critic.D(G(z))",
        "artist.loss",
        "images_per_second",
    }
    assert last["run"] == "j" and Path(last["sheet"]).is_file() and not last["stopped"]


def test_the_python_api_does_the_same(tmp_path: Path) -> None:
    options = {"artist": {"width": 4}, "critic": {"width": 4}, "data": {"size": 16}}
    run = coevo.run("dcgan", name="api", runs_dir=tmp_path, rounds=3, batch=4, options=options)
    assert run.round == 3
    again = coevo.load("api", tmp_path)
    assert torch.equal(again.artist.exhibit(5, seed=1).images, run.artist.exhibit(5, seed=1).images)


# looking at a run


def test_sample_as_array_sheet_and_folder(played: CommandLine, tmp_path: Path) -> None:
    for output in ("x.npy", "y.npy", "x.png", "folder/"):
        assert played("sample", "small", "-n", 6, "--seed", 3, "-o", tmp_path / output).code == 0
    array = np.load(tmp_path / "x.npy", allow_pickle=False)
    assert array.shape == (6, 16, 16, 1) and array.dtype == np.uint8
    assert (array == np.load(tmp_path / "y.npy", allow_pickle=False)).all()
    assert len(list((tmp_path / "folder").glob("*.png"))) == 6
    assert (pixels(tmp_path / "folder" / "000002.png") == array[2, ..., 0]).all()


@pytest.mark.slow
def test_evaluate_a_run_and_a_folder_of_pictures(played: CommandLine, tmp_path: Path) -> None:
    report = json.loads(played("evaluate", "small", "-n", 50, "--json").out)
    assert set(report["class_shares"]) == set("0123456789") and report["made"] == 50
    assert 0 <= report["confidence"] <= 1 and report["evaluator_accuracy"] > 0.9
    played("sample", "small", "-n", 20, "-o", tmp_path / "pictures")
    folder = json.loads(played("evaluate", tmp_path / "pictures", "--json").out)
    assert folder["made"] == 20 and "confidence" in folder
    assert played("evaluate", "small", "-n", 10, "-o", tmp_path / "neighbours.png").code == 0
    assert pixels(tmp_path / "neighbours.png").shape[1] > 300
    assert "should end with .png" in played.refuses("evaluate", "small", "-o", tmp_path / "neighbours.txt")


def test_runs_recipes_plugins_info_and_show_answer(played: CommandLine) -> None:
    row = next(row for row in json.loads(played("runs", "--json").out) if row["run"] == "small")
    assert (row["artist"], row["critic"], row["data"], row["rounds"]) == ("dcgan", "dcnn", "digits", 12)
    assert not row["playing"]
    assert "dcgan" in played("recipes").out and "2015" in played("recipes").out
    assert "dcnn" in played("plugins").out
    assert "artist.loss" in played("show", "small").out
    options = {row["option"]: row for row in json.loads(played("info", "artist", "dcgan", "--json").out)["options"]}
    assert options["artist.latent"] | {"about": ""} == {
        "option": "artist.latent", "type": "int", "default": 16, "bounds": "≥ 1, ≤ 4096", "about": "",
    }  # fmt: skip
    assert all(row["about"] for row in options.values())


@pytest.mark.slow
def test_evaluate_prints_made_beside_real(played: CommandLine) -> None:
    printed = played("evaluate", "small", "-n", 20).out
    assert "run small, round 12" in printed
    head = next(line for line in printed.splitlines() if line.startswith("figure"))
    assert head.split() == ["figure", "made", "real", "better", "meaning"]
    assert re.search(r"^FID +[\d.]+ +[\d.]+ +lower +Fréchet distance", printed, re.MULTILINE)


def test_compare_lays_runs_side_by_side(played: CommandLine, tmp_path: Path) -> None:
    played.play("wider", "--rounds", 2, "-o", "critic.width=8")
    printed = played("compare", "small", "wider", "-o", tmp_path / "both.png").out
    lines = {line.split()[0]: line.split()[1:] for line in printed.splitlines() if line.strip()}
    assert lines["option"] == ["or", "metric", "small", "wider"]
    assert lines["critic.width"] == ["4", "8"] and lines["rounds"] == ["12", "2"]
    assert pixels(tmp_path / "both.png").ndim == 3
    rows = json.loads(played("compare", "small", "wider", "--json").out)
    assert {"option or metric": "critic.width", "small": "4", "wider": "8"} in rows
    assert "no two different runs" in played.refuses("compare", "small", "small")
    assert "should end with .png" in played.refuses("compare", "small", "wider", "-o", tmp_path / "both.txt")


def test_a_picture_knows_whose_it_is(played: CommandLine, tmp_path: Path) -> None:
    played("sample", "small", "-n", 1, "-o", tmp_path / "one")
    with Image.open(tmp_path / "one" / "000000.png") as picture:
        about = json.loads(picture.info["coevo"])
    assert about["artist"] == "dcgan" and len(about["code"]) == 8 and about["version"] == coevo.__version__


def test_a_run_starts_from_another(played: CommandLine) -> None:
    first = played.runs / "small"
    second = played.play("second", "--rounds", 1, "--from", "small")
    assert (pixels(first / "sheets" / "00000012.png") == pixels(second / "sheets" / "00000000.png")).all()


# bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "dcgam"], "no recipe named 'dcgam'; did you mean 'dcgan'"),
        (["run", "--artist", "dcgn", "--critic", "dcnn"], "no artist named 'dcgn'; did you mean 'dcgan'"),
        (["run", "--artist", "dcgan", "--critic", "dcn"], "no critic named 'dcn'; did you mean 'dcnn'"),
        (["run", "--artist", "dcgan"], "No critic is named"),
        (["run"], "Say what to run"),
        (
            ["run", "dcgan", "-o", "artist.latent=0"],
            "artist.latent should be at least 1",
        ),
        (["run", "dcgan", "-o", "artist.latnt=9"], "did you mean 'artist.latent'"),
        (["run", "dcgan", "-o", "latent"], "-o expects SECTION.OPTION=VALUE"),
        (["run", "dcgan", "-o", "critic.game=hing"], "did you mean 'hinge'"),
        (["run", "dcgan", "-o", "artits.latent=8"], "no section named 'artits'"),
        (["run", "dcgan", "--rounds", 0], "run.rounds"),
        (
            ["run", "dcgan", "--size", 33],
            "needs images of 16, 32, 64 or 128 px, which it halves down to 4 px, not 33 × 33",
        ),
        (["run", "dcgan", "--channels", 2], "data.channels should be 1 or 3"),
        (["run", "dcgan", "--device", "mps"], "Device 'mps' is not available here"),
        (["run", "dcgan", "--data", "nothing-here"], "no dataset named 'nothing-here'"),
        (["run", "dcgan", "--data", "mnist"], "needs --data-dir"),
        (
            ["run", "dcgan", "--data", "mnist", "--data-dir", "nowhere"],
            "The data folder nowhere does not exist",
        ),
        (["run", "dcgan", "--from", "nothing-here"], "no run named 'nothing-here'"),
        (["run", "dcgan", "--config", "missing.toml"], "Cannot read the config missing.toml"),
        (["run", "dcgan", "--name", "../up"], "cannot be named '../up'"),
        (["run", "dcgan", "--name", "a" * 300], "cannot be named 'aaaaaaaaaaaaaaaaaaaa…': it is longer than 100 bytes"),
        (["resume", "nobody"], "no run named 'nobody'"),
        (["show"], "There are no runs in"),
        (["info", "artist", "dcgn"], "no artist named 'dcgn'"),
        (["check", "dcgn"], "no offer named 'dcgn'; did you mean 'dcgan'?"),
        (["run", "dcgan", "--face", "plain"], "--face is now called --ui"),
        (["run", "dcgan", "--ui", "plain"], "--picks and --ui need an interactive critic, and 'dcnn' is not one"),
        (["run", "dcgan", "-o", "artist.rate=1"], "artist.learning_rate"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(coevo_command: CommandLine, words: list, said: str) -> None:
    assert said in coevo_command.refuses(*words)
    assert not coevo_command.runs.exists() or not list(coevo_command.runs.iterdir())


def test_all_mistakes_are_said_at_once(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses("run", "dcgan", "-o", "artist.latent=-1", "-o", "critic.nme=1", "-o", "run.batch=1")
    assert len(said.splitlines()) == 3


def test_a_name_that_is_taken(played: CommandLine) -> None:
    assert "Run 'small' already exists" in played.refuses("run", "dcgan", "--name", "small")


def test_a_finished_run_says_how_to_go_on(played: CommandLine) -> None:
    assert "to go on, say more --rounds or --minutes" in played.refuses("resume", "small")


def test_sample_says_when_the_works_of_a_population_repeat(coevo_command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "none").write_text("q\n")
    words = ("run", "blind-watchmaker", "--name", "it", "--size", 16, "--batch", 4, "--picks", tmp_path / "none")
    assert coevo_command(*words).code == 0
    said = {n: coevo_command("sample", "it", "-n", n, "-o", tmp_path / "x.npy").out for n in (4, 6)}
    assert "repeat" not in said[4]
    assert "6 works in" in said[6] and "; the population has 4 individuals, which repeat" in said[6]


def test_sample_to_a_file_of_no_known_kind(played: CommandLine, tmp_path: Path) -> None:
    assert "should end with .png" in played.refuses("sample", "small", "-o", tmp_path / "x.gif")


def test_from_a_picture_without_a_genome(coevo_command: CommandLine, tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "plain.png")
    (tmp_path / "text.png").write_text("no picture")
    assert "carries no genome" in coevo_command.refuses("run", "dcgan", "--from", tmp_path / "plain.png")
    assert "cannot be read as a picture" in coevo_command.refuses("run", "dcgan", "--from", tmp_path / "text.png")


def test_a_runs_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    assert "choose another with --runs-dir" in CommandLine(tmp_path / "runs").refuses("run", "dcgan")


def test_a_damaged_checkpoint_is_passed_over_and_said(coevo_command: CommandLine) -> None:
    folder = coevo_command.play("hurt", "--rounds", 4, "-o", "run.save_every=2")
    (folder / "checkpoints" / "00000004.safetensors").write_bytes(b"nonsense")
    answer = coevo_command("resume", "hurt")
    assert answer.code == 0 and "is damaged" in answer.err and "Going on from round 2" in answer.err
    for path in (folder / "checkpoints").glob("*.json"):
        path.write_text("{}")
    assert "has no whole checkpoint" in coevo_command.refuses("resume", "hurt", "--rounds", 9)


def test_a_loss_that_is_not_finite_stops_the_run(coevo_command: CommandLine) -> None:
    said = coevo_command.refuses(
        "run", "dcgan", "--name", "nan", "--size", 16, "--batch", 8, "--rounds", 50, "-o", "artist.learning_rate=1",
        "-o", "critic.learning_rate=1", "-o", "run.save_every=1", "-o", "critic.game=least-squares",
        "-o", "artist.width=4", "-o", "critic.width=4", "--precision", "fp32", "--from", _poisoned(coevo_command),
    )  # fmt: skip
    assert "is not finite" in said and "Try lower learning rates" in said


def test_a_likelihood_that_is_not_finite_stops_an_autoencoder_at_its_last_good_checkpoint(
    coevo_command: CommandLine,
) -> None:
    wild = ("artist.learning_rate=1", "artist.likelihood=gaussian", "artist.pixel_std=0.001", "run.save_every=1")
    said = coevo_command.refuses(
        "run", "vae", "--name", "wild", "--rounds", 300, *(word for option in wild for word in ("-o", option))
    )
    assert "is not finite" in said and "Try lower learning rates (-o artist.learning_rate=1e-4) or" in said
    assert "its last good checkpoint is round" in said


def _poisoned(command: CommandLine) -> str:
    """A run whose newest checkpoint holds a NaN."""
    from coevo.storage.run_folder import RunFolder

    folder = command.play("poison", "--rounds", 2, "-o", "artist.latent=16")
    store = RunFolder.open("poison", command.runs)
    checkpoint, _ = store.load()
    next(iter(checkpoint.state["artist"]["generator"].values())).fill_(float("nan"))
    store.save(checkpoint, keep=2)
    return folder.name


@pytest.mark.slow
def test_a_broken_plugin_is_listed_and_stops_nothing(tmp_path: Path) -> None:
    """In a process of its own, with a plugin installed that does not import."""
    package = tmp_path / "broken_plugin-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[coevo]\nbroken = broken_plugin\n")
    (tmp_path / "broken_plugin.py").write_text("import a_module_that_is_not_there\n")
    run = lambda *words: subprocess.run(  # noqa: E731
        [sys.executable, "-m", "coevo", *words],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    listed = run("plugins")
    assert listed.returncode == 0 and "a_module_that_is_not_there" in listed.stdout and "dcgan" in listed.stdout
    assert "failed to load: broken" in run("info", "artist", "dream").stderr


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["plugins"], ["completion", "bash"]])
def test_help_and_listings_import_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys, coevo.cli; coevo.cli.main(sys.argv[1:], standalone_mode=False); "
        "assert not {'torch', 'numpy', 'pydantic', 'rich'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, *words], stdout=subprocess.DEVNULL).returncode == 0


def test_a_run_folder_can_be_moved_and_opened_by_path(played: CommandLine, tmp_path: Path) -> None:
    shutil.copytree(played.runs / "small", tmp_path / "moved")
    assert played("sample", tmp_path / "moved", "-n", 2, "-o", tmp_path / "x.npy").code == 0


def test_ctrl_c_before_the_first_round_leaves_nothing_behind(
    coevo_command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("coevo.runs.run.Run.__init__", interrupted)
    answer = coevo_command("run", "dcgan")
    assert answer.code == 130 and "Stopped" in answer.err
    assert not list(coevo_command.runs.glob("*"))


def test_images_that_cannot_be_read_are_named(coevo_command: CommandLine, tmp_path: Path) -> None:
    for number in range(6):
        Image.new("L", (16, 16), 40 * number).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_text("not a picture")
    answer = coevo_command("run", "dcgan", "--data", tmp_path, *SMALL, "--rounds", 1)
    assert answer.code == 0, answer.err
    assert "coevo: Read 6 pictures, " in answer.err and "; 1 could not be read (broken.png)." in answer.err


@pytest.mark.parametrize("words", [("sample",), ("interpolate",), ("traverse",), ("arithmetic",), ("compare", "small")])
def test_an_output_makes_its_folder_and_no_other(words: tuple[str, ...], played: CommandLine, tmp_path: Path) -> None:
    name, *others = words
    if not others:
        assert played(name, "small", "-o", tmp_path / "made" / "x.png").code == 0
    said = played.refuses(name, "small", *others[1:], *others, "-o", tmp_path / "no" / "such" / "x.png")
    if name != "compare":
        assert f"there is no folder {tmp_path / 'no'}; make it first." in said
    assert not (tmp_path / "no").exists()
