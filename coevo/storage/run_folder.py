"""A run's folder: runs/<name>/ with config.toml, metrics.jsonl, checkpoints/ and gallery/.

Files appear whole or not at all. A checkpoint is a pair NAME.safetensors + NAME.json; the JSON comes last
and holds both checksums, so whatever a kill left behind is recognised and passed over.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError

from coevo.contract.loop import Position
from coevo.contract.players import State
from coevo.errors import StoreError
from coevo.storage.serialization import pack, unpack
from coevo.version import __version__

FORMAT = 1


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a write into one sentence that helps."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            what = "the disk is full; free some space, then go on with `coevo resume`"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            what = "the folder cannot be written to; choose another with --runs-dir"
        else:
            what = error.strerror or str(error)
        raise StoreError(f"Could not write {path}: {what}.") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the power fails."""
    with writing(path):
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


@dataclass(frozen=True)
class Checkpoint:
    """What is needed to go on: the next position, every state, and how far the logs had come."""

    position: Position
    state: State


class Store:
    """One run's folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.gallery = folder / "gallery"
        self._lock = FileLock(folder / ".lock")

    @property
    def name(self) -> str:
        return self.folder.name

    # the folder

    @classmethod
    def create(cls, runs: Path, name: str | None, stem: str) -> Store:
        """A new run's folder, locked; without a name the first free one of stem-1, stem-2, …

        Raises StoreError where the name is taken or unfit, or the folder cannot be written to.
        """
        if name is not None and (not name or name.startswith(".") or Path(name).name != name or name == "latest"):
            raise StoreError(f"A run cannot be named {name!r}: a plain folder name is wanted.")
        with writing(runs):
            runs.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            number += 1
            folder = runs / (name or f"{stem}-{number}")
            try:
                with writing(folder):
                    folder.mkdir()
                break
            except StoreError as error:
                if not isinstance(error.__cause__, FileExistsError):
                    raise
                if name is not None:
                    raise StoreError(
                        f"A run named {name!r} is there already; choose another --name, or go on with "
                        f"`coevo resume {name}`."
                    ) from None
        store = cls(folder)
        store.lock()
        with writing(folder):
            store.checkpoints.mkdir()
            store.gallery.mkdir()
        return store

    @classmethod
    def open(cls, run: str | Path, runs: Path) -> Store:
        """The folder of a run, by path, by name, or `latest`. Raises StoreError where there is none."""
        names = [store.name for store in cls.all(runs)]
        if str(run) == "latest":
            if not names:
                raise StoreError(f"There are no runs in {runs} yet; `coevo run dcgan` makes one.")
            return cls(runs / names[-1])
        for folder in (runs / run, Path(run)):
            if (folder / "config.toml").is_file():
                return cls(folder)
        from coevo.errors import unknown

        raise StoreError(unknown("run", str(run), names) + (" See `coevo runs`." if names else ""))

    @classmethod
    def all(cls, runs: Path) -> list[Store]:
        """Every run in a folder, the latest last."""
        found = list(runs.glob("*/config.toml"))
        return [cls(path.parent) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def lock(self) -> None:
        """Hold the run for this process; the system lets go of it when the process ends, however it ends."""
        with writing(self.folder):
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                raise StoreError(f"Run {self.name!r} is held by another process; wait for it, or stop it.") from error

    def unlock(self) -> None:
        self._lock.release()

    def discard(self) -> None:
        """Take back a folder that has just been made, as if it had never been."""
        self.unlock()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def held(self) -> bool:
        """Whether a living process holds the run."""
        if self._lock.is_locked:
            return True
        try:
            with self._lock.acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    # checkpoints

    def save(self, checkpoint: Checkpoint, keep: int) -> str:
        """Write a checkpoint, point `latest` at it and drop all but the last `keep` and the best."""
        position = checkpoint.position
        name = f"{position.round:08d}" + (f"-{position.phase}-{position.step:08d}" if any(position[1:]) else "")
        tree, packed = pack(checkpoint.state)
        body = {
            "format": FORMAT,
            "coevo": __version__,
            "torch": str(torch.__version__),
            "position": list(position),
            "tensors": hashlib.sha256(packed).hexdigest(),
            "state": tree,
        }
        text = json.dumps(body, separators=(",", ":"))
        signed = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "body": body}
        write_whole(self.checkpoints / f"{name}.safetensors", packed)
        write_whole(self.checkpoints / f"{name}.json", json.dumps(signed, separators=(",", ":")).encode())
        self.point("latest", name)
        kept = {*self.names()[-keep:], name, self.pointed("best")}
        for path in self.checkpoints.glob("*.*"):
            if path.stem not in kept and not path.name.startswith("."):
                path.unlink(missing_ok=True)
        return name

    def point(self, pointer: str, name: str) -> None:
        """Let `latest` or `best` name a checkpoint that is whole."""
        write_whole(self.checkpoints / pointer, name.encode())

    def pointed(self, pointer: str) -> str | None:
        try:
            return (self.checkpoints / pointer).read_text()
        except OSError:
            return None

    def names(self) -> list[str]:
        """The checkpoints, oldest first, whole or not."""
        return sorted(path.stem for path in self.checkpoints.glob("*.json"))

    def load(self) -> tuple[Checkpoint, list[str]]:
        """The newest whole checkpoint, and a sentence about every newer one that is not.

        Raises StoreError where none is whole.
        """
        flaws: list[str] = []
        for name in reversed(self.names()):
            try:
                return self.read(name), flaws
            except StoreError as error:
                flaws.append(str(error))
        raise StoreError("\n".join([f"Run {self.name!r} has no whole checkpoint to go on from.", *flaws]))

    def read(self, name: str) -> Checkpoint:
        """One checkpoint. Raises StoreError where it is damaged, or another program's."""
        path = self.checkpoints / f"{name}.json"
        try:
            signed = json.loads(path.read_bytes())
            body = signed["body"]
            text = json.dumps(body, separators=(",", ":"))
            if hashlib.sha256(text.encode()).hexdigest() != signed["sha256"]:
                raise StoreError(f"Checkpoint {path} is damaged: its checksum does not fit.")
            if body["format"] != FORMAT:
                raise StoreError(f"Checkpoint {path} has format {body['format']}; this coevo reads {FORMAT}.")
            packed = path.with_suffix(".safetensors").read_bytes()
            if hashlib.sha256(packed).hexdigest() != body["tensors"]:
                raise StoreError(
                    f"Checkpoint {path.with_suffix('.safetensors')} is damaged: its checksum does not fit."
                )
            return Checkpoint(Position(*body["position"]), unpack(body["state"], packed))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise StoreError(f"Checkpoint {path} cannot be read: {type(error).__name__}: {error}.") from error


class Log:
    """A file of JSON lines that can be taken back to where a checkpoint found it."""

    def __init__(self, path: Path, length: int | None = None):
        """length: the bytes to keep of what is there; None keeps every whole line."""
        self.path = path
        with writing(path):
            self._file = path.open("a+b")
            self._file.seek(0)
            whole = self._file.read().rfind(b"\n") + 1
            self._file.truncate(whole if length is None else min(length, whole))
            self._file.seek(0, os.SEEK_END)

    def append(self, row: dict[str, Any]) -> None:
        with writing(self.path):
            self._file.write(json.dumps(row).encode() + b"\n")
            self._file.flush()

    @property
    def length(self) -> int:
        """Bytes that are safely on the disk."""
        with writing(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._file.tell()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


def read_log(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log; a last line that a kill cut short is left out."""
    if not path.is_file():
        return []
    return [
        json.loads(line)
        for line in path.read_bytes().split(b"\n")[:-1]
        if line.startswith(b"{") and line.endswith(b"}")
    ]
