"""Undo, redo and branch with a person; a run that is killed in the middle and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import pytest
import torch
from standins import Reals, built, studio

from coevo import Artist, CoevoError, Metrics, Phase, Rewind, Turn, Works
from coevo.evolution.latent_population import LatentPopulation
from coevo.interactive.session import Session
from coevo.interactive.session_db import SessionDB
from coevo.storage.run_folder import Checkpoint, RunFolder
from coevo.testing.standins import EvolvingArtist, GradientArtist, GradientCritic, ScriptedPicker


def evolving() -> Artist:
    return EvolvingArtist(EvolvingArtist.Options(), studio())


def latent() -> Artist:
    decoder = GradientArtist(GradientArtist.Options(), studio())
    decoder.build()
    return LatentPopulation(decoder)


def session_of(artist: Artist, db: SessionDB | None = None) -> Session:
    """A session of an artist with somebody who picks by a script."""
    artist, picker = built(artist, ScriptedPicker(ScriptedPicker.Options(), artist.studio))
    return Session(artist, picker, Reals(), [Phase("artist")], artist.studio, db=db or SessionDB())


def sheets_of(session: Session, *script: Sequence[int] | Rewind) -> list[Works]:
    """The sheets that are shown during the script, and the one after it."""
    picker = session.critic
    assert isinstance(picker, ScriptedPicker)
    picker.script, picker.sheets = list(script), []
    with pytest.raises(ScriptedPicker.Left):
        list(session.turns())
    return picker.sheets


def alike(one: Works, other: Works) -> bool:
    return torch.equal(one.pixels, other.pixels) and one.genomes == other.genomes


any_artist = pytest.mark.parametrize("artist", [evolving, latent])
undo, redo = Rewind(-1), Rewind(+1)
MakeArtist = Callable[[], Artist]


@any_artist
def test_undo_shows_the_very_same_sheet(artist: MakeArtist) -> None:
    sheets = sheets_of(session_of(artist()), [0, 1], [2], undo, undo)
    assert alike(sheets[3], sheets[1])
    assert alike(sheets[4], sheets[0])
    assert not alike(sheets[0], sheets[1])


@any_artist
def test_redo_shows_the_later_sheet_again(artist: MakeArtist) -> None:
    sheets = sheets_of(session_of(artist()), [0, 1], [2], undo, undo, redo, redo)
    assert alike(sheets[5], sheets[1])
    assert alike(sheets[6], sheets[2])


@any_artist
def test_breeding_again_after_undo_gives_new_offspring(artist: MakeArtist) -> None:
    first, *_, second, back, third = sheets_of(session_of(artist()), [0, 1], undo, [0, 1], undo, [0, 1])
    assert alike(first, back)
    sheets = sheets_of(session_of(artist()), [0, 1])
    assert not alike(second, third)
    assert not alike(second, sheets[1])
    assert not alike(third, sheets[1])


@any_artist
def test_breeding_after_undo_leaves_nothing_to_redo(artist: MakeArtist) -> None:
    sheets = sheets_of(session_of(artist()), [0, 1], undo, [2], redo)
    assert alike(sheets[4], sheets[3])


@any_artist
def test_a_branch_starts_from_any_earlier_snapshot(artist: MakeArtist) -> None:
    sheets = sheets_of(session_of(artist()), [0], [1], [2], Rewind(to=2), [3], undo, undo)
    assert alike(sheets[4], sheets[1])
    assert not alike(sheets[5], sheets[2])
    assert alike(sheets[6], sheets[1])  # undo goes back along the branch
    assert alike(sheets[7], sheets[0])


@any_artist
def test_there_is_nothing_before_the_first_sheet_and_nothing_after_the_last(artist: MakeArtist) -> None:
    sheets = sheets_of(session_of(artist()), undo, redo, [0], redo)
    assert alike(sheets[1], sheets[0])
    assert alike(sheets[2], sheets[0])
    assert alike(sheets[4], sheets[3])


def test_without_a_pick_the_artist_rolls_again() -> None:
    sheets = sheets_of(session_of(latent()), [])
    assert {genome.id for genome in sheets[0].individuals}.isdisjoint(one.id for one in sheets[1].individuals)
    assert not any(genome.parents for genome in sheets[1].individuals)
    assert not torch.equal(sheets[0].pixels, sheets[1].pixels)


def test_snapshots_know_their_parents() -> None:
    db = SessionDB()
    sheets_of(session_of(evolving(), db), [0], [1], Rewind(to=2), [2])
    assert [db.parent(snapshot) for snapshot in (1, 2, 3, 4)] == [None, 1, 2, 2]
    assert [db.snapshot(snapshot)[0].round for snapshot in (1, 2, 3, 4)] == [0, 1, 2, 2]
    assert db.head.snapshot == 4


def test_a_branch_from_a_snapshot_that_never_was_is_refused() -> None:
    with pytest.raises(CoevoError, match="no snapshot 7 to go back to; there are 1 to 2"):
        sheets_of(session_of(evolving()), [0], Rewind(to=7))


def test_a_session_without_a_database_cannot_rewind() -> None:
    artist, picker = built(evolving(), ScriptedPicker(ScriptedPicker.Options(), studio()))
    session = Session(artist, picker, Reals(), [Phase("artist")], artist.studio)
    with pytest.raises(CoevoError, match="'scripted' wants to go back, but this session keeps no snapshots"):
        sheets_of(session, undo)


def test_after_a_resume_an_undone_sheet_still_breeds_new_offspring() -> None:
    db = SessionDB()
    first = sheets_of(session_of(evolving(), db), [0], undo, [0], undo)
    again = session_of(evolving(), db)
    again.resume()
    later = sheets_of(again, [0], undo, [0])
    assert alike(later[0], first[0])
    offspring = [first[1], first[3], later[1], later[3]]
    assert not any(alike(a, b) for i, a in enumerate(offspring) for b in offspring[:i])


def test_a_pick_that_the_artist_cannot_breed_from_is_asked_again() -> None:
    class Fragile(EvolvingArtist):
        def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
            if picked == [3]:
                raise ValueError("a gene is missing")
            return super().breed(works, picked)

    db = SessionDB()
    artist = Fragile(Fragile.Options(), studio())
    with pytest.raises(ValueError, match="a gene is missing"):
        sheets_of(session_of(artist, db), [0], [3])
    assert [event.detail["places"] for event in db.events("pick")] == [[0]]
    again = session_of(Fragile(Fragile.Options(), studio()), db)
    again.resume()
    assert len(sheets_of(again, [1])) == 2


# killed in the middle


def duel(seed: int = 0) -> Session:
    """A population against a trained critic; its phase lasts until it fools the critic."""
    ours = studio(seed)
    critic = GradientCritic(GradientCritic.Options(game="relativistic"), ours)
    built(artist := EvolvingArtist(EvolvingArtist.Options(), ours), critic)
    phases = [Phase("critic", steps=3), Phase("artist", steps=50, goal=0.9)]
    return Session(artist, critic, Reals(), phases, ours)


def save(session: Session, store: RunFolder) -> str:
    return store.save(Checkpoint(session.position, session.state()), keep=2)


def play(session: Session, turns: int) -> list[Turn]:
    return list(islice(session.turns(), turns))


def play_until_killed(folder: str) -> None:
    session, store = duel(), RunFolder.create(Path(folder), "killed", "run")
    (store.folder / "config.toml").touch()
    for number, _turn in enumerate(session.turns(), 1):
        save(session, store)
        if number == 28:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_run_killed_inside_a_phase_ends_as_one_that_never_was(tmp_path: Path) -> None:
    whole = duel()
    turns = play(whole, 60)
    ends = [turn.at.step + 1 for turn in turns if turn.ends_round]
    assert ends and max(ends) < 50  # the goal ends the phases
    inside = turns[27].next
    assert inside.step > 0 and turns[28].role == "artist"

    code = f"import test_session; test_session.play_until_killed({str(tmp_path)!r})"
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run([sys.executable, "-c", code], env=paths, cwd=Path(__file__).parent, check=False)
    assert child.returncode == -signal.SIGKILL

    store = RunFolder.open("killed", tmp_path)
    store.lock()  # the dead hold no locks
    checkpoint, flaws = store.load()
    assert checkpoint.position == inside
    assert not flaws
    resumed = duel(seed=7)
    resumed.studio.seed = 0
    resumed.restore(checkpoint.position, checkpoint.state)
    play(resumed, 32)

    uninterrupted = RunFolder.create(tmp_path, "whole", "run")
    one, other = save(whole, uninterrupted), save(resumed, store)
    assert one == other
    for suffix in (".json", ".safetensors"):
        name = one + suffix
        assert (uninterrupted.checkpoints / name).read_bytes() == (store.checkpoints / name).read_bytes()


def test_a_session_closes_its_data() -> None:
    closed = []

    class Closing(Reals):
        def close(self) -> None:
            closed.append(self)

    artist, picker = built(evolving(), ScriptedPicker(ScriptedPicker.Options(), studio()))
    session = Session(artist, picker, Closing(), [Phase("artist")], artist.studio)
    session.close()
    assert closed == [session.data]
