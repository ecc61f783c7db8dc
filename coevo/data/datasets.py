"""Datasets, and batches of real works that follow from the seed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import interpolate

from coevo.contract.players import Options
from coevo.contract.works import Works
from coevo.data import readers
from coevo.errors import DataError, unknown


class DataOptions(Options):
    """Which real works, and in what size."""

    name: str = "digits"
    """A dataset's name, or the path of a folder or a zip of images."""
    dir: str | None = None
    """Where the dataset's files are."""
    size: int = Field(32, ge=4, le=1024)
    """Pixels of a picture's side; pictures are resized and cropped to it."""
    channels: Literal[1, 3] = 1
    """1 is grey, 3 is colour."""
    split: Literal["train", "test", "all"] = "train"
    """The part of MNIST, or of a folder or zip that has train/ and test/ in it."""
    workers: int = Field(2, ge=1, le=64)
    """Threads that read images."""
    hold_mb: int = Field(1024, ge=0)
    """Up to so many MB are held on the device; larger sets are streamed from the disk."""
    binary: Literal["no", "threshold", "sample"] = "no"
    """Pixels become black or white: by whether they are light, or once by chance, as often as they are light."""
    labelled: int | None = Field(None, ge=1)
    """Only so many works keep their labels, as many of each class; they come beside the others, batch by batch."""


@dataclass(frozen=True)
class Dataset:
    """Real works. images: uint8 [N, C, H, W], in memory or mapped from a file; labels: int64 [N], or None.

    parts: where each channel is a picture of another dataset, that one; a class is then those of the channels, one
    after another.
    """

    name: str
    images: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    parts: Dataset | None = None

    def __len__(self) -> int:
        return len(self.images)

    def works(self, which: Tensor | slice, device: torch.device | str = "cpu") -> Works:
        """Some of the works, float32 in [-1, 1]."""
        images = to_float(self.images[which].to(device))
        return Works(images, labels=None if self.labels is None else self.labels[which].to(device))


def to_float(images: Tensor) -> Tensor:
    """uint8 → float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1)


# datasets


def digits(options: DataOptions) -> Dataset:
    """The 1,797 handwritten digits of scikit-learn, 8 × 8, enlarged."""
    with files("coevo.data").joinpath("assets/digits.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        images, labels = arrays["images"], arrays["labels"]
    scaled = torch.from_numpy(images).float()[:, None] * (255 / 16)
    return Dataset("digits", _resized(scaled, options), torch.from_numpy(labels).long(), tuple("0123456789"))


def mnist(options: DataOptions) -> Dataset:
    """MNIST's IDX files in `options.dir`, gzipped or not. Raises DataError where they are missing or cut."""
    if options.dir is None:
        raise DataError("Dataset 'mnist' needs --data-dir with its IDX files (train-images-idx3-ubyte, …).")
    parts = {"train": ("train",), "test": ("t10k",), "all": ("train", "t10k")}[options.split]
    folder = readers.folder_at(options.dir)
    images, labels = [], []
    for part in parts:
        pictures = readers.read_idx(folder, f"{part}-images", 3)
        answers = readers.read_idx(folder, f"{part}-labels", 1)
        if len(pictures) != len(answers):
            raise DataError(f"{folder} has {len(pictures)} {part} images but {len(answers)} labels.")
        images += [_resized(torch.from_numpy(some).float()[:, None], options) for some in _chunks(pictures, 10_000)]
        labels.append(torch.from_numpy(answers.astype(np.int64)))
    return Dataset("mnist", torch.cat(images), torch.cat(labels), tuple("0123456789"))


def folder(options: DataOptions) -> Dataset:
    """Every image in a folder and below; subfolders are classes."""
    root = readers.folder_at(options.dir or "")
    return _decoded(root.name, readers.Folder(root, options.split), options)


def zipped(options: DataOptions) -> Dataset:
    """Every image in a zip; folders in it are classes. Nothing is unpacked."""
    path = Path(options.dir or "")
    with readers.Zip(path, options.split) as source:
        return _decoded(path.stem, source, options)


