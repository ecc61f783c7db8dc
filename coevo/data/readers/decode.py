"""Image files decoded once, in threads, into memory or into the cache."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from coevo.data.readers.originals import LOOKED_AT, Originals, Size, Sums, has_colour, spaced
from coevo.data.readers.sources import SUFFIXES, Source
from coevo.errors import DataError
from coevo.storage.atomic import CACHE, write_whole, writing
from coevo.storage.cache import cache_folder

BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
    NotImplementedError, UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
QUARTER = 5  # from here on, EXIF's orientations are quarter turns, so that width and height change places
CACHED = 4  # the version of what the cache holds; files of others are made anew


@dataclass(frozen=True)
class Decoded:
    """images uint8 [N, C, size, size]; labels by top folder, or None; names of broken files; what they were."""

    images: np.ndarray
    labels: list[int] | None
    classes: tuple[str, ...]
    unreadable: tuple[str, ...]
    originals: Originals | None


@dataclass(frozen=True)
class Filled:
    """The numbers of the broken files, and what the others were; None if all are broken."""

    broken: list[int]
    originals: Originals | None


class Reader(Protocol):
    """How an image of a source becomes an array."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an array."""

    @property
    def channels(self) -> Literal[1, 3]:
        """The channels of a picture in it."""

    def __call__(self, source: Source, name: str) -> tuple[np.ndarray, Size, int]:
        """uint8 of that shape, the width and height that it had, and a checksum of its content.

        Raises one of BROKEN where it cannot be read, and DataError where it is not what it should be.
        """


@dataclass(frozen=True)
class Whole:
    """Reads a file as one picture, uint8 [C, size, size]."""

    size: int
    channels: Literal[1, 3]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.size, self.size

    def __call__(self, source: Source, name: str) -> tuple[np.ndarray, Size, int]:
        content = source.read(name)
        picture, original = open_image(content, self.size, self.channels)
        return fitted(picture, self.size), original, zlib.crc32(content)


def decode(source: Source, read: Reader, workers: int, memory_mb: int) -> Decoded:
    """Decode every image once, into memory or, past `memory_mb`, into a file in the cache folder.

    Raises DataError where there is no image, or more than half of them are broken.
    """
    names = source.names
    if not names:
        raise DataError(f"{source.where} holds no images (looked for {', '.join(SUFFIXES[:5])}, …).")
    shape = (len(names), *read.shape)
    if np.prod(shape, dtype=np.int64) <= memory_mb * 2**20:
        images = np.empty(shape, np.uint8)
        return _labelled(images, names, _fill(images, source, read, workers), source.where)
    return _cached(source, read, shape, lambda images: _fill(images, source, read, workers))


def _fill(images: np.ndarray, source: Source, read: Reader, workers: int) -> Filled:
    """Decode into `images`, broken ones left out and the rest moved up."""

    def one(name: str) -> tuple[np.ndarray, Size, int] | None:
        try:
            return read(source, name)
        except BROKEN:
            return None

    broken, sizes, place = [], set[Size](), 0
    checksums = np.empty(len(images), np.uint32)
    with ThreadPoolExecutor(workers) as pool:
        for number, decoded in enumerate(_in_order(pool, one, source.names)):
            if decoded is None:
                broken.append(number)
            else:
                images[place], original, checksums[place] = decoded
                sizes.add(original)
                place += 1
    colour = read.channels == 1 and any(_in_colour(source, source.names[n]) for n in spaced(len(images), LOOKED_AT))
    return Filled(broken, Originals.of(sizes, Sums.of(checksums[:place]), colour) if sizes else None)


def _in_colour(source: Source, name: str) -> bool:
    """Whether an image file has colour; False where it cannot be read."""
    try:
        return has_colour(read_image(source.read(name), 32, 3).transpose(1, 2, 0))
    except BROKEN:
        return False


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[str], tuple[np.ndarray, Size, int] | None], names: list[str]
) -> Iterator[tuple[np.ndarray, Size, int] | None]:
    """Results in the order of the names, never more than a chunk of them in memory."""
    for begun in range(0, len(names), 512):
        yield from pool.map(work, names[begun : begun + 512])


