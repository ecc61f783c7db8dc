"""Pictures and what they are made from, as people keep them: two halves of a file, or two folders of files."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from coevo.data.readers.decode import Decoded, Whole, decode, fitted, open_image
from coevo.data.readers.originals import Size
from coevo.data.readers.sources import Source
from coevo.errors import DataError, NoTestPartError
from coevo.images.given import regions_of

HALVES, FOLDERS = ("left", "right"), ("A", "B")
PARTS = {"train": ("train",), "test": ("test", "val"), "all": ("train", "val", "test")}


@dataclass(frozen=True)
class Form:
    """The form of pictures and of what is given: side, channels, and the number of regions of label maps."""

    size: int
    channels: Literal[1, 3]
    regions: int | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a picture above what it is made from."""
        return self.channels + (1 if self.regions else self.channels), self.size, self.size

    def pair(self, picture: Image.Image, given: Image.Image, name: str) -> np.ndarray:
        """A picture above what it is made from, of one size, both cropped alike, uint8 of that shape."""
        return np.concatenate([fitted(picture, self.size), self.given(given, name)])

    def given(self, given: Image.Image, name: str) -> np.ndarray:
        """What a picture is made from, uint8: its pixels, or the numbers of its regions. Raises DataError, which names
        it, if it is a label map of others."""
        if not self.regions:
            return fitted(given, self.size)
        numbers = Image.fromarray(regions_of(_values(given), self.regions, name))
        return fitted(numbers, self.size, Image.Resampling.NEAREST)


