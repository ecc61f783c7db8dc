"""Checkpoints are exact, whole or passed over; names, pointers, locks; logs; disks that are full."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from standins import flip

from coevo.errors import StoreError
from coevo.storage.atomic import write_whole
from coevo.storage.jsonl import Log, read_log
from coevo.storage.run_folder import Checkpoint, RunFolder
from coevo.storage.state_tools import equal_states


def new(tmp_path, name="sea"):
    store = RunFolder.create(tmp_path, name, "run")
    (store.folder / "config.toml").touch()
    return store


def save(store, round, keep=10, **state):
    return store.save(Checkpoint((round, 0, 0), state), keep)


# exact


def tensors(draw):
    dtype = draw(some.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8]))
    shape = draw(some.sampled_from([(), (0,), (3,), (2, 3, 1)]))
    values = torch.randint(0, 200, shape, generator=torch.Generator().manual_seed(draw(some.integers(0, 99))))
    return values.to(dtype)


leaves = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False)
    | some.text(max_size=5)
    | some.composite(tensors)()
)
keys = some.text(max_size=4) | some.integers(-9, 9) | some.sampled_from(["$tensor", "$tuple", "a/b", "0"])
states = some.recursive(
    leaves,
    lambda part: (
        some.lists(part, max_size=3)
        | some.tuples(part, part)
        | some.dictionaries(keys, part, max_size=3)
        | some.dictionaries(some.tuples(some.integers(), some.text()), part, max_size=2)
    ),
    max_leaves=10,
)


def alike(one, other):
    """Equal in types too: tuples stay tuples, 1 is not 1.0 is not True."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(alike(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory):
    return new(tmp_path_factory.mktemp("runs"))


@given(state=some.dictionaries(keys, states, max_size=4))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_saved_is_what_is_read(shared_store, state):
    name = shared_store.save(Checkpoint((3, 1, 4), state), keep=1)
    read = shared_store.read(name)
    assert read.position == (3, 1, 4)
    assert alike(read.state, state)


def test_tensors_of_paths_that_look_alike_are_kept_apart(tmp_path):
    one, other = torch.zeros(2), torch.ones(2)
    store = new(tmp_path)
    for state in ({1: one, "1": other}, {"a": {"b": one}, "a/b": other}):
        read = store.read(store.save(Checkpoint((0, 0, 0), state), 1)).state
        assert equal_states(read, state)


def test_a_saved_state_is_a_copy(tmp_path):
    store, weights = new(tmp_path), torch.zeros(2)
    name = save(store, 1, a=weights, b=weights, c=weights.expand(3, 2).T)
    weights += 1
    state = store.read(name).state
    assert state["a"].tolist() == [0, 0]
    state["a"] += 1
    assert state["b"].tolist() == [0, 0]
    assert state["c"].shape == (2, 3)


def test_what_is_no_tensor_and_no_json_is_refused_by_its_path(tmp_path):
    with pytest.raises(StoreError, match=r"'/artist/best' is a set"):
        save(new(tmp_path), 1, artist={"best": {1, 2}})


# damaged


def test_of_damaged_checkpoints_the_newest_whole_one_is_read_and_the_problems_are_said(tmp_path):
    store = new(tmp_path)
    names = [save(store, round, value=torch.tensor(round)) for round in range(4)]
    flip(store.checkpoints / f"{names[3]}.safetensors")
    flip(store.checkpoints / f"{names[2]}.json")
    checkpoint, problems = store.load()
    assert checkpoint.position[0] == 1
    assert checkpoint.state["value"] == 1
    assert len(problems) == 2
    assert "00000003.safetensors is damaged" in problems[0]
    assert "00000002.json" in problems[1]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b'{"body": 3, "sha256": ""}'])
def test_a_checkpoint_that_is_anything_else_is_passed_over(tmp_path, content):
    store = new(tmp_path)
    save(store, 1)
    (store.checkpoints / f"{save(store, 2)}.json").write_bytes(content)
    checkpoint, (problem,) = store.load()
    assert checkpoint.position[0] == 1
    assert "00000002.json" in problem


def test_every_cut_of_a_checkpoint_is_noticed(tmp_path):
    store = new(tmp_path)
    save(store, 1)
    path = store.checkpoints / f"{save(store, 2, weights=torch.ones(3))}.json"
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert store.load()[0].position[0] == 1


def test_tensors_that_are_gone_are_noticed(tmp_path):
    store = new(tmp_path)
    save(store, 1)
    (store.checkpoints / f"{save(store, 2)}.safetensors").unlink()
    assert store.load()[0].position[0] == 1


def test_without_a_whole_checkpoint_there_is_nothing_to_go_on_from(tmp_path):
    store = new(tmp_path)
    with pytest.raises(StoreError, match="'sea' has no whole checkpoint"):
        store.load()


def test_a_later_format_is_not_guessed_at(tmp_path):
    store = new(tmp_path)
    path = store.checkpoints / f"{save(store, 1)}.json"
    body = json.loads(path.read_bytes())["body"] | {"format": 99}
    text = json.dumps(body, separators=(",", ":"))
    path.write_text(json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "body": body}))
    with pytest.raises(StoreError, match="has format 99, and this coevo reads up to 2"):
        store.load()