def read_image(content: bytes, size: int, channels: Literal[1, 3]) -> np.ndarray:
    """An image file's bytes → uint8 [C, size, size]: upright, on white, resized and cropped to a square.

    Raises one of BROKEN where it is no image, cut short, or too large to be one.
    """
    return fitted(open_image(content, size, channels)[0], size)


def open_image(content: bytes, size: int, channels: Literal[1, 3] | None) -> tuple[Image.Image, Size]:
    """An image file's bytes as a picture, upright and on white, and the width and height that it had upright.

    Args:
        content: the bytes.
        size: the side in px that is wanted in the end; a JPEG may be decoded at a fraction of its own.
        channels: 1 for grey, 3 for colour; None leaves its values as they are.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= QUARTER
            original = image.size[::-1] if turned else image.size
            if channels is None:
                return ImageOps.exif_transpose(image).copy(), original
            mode = "L" if channels == 1 else "RGB"
            image.draft(mode, (2 * size, 2 * size))
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
                paper = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(paper, upright.convert("RGBA"))
            elif upright.mode.startswith("I") or upright.mode == "F":
                upright = _to_eight_bits(upright)
            return upright.convert(mode), original


def fitted(picture: Image.Image, size: int, resampling: Image.Resampling = Image.Resampling.LANCZOS) -> np.ndarray:
    """A picture resized and cropped to a square, uint8 [C, size, size]."""
    pixels = np.asarray(ImageOps.fit(picture, (size, size), resampling))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """16-bit and float greys, scaled to 8 bits."""
    values = np.asarray(image, np.float64)
    top = 65535.0 if values.max() > 255 else 255.0 if values.max() > 1 else 1.0
    return Image.fromarray((values.clip(0, top) * (255 / top)).astype(np.uint8))


def _labelled(images: np.ndarray, names: list[str], filled: Filled, where: str) -> Decoded:
    broken = filled.broken
    if 2 * len(broken) > len(names) or len(broken) == len(names):
        some = ", ".join(names[number] for number in broken[:3])
        raise DataError(f"{len(broken)} of the {len(names)} images in {where} cannot be read ({some}, …).")
    bad = set(broken)
    whole = [name for number, name in enumerate(names) if number not in bad]
    tops = [name.split("/")[0] for name in whole] if all("/" in name for name in whole) else []
    classes = tuple(sorted(set(tops)))
    labels = [classes.index(top) for top in tops] if tops else None
    unreadable = tuple(names[number] for number in broken)
    return Decoded(images[: len(whole)], labels, classes, unreadable, filled.originals)


def _cached(source: Source, read: Reader, shape: tuple[int, ...], fill: Callable[[np.ndarray], Filled]) -> Decoded:
    """Decoded images in a file, kept for the next run; its JSON comes last and so says that it is whole."""
    folder = cache_folder()
    how = [] if isinstance(read, Whole) else [repr(read)]
    about = json.dumps([CACHED, str(Path(source.where).resolve()), shape, source.stamp, *how])
    path = folder / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.uint8"
    mark = path.with_suffix(".json")
    if not mark.is_file():
        with writing(path, CACHE):
            folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".part-{os.getpid()}")
            try:
                images = np.memmap(part, np.uint8, "w+", shape=shape)
                filled = fill(images)
                images.flush()
                os.replace(part, path)  # noqa: PTH105
            finally:
                part.unlink(missing_ok=True)
        write_whole(mark, json.dumps({"broken": filled.broken, "originals": filled.originals}).encode(), CACHE)
    return _labelled(np.memmap(path, np.uint8, "c", shape=shape), source.names, _kept(mark), source.where)


def _kept(mark: Path) -> Filled:
    """What the mark of a cache says of it."""
    kept = json.loads(mark.read_text())
    if kept["originals"] is None:
        return Filled(kept["broken"], None)
    smallest, largest, square, sums, colour = kept["originals"]
    return Filled(kept["broken"], Originals(tuple(smallest), tuple(largest), square, Sums(*sums), colour))
