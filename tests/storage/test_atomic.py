"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from coevo.errors import StoreError
from coevo.storage.atomic import CACHE, OUTPUT, RUN, check_folder, make_folder, write_whole, writing


def test_a_file_takes_the_place_of_another_at_once(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_what_cannot_be_finished_leaves_the_old_file_and_nothing_else(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(StoreError, match=f"the disk is full; {RUN.full}"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "advice", "said"),
    [
        (errno.ENOSPC, RUN, "the disk is full; free some space, then go on with `coevo resume`"),
        (errno.EDQUOT, CACHE, "the disk is full; free some space, or name another folder in COEVO_CACHE"),
        (errno.EFBIG, OUTPUT, "the disk is full; free some space, or give another path"),
        (errno.EACCES, RUN, "the folder cannot be written to; choose another with --runs-dir"),
        (errno.EROFS, CACHE, "the folder cannot be written to; name another in COEVO_CACHE"),
        (errno.EIO, RUN, "Input/output error"),
    ],
)
def test_an_error_of_the_system_is_a_sentence_that_helps(number: int, advice, said: str) -> None:
    with pytest.raises(StoreError) as caught, writing(Path("there"), advice):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"Could not write there: {said}."


def test_one_folder_may_be_missing_and_is_made(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "file")
    assert (tmp_path / "new").is_dir()
    make_folder(tmp_path / "new" / "file")
    with pytest.raises(StoreError, match=r"there is no folder .*nowhere; make it first"):
        check_folder(tmp_path / "nowhere" / "deeper" / "file")