# kept


def test_the_last_few_are_kept_and_the_best(tmp_path):
    store = new(tmp_path)
    save(store, 1)
    store.point("best", save(store, 2))
    for round in range(3, 9):
        save(store, round, keep=2)
    assert store.names() == ["00000002", "00000007", "00000008"]
    assert sorted(p.stem for p in store.checkpoints.glob("*.safetensors")) == store.names()
    assert store.pointed("best") == "00000002"
    assert store.pointed("latest") == "00000008"
    assert store.pointed("worst") is None
    store.point("best", "00000008")
    save(store, 9, keep=1)
    assert store.names() == ["00000008", "00000009"]


def test_checkpoints_inside_a_round_come_after_its_beginning(tmp_path):
    store = new(tmp_path)
    places = [(1, 1, 20), (1, 0, 0), (10, 0, 0), (1, 1, 3), (1, 0, 2), (2, 0, 0)]
    for place in places:
        store.save(Checkpoint(place, {}), keep=9)
    assert [store.read(name).position for name in store.names()] == sorted(places)


# names and locks


def test_runs_without_a_name_are_numbered(tmp_path):
    assert [RunFolder.create(tmp_path / "runs", None, "dcgan").name for _ in range(2)] == ["dcgan-1", "dcgan-2"]


def test_a_name_is_taken_once(tmp_path):
    new(tmp_path)
    with pytest.raises(StoreError, match=r"'sea' already exists.*coevo resume sea"):
        new(tmp_path)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../up", "/root", "latest"])
