"""The database of a session: what is written before it acts, and what a crash or damage leaves."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo import Genome, PairError
from coevo.errors import DamagedError, StoreError
from coevo.interactive.lineage import ancestors
from coevo.interactive.session_db import FORMAT, SessionDB
from coevo.loop import Position
from coevo.storage.state_tools import equal_states

STATE = {
    "artist": {"population": torch.arange(6.0).reshape(2, 3), "nested": {"a": (1, None)}},
    "critic": {},
    "studio": {"ids": 2},
}


def genomes(*ids: str, parents: tuple[str, ...] = ()) -> list[Genome]:
    return [Genome(id, parents, f"text of {id}") for id in ids]


def two_generations(path: Path | None = None) -> SessionDB:
    """Two sheets: 1 2 3, then 2 with its children 4 and 5."""
    db = SessionDB(path, "create")
    first = db.add_snapshot(None, Position(0), STATE, ids=3, run_state={"log": 0})
    db.record_sheet(first, genomes("1", "2", "3"), ids=3)
    db.record_pick(first, [1], "ann", ids=3)
    second = db.add_snapshot(first, Position(1), STATE, ids=5, run_state={"log": 10})
    db.record_sheet(second, [*genomes("2"), *genomes("4", "5", parents=("2",))], ids=5)
    return db


def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path) -> None:
    two_generations(tmp_path / "s.db").close()
    db = SessionDB(tmp_path / "s.db")
    position, state = db.snapshot(2)
    assert position == Position(1)
    assert equal_states(state, STATE)
    assert db.run_state() == {"log": 10}
    assert db.head.snapshot == 2 and db.head.ids == 5


def test_every_individual_is_known_with_its_parents_and_who_picked_it() -> None:
    db = two_generations()
    every = db.individuals()
    assert list(every) == ["1", "2", "3", "4", "5"]
    assert every["4"].parents == ("2",) and every["4"].genome == "text of 4" and every["4"].round == 1
    ((user, at),) = every["2"].picked
    assert user == "ann" and at.startswith("20")
    assert every["1"].picked == ()
    assert db.sheet(2) == ["2", "4", "5"]


def test_some_individuals_come_in_the_order_asked_for_with_their_picks() -> None:
    db = two_generations()
    some = db.individuals("4", "2", "nobody", "1")
    assert list(some) == ["4", "2", "1"]
    assert some == {id: db.individuals()[id] for id in some}
    assert list(ancestors(db, "5")) == ["5", "2"]


def test_many_individuals_are_read_at_once() -> None:
    db, asked = two_generations(), list[str]()
    db._db.set_trace_callback(asked.append)
    ancestors(db, "5"), db.individuals(*"12345")
    assert len([query for query in asked if query.startswith("SELECT")]) == 2 * (1 + 1 + 1)  # two for each generation


def test_a_pick_is_pending_until_its_offspring_are_kept() -> None:
    db = two_generations()
    db.record_pick(2, [0, 2], "ann", ids=5)
    (pending,) = db.pending("pick")
    assert pending.detail["places"] == [0, 2]
    db.add_snapshot(2, Position(2), STATE, ids=8, run_state={})
    assert db.pending("pick") == []


def test_only_a_sheet_that_breeds_again_is_salted() -> None:
    db = two_generations()
    assert db.record_pick(2, [0], "ann", ids=5) == ""
    again, once_more = db.record_pick(2, [0], "ann", ids=5), db.record_pick(2, [0], "ann", ids=5)
    assert again and once_more and again != once_more


def test_undo_is_an_event_and_moves_the_head() -> None:
    db = two_generations()
    db.move_head("undo", "ann", to=1, redo_stack=[2], ids=5)
    assert db.head.snapshot == 1 and db.head.redo_stack == (2,)
    assert [event.kind for event in db.events()] == ["pick", "undo"]
    db.record_pick(1, [0], "ann", ids=5)
    assert db.head.redo_stack == ()


def test_an_id_that_is_given_twice_is_an_error() -> None:
    db = two_generations()
    with pytest.raises(PairError, match=r"'4' was given to two .* studio\.new_ids"):
        third = db.add_snapshot(2, Position(2), STATE, ids=5, run_state={})
        db.record_sheet(third, [Genome("4", (), "another")], ids=5)
    assert db.sheet(3) == []  # nothing is kept of a sheet that failed


@settings(max_examples=30, deadline=None)
@given(some.lists(some.tuples(some.text(max_size=20), some.lists(some.text(max_size=5), max_size=3)), max_size=8))
def test_any_genome_text_survives(sheet: list[tuple[str, list[str]]]) -> None:
    db = SessionDB()
    snapshot = db.add_snapshot(None, Position(), {}, ids=0, run_state={})
    shown = [Genome(str(number), tuple(parents), text) for number, (text, parents) in enumerate(sheet)]
    db.record_sheet(snapshot, shown, ids=len(sheet))
    back = [Genome(one.id, one.parents, one.genome) for one in db.individuals().values()]
    assert back == shown


def test_what_does_not_exist_is_named() -> None:
    db = two_generations()
    with pytest.raises(StoreError, match="no individual '9' in this session of 5"):
        db.individual("9")
    with pytest.raises(StoreError, match="no snapshot 9 to go back to; there are 1 to 2"):
        db.snapshot(9)


def test_a_file_that_is_not_a_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(DamagedError, match="damaged"):
        SessionDB(path, "write")
    with pytest.raises(StoreError, match="nothing in it can be read"):
        SessionDB.rescue(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    two_generations(tmp_path / "s.db").close()
    file = sqlite3.connect(tmp_path / "s.db")
    file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(StoreError, match="has format 99; this version of coevo reads 1 to"):
        SessionDB(tmp_path / "s.db")


def test_a_pick_that_is_cancelled_is_forgotten() -> None:
    db = two_generations()
    db.record_pick(2, [0], "ann", ids=5)
    db.cancel_pick()
    assert db.pending("pick") == [] and len(db.events("pick")) == 1
    assert len(db.individual("2").picked) == 1  # the pick that bred it stays


def test_an_older_format_is_upgraded_as_a_whole(tmp_path: Path) -> None:
    two_generations(tmp_path / "s.db").close()
    file = sqlite3.connect(tmp_path / "s.db")
    file.execute("PRAGMA user_version = 1")
    file.close()
    with SessionDB(tmp_path / "s.db", "write") as db:
        with pytest.raises(KeyError):
            db.upgrade(lambda state: state, lambda state: {"rows": state["no such key"]})
        assert db.format == 1 and db.snapshot(1)[1]["studio"] == {"ids": 2}
        rename = lambda state: state | {"studio": {"names": state["studio"]["ids"]}}  # noqa: E731
        db.upgrade(rename, lambda state: {"length": state["log"]})
        assert db.format == FORMAT
        assert [db.snapshot(id)[1]["studio"] for id in (1, 2)] == [{"names": 2}, {"names": 2}]
        assert db.run_state() == {"length": 10}


def long_session(path: Path, generations: int = 60) -> None:
    db = SessionDB(path, "create")
    before = None
    for number in range(generations):
        ids = [str(number * 15 + place) for place in range(15)]
        before = db.add_snapshot(before, Position(number), {"blob": torch.rand(500)}, ids=15, run_state={})
        db.record_sheet(before, [Genome(id, (), "genome " * 20) for id in ids], ids=15)
        db.record_pick(before, [7], "ann", ids=15)
    db.close()


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_what_can_be_read_of_a_damaged_database_is_rescued(tmp_path: Path, at: float) -> None:
    path = tmp_path / "s.db"
    long_session(path)
    content = bytearray(path.read_bytes())
    middle = int(len(content) * at) // 4096 * 4096
    content[middle : middle + 3 * 4096] = b"\xff" * (3 * 4096)
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"coevo export RUN ID -o x\.png"):
        SessionDB(path, "write")
    rescued = SessionDB.rescue(path)
    assert 300 < len(rescued.individuals()) <= 900
    assert path.read_bytes() == content  # it is only read


def test_a_database_cut_short_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    long_session(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DamagedError):
        SessionDB(path, "write")
    assert SessionDB.rescue(path).individuals()


def test_a_name_of_a_column_that_is_no_text_ends_in_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "session.db"
    long_session(path)
    path.write_bytes(path.read_bytes().replace(b"genome TEXT", b"\xa0enome TEXT"))
    with pytest.raises(StoreError, match="nothing in it can be read"):
        SessionDB.rescue(path)


def test_looking_makes_no_database_and_changes_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        SessionDB(tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()
    (tmp_path / "s.db").touch()
    for mode in ("read", "write"):
        with pytest.raises(StoreError, match="is empty; put a copy of it back"):
            SessionDB(tmp_path / "s.db", mode)
    assert (tmp_path / "s.db").read_bytes() == b""
    two_generations(tmp_path / "s.db").close()
    with SessionDB(tmp_path / "s.db") as db:
        assert db.is_read_only and list(db.individuals()) == ["1", "2", "3", "4", "5"]
        with pytest.raises(StoreError, match="Could not write"):
            db.record_pick(2, [0], "ann", ids=5)
        db.allow_writing()
        assert not db.is_read_only
        db.record_pick(2, [0], "ann", ids=5)


def test_what_a_kill_left_half_written_is_taken_back_by_who_looks(tmp_path: Path) -> None:
    two_generations(tmp_path / "s.db").close()
    writer = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    writer.executescript("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; DELETE FROM individuals;")
    writer.executemany(
        "INSERT INTO individuals VALUES (?, ?, '[]', ?, 1, '')", [(n, f"x{n}", "x" * 3000) for n in range(50)]
    )
    (tmp_path / "killed").mkdir()
    for path in tmp_path.glob("s.db*"):
        (tmp_path / "killed" / path.name).write_bytes(path.read_bytes())
    writer.close()
    assert (tmp_path / "killed" / "s.db-journal").stat().st_size
    assert list(SessionDB(tmp_path / "killed" / "s.db").individuals()) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "act",
    [
        lambda db: db.record_sheet(2, genomes("6"), ids=6),
        lambda db: db.record_pick(2, [0], "ann", ids=5),
        lambda db: db.events(),
        lambda db: db.sheet(1),
    ],
)
def test_damage_that_is_met_while_it_is_read_is_said_in_a_sentence(tmp_path: Path, act) -> None:
    two_generations(tmp_path / "s.db").close()
    with SessionDB(tmp_path / "s.db", "write") as db:
        content = (tmp_path / "s.db").read_bytes()
        head = content[:4096]
        (tmp_path / "s.db").write_bytes(head + b"\xff" * (len(content) - 4096))
        db._db.execute("PRAGMA cache_size = 0")
        db._db.execute("PRAGMA shrink_memory")
        with pytest.raises(DamagedError, match="is damaged"):
            act(db)
