"""Undo, redo and branch with a person; a run that is killed in the middle and goes on."""

import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch
from standins import Herd, Judge, Painter, Person, Reals, built, studio

from coevo import CoevoError, Phase, Rewind
from coevo.evolution.latent_population import Breeder
from coevo.interactive.session import Session
from coevo.interactive.session_db import History
from coevo.loop import Position
from coevo.storage.run_folder import Checkpoint, RunFolder


def herd():
    return Herd(Herd.Options(), studio())


def breeder():
    decoder = Painter(Painter.Options(), studio())
    decoder.build()
    return Breeder(decoder)


def sitting(artist, history=None):
    """A session of an artist with a person."""
    artist, person = built(artist, Person(Person.Options(), artist.studio))
    return Session(artist, person, Reals(), [Phase("artist")], artist.studio, history=history or History())


def show(session, *script):
    """The sheets that the person sees while following the script, and the one after."""
    session.critic.script, session.critic.sheets = list(script), []
    with pytest.raises(Person.Left):
        list(session.turns())
    return session.critic.sheets


def alike(one, other):
    return torch.equal(one.images, other.images) and one.genomes == other.genomes


any_artist = pytest.mark.parametrize("artist", [herd, breeder])
undo, redo = Rewind(-1), Rewind(+1)


@any_artist
def test_undo_shows_the_very_same_sheet(artist):
    sheets = show(sitting(artist()), [0, 1], [2], undo, undo)
    assert alike(sheets[3], sheets[1])
    assert alike(sheets[4], sheets[0])
    assert not alike(sheets[0], sheets[1])


@any_artist
def test_redo_shows_the_later_sheet_again(artist):
    sheets = show(sitting(artist()), [0, 1], [2], undo, undo, redo, redo)
    assert alike(sheets[5], sheets[1])
    assert alike(sheets[6], sheets[2])


@any_artist
def test_breeding_again_after_undo_gives_new_children(artist):
    first, *_, second, back, third = show(sitting(artist()), [0, 1], undo, [0, 1], undo, [0, 1])
    assert alike(first, back)
    sheets = show(sitting(artist()), [0, 1])
    assert not alike(second, third)
    assert not alike(second, sheets[1])
    assert not alike(third, sheets[1])


@any_artist
def test_breeding_after_undo_leaves_nothing_to_redo(artist):
    sheets = show(sitting(artist()), [0, 1], undo, [2], redo)
    assert alike(sheets[4], sheets[3])


@any_artist
def test_a_branch_starts_from_any_earlier_moment(artist):
    sheets = show(sitting(artist()), [0], [1], [2], Rewind(to=2), [3], undo, undo)
    assert alike(sheets[4], sheets[1])
    assert not alike(sheets[5], sheets[2])
    assert alike(sheets[6], sheets[1])  # undo goes back along the branch
    assert alike(sheets[7], sheets[0])


@any_artist
def test_there_is_nothing_before_the_first_sheet_and_nothing_after_the_last(artist):
    sheets = show(sitting(artist()), undo, redo, [0], redo)
    assert alike(sheets[1], sheets[0])
    assert alike(sheets[2], sheets[0])
    assert alike(sheets[4], sheets[3])


def test_no_pick_rolls_again():
    sheets = show(sitting(breeder()), [])
    assert {genome.id for genome in sheets[0].genomes}.isdisjoint(g.id for g in sheets[1].genomes)
    assert not any(genome.parents for genome in sheets[1].genomes)
    assert not torch.equal(sheets[0].images, sheets[1].images)


def test_moments_remember_what_they_follow():
    session = sitting(herd())
    show(session, [0], [1], Rewind(to=2), [2])
    history = session.history
    assert [history.before(moment) for moment in (1, 2, 3, 4)] == [None, 1, 2, 2]
    assert [history.moment(moment)[0].round for moment in (1, 2, 3, 4)] == [0, 1, 2, 2]
    assert history.pointer.now == 4


def test_one_cannot_branch_from_a_moment_that_never_was():
    session = sitting(herd())
    session.critic.script = [[0], Rewind(to=7)]
    with pytest.raises(CoevoError, match="no moment 7 to go back to; there are 1 to 2"):
        list(session.turns())


def test_a_session_without_a_history_says_that_it_cannot_rewind():
    artist, person = built(herd(), Person(Person.Options(), studio()))
    session = Session(artist, person, Reals(), [Phase("artist")], artist.studio)
    session.critic.script = [undo]
    with pytest.raises(CoevoError, match="'person' asked to look back"):
        list(session.turns())


def test_after_a_resume_an_undone_sheet_still_breeds_new_children():
    session = sitting(herd())
    first = show(session, [0], undo, [0], undo)
    again = sitting(herd(), session.history)
    again.resume()
    later = show(again, [0], undo, [0])
    assert alike(later[0], first[0])
    children = [first[1], first[3], later[1], later[3]]
    assert not any(alike(a, b) for i, a in enumerate(children) for b in children[:i])


# killed in the middle


def duel(seed=0):
    """A population against a trained critic; its phase goes on until it fools the critic."""
    place = studio(seed)
    artist, critic = built(Herd(Herd.Options(), place), Judge(Judge.Options(game="relativistic"), place))
    phases = [Phase("critic", steps=3), Phase("artist", steps=30, goal=0.9)]
    return Session(artist, critic, Reals(), phases, place)


def save(session, store):
    return store.save(Checkpoint(session.position, session.state()), keep=2)


def play(session, turns):
    return list(islice(session.turns(), turns))


def play_until_killed(folder):
    session, store = duel(), RunFolder.create(Path(folder), "killed", "run")
    (store.folder / "config.toml").touch()
    for number, _turn in enumerate(session.turns(), 1):
        save(session, store)
        if number == 28:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_run_killed_inside_a_phase_ends_as_one_that_never_was(tmp_path):
    whole = duel()
    turns = play(whole, 60)
    ends = [turn.at.step + 1 for turn in turns if turn.ends_round]
    assert max(ends) < 30  # the goal ends the phases
    assert turns[27].next == (2, 1, 10)  # inside one
    assert turns[28].role == "artist"

    code = f"import test_session; test_session.play_until_killed({str(tmp_path)!r})"
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run([sys.executable, "-c", code], env=paths, cwd=Path(__file__).parent, check=False)
    assert child.returncode == -signal.SIGKILL

    store = RunFolder.open("killed", tmp_path)
    store.lock()  # the dead hold no locks
    checkpoint, flaws = store.load()
    assert checkpoint.position == Position(2, 1, 10)
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