def test_some_names_are_unfit(tmp_path, name):
    with pytest.raises(StoreError, match="cannot be named"):
        new(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_found_by_name_by_path_and_as_the_latest(tmp_path):
    for number, name in enumerate(["sea", "sky"]):
        store = new(tmp_path, name)
        os.utime(store.folder / "config.toml", (number, number))
    assert RunFolder.open("sea", tmp_path).name == "sea"
    assert RunFolder.open(tmp_path / "sea", tmp_path / "elsewhere").name == "sea"
    assert RunFolder.open("latest", tmp_path).name == "sky"
    assert [store.name for store in RunFolder.all(tmp_path)] == ["sea", "sky"]
    with pytest.raises(StoreError, match=r"no run named 'see'; did you mean 'sea'\?"):
        RunFolder.open("see", tmp_path)
    with pytest.raises(StoreError, match="There are no runs in"):
        RunFolder.open("latest", tmp_path / "empty")


@pytest.mark.slow
def test_a_run_is_locked_by_one_process(tmp_path):
    store = new(tmp_path)
    again = RunFolder.open("sea", tmp_path)
    assert store.locked
    assert again.locked
    code = f"""if True:
        from pathlib import Path
        from coevo.storage.run_folder import StoreError
        from coevo.storage.run_folder import RunFolder
        try:
            RunFolder.open("sea", Path({str(tmp_path)!r})).lock()
        except StoreError as error:
            print(error)"""
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run([sys.executable, "-c", code], env=paths, capture_output=True, text=True, check=True)
    assert "'sea' is in use by another process" in child.stdout
    store.unlock()
    assert not again.locked
    again.lock()


def test_who_looks_whether_a_run_is_locked_does_not_stop_who_locks_it(tmp_path):
    store = new(tmp_path)
    store.unlock()
    looker = RunFolder.open("sea", tmp_path)
    looker.lock()
    threading.Timer(0.03, looker.unlock).start()
    store.lock()
    assert store.locked and looker.locked


def test_looking_whether_a_run_is_locked_writes_nothing(tmp_path):
    lock = tmp_path / ".lock"
    assert not RunFolder(tmp_path).locked and not lock.exists()
    lock.mkdir()  # a file that cannot be opened to write, as on a disk that is read-only
    assert not RunFolder(tmp_path).locked


def test_runs_that_start_at_once_have_different_numbers(tmp_path, monkeypatch):
    rename = Path.rename

    def second(part, to):
        monkeypatch.setattr(Path, "rename", rename)
        shutil.copytree(part, to)  # another process was first
        return rename(part, to)

    monkeypatch.setattr(Path, "rename", second)
    assert RunFolder.create(tmp_path, None, "dcgan").name == "dcgan-2"
    monkeypatch.setattr(Path, "rename", second)
    with pytest.raises(StoreError, match=r"'sea' already exists; choose another --name"):
        RunFolder.create(tmp_path, "sea", "dcgan")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dcgan-1", "dcgan-2", "sea"]


def test_what_a_killed_start_left_is_removed_after_an_hour(tmp_path):
    for name, age in (("old", 4000), ("young", 1000)):
        folder = tmp_path / f".starting-{name}"
        (folder / "checkpoints").mkdir(parents=True)
        os.utime(folder, (time.time() - age,) * 2)
    new(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".starting-young", "sea"]


def test_a_discarded_run_was_never_there(tmp_path):
    new(tmp_path).discard()
    assert list(tmp_path.iterdir()) == []


# disks


@pytest.fixture
def full_disk(monkeypatch):
    """Every write goes well up to the last moment."""

    def full(*paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)


def test_a_full_disk_leaves_what_was_there(tmp_path, full_disk):
    path = tmp_path / "picture"
    path.write_bytes(b"before")
    with pytest.raises(StoreError, match=r"the disk is full; free some space.*coevo resume"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_in_the_middle_of_a_write(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"the disk is full"):
        write_whole(tmp_path / "picture", b"much")
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_did_not_fit_leaves_the_last_one_in_charge(tmp_path, monkeypatch, request):
    store = new(tmp_path)
    save(store, 1)
    request.getfixturevalue("full_disk")
    with pytest.raises(StoreError, match="disk is full"):
        save(store, 2)
    monkeypatch.undo()
    assert store.load()[0].position[0] == 1
    assert store.pointed("latest") == "00000001"


@pytest.mark.parametrize("why", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch, why):
    def refuse(*args, **kwargs):
        raise OSError(why, os.strerror(why))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(StoreError, match=r"cannot be written to; choose another with --runs-dir"):
        write_whole(tmp_path / "picture", b"")


def test_runs_cannot_be_put_into_a_file(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(StoreError, match=r"Could not write .*runs"):
        new(tmp_path / "runs")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_someone_else(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written to"):
        new(tmp_path)


# logs


def rows(*numbers):
    return [{"round": number} for number in numbers]


def test_a_log_is_taken_back_to_where_a_checkpoint_found_it(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = Log(path)
    log.append({"round": 1})
    length = log.length
    log.append({"round": 2})
    log.close()
    assert read_log(path) == rows(1, 2)
    log = Log(path, length)
    log.append({"round": 3})
    assert log.length == path.stat().st_size
    log.close()
    assert read_log(path) == rows(1, 3)


def test_a_log_goes_on_where_it_was(tmp_path):
    for number in (1, 2):
        log = Log(tmp_path / "timing.jsonl")
        log.append({"round": number})
        log.close()
    assert read_log(tmp_path / "timing.jsonl") == rows(1, 2)


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    path = tmp_path / "timing.jsonl"
    path.write_text('{"round": 1}\n{"rou')
    assert read_log(path) == rows(1)
    log = Log(path)
    log.append({"round": 2})
    log.close()
    assert read_log(path) == rows(1, 2)


def test_a_log_shorter_than_the_checkpoint_says_is_not_filled_up(tmp_path):
    log = Log(tmp_path / "metrics.jsonl", 1000)
    log.append({"round": 1})
    log.close()
    assert read_log(tmp_path / "metrics.jsonl") == rows(1)


def test_a_log_that_is_not_there_has_no_lines(tmp_path):
    assert read_log(tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("latest", "commands mean the newest run by it"),
        ("-x", "commands would take it for an option"),
        (".hidden", "begin with a dot"),
        ("a/b", "of a folder, and no path"),
        ("", "it is empty"),
        ("two\nlines", "signs that can be printed"),
    ],
)
def test_names_that_commands_cannot_use_are_refused_with_the_reason(tmp_path, name, why):
    with pytest.raises(StoreError, match=why):
        RunFolder.create(tmp_path, name, "stem")


def test_a_name_with_spaces_is_advised_as_it_is_typed(tmp_path):
    RunFolder.create(tmp_path, "my run", "stem").unlock()
    with pytest.raises(StoreError, match="go on with: coevo resume 'my run'"):
        RunFolder.create(tmp_path, "my run", "stem")


# what is advised


def test_a_command_that_is_advised_says_where_the_runs_are(tmp_path, monkeypatch):
    monkeypatch.delenv("COEVO_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert RunFolder(Path("runs/my sea")).command("coevo resume") == "coevo resume 'my sea'"
    assert RunFolder(Path("other/sea")).command("coevo resume") == "coevo resume sea --runs-dir other"
    monkeypatch.setenv("COEVO_RUNS", "other")
    assert RunFolder(tmp_path / "other" / "sea").command("coevo show") == "coevo show sea"


def test_where_there_are_no_runs_the_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"There is no run named 'sea', nor any other in .*; --runs-dir says where"):
        RunFolder.open("sea", tmp_path)


def test_a_run_without_a_whole_checkpoint_says_how_to_start_anew(tmp_path):
    with pytest.raises(
        StoreError, match=r"no whole checkpoint to go on from; start it anew with: coevo run --config .*"
    ):
        new(tmp_path).load()


@pytest.mark.parametrize("place", ["torus/cells", "torus"])
def test_a_folder_of_runs_is_no_run_and_says_how_to_name_one(place, tmp_path):
    new(tmp_path / place, "cell-0")
    with pytest.raises(StoreError, match=f"torus is no run, but a folder of them; .* cell-0 --runs-dir .*/{place}"):
        RunFolder.open("torus", tmp_path)
