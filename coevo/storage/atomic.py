"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from coevo.errors import StoreError


class Advice(NamedTuple):
    """What to do about a file that cannot be written."""

    full: str  # where the disk is full
    closed: str  # where nobody may write


RUN = Advice("free some space, then go on with `coevo resume`", "choose another with --runs-dir")
CACHE = Advice("free some space, or name another folder in COEVO_CACHE", "name another in COEVO_CACHE")
OUTPUT = Advice("free some space, or give another path", "give another path")


@contextmanager
def writing(path: Path, advice: Advice = RUN) -> Iterator[None]:
    """Turn what the operating system says of a write into one sentence that helps."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            what = f"the disk is full; {advice.full}"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            what = f"the folder cannot be written to; {advice.closed}"
        else:
            what = error.strerror or str(error)
        raise StoreError(f"Could not write {path}: {what}.") from error


def check_folder(path: Path) -> None:
    """Raise StoreError if a file cannot be written because the folders above it are missing; one may be."""
    if not path.parent.is_dir() and not (above := path.parent.parent).is_dir():
        raise StoreError(f"Could not write {path}: there is no folder {above}; make it first.")


def make_folder(path: Path) -> None:
    """Make the folder of a file, in one that is there. Raises StoreError if it cannot be made."""
    check_folder(path)
    with writing(path, OUTPUT):
        path.parent.mkdir(exist_ok=True)


def write_whole(path: Path, content: bytes, advice: Advice = RUN) -> None:
    """Write a file so that it is there whole or not at all, even if the power fails."""
    with writing(path, advice):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            os.replace(name, path)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
        _sync(path.parent)


def _sync(folder: Path) -> None:
    with suppress(OSError):  # not every system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
