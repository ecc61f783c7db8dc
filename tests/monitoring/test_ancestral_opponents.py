"""Today's players against those of the past: the table of meetings, its figures, its picture, no trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine
from PIL import Image

import coevo
from coevo.monitoring.ancestral_opponents import Past, figures, heat_map
from coevo.storage.jsonl import read_log


def test_what_the_table_says() -> None:
    # rows: critics of rounds 1, 2, 4; columns: works of these rounds
    shares = [[0.5, 1.0, 1.0], [0.0, 0.5, 0.25], [0.75, 0.5, 0.5]]
    rounds = [1, 2, 4]
    table = {(c, g): shares[y][x] for y, c in enumerate(rounds) for x, g in enumerate(rounds)}
    assert figures(rounds, table) == {
        "past.works": (0.75 + 0.5) / 2,  # today's critic before works of rounds 1 and 2
        "past.critics": (1.0 + 0.25) / 2,  # today's works before critics of rounds 1 and 2
        "past.critic_forgets": ((0.75 - 0.0) + (0.5 - 0.5)) / 2,  # critic 2 saw through all works of round 1
        "past.artist_forgets": ((1.0 - 1.0) + (0.5 - 0.25)) / 2,  # half of round 2's works fooled critic 2
    }
    assert figures(rounds[:1], table) == {}


def test_the_table_as_a_picture() -> None:
    rounds = [3, 5]
    table = {(3, 3): 0.0, (3, 5): 1.0, (5, 3): 0.5, (5, 5): 0.5}
    picture = heat_map(rounds, table)
    dark, bright, middle = (picture.getpixel((x, y)) for x, y in ((100, 100), (130, 100), (100, 130)))
    assert dark == (68, 1, 84) and bright == (253, 231, 37) and middle == (33, 145, 140)


@pytest.mark.parametrize("recipe", ["dcgan", "evolved-art", "computational-aesthetics", "aae"])
def test_every_critic_meets_every_generation_and_resumes_exactly(recipe: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "data": {"size": 32},
        "run": {"log_every": 1, "save_every": 1},
        "phases": {"critic": {"steps": 1}, "artist": {"steps": 1}},
    }
    whole = coevo.run(recipe, name="whole", rounds=4, batch=8, runs_dir=tmp_path, options=options)
    coevo.run(recipe, name="parts", rounds=2, batch=8, runs_dir=tmp_path, options=options)
    parts = coevo.resume("parts", rounds=4, runs_dir=tmp_path)
    assert whole.past is not None and parts.past is not None
    assert whole.past.rounds == parts.past.rounds == [1, 2, 3]
    assert len(whole.past.table) == 9 and whole.past.state() == parts.past.state()
    rows = read_log(whole.store.folder / "metrics.jsonl")
    assert {key for key in rows[-1] if key.startswith("past.")} == set(whole.past.figures)
    with Image.open(whole.store.folder / "past.png") as picture:
        assert picture.format == "PNG"


def test_meeting_the_past_changes_nothing(tmp_path: Path) -> None:
    """Random streams, batch statistics and archives are as if nobody had looked back."""
    ends = []
    for past in (True, False):
        options = {"run": {"past": past}, "critic": {"r1": 1.0, "augment": "colour"}, "data": {"size": 16}}
        run = coevo.run("dcgan", name=f"past-{past}", rounds=6, batch=8, runs_dir=tmp_path, options=options)
        ends.append((run.store.checkpoints / "00000006.safetensors").read_bytes())
    assert ends[0] == ends[1]


def test_no_more_than_so_many_critics_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coevo.monitoring.ancestral_opponents.MOST", 4)
    CommandLine(tmp_path).play("long", "--rounds", 20)
    run = coevo.load("long", tmp_path)
    assert run.past is not None and run.past.rounds == [1, 8, 18]  # of 1, 2, 3, 5, 8, 12, 18
    kept = {path.stem for path in (tmp_path / "long" / "past").iterdir()}
    assert kept == {f"{round:08d}" for round in run.past.rounds}
    assert set(run.past.table) == {(c, g) for c in run.past.rounds for g in run.past.rounds}


def test_a_checkpoint_that_names_files_that_are_gone_can_be_gone_on_with(tmp_path: Path) -> None:
    folder = CommandLine(tmp_path).play("old", "--rounds", 5)
    (folder / "past" / "00000002.json").unlink()
    run = coevo.resume("old", rounds=9, runs_dir=tmp_path)
    assert run.past is not None and run.past.rounds == [1, 3, 5, 8]


def test_critics_are_kept_more_and_more_rarely() -> None:
    past = Past(Path(), lambda _: pytest.fail("nothing is built"), coevo.Studio())
    assert past.due(1)
    past.rounds = [1, 2, 10]
    assert not past.due(11) and not past.due(14) and past.due(15)


def test_show_names_the_picture(coevo_command: CommandLine) -> None:
    folder = coevo_command.play("shown", "--rounds", 4)
    assert f"Every critic before every generation: {folder / 'past.png'}" in coevo_command("show", "shown").out
