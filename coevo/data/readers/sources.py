"""Folders and zips of images."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Protocol, Self

from coevo.errors import DataError, NoTestPartError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
MEMBER_LIMIT = 256 * 2**20  # bytes of one member of a zip, unpacked
ARCHIVE_LIMIT = 20 * 2**30  # bytes of all of them
RATIO_LIMIT = 1000  # an archive past MEMBER_LIMIT / 4 may be at most this many times larger than packed


def folder_at(path: str) -> Path:
    """A folder that is there and can be read. Raises DataError where it is not."""
    folder = Path(path)
    if not path:
        raise DataError("No folder of data is named; say where it is with --data-dir.")
    if not folder.exists():
        raise DataError(f"The data folder {folder} does not exist.")
    if not folder.is_dir():
        raise DataError(f"The data folder {folder} is a file; name the folder it is in, or use --data zip.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise DataError(f"The data folder {folder} cannot be read: permission denied.")
    return folder


class Source(Protocol):
    """Named images that can be opened."""

    @property
    def where(self) -> str: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def stamp(self) -> list[Any]:
        """Changes when the images may have changed."""
        ...

    def read(self, name: str) -> bytes: ...


class Folder:
    """The images of a folder and below, hidden ones left out; a link back up is not followed twice."""

    def __init__(self, root: Path, split: str):
        self.root = root
        self.where = str(root)
        found: list[str] = []
        seen: set[tuple[int, int]] = set()
        for here, folders, names in os.walk(root, followlinks=True):
            about = os.stat(here)  # noqa: PTH116
            if (about.st_dev, about.st_ino) in seen:
                folders.clear()
                continue
            seen.add((about.st_dev, about.st_ino))
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found += [Path(here, name).relative_to(root).as_posix() for name in names if is_image(name)]
        self.prefix, self.names = of_split(sorted(found), split)

    @property
    def stamp(self) -> list[Any]:
        about = [(name, (self.root / self.prefix / name).stat()) for name in self.names]
        return [self.prefix, *([name, its.st_size, its.st_mtime_ns] for name, its in about)]

    def read(self, name: str) -> bytes:
        path = self.root / self.prefix / name
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("not a regular file")
        return path.read_bytes()


class Zip:
    """The images of a zip, read where they lie. Raises DataError where it is no zip, or means harm."""

    def __init__(self, path: Path, split: str):
        self.where = str(path)
        if not path.is_file():
            raise DataError(f"The zip {path} does not exist." if not path.exists() else f"{path} is no file.")
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, IndexError, struct.error) as error:
            raise DataError(f"{path} is neither a folder nor a zip of images.") from error
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            members = [member for member in self._zip.infolist() if member.filename and not member.is_dir()]
            self._refuse_harm(path, members)
        except BaseException:
            self._zip.close()
            raise
        names = [m.filename for m in members if is_image(m.filename) and not m.filename.startswith("__MACOSX")]
        self._stamp = [path.stat().st_size, path.stat().st_mtime_ns, split]
        common = f"{PurePosixPath(names[0]).parts[0]}/" if names else ""
        if not names or common == f"{names[0]}/" or not all(name.startswith(common) for name in names):
            common = ""
        prefix, self.names = of_split(sorted(name.removeprefix(common) for name in names), split)
        self.prefix = common + prefix

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    @property
    def stamp(self) -> list[Any]:
        return self._stamp

    def read(self, name: str) -> bytes:
        return self._zip.read(self.prefix + name)

    @staticmethod
    def _refuse_harm(path: Path, members: list[zipfile.ZipInfo]) -> None:
        for member in members:
            name = member.filename.replace("\\", "/")
            if name.startswith("/") or ".." in name.split("/") or name[1:3] == ":/":
                raise DataError(f"{path} is refused: its member {member.filename!r} points outside of the zip.")
            if member.file_size > MEMBER_LIMIT:
                raise DataError(
                    f"{path} is refused: its member {member.filename!r} would unpack to "
                    f"{member.file_size // 2**20} MB, more than an image has."
                )
            if member.flag_bits & 1:
                raise DataError(f"{path} is encrypted; unpack it into a folder and use --data folder.")
        refuse_bomb(path, members, RATIO_LIMIT)


def refuse_bomb(path: Path, members: list[zipfile.ZipInfo], ratio: int) -> None:
    """Raise DataError if members of a zip would unpack to too much, or to `ratio` times what they are packed."""
    total = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if total > ARCHIVE_LIMIT or (total > MEMBER_LIMIT // 4 and total / packed > ratio):
        raise DataError(f"{path} is refused: {packed // 2**10} kB would unpack to {total // 2**20} MB.")


def is_image(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return last.lower().endswith(SUFFIXES) and not any(part.startswith(".") for part in name.split("/"))


def of_split(names: list[str], split: str) -> tuple[str, list[str]]:
    """The part of the names below train/ or test/, where both are there, with that folder as a prefix.

    Raises NoTestPartError where the test part is wanted and they are not.
    """
    tops = {name.split("/")[0] for name in names if "/" in name}
    whole = not {"train", "test"} <= tops
    if whole and split == "test":
        raise NoTestPartError("There is no test part: it would be the folder test/ beside a folder train/.")
    if split == "all" or whole:
        return "", names
    prefix = f"{split}/"
    return prefix, [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
