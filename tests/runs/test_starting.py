"""The options of a new run: recipe, --from and what the user asks for, laid over each other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import SMALL, CommandLine
from PIL import Image

from coevo.runs.config import read_toml
from coevo.runs.starting import new_config

HUMAN = {"critic": {"name": "human"}}


@pytest.fixture
def picks(tmp_path: Path) -> Path:
    file = tmp_path / "one.picks"
    file.write_text("1\nq\n")
    return file


def test_a_sheet_for_a_person_is_the_persons_whatever_the_recipe_says(tmp_path: Path) -> None:
    programs = {"artist": {"name": "gp"}, **HUMAN}
    assert new_config("vae", {}, tmp_path)[0].run.batch == 100
    assert new_config("vae", programs, tmp_path)[0].run.batch == 15
    assert new_config("vae", {**programs, "run": {"batch": 9}}, tmp_path)[0].run.batch == 9
    assert new_config("sims", {}, tmp_path)[0].run.batch == 15
    assert new_config("sims", {"critic": {"name": "dcnn"}}, tmp_path)[0].run.batch == 64


def test_a_trained_run_is_bred_with_the_options_that_it_was_trained_with(played: CommandLine) -> None:
    config, taken = new_config(None, {"artist": {"name": "dcgan"}, **HUMAN, "run": {"start": "small"}}, played.runs)
    assert (config.data.size, config.artist.width, config.artist.latent, config.run.batch) == (16, 4, 8, 15)
    assert taken == (
        "Taken over from run 'small': --size 16 -o artist.beta1=0.5 -o artist.beta2=0.999 -o artist.ema=0.995 "
        "-o artist.latent=8 -o artist.learning_rate=0.0002 -o artist.width=4."
    )


def test_what_is_asked_for_counts_more_than_what_is_taken_over(played: CommandLine) -> None:
    asked = {"run": {"start": "small", "batch": 32}, "critic": {"width": 8}}
    config, taken = new_config("dcgan", asked, played.runs)
    assert (config.run.batch, config.critic.width, config.artist.width) == (32, 8, 4)
    assert "batch" not in taken and "critic.width" not in taken and config.run.seed == 0


def test_a_conditional_artist_is_bred_without_its_data(coevo_command: CommandLine, picks: Path, tmp_path: Path) -> None:
    for number in range(60):
        path = tmp_path / "pets" / ("cats", "dogs")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 16), 4 * number).save(path)
    trained = ("run", "cgan", "--name", "pets", "--data", tmp_path / "pets", *SMALL, "--rounds", 1)
    assert coevo_command(*trained).code == 0
    shutil.rmtree(tmp_path / "pets")
    bred = coevo_command(
        "run", "--artist", "dcgan", "--critic", "human", "--from", "pets", "--picks", picks, "--name", "b"
    )
    assert bred.code == 0, bred.err
    assert "Read" not in bred.err
    assert read_toml(coevo_command.runs / "b" / "config.toml")["made"]["classes"] == ["cats", "dogs"]
    assert coevo_command("resume", "b", "--picks", picks).code == 0
    assert coevo_command("sample", "b", "-n", 2, "-o", tmp_path / "x.png").code == 0


def test_a_population_takes_options_where_the_recipe_has_none(coevo_command: CommandLine, picks: Path) -> None:
    bred = coevo_command(
        "run", "sims", "--size", 32, "--picks", picks, "--name", "s", "-o", "artist.max_nodes=40", "-o",
        "artist.mutation=2",
    )  # fmt: skip
    assert bred.code == 0, bred.err
    config, taken = new_config("gp-dcnn", {"run": {"start": "s"}}, coevo_command.runs)
    assert (config.artist.max_nodes, config.artist.mutation, config.artist.population) == (300, 2, 128)
    assert config.run.batch == 64 and "artist.mutation=2" in taken


def test_paths_are_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("photos", "~/photos", "./photos", "photos/../photos"):
        config, _ = new_config("dcgan", {"data": {"name": name}}, tmp_path)
        assert config.data.name == str(tmp_path / "photos")
    config, _ = new_config("dcgan", {"data": {"name": "mnist", "dir": "~/photos"}}, tmp_path)
    assert (config.data.name, config.data.dir) == ("mnist", str(tmp_path / "photos"))


def test_a_file_that_a_run_wrote_is_no_choice_of_the_users(played: CommandLine, tmp_path: Path) -> None:
    file = read_toml(played.runs / "small" / "config.toml")
    config, _ = new_config(None, {"run": {"rounds": 3}}, tmp_path, file)
    assert config.given == {"run.rounds"} and config.classes is None and config.artist.width == 4
    config, _ = new_config(None, {}, tmp_path, {"artist": {"name": "dcgan", "width": 8}, "critic": {"name": "dcnn"}})
    assert config.given == {"artist.width"}


def test_a_recipe_that_is_named_stays_what_it_is_whatever_run_it_starts_from(played: CommandLine) -> None:
    config, taken = new_config("wgan", {"run": {"start": "small"}}, played.runs)
    assert (config.critic.game, config.critic.learning_rate, config.artist.learning_rate) == ("wasserstein", 5e-5, 5e-5)
    assert taken == (
        "Taken over from run 'small': --size 16 --batch 8 -o artist.latent=8 -o artist.width=4 -o critic.width=4."
    )
