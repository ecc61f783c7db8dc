"""A run's folder: runs/<name>/ with config.toml, metrics.jsonl, checkpoints/ and sheets/.

Files appear whole or not at all. A checkpoint is a pair NAME.safetensors + NAME.json; the JSON comes last
and holds both checksums, so whatever a kill left behind is recognised and passed over.
"""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from coevo.contract.players import State
from coevo.errors import StoreError, command, reason, unknown
from coevo.storage.atomic import write_whole, writing
from coevo.storage.serialization import UNREADABLE, checksum, dumps, pack, unpack
from coevo.version import __version__

CONFIG = "config.toml"
SEAL = "# SHA-256 of the lines below, as coevo wrote them; without this line they are taken as they are: "
STARTING = ".starting-"
NAME_LIMIT = 100  # bytes of a name; file systems have 255
FORGOTTEN = 3600  # s after which a folder that was being made belongs to a process that was killed
FORMAT = 2  # of config.toml and checkpoints; older ones are read through coevo.runs.migrations


@dataclass(frozen=True)
class Checkpoint:
    """Everything that is needed to go on.

    Args:
        position: round, phase and step of the step that comes next.
        state: of the players, the studio and the run.
        format: the format that the state has.
        seed: of its run, by which a checkpoint of another run is recognised; None if it is not known.
    """

    position: tuple[int, int, int]
    state: State
    format: int = FORMAT
    seed: int | None = None


def check_name(name: str) -> None:
    """Raise StoreError if a run cannot have this name."""
    reasons = {
        "it is empty": not name,
        "commands mean the newest run by it": name == "latest",
        "commands would take it for an option": name.startswith("-"),
        "folders whose names begin with a dot are hidden": name.startswith("."),
        "a name is that of a folder, and no path": Path(name).name != name or "\\" in name,
        f"it is longer than {NAME_LIMIT} bytes": len(name.encode(errors="replace")) > NAME_LIMIT,
        "a name has letters, digits, spaces and signs that can be printed": not name.isprintable(),
    }
    if why := next((why for why, applies in reasons.items() if applies), ""):
        said = name if len(name) <= NAME_LIMIT else f"{name[:20]}…"
        raise StoreError(f"A run cannot be named {said!r}: {why}. Choose another --name.")


