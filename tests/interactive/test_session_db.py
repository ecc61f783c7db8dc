"""The database of a session: what is written before it acts, what a crash leaves, what damage leaves."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo import Genome, PairError
from coevo.errors import DamagedError, StoreError
from coevo.interactive.session_db import History
from coevo.loop import Position

STATE = {"population": torch.arange(6.0).reshape(2, 3), "ids": ["1", "2"], "nested": {"a": (1, None)}}


def genomes(*ids: str, parents: tuple[str, ...] = ()) -> list[Genome]:
    return [Genome(id, parents, f"text of {id}") for id in ids]


def two_generations(path: Path | None = None) -> History:
    """Two sheets: 1 2 3, then 2 with its children 4 and 5."""
    history = History(path)
    first = history.arrive(None, Position(0), STATE, born=3, books={"log": 0})
    history.hang(first, genomes("1", "2", "3"), born=3)
    history.pick(first, [1], "ann", born=3)
    second = history.arrive(first, Position(1), STATE, born=5, books={"log": 10})
    history.hang(second, [*genomes("2"), *genomes("4", "5", parents=("2",))], born=5)
    return history


def test_a_moment_comes_back_as_it_was(tmp_path: Path) -> None:
    two_generations(tmp_path / "s.db").close()
    history = History(tmp_path / "s.db")
    position, state = history.moment(2)
    assert position == Position(1)
    assert torch.equal(state["population"], STATE["population"])
    assert state["nested"] == {"a": (1, None)}
    assert history.books() == {"log": 10}
    assert history.pointer.now == 2 and history.pointer.born == 5


def test_everyone_is_known_with_parents_and_who_picked_them() -> None:
    history = two_generations()
    every = history.individuals()
    assert list(every) == ["1", "2", "3", "4", "5"]
    assert every["4"].parents == ("2",) and every["4"].genome == "text of 4" and every["4"].round == 1
    ((who, when),) = every["2"].picked
    assert who == "ann" and when.startswith("20")
    assert every["1"].picked == ()
    assert history.sheet(2) == ["2", "4", "5"]


def test_a_pick_is_pending_until_its_children_are_there() -> None:
    history = two_generations()
    history.pick(2, [0, 2], "ann", born=5)
    (pending,) = history.pending("pick")
    assert pending.detail["places"] == [0, 2]
    history.arrive(2, Position(2), STATE, born=8, books={})
    assert history.pending("pick") == []


def test_only_a_sheet_that_breeds_again_is_salted() -> None:
    history = two_generations()
    assert history.pick(2, [0], "ann", born=5) == ""
    again, once_more = history.pick(2, [0], "ann", born=5), history.pick(2, [0], "ann", born=5)
    assert again and once_more and again != once_more


def test_moves_are_events_and_change_where_one_stands() -> None:
    history = two_generations()
    history.move("undo", "ann", to=1, undone=[2], born=5)
    assert history.pointer.now == 1 and history.pointer.undone == (2,)
    assert [event.kind for event in history.events()] == ["pick", "undo"]
    history.pick(1, [0], "ann", born=5)
    assert history.pointer.undone == ()


def test_an_id_that_is_given_twice_is_an_error() -> None:
    history = two_generations()
    with pytest.raises(PairError, match=r"'4' was given to two .* studio\.births"):
        third = history.arrive(2, Position(2), STATE, born=5, books={})
        history.hang(third, [Genome("4", (), "another")], born=5)
    assert history.sheet(3) == []  # nothing of a sheet that failed


@settings(max_examples=30, deadline=None)
@given(some.lists(some.tuples(some.text(max_size=20), some.lists(some.text(max_size=5), max_size=3)), max_size=8))
def test_any_genome_text_survives(sheet: list[tuple[str, list[str]]]) -> None:
    history = History()
    moment = history.arrive(None, Position(), {}, born=0, books={})
    hung = [Genome(str(number), tuple(parents), text) for number, (text, parents) in enumerate(sheet)]
    history.hang(moment, hung, born=len(sheet))
    back = [Genome(one.id, one.parents, one.genome) for one in history.individuals().values()]
    assert back == hung


def test_what_is_not_there_is_said() -> None:
    history = two_generations()
    with pytest.raises(StoreError, match="no individual '9' in this session of 5"):
        history.individual("9")
    with pytest.raises(StoreError, match="no moment 9 to go back to; there are 1 to 2"):
        history.moment(9)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(DamagedError, match="damaged"):
        History(path)
    with pytest.raises(StoreError, match="nothing in it can be read"):
        History.rescue(path)


def test_another_version_is_said(tmp_path: Path) -> None:
    two_generations(tmp_path / "s.db").close()
    db = sqlite3.connect(tmp_path / "s.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="format 99"):
        History(tmp_path / "s.db")


def long_history(path: Path, generations: int = 60) -> None:
    history = History(path)
    before = None
    for number in range(generations):
        ids = [str(number * 15 + place) for place in range(15)]
        before = history.arrive(before, Position(number), {"blob": torch.rand(500)}, born=15, books={})
        history.hang(before, [Genome(id, (), "genome " * 20) for id in ids], born=15)
        history.pick(before, [7], "ann", born=15)
    history.close()


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_of_a_damaged_database_whatever_can_be_read_is_saved(tmp_path: Path, at: float) -> None:
    path = tmp_path / "s.db"
    long_history(path)
    content = bytearray(path.read_bytes())
    middle = int(len(content) * at) // 4096 * 4096
    content[middle : middle + 3 * 4096] = b"\xff" * (3 * 4096)
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"coevo export RUN ID -o x\.png"):
        History(path)
    saved = History.rescue(path)
    assert 300 < len(saved.individuals()) <= 900
    assert path.read_bytes() == content  # it is only read


def test_a_database_cut_short_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    long_history(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DamagedError):
        History(path)
    assert History.rescue(path).individuals()