def load_dataset(options: DataOptions, loaders: Mapping[str, Callable[[DataOptions], Dataset]]) -> Dataset:
    """A dataset by name, or a folder or zip by path. Raises DataError where it is neither."""
    path = Path(options.name)
    if options.name in loaders:
        dataset = loaders[options.name](options)
    elif path.is_dir():
        dataset = folder(options.model_copy(update={"dir": str(path)}))
    elif path.is_file():
        dataset = zipped(options.model_copy(update={"dir": str(path)}))
    else:
        raise DataError(unknown("dataset", options.name, loaders) + " It is no folder and no zip file either.")
    return dataset if options.binary == "no" else replace(dataset, images=binary(dataset.images, options.binary))


def splits(
    options: DataOptions, loaders: Mapping[str, Callable[[DataOptions], Dataset]]
) -> tuple[Dataset, Dataset | None]:
    """A dataset, and its test part where it has one that is not in it."""
    dataset = load_dataset(options, loaders)
    if options.split != "train":
        return dataset, None
    try:
        test = load_dataset(options.model_copy(update={"split": "test"}), loaders)
    except DataError:  # MNIST without its test files, say
        return dataset, None
    return dataset, None if torch.equal(test.images, dataset.images) else test


def binary(images: Tensor, how: str) -> Tensor:
    """uint8 pictures in black and white, 0 and 255. What is left to chance is drawn once for ever, as in the binarised
    MNIST that papers compare on (Salakhutdinov & Murray 2008)."""
    if how == "threshold":
        return (images > 127).to(torch.uint8) * 255
    generator, parts = torch.Generator().manual_seed(len(images)), []
    for some in images.split(1000):
        parts.append((torch.rand(some.shape, generator=generator) * 255 < some).to(torch.uint8) * 255)
    return torch.cat(parts)


def evenly(dataset: Dataset, n: int, seed: int) -> Tensor:
    """Places [n] of works drawn by the seed, as many of each class, the first with one more where n does not divide.

    Raises DataError where the dataset has no labels, or a class not so many works.
    """
    if dataset.labels is None:
        raise DataError(f"data.labelled={n} asks for labels, and {dataset.name!r} has none.")
    if n > len(dataset):
        raise DataError(f"data.labelled={n} is more than the {len(dataset)} works of {dataset.name!r}; say fewer.")
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
    labels, classes, chosen = dataset.labels[order], len(dataset.classes), []
    for label, name in enumerate(dataset.classes):
        wanted = n // classes + (label < n % classes)
        there = order[labels == label]
        if n < len(dataset) and len(there) < wanted:
            raise DataError(f"data.labelled={n} wants {wanted} works of class {name!r}, which has {len(there)}.")
        chosen.append(there[:wanted])
    return order if n == len(dataset) else torch.cat(chosen)


def _resized(images: Tensor, options: DataOptions) -> Tensor:
    """float [N, 1, h, w] in 0..255 → uint8 [N, C, size, size]."""
    size = (options.size, options.size)
    sharp = interpolate(images, size, mode="bicubic", antialias=True, align_corners=False)
    grey = sharp.round_().clamp_(0, 255).to(torch.uint8)
    return grey.repeat(1, options.channels, 1, 1)


def _chunks(array: np.ndarray, size: int) -> list[np.ndarray]:
    return [array[begun : begun + size] for begun in range(0, len(array), size)]


def _decoded(name: str, source: readers.Source, options: DataOptions) -> Dataset:
    decoded = readers.decode(source, options.size, options.channels, options.workers, options.hold_mb)
    labels = None if decoded.labels is None else torch.tensor(decoded.labels)
    return Dataset(name, torch.from_numpy(decoded.images), labels, decoded.classes, decoded.skipped)


# batches


