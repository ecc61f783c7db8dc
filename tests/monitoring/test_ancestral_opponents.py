"""Today's players against those of the past: the table, its figures, its plot; the run does not feel it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CommandLine
from PIL import Image
from safetensors.torch import load_file

import coevo
from coevo.monitoring.ancestral_opponents import AncestralOpponents, ciao_plot, figures, spread_out
from coevo.storage.jsonl import read_log

OTHERS = ("evolved-art", "computational-aesthetics", "aae")


def test_the_figures_of_a_table() -> None:
    # rows: critics of rounds 1, 2, 4; columns: works of these rounds
    shares = [[0.5, 1.0, 1.0], [0.0, 0.5, 0.25], [0.75, 0.5, 0.5]]
    rounds = [1, 2, 4]
    table = {(c, g): shares[y][x] for y, c in enumerate(rounds) for x, g in enumerate(rounds)}
    assert figures(rounds, table) == {
        "ancestors.works": (0.75 + 0.5) / 2,  # today's critic before works of rounds 1 and 2
        "ancestors.critics": (1.0 + 0.25) / 2,  # today's works before critics of rounds 1 and 2
        "ancestors.critic_forgets": ((0.75 - 0.0) + (0.5 - 0.5)) / 2,  # critic 2 saw through all works of round 1
        "ancestors.artist_forgets": ((1.0 - 1.0) + (0.5 - 0.25)) / 2,  # half of round 2's works fooled critic 2
    }
    assert figures(rounds[:1], table) == {}


def test_the_table_as_a_picture() -> None:
    rounds = [3, 5]
    table = {(3, 3): 0.0, (3, 5): 1.0, (5, 3): 0.5, (5, 5): 0.5}
    picture = ciao_plot(rounds, table)
    dark, bright, middle = (picture.getpixel((x, y)) for x, y in ((100, 100), (130, 100), (100, 130)))
    assert dark == (68, 1, 84) and bright == (253, 231, 37) and middle == (33, 145, 140)


@pytest.mark.parametrize("recipe", ["dcgan", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_every_critic_meets_every_generation_and_resumes_exactly(recipe: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "data": {"size": 32},
        "run": {"log_every": 1, "save_every": 1},
        "phases": {"critic": {"steps": 1}, "artist": {"steps": 1}},
    }
    whole = coevo.run(recipe, name="whole", rounds=4, batch=8, runs_dir=tmp_path, options=options)
    coevo.run(recipe, name="parts", rounds=2, batch=8, runs_dir=tmp_path, options=options)
    parts = coevo.resume("parts", rounds=4, runs_dir=tmp_path)
    assert whole.ancestors is not None and parts.ancestors is not None
    assert whole.ancestors.rounds == parts.ancestors.rounds == [1, 2, 3]
    assert len(whole.ancestors.table) == 9 and whole.ancestors.state() == parts.ancestors.state()
    rows = read_log(whole.store.folder / "metrics.jsonl")
    assert {key for key in rows[-1] if key.startswith("ancestors.")} == set(whole.ancestors.figures)
    with Image.open(whole.store.folder / "ancestral-opponents.png") as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize("threshold", [0.0, 0.1])
def test_critics_are_kept_without_what_only_their_learning_needs(tmp_path: Path, threshold: float) -> None:
    critic = {"past_critics": 1, "memory": 64, "novelty_threshold": threshold}
    options = {"critic": critic, "data": {"size": 16}}
    folder = coevo.run("dcgan", name="x", rounds=3, batch=8, runs_dir=tmp_path, options=options).store.folder
    tensors = load_file(folder / "ancestral_opponents" / "00000003.safetensors")
    parts = {name.split("/")[2] for name in tensors if name.startswith("/critic/")}
    assert parts == {"scorer", "past_critics"} | ({"memory"} if threshold else set())


def test_a_run_is_the_same_without_ancestral_opponents(tmp_path: Path) -> None:
    """Random streams, batch statistics and archives are as if nobody had looked back."""
    ends = []
    for past in (True, False):
        options = {
            "run": {"ancestral_opponents": past},
            "critic": {"r1": 1.0, "augmentation": "colour"},
            "data": {"size": 16},
        }
        run = coevo.run("dcgan", name=f"past-{past}", rounds=6, batch=8, runs_dir=tmp_path, options=options)
        ends.append((run.store.checkpoints / "00000006.safetensors").read_bytes())
    assert ends[0] == ends[1]


def test_the_number_of_critics_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coevo.monitoring.ancestral_opponents.LIMIT", 4)
    CommandLine(tmp_path).play("long", "--rounds", 20)
    run = coevo.load("long", tmp_path)
    assert run.ancestors is not None and run.ancestors.rounds == [1, 8, 18]  # of 1, 2, 3, 5, 8, 12, 18
    kept = {path.stem for path in (tmp_path / "long" / "ancestral_opponents").iterdir()}
    assert kept == {f"{round:08d}" for round in run.ancestors.rounds}
    assert set(run.ancestors.table) == {(c, g) for c in run.ancestors.rounds for g in run.ancestors.rounds}


def test_a_checkpoint_that_names_missing_files_can_be_resumed(tmp_path: Path) -> None:
    folder = CommandLine(tmp_path).play("old", "--rounds", 5)
    (folder / "ancestral_opponents" / "00000002.json").unlink()
    run = coevo.resume("old", rounds=9, runs_dir=tmp_path)
    assert run.ancestors is not None and run.ancestors.rounds == [1, 3, 5, 8]


def test_critics_are_kept_ever_more_rarely() -> None:
    past = AncestralOpponents(Path(), lambda _: pytest.fail("nothing is built"))
    assert past.due(1)
    past.rounds = [1, 2, 10]
    assert not past.due(11) and not past.due(14) and past.due(15)


def test_show_names_the_picture(coevo_command: CommandLine) -> None:
    folder = coevo_command.play("shown", "--rounds", 4)
    assert f"every generation: {folder / 'ancestral-opponents.png'}" in coevo_command("show", "shown").out


@pytest.mark.parametrize(("group", "expected"), [(1, 32), (3, 30), (5, 30), (64, 64)])
def test_works_that_are_kept_fill_whole_groups(group: int, expected: int) -> None:
    assert len(spread_out(coevo.Works(torch.zeros(64 * group, 1, 4, 4)), group)) == expected
    assert len(spread_out(coevo.Works(torch.zeros(group, 1, 4, 4)), group)) == group


def test_a_pack_need_not_divide_the_works_that_are_kept(tmp_path: Path) -> None:
    options: dict[str, Any] = {"critic": {"pack": 3}, "data": {"size": 16}}
    run = coevo.run("dcgan", rounds=3, batch=48, runs_dir=tmp_path, options=options)
    assert run.ancestors is not None and run.ancestors.rounds == [1, 2, 3]


def test_each_critic_of_a_society_judges_works_of_its_own_artist(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data": {"size": 16}, "run": {"agents": 3}}
    run = coevo.run("evolved-art", rounds=1, batch=8, runs_dir=tmp_path, options=options)
    assert run.critic.spec().group == 3
    assert len(spread_out(run.artist.make(8, None), 3)) == 24  # all of them, a third for each critic
    assert run.ancestors is not None and len(run.ancestors.table) == 1
