"""Datasets: real works in memory, or mapped from a file, at the size of a run's pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn.functional import interpolate

from coevo.contract.players import Options
from coevo.contract.works import Works
from coevo.data import readers
from coevo.data.derived import DERIVED, GREY
from coevo.data.moves import known_moves
from coevo.errors import DataError, NoTestPartError, unknown
from coevo.images import given as planes_of


class DataOptions(Options):
    """The real works of a run, and their size."""

    name: str = "digits"
    """A dataset's name, or the path of a folder or zip of images or of a file of arrays (.npz)."""
    dir: str | None = None
    """The folder or file that holds the dataset."""
    size: int = Field(32, ge=4, le=1024)
    """Side of a picture in pixels; pictures are resized and cropped to it."""
    channels: Literal[1, 3] = 1
    """1 is grey, 3 is colour."""
    split: Literal["train", "test", "all"] = "train"
    """The part of MNIST, or of a folder or zip that has train/ and test/ in it."""
    workers: int = Field(2, ge=1, le=64)
    """Threads that read images."""
    memory_mb: int = Field(1024, ge=0)
    """Datasets up to this size are held on the device; larger ones are streamed from the disk."""
    binarise: Literal["no", "threshold", "sample", "sample-anew"] = "no"
    """Binarise pixels: threshold at 0.5, or sample from Bernoulli(intensity), once or anew in every batch. Drawn anew,
    images are harder to memorise (Burda 2016)."""
    labelled: int | None = Field(None, ge=1)
    """Semi-supervised: this many works keep their labels, equally many of each class, and come as a second batch."""
    given: str = ""
    """What works are made from: grey or edges of each picture, or all but its middle (hole); the left or right half of
    each file; the folder A or B beside the other; what a dataset has of its own; or another dataset, whose pictures
    have no partners."""
    regions: int | None = Field(None, ge=2, le=256)
    """What is given are label maps with this many regions, whose numbers, from 0, are the values of their pixels."""
    augmentation: str = ""
    """Any of flip,shift: real works are moved at random, and what is given with them."""

    _moves = field_validator("augmentation")(known_moves)

    renamed: ClassVar[Mapping[str, str]] = {"hold_mb": "memory_mb", "binary": "binarise"}


@dataclass(frozen=True)
class Dataset:
    """Real works.

    Args:
        name: the dataset's name.
        images: uint8 [N, C, H, W], in memory or mapped from a file.
        labels: int64 [N], or None.
        classes: names of the labels.
        unreadable: names of image files that could not be read.
        parts: the dataset of each channel's pictures, if a class is made of the classes of the channels.
        originals: the sizes of its pictures before they were resized, and sums of them, if they are known.
        given: what works are made from, uint8 [M, C', H, W], or the numbers of regions [M, 1, H, W]; None if nothing.
        planes: the names of its planes, as `Studio.planes`.
        paired: whether picture n was made from the n-th of it, so that M is N; else it is of another domain.
        given_labels: int64 [M], the labels of another domain that has the same classes, for figures; else None.
        intensities: the grey pictures, as `images`, of which batches draw black and white anew; None if they do not.
        ways: the values of data.given that its loader has of its own.
        attribution: who made it and its licence, if works that learn from it must name them.
    """

    name: str
    images: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    parts: Dataset | None = None
    originals: readers.Originals | None = None
    given: Tensor | None = None
    planes: tuple[str, ...] = ()
    paired: bool = True
    given_labels: Tensor | None = None
    intensities: Tensor | None = None
    ways: tuple[str, ...] = ()
    attribution: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def works(self, which: Tensor | slice, device: torch.device | str = "cpu") -> Works:
        """Some of the works.

        Args:
            which: int64 [B] indices, or a slice.
            device: where they are needed.

        Returns:
            Works with images [B, C, H, W] float32 in [-1, 1], and with labels [B] int64 and what they were made from if
            the dataset has them.
        """
        images = to_float(self.images[which].to(device))
        labels = None if self.labels is None else self.labels[which].to(device)
        if self.given is None:
            return Works(images, labels=labels)
        others = which if self.paired else torch.arange(len(self))[which] % len(self.given)
        given = planes_of.to_planes(self.given[others].to(device), self.planes)
        return Works(images, labels=labels, given=given)

    def examples(self, n: int, seed: int, device: torch.device | str = "cpu") -> Works:
        """n of the works, the same for the same seed; each again if they are fewer."""
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return self.works(order[torch.arange(n) % len(order)], device)


