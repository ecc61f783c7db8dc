"""Reading images from outside: IDX files, folders, zips. Nothing outside is trusted."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from coevo.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
MEMBER_LIMIT = 256 * 2**20  # bytes of one member of a zip, unpacked
ARCHIVE_LIMIT = 20 * 2**30  # bytes of all of them
RATIO_LIMIT = 1000  # an archive past MEMBER_LIMIT / 4 may be so much larger than packed
BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, zipfile.BadZipFile,
    NotImplementedError, UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


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


# IDX


def read_idx(folder: Path, stem: str, dimensions: int) -> np.ndarray:
    """A uint8 array out of an IDX file (LeCun's format): STEM-idxN-ubyte or STEM.idxN-ubyte, gzipped or not.

    Raises DataError where it is missing, no IDX file, or shorter or longer than it says.
    """
    names = [f"{stem}{dot}idx{dimensions}-ubyte{end}" for end in ("", ".gz") for dot in ("-", ".")]
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise DataError(f"{folder} has no {names[0]} (nor {names[2]}).")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be unpacked; it is cut short or no gzip file: {error}") from error
    header = 4 + 4 * dimensions
    if len(content) < header or content[:4] != bytes([0, 0, 8, dimensions]):
        raise DataError(f"{path} is no IDX file of {dimensions} dimensions.")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise DataError(f"{path} should hold {expected} bytes, but it holds {len(content)}.")
    if expected == header:
        raise DataError(f"{path} is empty: it holds no items.")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape).copy()  # bytes cannot be written to


# folders and zips


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
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} cannot be read as a zip: {error}.") from error
        try:
            members = [member for member in self._zip.infolist() if not member.is_dir()]
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
        total = sum(member.file_size for member in members)
        packed = max(1, sum(member.compress_size for member in members))
        if total > ARCHIVE_LIMIT or (total > MEMBER_LIMIT // 4 and total / packed > RATIO_LIMIT):
            raise DataError(f"{path} is refused: {packed // 2**10} kB would unpack to {total // 2**20} MB.")


def is_image(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return last.lower().endswith(SUFFIXES) and not any(part.startswith(".") for part in name.split("/"))


def of_split(names: list[str], split: str) -> tuple[str, list[str]]:
    """The part of the names below train/ or test/, where both are there, with that folder as a prefix."""
    tops = {name.split("/")[0] for name in names if "/" in name}
    if split == "all" or not {"train", "test"} <= tops:
        return "", names
    prefix = f"{split}/"
    return prefix, [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


# decoding


@dataclass(frozen=True)
class Decoded:
    """images uint8 [N, C, size, size]; labels by top folder, or None; the names of broken files."""

    images: np.ndarray
    labels: list[int] | None
    classes: tuple[str, ...]
    skipped: tuple[str, ...]


def decode(source: Source, size: int, channels: Literal[1, 3], workers: int, hold_mb: int) -> Decoded:
    """Decode every image once, into memory or, past `hold_mb`, into a file in the cache folder.

    Raises DataError where there is no image, or more than half of them are broken.
    """
    names = source.names
    if not names:
        raise DataError(f"{source.where} holds no images (looked for {', '.join(SUFFIXES[:5])}, …).")
    shape = (len(names), channels, size, size)
    if np.prod(shape, dtype=np.int64) <= hold_mb * 2**20:
        images = np.empty(shape, np.uint8)
        return _labelled(images, names, _fill(images, source, size, channels, workers), source.where)
    return _cached(source, shape, lambda images: _fill(images, source, size, channels, workers))


def _fill(images: np.ndarray, source: Source, size: int, channels: Literal[1, 3], workers: int) -> list[int]:
    """Decode into `images`, broken ones left out and the rest moved up; the numbers of the broken."""

    def one(name: str) -> np.ndarray | None:
        try:
            return read_image(source.read(name), size, channels)
        except BROKEN:
            return None

    broken, place = [], 0
    with ThreadPoolExecutor(workers) as pool:
        for number, pixels in enumerate(_in_order(pool, one, source.names)):
            if pixels is None:
                broken.append(number)
            else:
                images[place] = pixels
                place += 1
    return broken


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[str], np.ndarray | None], names: list[str]
) -> Iterator[np.ndarray | None]:
    """Results in the order of the names, never more than a chunk of them in memory."""
    for begun in range(0, len(names), 512):
        yield from pool.map(work, names[begun : begun + 512])


def read_image(content: bytes, size: int, channels: Literal[1, 3]) -> np.ndarray:
    """An image file's bytes → uint8 [C, size, size]: upright, on white, resized and cropped to a square.

    Raises one of BROKEN where it is no image, cut short, or too large to be one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as image:
            mode = "L" if channels == 1 else "RGB"
            image.draft(mode, (2 * size, 2 * size))  # JPEG: decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
                paper = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(paper, upright.convert("RGBA"))
            elif upright.mode.startswith("I") or upright.mode == "F":
                upright = _to_eight_bits(upright)
            square = ImageOps.fit(upright.convert(mode), (size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(square)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """16-bit and float greys, scaled to 8 bits."""
    values = np.asarray(image, np.float64)
    top = 65535.0 if values.max() > 255 else 255.0 if values.max() > 1 else 1.0
    return Image.fromarray((values.clip(0, top) * (255 / top)).astype(np.uint8))


def _labelled(images: np.ndarray, names: list[str], broken: list[int], where: str) -> Decoded:
    if 2 * len(broken) > len(names) or len(broken) == len(names):
        some = ", ".join(names[number] for number in broken[:3])
        raise DataError(f"{len(broken)} of the {len(names)} images in {where} cannot be read ({some}, …).")
    bad = set(broken)
    whole = [name for number, name in enumerate(names) if number not in bad]
    tops = [name.split("/")[0] for name in whole] if all("/" in name for name in whole) else []
    classes = tuple(sorted(set(tops)))
    labels = [classes.index(top) for top in tops] if tops else None
    return Decoded(images[: len(whole)], labels, classes, tuple(names[number] for number in broken))


def _cached(source: Source, shape: tuple[int, ...], fill: Callable[[np.ndarray], list[int]]) -> Decoded:
    """Decoded images in a file, kept for the next run; its JSON comes last and so says that it is whole."""
    from coevo.storage.atomic import write_whole, writing

    folder = Path(os.environ.get("COEVO_CACHE") or Path.home() / ".cache" / "coevo")
    about = json.dumps([str(Path(source.where).resolve()), shape, source.stamp])
    path = folder / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.uint8"
    mark = path.with_suffix(".json")
    if not mark.is_file():
        with writing(path):
            folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".part-{os.getpid()}")
            try:
                images = np.memmap(part, np.uint8, "w+", shape=shape)
                broken = fill(images)
                images.flush()
                os.replace(part, path)  # noqa: PTH105
            finally:
                part.unlink(missing_ok=True)
        write_whole(mark, json.dumps(broken).encode())
    broken = json.loads(mark.read_text())
    return _labelled(np.memmap(path, np.uint8, "c", shape=shape), source.names, broken, source.where)