@dataclass(frozen=True)
class Halves(Form):
    """Reads a file as two pictures side by side."""

    side: str = "left"
    """The half that the other one is made from."""

    def __call__(self, source: Source, name: str) -> tuple[np.ndarray, Size, int]:
        content = source.read(name)
        whole, original = open_image(content, 2 * self.size, self.channels)
        raw = open_image(content, 2 * self.size, None)[0] if self.regions else whole
        if original[0] % 2 or original[0] < 2:
            raise DataError(f"{name} is {original[0]} px wide, and two pictures side by side have an even width.")
        other = "right" if self.side == "left" else "left"
        return (
            self.pair(_half(whole, other), _half(raw, self.side), name),
            (original[0] // 2, original[1]),
            zlib.crc32(content),
        )


@dataclass(frozen=True)
class Partners(Form):
    """Reads a file, and the one that it is made from."""

    given_of: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The file of the source that a file is made from."""

    def __call__(self, source: Source, name: str) -> tuple[np.ndarray, Size, int]:
        content = source.read(name)
        other = source.read(self.given_of[name])
        picture, original = open_image(content, self.size, self.channels)
        given, its = open_image(other, self.size, None if self.regions else self.channels)
        if original != its:
            raise DataError(
                f"{name} has {original[0]} × {original[1]} px, and {self.given_of[name]}, from which it is made, "
                f"{its[0]} × {its[1]}: a pair has one size."
            )
        given = given.resize(picture.size, Image.Resampling.NEAREST if self.regions else Image.Resampling.LANCZOS)
        return self.pair(picture, given, self.given_of[name]), original, zlib.crc32(other, zlib.crc32(content))


def _half(whole: Image.Image, side: str) -> Image.Image:
    half = whole.width // 2  # a JPEG that was decoded at a fraction of its size may have an odd width
    left = 0 if side == "left" else whole.width - half
    return whole.crop((left, 0, left + half, whole.height))


def _values(given: Image.Image) -> np.ndarray:
    """The numbers [H, W] or the colours [H, W, 3] of a label map; whatever is transparent has them too."""
    if given.mode in ("LA", "PA"):
        return np.asarray(given)[..., 0]
    return np.asarray(given if given.mode in ("P", "L", "I", "I;16", "1") else given.convert("RGB"))


@dataclass(frozen=True)
class Some:
    """Some of the images of a source."""

    source: Source
    names: list[str]

    @property
    def where(self) -> str:
        return self.source.where

    @property
    def stamp(self) -> list[Any]:
        return [*self.source.stamp, self.names]

    def read(self, name: str) -> bytes:
        return self.source.read(name)


class Given(NamedTuple):
    """Pictures, what is given, uint8 [N, C, size, size] or numbers of regions [N, 1, size, size], and whether the n-th
    picture was made from the n-th of it."""

    pictures: Decoded
    given: np.ndarray
    paired: bool


def decode_halves(source: Source, side: str, form: Form, workers: int, memory_mb: int) -> Given:
    """Decode files that are two pictures side by side."""
    read = Halves(form.size, form.channels, form.regions, side)
    return _split(decode(source, read, workers, memory_mb), form.channels)


def decode_folders(source: Source, split: str, given: str, form: Form, workers: int, memory_mb: int) -> Given:
    """Decode folders A/ and B/ of files with equal names, or trainA/ and trainB/ of files without partners.

    Args:
        source: all files.
        split: "train", "test" or "all": the folders A/train, A/test and so on, or trainA and testA, if they are there.
        given: "A" or "B", from which the other is made.
        form: of the pictures.
        workers, memory_mb: as of `decode`.

    Raises:
        DataError: the folders are not there, a file has no partner, or two would have the same.
        NoTestPartError: there is no test part.
    """
    target = "B" if given == "A" else "A"
    tops = {name.split("/")[0] for name in source.names if "/" in name}
    if set(FOLDERS) <= tops:
        its, others = (_by_stem(source, side, split) for side in (target, given))
        for stem in sorted(its.keys() ^ others.keys()):
            lonely = its.get(stem) or others[stem]
            raise DataError(
                f"{lonely} in {source.where} has no partner of the same name in the other folder; pictures without "
                "partners belong into folders trainA and trainB."
            )
        read = Partners(form.size, form.channels, form.regions, {its[stem]: others[stem] for stem in its})
        found = decode(Some(source, [its[stem] for stem in sorted(its)]), read, workers, memory_mb)
        return _split(found, form.channels)
    if {"trainA", "trainB"} <= tops:
        sides = [
            Some(source, _in_folders(source, {f"{part}{side}" for part in PARTS[split]})) for side in (target, given)
        ]
        if split == "test" and not all(side.names for side in sides):
            raise NoTestPartError(f"{source.where} has no test part: it would be the folders testA and testB.")
        if form.regions:
            raise DataError(
                f"data.regions reads label maps of pairs, and {source.where} has pictures without partners."
            )
        pictures, domain = (decode(side, Whole(form.size, form.channels), workers, memory_mb) for side in sides)
        known = pictures.originals and pictures.originals.beside(domain.originals)
        unreadable = pictures.unreadable + domain.unreadable
        # parts of a domain are no classes
        pictures = replace(pictures, labels=None, classes=(), unreadable=unreadable, originals=known)
        return Given(pictures, domain.images, False)
    raise DataError(
        f"{source.where} has neither folders A and B, with files of equal names, nor trainA and trainB, so data.given="
        f"{given} means nothing there; for two pictures side by side in a file say left or right."
    )


def _in_folders(source: Source, folders: set[str]) -> list[str]:
    return [name for name in source.names if name.split("/")[0] in folders]


def _by_stem(source: Source, side: str, split: str) -> dict[str, str]:
    """The files of a folder by their names without it, its part and the ending."""
    below = [name for name in source.names if name.startswith(f"{side}/")]
    parts = {name.split("/")[1] for name in below if name.count("/") > 1}
    if "train" in parts and parts & {"test", "val"}:
        below = [name for name in below if name.split("/")[1] in PARTS[split]]
    elif split == "test":
        raise NoTestPartError(f"{source.where} has no test part: it would be the folders A/test and B/test.")
    found: dict[str, str] = {}
    for name in below:
        stem = str(PurePosixPath(name.split("/", 1)[1]).with_suffix(""))
        if (first := found.setdefault(stem, name)) != name:
            raise DataError(
                f"{first} and {name} in {source.where} differ in nothing but the ending, so one would be left without "
                "a partner: rename one of them, and its partner."
            )
    return found


def _split(decoded: Decoded, channels: int) -> Given:
    """Pairs decoded as one array, as two."""
    labels = decoded.labels if len(decoded.classes) > 1 else None
    pictures = Decoded(
        decoded.images[:, :channels],
        labels,
        decoded.classes if labels else (),
        decoded.unreadable,
        decoded.originals,
    )
    return Given(pictures, decoded.images[:, channels:], True)