def to_float(images: Tensor) -> Tensor:
    """uint8 → float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1)


# datasets

Loader = TypeVar("Loader", bound=Callable[[DataOptions], Dataset])


def reads(*names: Literal["dir", "split", "workers"]) -> Callable[[Loader], Loader]:
    """Say which of these options the loader of a dataset reads; the others are refused. One that says nothing reads
    all of them."""

    def mark(loader: Loader) -> Loader:
        loader.reads = names  # type: ignore[attr-defined]
        return loader

    return mark


@reads()
def digits(options: DataOptions) -> Dataset:
    """The 1,797 handwritten digits of scikit-learn, 8 × 8 px, enlarged to `size`; ten classes.

    Returns:
        Images uint8 [1797, channels, size, size] and labels.
    """
    with files("coevo.data").joinpath("assets/digits.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        images, labels = arrays["images"], arrays["labels"]
    scaled = torch.from_numpy(images).float()[:, None] * (255 / 16)
    originals = readers.Originals.of_arrays(images)
    resized, classes = _resized(scaled, options), tuple("0123456789")
    return Dataset("digits", resized, torch.from_numpy(labels).long(), classes, originals=originals)


@reads("dir", "split")
def mnist(options: DataOptions) -> Dataset:
    """MNIST's IDX files in `options.dir`, gzipped or not, of the parts that `split` says.

    Returns:
        Images uint8 [N, channels, size, size] and labels of ten classes.

    Raises:
        NoTestPartError: the files of the test part are not there.
        DataError: files are missing or truncated, or images and labels are not equally many.
    """
    if options.dir is None:
        raise DataError("Dataset 'mnist' needs --data-dir with its IDX files (train-images-idx3-ubyte, …).")
    parts = {"train": ("train",), "test": ("t10k",), "all": ("train", "t10k")}[options.split]
    folder = readers.folder_at(options.dir)
    if options.split == "test" and not any(folder.glob("t10k-*")):
        raise NoTestPartError(f"{folder} has no t10k-images-idx3-ubyte: MNIST's test part is not there.")
    images, labels, raw = [], [], []
    for part in parts:
        pictures = readers.read_idx(folder, f"{part}-images", 3)
        answers = readers.read_idx(folder, f"{part}-labels", 1)
        if len(pictures) != len(answers):
            raise DataError(f"{folder} has {len(pictures)} {part} images but {len(answers)} labels.")
        images += [_resized(torch.from_numpy(some).float()[:, None], options) for some in _chunks(pictures, 10_000)]
        labels.append(torch.from_numpy(answers.astype(np.int64)))
        raw.append(pictures)
    originals = readers.Originals.of_arrays(*raw)
    return Dataset("mnist", torch.cat(images), torch.cat(labels), tuple("0123456789"), originals=originals)


@reads("dir", "split", "workers")
def folder(options: DataOptions) -> Dataset:
    """Every image in the folder `options.dir` and below; subfolders are classes.

    Returns:
        Images uint8 [N, channels, size, size], resized and cropped; labels if there are subfolders.

    Raises:
        DataError: there is no such folder, or no image in it.
    """
    root = readers.folder_at(options.dir or "")
    return _decoded(root.name, readers.Folder(root, _split_of(options)), options)


@reads("dir", "split", "workers")
def zipped(options: DataOptions) -> Dataset:
    """Every image in the zip `options.dir`; folders in it are classes. Nothing is unpacked.

    Returns and raises as `folder` does.
    """
    path = Path(options.dir or "")
    with readers.Zip(path, _split_of(options)) as source:
        return _decoded(path.stem, source, options)


def arrays(path: Path, options: DataOptions) -> Dataset:
    """The pictures of an .npz file with an array `images`, and `labels` and `given` if it has them; cropped to squares
    and resized.

    Returns:
        Images uint8 [N, channels, size, size], and what they were made from; classes are the different labels.

    Raises:
        NoTestPartError: the test part is asked for, and there is none.
        DataError: the file cannot be read, or the arrays are no pictures.
    """
    if options.split == "test":
        raise NoTestPartError(f"{path} has no test part.")
    return of_arrays(path.stem, readers.read_arrays(path), options)


def of_arrays(name: str, arrays: readers.Arrays, options: DataOptions) -> Dataset:
    """The same of arrays that are at hand."""
    images, labels, given = arrays
    dataset = Dataset(name, _squares(images, options), originals=readers.Originals.of_arrays(images))
    if labels is not None:
        names, places = np.unique(labels, return_inverse=True)
        classes = tuple(str(name) for name in names)
        dataset = replace(dataset, labels=torch.from_numpy(places.astype(np.int64)), classes=classes)
    if given is None:
        return dataset
    sums = readers.Sums.of(readers.checksums(given))
    its = replace(
        dataset, originals=dataset.originals and dataset.originals.beside(readers.Originals((1, 1), (1, 1), sums=sums))
    )
    if options.regions:
        return replace(its, given=_maps(name, given, options), planes=tuple(map(str, range(options.regions))))
    planes = planes_of.GREY if options.channels == 1 else planes_of.RGB
    return replace(its, given=_squares(readers.to_pixels(given), options), planes=planes)


def _maps(name: str, given: np.ndarray, options: DataOptions) -> Tensor:
    """Label maps as numbers of regions, uint8 [N, 1, size, size]."""
    assert options.regions is not None
    flat = given[..., 0] if given.ndim == 4 and given.shape[3] == 1 else given
    if flat.dtype.kind == "f":
        raise DataError(
            f"Label maps have whole numbers, the regions of their pixels; those of {name!r} are {flat.dtype}."
        )
    wanted = torch.arange(options.size)
    maps = []
    for number, one in enumerate(_middle(flat)):
        regions = torch.from_numpy(planes_of.regions_of(one, options.regions, f"Number {number} of what is given"))
        at = (wanted * 2 + 1) * len(regions) // (2 * options.size)  # the nearest pixel
        maps.append(regions[at][:, at])
    return torch.stack(maps)[:, None]


def _middle(images: np.ndarray) -> np.ndarray:
    """The square in the middle of pictures [N, H, W, …]."""
    height, width = images.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[:, top : top + side, left : left + side]


def _squares(images: np.ndarray, options: DataOptions) -> Tensor:
    """Pictures uint8 [N, H, W, C] → uint8 [N, channels, size, size]."""
    colours, parts = images.shape[3], []
    for some in _chunks(_middle(images), 1000):
        pixels = torch.from_numpy(some).permute(0, 3, 1, 2).float()
        if colours > options.channels:
            pixels = (pixels * torch.tensor(GREY)[:, None, None]).sum(1, keepdim=True)
        resized = interpolate(pixels, (options.size, options.size), mode="bicubic", antialias=True)
        parts.append(resized.round().clamp(0, 255).to(torch.uint8).expand(-1, options.channels, -1, -1).contiguous())
    return torch.cat(parts)


def load_dataset(options: DataOptions, loaders: Mapping[str, Callable[[DataOptions], Dataset]]) -> Dataset:
    """A dataset by name, or a folder or zip of images, or a file of arrays (.npz), by path.

    Args:
        options: name, size, channels and the rest.
        loaders: functions by dataset name, as the hook `coevo_datasets` gives them. Each returns a Dataset whose
            images are uint8 [N, channels, size, size] as the options say, and raises DataError if it cannot.

    Raises:
        DataError: there is neither such a dataset nor such a file, or it cannot be read.
    """
    path = Path(options.name)
    if options.name in loaders:
        dataset = loaders[options.name](options)
    elif path.is_dir():
        dataset = folder(options.model_copy(update={"dir": str(path)}))
    elif path.is_file() and path.suffix == ".npz":
        dataset = arrays(path, options)
    elif path.is_file() and path.suffix == ".npy":
        raise DataError(
            f"{path} is one array; a dataset is a file of arrays with names: numpy.savez('x.npz', images=…) writes one."
        )
    elif path.is_file():
        dataset = zipped(options.model_copy(update={"dir": str(path)}))
    elif path.name != options.name:
        raise DataError(f"There is no folder, zip or .npz file {path}.")
    else:
        raise DataError(unknown("dataset", options.name, loaders) + " Nor is it a folder, a zip or an .npz file.")
    if options.binarise != "no":
        grey = dataset.images if options.binarise == "sample-anew" else None
        dataset = replace(dataset, images=binarised(dataset.images, options.binarise), intensities=grey)
    if options.given:
        dataset = with_given(dataset, options, loaders)
    alone = dataset.given is not None and not dataset.paired and len(dataset.given) < 2
    if alone and options.split != "test":
        raise DataError(
            f"Of the domain that works of {dataset.name!r} are made from there is one picture; give it more."
        )
    return dataset


def with_given(
    dataset: Dataset, options: DataOptions, loaders: Mapping[str, Callable[[DataOptions], Dataset]]
) -> Dataset:
    """A dataset with what its works are made from, as `options.given` says.

    Raises:
        DataError: it has no such halves or folders, or there is no such dataset.
    """
    name = options.given
    if name in dataset.ways:
        return dataset
    if name in DERIVED:
        made = DERIVED[name](dataset.images)
        planes = planes_of.GREY if made.shape[1] == 1 else planes_of.RGB
        return replace(dataset, given=made, planes=planes, paired=True)
    if name in (*readers.HALVES, *readers.FOLDERS):
        if dataset.given is None:
            raise DataError(f"data.given={name} is of files in a folder or zip, and dataset {dataset.name!r} has none.")
        return dataset
    if name not in loaders and not Path(name).exists():
        ways = (*dataset.ways, *DERIVED, *readers.HALVES, *readers.FOLDERS)
        raise DataError(
            f"data.given={name} is neither {', '.join(ways)} nor a dataset or a file. "
            + unknown("dataset", name, loaders)
        )
    other = load_dataset(options.model_copy(update={"name": name, "given": "", "labelled": None}), loaders)
    known = dataset.originals and dataset.originals.beside(other.originals)
    planes = planes_of.GREY if options.channels == 1 else planes_of.RGB
    labels = other.labels if other.classes == dataset.classes else None
    return replace(dataset, given=other.images, planes=planes, paired=False, given_labels=labels, originals=known)


def binarised(images: Tensor, how: str) -> Tensor:
    """uint8 pictures in black and white, 0 and 255; sampled ones are drawn once, as in the binarised MNIST that papers
    compare on (Salakhutdinov & Murray 2008)."""
    if how == "threshold":
        return (images > 127).to(torch.uint8) * 255
    generator = torch.Generator().manual_seed(len(images))
    return torch.cat([black_or_white(some, generator) for some in images.split(1000)])


def black_or_white(images: Tensor, generator: torch.Generator) -> Tensor:
    """uint8 pictures of which each pixel, 0 or 255, is white with the probability that is its intensity."""
    uniform = torch.rand(images.shape, generator=generator, device=images.device)
    return (uniform * 255 < images).to(torch.uint8) * 255


def _resized(images: Tensor, options: DataOptions) -> Tensor:
    """float [N, 1, h, w] in 0..255 → uint8 [N, C, size, size]."""
    size = (options.size, options.size)
    sharp = interpolate(images, size, mode="bicubic", antialias=True, align_corners=False)
    grey = sharp.round_().clamp_(0, 255).to(torch.uint8)
    return grey.repeat(1, options.channels, 1, 1)


def _chunks(array: np.ndarray, size: int) -> list[np.ndarray]:
    return [array[begun : begun + size] for begun in range(0, len(array), size)]


def _split_of(options: DataOptions) -> str:
    """The part of a folder or zip that is looked at; folders of pairs have parts of their own."""
    return "all" if options.given in readers.FOLDERS else options.split


def _decoded(name: str, source: readers.Source, options: DataOptions) -> Dataset:
    o, form = options, readers.Form(options.size, options.channels, options.regions)
    planes = planes_of.GREY if o.channels == 1 else planes_of.RGB
    given, paired = None, True
    if o.given in readers.HALVES:
        decoded, given, paired = readers.decode_halves(source, o.given, form, o.workers, o.memory_mb)
    elif o.given in readers.FOLDERS:
        decoded, given, paired = readers.decode_folders(source, o.split, o.given, form, o.workers, o.memory_mb)
    else:
        decoded = readers.decode(source, readers.Whole(o.size, o.channels), o.workers, o.memory_mb)
    return Dataset(
        name,
        torch.from_numpy(decoded.images),
        None if decoded.labels is None else torch.tensor(decoded.labels),
        decoded.classes,
        decoded.unreadable,
        originals=decoded.originals,
        given=None if given is None else torch.from_numpy(given),
        planes=() if given is None else tuple(map(str, range(o.regions))) if o.regions else planes,
        paired=paired,
    )
