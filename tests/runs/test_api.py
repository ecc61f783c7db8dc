"""coevo from Python, and in a notebook."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import coevo
from coevo.errors import ConfigError, StoreError
from coevo.interactive.script import Script
from coevo.runs.observers import Clock
from coevo.runs.run import Run
from coevo.storage.jsonl import read_log
from coevo.storage.run_folder import RunFolder

SMALL = {"data": {"size": 16}, "artist": {"width": 4, "latent": 4}, "critic": {"width": 4}}


@pytest.fixture
def run(tmp_path: Path) -> coevo.runs.run.Run:
    return coevo.run(
        "dcgan", name="it", runs_dir=tmp_path, rounds=4, batch=8, options={**SMALL, "run": {"log_every": 2}}
    )


def test_a_run_tells_its_name_players_and_round(run: coevo.runs.run.Run, tmp_path: Path) -> None:
    assert repr(run) == f"<Run it: dcgan × dcnn on digits, round 4 of 4, in {tmp_path / 'it'}>"


def test_a_run_whose_turns_were_left_goes_on_with_new_ones(run: coevo.runs.run.Run, tmp_path: Path) -> None:
    """As in a notebook, whose failed cell keeps the iterator alive."""
    folder = RunFolder.open("it", tmp_path)
    with Run.resume(folder, rounds=20) as longer:
        left = longer.turns()
        next(turn for turn in left if turn.next.round == 7)
        again = list(longer.turns())
        assert longer.round == 20 and again[0].at.round == 7 and list(left) == []
    rows = [row["round"] for row in read_log(folder.folder / "metrics.jsonl")]
    assert rows == list(range(2, 21, 2))


def test_a_stopped_cell_saves_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    see = Clock.see

    def stop(clock: Clock, turn: coevo.Turn, run: Run) -> None:
        see(clock, turn, run)
        if turn.ends_round and turn.next.round == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Clock, "see", stop)
    with pytest.raises(KeyboardInterrupt, match=r"Saved at round 4; go on with coevo\.resume\('it'\)\."):
        coevo.run("dcgan", name="it", runs_dir=tmp_path, rounds=9, batch=8, options=SMALL)
    assert coevo.load("it", tmp_path).round == 4


def test_one_that_was_only_opened_is_locked_while_it_plays(run: coevo.runs.run.Run, tmp_path: Path) -> None:
    one, other = (Run.resume(RunFolder.open("it", tmp_path), lock=False, rounds=9) for _ in range(2))
    next(one.turns())
    with pytest.raises(StoreError, match=r"in use by another process, or by this one and not closed"):
        next(other.turns())
    one.close()
    assert len(list(other.turns())) == 10
    other.close()


def test_a_finished_run_has_no_more_turns_and_stays_unlocked(run: Run, tmp_path: Path) -> None:
    for finished in (run, coevo.load("it", tmp_path)):
        assert list(finished.turns()) == [] and not run.store.locked
    assert coevo.resume("it", runs_dir=tmp_path, rounds=5).round == 5


def test_a_closed_run_is_said_to_be_closed(tmp_path: Path) -> None:
    run = coevo.run("sims", name="it", runs_dir=tmp_path, batch=4, options={"data": {"size": 16}}, ui=Script("1\nq"))
    with pytest.raises(StoreError, match=r"'it' is closed; coevo\.resume\('it'\) goes on with it"):
        next(run.turns())
    assert not run.store.locked


def test_a_run_that_was_stopped_goes_on_to_its_end_when_it_is_asked_again(run: Run, tmp_path: Path) -> None:
    with Run.resume(run.store, rounds=12) as longer:
        for _ in longer.turns():
            longer.stopping = True
        assert longer.round < 12
        assert list(longer.turns()) and longer.round == 12


def test_notes_say_what_was_taken_over_and_which_rounds_were_lost(run: Run, tmp_path: Path) -> None:
    new = coevo.run("dcgan", name="new", runs_dir=tmp_path, rounds=1, start="it")
    taken, read = new.notes
    assert taken.startswith("Taken over from run 'it': ") and read.startswith("Read 1,797 pictures")
    with (run.store.folder / "timing.jsonl").open("a") as log:
        log.write('{"round": 9, "seconds": 1}\n')
    lost, read = coevo.resume("it", runs_dir=tmp_path, rounds=6).notes
    assert lost == "It was killed in round 9, and saved last at round 4: it goes on from there."


def test_a_session_that_was_only_opened_keeps_what_is_played(tmp_path: Path) -> None:
    options = {"data": {"size": 16}}
    coevo.run("blind-watchmaker", name="it", runs_dir=tmp_path, batch=4, options=options, ui=Script("1\nq"))
    with coevo.load("it", tmp_path) as opened:
        opened.critic.ui = Script("2\nq")
        list(opened.turns())
    assert coevo.load("it", tmp_path).round == opened.round == 2


def test_a_notebook_shows_a_run_as_a_table_with_its_sheet(run: coevo.runs.run.Run) -> None:
    html = run._repr_html_()
    assert "dcgan × dcnn on digits, round 4" in html and "critic.loss" in html and "data:image/png;base64," in html


def test_a_notebook_shows_works_as_a_contact_sheet(run: coevo.runs.run.Run) -> None:
    png = run.artist.exhibit(9, seed=1)._repr_png_()
    assert png is not None and png.startswith(b"\x89PNG")
    codes = coevo.Works(codes=torch.zeros(2, 3))
    assert codes._repr_png_() is None and repr(codes) == "<Works: codes [2, 3]>"


def test_names_for_completion_are_the_public_ones() -> None:
    assert {"run", "resume", "load", "Artist", "Critic", "Works", "CONTRACT_VERSION"} <= set(dir(coevo))


def test_resume_goes_on_and_refuses_options_that_are_not_there(run: coevo.runs.run.Run, tmp_path: Path) -> None:
    assert coevo.resume("it", runs_dir=tmp_path, rounds=6).round == 6
    with pytest.raises(coevo.ConfigError, match=r"run\.rouds"):
        coevo.resume("it", runs_dir=tmp_path, rouds=10)
    with pytest.raises(coevo.ConfigError, match=r"run\.rounds"):
        coevo.resume("it", runs_dir=tmp_path, rounds=0)


def test_a_critic_that_asks_a_person_needs_a_user_interface_and_others_take_none(tmp_path: Path) -> None:
    with pytest.raises(coevo.ConfigError, match="'human' asks a person; give a ui"):
        coevo.run("sims", runs_dir=tmp_path, rounds=1)
    with pytest.raises(coevo.ConfigError, match="'dcnn' is not interactive"):
        coevo.run("dcgan", runs_dir=tmp_path, rounds=1, ui=Script("q"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("labels", ["one", "."], ids=["labelled", "unlabelled"])
def test_load_opens_a_run_whose_dataset_is_gone(labels: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos" / labels
    folder.mkdir(parents=True)
    for number in range(8):
        Image.new("L", (16, 16), 30 * number).save(folder / f"{number}.png")
    options = {**SMALL, "data": {"size": 16, "name": str(tmp_path / "photos")}}
    coevo.run("dcgan", name="it", runs_dir=tmp_path / "runs", rounds=2, batch=4, options=options)
    shutil.rmtree(tmp_path / "photos")
    assert len(coevo.load("it", tmp_path / "runs").artist.exhibit(4, seed=1)) == 4


def test_what_is_opened_does_not_disturb_who_plays(run: coevo.runs.run.Run, tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    coevo.runs.opening.load_artist(run.store)
    assert torch.equal(torch.rand(1), expected)


def test_a_run_of_arrays_is_resumed_without_them(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (60, 16, 16), np.uint8)
    with pytest.raises(ConfigError, match="Arrays are kept beside the runs and found again, so leave out data"):
        coevo.resume("arr", data=pictures, runs_dir=tmp_path)