class Blank:
    """Batches for a pair that looks at no real works."""

    def __init__(self, size: int):
        self.size = size

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> None:
        return None

    def close(self) -> None:
        pass


class Data:
    """Batches of a dataset by position. The t-th batch of a phase takes places [t·B, (t+1)·B) of an endless
    row of permutations, one an epoch, so every work comes once an epoch, whatever B is.

    steps: of each phase of a round. What fits into `hold_mb` lives on the device; else threads read ahead.
    labelled: only so many works keep their labels; they are a stream of their own, a batch of which comes with every
    other one. Raises DataError where there are not so many.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch: int,
        seed: int,
        steps: Sequence[int],
        device: torch.device,
        workers: int = 2,
        hold_mb: int = 1024,
        labelled: int | None = None,
    ):
        self.size, self.seed, self.steps, self.device = batch, seed, tuple(steps), device
        images, labels = dataset.images, dataset.labels
        self.held = images.numel() <= hold_mb * 2**20
        self._images = images.to(device) if self.held else images
        self._labels = None if labels is None else labels.to(self._images.device)
        self._streams = {"main": torch.arange(len(dataset))}
        self._orders: dict[tuple[str, int], dict[int, Tensor]] = {}
        self._ahead: dict[tuple[str, int, int], Future[Works]] = {}
        self._pool = None if self.held else ThreadPoolExecutor(workers, "coevo-data")
        if labelled is not None:
            self.add_stream("labelled", evenly(dataset, labelled, seed))

    def add_stream(self, name: str, indices: Tensor) -> None:
        """A stream of some of the works only: int64 indices [K], K ≥ 1."""
        self._streams[name] = indices.cpu()

    def batch(self, round: int, phase: int, step: int, stream: str = "main") -> Works:
        """`size` real works; a function of the seed and the position."""
        works = self._at(round * self.steps[phase] + step, phase, stream)
        if stream == "labelled" or "labelled" not in self._streams:
            return works
        hidden = None if works.labels is None else torch.full_like(works.labels, -1)
        return replace(works, labels=hidden, labelled=self.batch(round, phase, step, "labelled"))

    def _at(self, number: int, phase: int, stream: str) -> Works:
        if self._pool is None:
            return self._read(self._places(stream, phase, number))
        works = self._ahead.pop((stream, phase, number), None)
        for key in [key for key in self._ahead if key[:2] == (stream, phase)]:
            self._ahead.pop(key).cancel()  # the position jumped: what was read ahead is not wanted
        soon = self._places(stream, phase, number + 1)
        self._ahead[stream, phase, number + 1] = self._pool.submit(self._read, soon)
        return works.result() if works else self._read(self._places(stream, phase, number))

    def close(self) -> None:
        """End the reading threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _places(self, stream: str, phase: int, number: int) -> Tensor:
        """The indices [B] of a phase's batch of that number; slices of permutations, no value looked at."""
        length = len(self._streams[stream])
        parts, place, end = [], number * self.size, (number + 1) * self.size
        while place < end:
            epoch, offset = divmod(place, length)
            upto = min(length, offset + end - place)
            parts.append(self._order(stream, phase, epoch)[offset:upto])
            place += upto - offset
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _order(self, stream: str, phase: int, epoch: int) -> Tensor:
        """The permutation of an epoch; its neighbours are kept, since a batch can span them."""
        orders = self._orders.setdefault((stream, phase), {})
        if epoch not in orders:
            digest = hashlib.sha256(f"{self.seed} {stream} {phase} {epoch}".encode()).digest()
            generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
            indices = self._streams[stream]
            orders[epoch] = indices[torch.randperm(len(indices), generator=generator)].to(self._images.device)
            for old in [old for old in orders if abs(old - epoch) > 1]:
                del orders[old]
        return orders[epoch]

    def _read(self, places: Tensor) -> Works:
        images = to_float(self._images.index_select(0, places).to(self.device))  # many times as fast as [places]
        return Works(images, labels=None if self._labels is None else self._labels[places].to(self.device))
