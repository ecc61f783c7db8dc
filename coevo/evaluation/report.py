"""What a sceptic asks of made pictures: how far are they from real ones, what is missing, and what is copied."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from coevo.data.datasets import Dataset, to_float
from coevo.errors import DataError
from coevo.evaluation.classifier import evaluator_for
from coevo.evaluation.metrics import Overlap, divergence, frechet, kernel_distance, nearest, overlap, spread

REFERENCE = 10_000  # real works that others are compared with, at most
NEIGHBOURS = 5  # the k of precision and recall
COPY = 0.02  # root mean square difference (black to white is 1) below which a work counts as a copy
SHOWN = 50  # classes whose shares are listed, at most


@dataclass(frozen=True)
class Neighbours:
    """Root mean square differences between pictures, black to white being 1."""

    nearest: float  # mean over made works of the distance to the nearest known one
    nearest_of_reals: float  # the same for real works that were held out
    copies: int  # made works that are a known one, almost to the pixel
    spread: float  # mean distance between two made works
    spread_of_reals: float


@dataclass(frozen=True)
class Classes:
    """What the evaluator finds in made works."""

    shares: dict[str, float]  # of each class among the made works
    modes: int  # classes that are named at all
    found: int  # classes with a third of an even share, or more
    smallest: float
    kl: float  # of their histogram from that of the real works, in nats
    confidence: float  # mean probability of the class that is named
    confidence_of_reals: float  # the same on real works that were held out
    accuracy: float  # on those


@dataclass(frozen=True)
class Distances:
    """Between made works and held-out real ones, in the evaluator's features; `of_reals` is what as many known ones
    get."""

    fid: float
    fid_of_reals: float
    kid: float
    kid_of_reals: float
    overlap: Overlap
    overlap_of_reals: Overlap


@dataclass(frozen=True)
class Report:
    """Figures, and what they were measured with: without it they compare with nothing."""

    made: int
    known: int  # real works the evaluator learnt from
    held_out: int  # real works the made ones are compared with
    split: str  # how the two were told apart
    evaluator: str
    neighbours: Neighbours
    classes: Classes | None = None
    distances: Distances | None = None

    def figures(self) -> dict[str, Any]:
        """All of it as a flat dict of JSON values."""
        flat: dict[str, Any] = {
            "made": self.made,
            "known": self.known,
            "held_out": self.held_out,
            "split": self.split,
            "evaluator": self.evaluator,
        }
        if self.distances:
            distances = asdict(self.distances)
            made, real = distances.pop("overlap"), distances.pop("overlap_of_reals")
            flat |= distances | made | {f"{name}_of_reals": value for name, value in real.items()}
        if self.classes:
            classes = asdict(self.classes)
            if len(self.classes.shares) > SHOWN:
                del classes["shares"]
            flat |= classes
        return flat | asdict(self.neighbours)


def evaluate(images: Tensor, dataset: Dataset, held_out: Dataset | None = None, seed: int = 0) -> Report:
    """Judge made pictures [N, C, H, W] in [-1, 1] beside real ones of the same size.

    dataset: the works that an artist may have learnt from. held_out: others, to compare with; by default a random
    half of the dataset, which then is not known to the evaluator. Raises DataError where shapes differ, or there
    is too little to compare.
    """
    if images.shape[1:] != dataset.images.shape[1:]:
        raise DataError(f"The pictures are {shape(images)}, but those of {dataset.name!r} are {shape(dataset.images)}.")
    if len(images) < 2 or len(dataset) < 4:
        raise DataError(f"{len(images)} pictures beside {len(dataset)} real ones are too few to judge.")
    if not images.isfinite().all():
        raise DataError("Some of the pictures hold values that are not finite.")
    images = images.cpu()
    known, reference = (dataset, held_out) if held_out else halves(dataset, seed)
    reals = some_works(reference, REFERENCE, seed)
    neighbours = look_around(images[:REFERENCE], dataset, known, reals[: len(images)])
    counts = len(images), len(known), len(reals), "train and test" if held_out else f"random halves, seed {seed}"
    if dataset.labels is None or dataset.labels.unique().numel() < 2:
        return Report(*counts, "nearest neighbours of pixels", neighbours)
    evaluator = evaluator_for(known)
    made, named, sure = evaluator.look(images)
    real, real_named, real_sure = evaluator.look(reals)
    labels = some_labels(reference, REFERENCE, seed)
    shares = histogram(named, len(dataset.classes))
    classes = Classes(
        shares=dict(zip(dataset.classes, shares.tolist(), strict=True)),
        modes=int((shares > 0).sum()),
        found=int((shares >= 0.3 / len(shares)).sum()),
        smallest=shares.min().item(),
        kl=divergence(shares, histogram(labels, len(dataset.classes))),
        confidence=sure.mean().item(),
        confidence_of_reals=real_sure.mean().item(),
        accuracy=(real_named == labels).float().mean().item(),
    )
    distances = None
    if min(len(made), len(real)) > NEIGHBOURS:
        others = evaluator.look(some_works(known, len(images), seed))[0]
        distances = Distances(
            frechet(made, real), frechet(others, real), kernel_distance(made, real), kernel_distance(others, real),
            overlap(made, real, NEIGHBOURS), overlap(others, real, NEIGHBOURS),
        )  # fmt: skip
    return Report(*counts, evaluator.name, neighbours, classes, distances)


def look_around(images: Tensor, dataset: Dataset, known: Dataset, reals: Tensor) -> Neighbours:
    """How near made pictures are to known ones, beside how near held-out real ones are; copies of any are counted."""
    made, held_out, others = flat(images), flat(reals), flat(to_float(known.images))
    distances = nearest(made, others)[1]
    copied = distances if known is dataset else nearest(made, flat(to_float(dataset.images)))[1]
    return Neighbours(
        distances.mean().item(),
        nearest(held_out, others)[1].mean().item(),
        int((copied < COPY).sum()),
        spread(made),
        spread(held_out),
    )


def halves(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """A dataset that has no test part of its own, in two at random."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
    return part(dataset, order[: len(order) // 2]), part(dataset, order[len(order) // 2 :])


def part(dataset: Dataset, which: Tensor) -> Dataset:
    labels = None if dataset.labels is None else dataset.labels[which]
    return Dataset(dataset.name, dataset.images[which], labels, dataset.classes, parts=dataset.parts)


def some_works(dataset: Dataset, n: int, seed: int) -> Tensor:
    """n random pictures, float32 in [-1, 1]; all where there are no more."""
    return to_float(dataset.images[_chosen(dataset, n, seed)])


def some_labels(dataset: Dataset, n: int, seed: int) -> Tensor:
    """The labels of `some_works`."""
    assert dataset.labels is not None
    return dataset.labels[_chosen(dataset, n, seed)]


def _chosen(dataset: Dataset, n: int, seed: int) -> Tensor:
    return torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[:n]


def histogram(classes: Tensor, count: int) -> Tensor:
    """Shares [count] of the classes [N]."""
    return torch.bincount(classes, minlength=count).double() / len(classes)


def flat(images: Tensor) -> Tensor:
    """[N, C, H, W] in [-1, 1] → [N, C·H·W] in [0, 1]."""
    return (images.flatten(1) + 1) / 2


def shape(images: Tensor) -> str:
    return f"{' × '.join(map(str, images.shape[2:]))} px with {images.shape[1]} channels"