class RunFolder:
    """One run's folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self._lock = FileLock(folder / ".lock", thread_local=False)  # a UI plays in a thread of its own
        self._is_first = False  # whether the folder of all runs was made for it

    @property
    def name(self) -> str:
        return self.folder.name

    def command(self, words: str) -> str:
        """A command about this run, as it can be typed: `coevo resume NAME`."""
        return command(words, self.name, runs=self.folder.parent)

    @property
    def sheets(self) -> Path:
        """The folder of contact sheets; runs of format 1 that were not resumed since have them in gallery/."""
        old, new = self.folder / "gallery", self.folder / "sheets"
        return old if old.is_dir() and not new.is_dir() else new

    # the folder

    @classmethod
    def create(cls, runs: Path, name: str | None, stem: str, config: bytes = b"") -> RunFolder:
        """A new run's folder, locked; it appears whole or not at all.

        Args:
            runs: the folder of all runs.
            name: its name; by default the first free one of stem-1, stem-2, …
            stem: the beginning of its name.
            config: the content of its config.toml.

        Raises:
            StoreError: the name is taken or not a folder name, or the folder cannot be written to.
        """
        if name is not None:
            check_name(name)
        is_first = not runs.exists()
        with writing(runs):
            runs.mkdir(parents=True, exist_ok=True)
            remove_forgotten(runs)
            part = Path(tempfile.mkdtemp(dir=runs, prefix=STARTING))
        try:
            with writing(part):
                part.chmod(0o755)
                for folder in ("checkpoints", "sheets"):
                    (part / folder).mkdir()
            if config:
                write_whole(part / CONFIG, sealed(config))
            names = [name] if name else (f"{stem}-{number}" for number in count(1))
            free = next((runs / one for one in names if moved(part, runs / one)), None)
            if free is None:
                again = command("coevo resume", str(name), runs=runs)
                raise StoreError(f"Run {name!r} already exists; choose another --name, or go on with: {again}")
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        store = cls(free)
        store._is_first = is_first
        store.lock()
        return store

    @classmethod
    def open(cls, run: str | Path, runs: Path) -> RunFolder:
        """The folder of a run, by path, by name, or `latest`. Raises StoreError if there is none."""
        names = [store.name for store in cls.all(runs)]
        if str(run) == "latest":
            if not names:
                raise StoreError(f"There are no runs in {runs} yet; `coevo run dcgan` makes one.")
            return cls(runs / names[-1])
        for folder in (runs / run, Path(run)):
            if (folder / CONFIG).is_file():
                return cls(folder)
        deep = [path for depth in ("*", "*/*") for path in sorted((runs / run).glob(f"{depth}/{CONFIG}"))]
        if deep and Path(run).name == str(run):  # a sweep or a grid
            inner = deep[0].parent
            raise StoreError(
                f"{runs / run} is no run, but a folder of them; name one with its folder: {inner.name} --runs-dir "
                f"{inner.parent}."
            )
        if not names:
            raise StoreError(
                f"There is no run named {str(run)!r}, nor any other in {runs}; --runs-dir says where they are."
            )
        raise StoreError(f"{unknown('run', str(run), names)} See `{command('coevo runs', runs=runs)}`.")

    @classmethod
    def all(cls, runs: Path) -> list[RunFolder]:
        """Every run in a folder, the latest last."""
        found = [path for path in runs.glob(f"*/{CONFIG}") if not path.parent.name.startswith(".")]
        return [cls(path.parent) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def read_config(self) -> str:
        """The content of its config.toml.

        Raises:
            StoreError: it cannot be read, or is not as coevo wrote it.
        """
        path = self.folder / CONFIG
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise StoreError(f"Cannot read {path}: {reason(error)}.") from error
        except UnicodeDecodeError as error:
            raise StoreError(f"{path} is damaged: it is not text in UTF-8.") from error
        first, _, rest = text.partition("\n")
        if first.startswith(SEAL) and first.removeprefix(SEAL) != checksum(rest.encode()):
            raise StoreError(
                f"{path} is damaged or was edited: its checksum does not match. Put it back as it was; or remove its "
                "first line, and it is taken as it is."
            )
        return text

    def write_config(self, config: bytes) -> None:
        """Write its config.toml anew, with a checksum."""
        write_whole(self.folder / CONFIG, sealed(config))

    def lock(self) -> None:
        """Lock the run for this process; the operating system unlocks it when the process ends, however it ends."""
        if self._lock.is_locked:
            return
        with writing(self.folder):
            try:
                self._lock.acquire(timeout=0.2, poll_interval=0.01)  # who asks whether it is locked, has it a moment
            except Timeout as error:
                raise StoreError(
                    f"Run {self.name!r} is in use by another process, or by this one and not closed; wait for it, or "
                    "stop it."
                ) from error

    def unlock(self) -> None:
        self._lock.release()

    def discard(self) -> None:
        """Remove a folder that has just been made, and that of all runs if it was made for this one."""
        self.unlock()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._is_first:
            with suppress(OSError):  # another run may be in it by now
                self.folder.parent.rmdir()

    @property
    def locked(self) -> bool:
        """Whether a living process has locked the run."""
        if self._lock.is_locked or not Path(self._lock.lock_file).exists():
            return self._lock.is_locked
        try:
            with self._lock.acquire(timeout=0):
                return False
        except Timeout:
            return True
        except OSError:  # nobody plays where nothing can be written
            return False

    # checkpoints

    def save(self, checkpoint: Checkpoint, keep: int) -> str:
        """Write a checkpoint, point `latest` at it and drop all but the last `keep` and the best."""
        name = name_of(checkpoint.position)
        tree, packed = pack(checkpoint.state)
        body = {
            "format": FORMAT,
            "coevo": __version__,
            "torch": str(torch.__version__),
            "position": list(checkpoint.position),
            "seed": checkpoint.seed,
            "tensors": checksum(packed),
            "state": tree,
        }
        signed = {"sha256": checksum(dumps(body).encode()), "body": body}
        write_whole(self.checkpoints / f"{name}.safetensors", packed)
        write_whole(self.checkpoints / f"{name}.json", dumps(signed).encode())
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

    def load(self, seed: int | None = None) -> tuple[Checkpoint, list[str]]:
        """The newest whole checkpoint, and a sentence about every newer one that is damaged, or of another run.

        Args:
            seed: of this run; by default those of other runs are not recognised.

        Raises StoreError if none is whole.
        """
        problems: list[str] = []
        for name in reversed(self.names()):
            try:
                return self.read(name, seed), problems
            except StoreError as error:
                problems.append(str(error))
        again = command("coevo run --config", str(self.folder / CONFIG), runs=self.folder.parent)
        said = f"Run {self.name!r} has no whole checkpoint to go on from; start it anew with: {again}"
        raise StoreError("\n".join([said, *problems]))

    def read(self, name: str, seed: int | None = None) -> Checkpoint:
        """One checkpoint. Raises StoreError if it is damaged, another program's, or of a run of another seed."""
        path = self.checkpoints / f"{name}.json"
        tensors = path.with_suffix(".safetensors")
        try:
            signed = json.loads(path.read_bytes())
            body = signed["body"]
            if checksum(dumps(body).encode()) != signed["sha256"]:
                raise StoreError(f"Checkpoint {path} is damaged: its checksum does not match.")
            if body["format"] > FORMAT:
                raise StoreError(
                    f"Checkpoint {path} has format {body['format']}, and this coevo reads up to {FORMAT}: coevo "
                    f"{body['coevo']} wrote it; upgrade coevo to go on with it."
                )
            round, phase, step = map(int, body["position"])
            if name_of((round, phase, step)) != name:
                raise StoreError(f"Checkpoint {path} is damaged: it holds round {round} under another name.")
            if seed is not None and body.get("seed") not in (None, seed):
                raise StoreError(
                    f"Checkpoint {path} is of another run: that has the seed {body['seed']}, and this one {seed}."
                )
            packed = tensors.read_bytes()
            if checksum(packed) != body["tensors"]:
                raise StoreError(f"Checkpoint {tensors} is damaged: its checksum does not match.")
            return Checkpoint((round, phase, step), unpack(body["state"], packed), body["format"], body.get("seed"))
        except FileNotFoundError as error:
            raise StoreError(f"Checkpoint {path} is damaged: {error.filename} is missing.") from error
        except (OSError, *UNREADABLE) as error:
            raise StoreError(f"Checkpoint {path} cannot be read: {type(error).__name__}: {error}.") from error


def moved(part: Path, to: Path) -> bool:
    """Move a folder to a name; False if another has it, even since a moment ago."""
    if to.exists():
        return False
    with writing(to):
        try:
            part.rename(to)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                return False
            raise
    return True


def remove_forgotten(runs: Path) -> None:
    """Remove folders of runs whose process was killed while it made them."""
    for path in runs.glob(f"{STARTING}*"):
        with suppress(OSError):  # another process may be removing it
            if time.time() - path.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(path, ignore_errors=True)


def name_of(position: tuple[int, int, int]) -> str:
    """The name of a checkpoint; in the order of positions."""
    round, phase, step = position
    return f"{round:08d}" + (f"-{phase}-{step:08d}" if phase or step else "")


def sealed(config: bytes) -> bytes:
    """The content of a config.toml below a line with its checksum."""
    return f"{SEAL}{checksum(config)}\n".encode() + config
