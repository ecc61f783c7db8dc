"""Runs made by older versions open, show, sample and resume: nothing old is lost.

`format-1` holds runs of the first format, and what the version that made them drew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import CommandLine
from pydantic import ValidationError

import coevo
from coevo.plugin.own import ROLES, Role
from coevo.plugin.registry import registry
from coevo.testing import TargetCritic

OLD = Path(__file__).parent / "format-1"
RUNS = ("dcgan", "aae-semi-supervised", "gp-dcnn", "blind-watchmaker")


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    """A command line whose runs folder is a copy of the old one."""
    for name in RUNS:
        shutil.copytree(OLD / name, tmp_path / "runs" / name)
    return CommandLine(tmp_path / "runs")


def drawn(command: CommandLine, run: str, output: Path) -> np.ndarray:
    answer = command("sample", run, "-n", 8, "--seed", 3, "-o", output)
    assert answer.code == 0, answer.err
    return np.load(output).astype(int)


@pytest.mark.parametrize("run", RUNS)
def test_an_old_run_draws_the_works_that_its_own_version_drew(command: CommandLine, run: str, tmp_path: Path) -> None:
    made, expected = drawn(command, run, tmp_path / "x.npy"), np.load(OLD / f"{run}.npy").astype(int)
    assert made.shape == expected.shape
    apart = np.abs(made - expected)
    if run == "blind-watchmaker":  # lines have had other edges since they are drawn as strokes
        assert apart.mean() < 10 and np.corrcoef(made.ravel(), expected.ravel())[0, 1] > 0.95
    else:
        assert apart.max() <= 1


@pytest.mark.parametrize("run", RUNS)
def test_an_old_run_is_listed_and_shown(command: CommandLine, run: str) -> None:
    assert run in command("runs").out
    answer = command("show", run, "--plain")
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("run", ["dcgan", "aae-semi-supervised"])
def test_an_old_run_resumes_to_what_its_own_version_would_have_made(
    command: CommandLine, run: str, tmp_path: Path
) -> None:
    answer = command("resume", run, "--rounds", 10)
    assert answer.code == 0, answer.err
    made, expected = drawn(command, run, tmp_path / "x.npy"), np.load(OLD / f"{run}-resumed.npy").astype(int)
    assert np.abs(made - expected).mean() < 1  # other processors round otherwise
    folder = command.runs / run
    assert (folder / "sheets" / "00000010.png").is_file() and not (folder / "gallery").exists()
    assert (folder / "ancestral-opponents.png").is_file() and not (folder / "past.png").exists()


def test_an_old_evolved_run_resumes(command: CommandLine) -> None:
    answer = command("resume", "gp-dcnn", "--rounds", 6)
    assert answer.code == 0, answer.err
    assert command("accepted", "gp-dcnn").code == 0


def test_an_old_session_keeps_its_history_of_undo(command: CommandLine, tmp_path: Path) -> None:
    before = command("lineage", "blind-watchmaker", "--json").out
    picks = tmp_path / "more.picks"
    picks.write_text("u\nr\nu\n2\nq\n")
    answer = command("resume", "blind-watchmaker", "--picks", picks)
    assert answer.code == 0, answer.err
    assert len(command("lineage", "blind-watchmaker", "--json").out) > len(before)


def test_an_old_session_exports_the_script_that_it_exported(command: CommandLine, tmp_path: Path) -> None:
    script = tmp_path / "x.picks"
    assert command("export", "blind-watchmaker", "-o", script).code == 0
    assert script.read_text() == (OLD / "blind-watchmaker.picks").read_text()


def test_an_old_picture_is_drawn_anew_and_bred_from(command: CommandLine, tmp_path: Path) -> None:
    answer = command("render", OLD / "exported.png", "--size", 128, "-o", tmp_path / "large.png")
    assert answer.code == 0, answer.err
    picks = tmp_path / "one.picks"
    picks.write_text("3\nq\n")
    answer = command("run", "blind-watchmaker", "--size", 32, "--from", OLD / "exported.png", "--picks", picks)
    assert answer.code == 0, answer.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("artist.rate=0.1", "artist.learning_rate"),
        ("run.fresh=true", "run.resample"),
        ("data.hold_mb=1", "data.memory_mb"),
        ("critic.smooth=0.1", "critic.label_smoothing"),
        ("breeder.mutation=0.1", "latent_population"),
    ],
)
def test_an_old_name_of_an_option_is_answered_with_the_new_one(command: CommandLine, old: str, new: str) -> None:
    assert f"is now called {new}" in command.refuses("run", "dcgan", "-o", old)


def test_to_look_at_an_old_session_changes_nothing(command: CommandLine) -> None:
    path = command.runs / "blind-watchmaker" / "session.db"
    before = path.read_bytes()
    run = coevo.load("blind-watchmaker", command.runs)
    assert run.round == 5 and len(run.artist.exhibit(4, seed=1)) == 4
    run.close()
    assert path.read_bytes() == before


def test_the_metric_that_an_old_run_watches_is_renamed(command: CommandLine) -> None:
    config = command.runs / "dcgan" / "config.toml"
    config.write_text(config.read_text().replace("[run]", '[run]\nbest = "max:artist.spread"', 1))
    assert command("resume", "dcgan", "--rounds", 8).code == 0
    assert (command.runs / "dcgan" / "checkpoints" / "best").is_file()


def test_a_run_of_a_newer_format_is_refused(command: CommandLine) -> None:
    config = command.runs / "dcgan" / "config.toml"
    old = config.read_text()
    config.write_text(old + "\n[made]\nformat = 9\n")
    assert "has format 9, and this coevo reads up to 2" in command.refuses("sample", "dcgan", "-o", "x.png")
    config.write_text(old + '\n[made]\nformat = "x"\n')
    assert "made.format should be a number" in command.refuses("sample", "dcgan", "-o", "x.png")


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in ROLES for name in registry().offers(kind)])
def test_options_and_states_that_are_up_to_date_stay_as_they_are(kind: Role, name: str) -> None:
    """Both are upgraded whenever a run is opened, by whatever version it was made."""
    player = registry().load(kind, name)
    assert not player.Options.renamed.keys() & player.Options.model_fields.keys()
    assert not player.renamed_state.keys() & set(player.renamed_state.values())
    try:
        options = player.Options().model_dump()
    except ValidationError:
        return  # one has no default
    assert player.upgrade(options) == options or player.upgrade(options) == {**options, "name": name}


@pytest.mark.parametrize("name", ["biomorph", "gp", "dcgan"])
def test_a_state_of_now_is_not_upgraded(name: str) -> None:
    artist, _ = coevo.pair(name, TargetCritic, size=16, options={"critic": {"rewards": "scores"}})
    assert artist.upgrade_state(artist.state()).keys() == artist.state().keys()
