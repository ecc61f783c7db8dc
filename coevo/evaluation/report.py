"""Figures of made pictures beside real ones: how far from them, how varied, and whether they are copies."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from coevo.data.datasets import Dataset, to_float
from coevo.errors import DataError
from coevo.evaluation.classifier import evaluator_for
from coevo.evaluation.metrics import (
    Overlap,
    frechet_distance,
    kernel_distance,
    kl_divergence,
    mean_distance,
    nearest,
    overlap,
)

REFERENCE = 10_000  # real works that others are compared with, at most
NEIGHBOURS = 5  # the k of precision and recall
COPY = 0.02  # root mean square difference (black to white is 1) below which a work counts as a copy
LISTED = 50  # classes whose shares are listed, at most


@dataclass(frozen=True)
class Neighbours:
    """Root mean square differences between pictures; black to white is 1."""

    nearest: float
    """Mean over made works of the distance to the nearest known work."""
    nearest_of_reals: float
    """The same for real works that were held out."""
    copies: int
    """Made works that are a known work, almost to the pixel."""
    mean_distance: float
    """Mean distance between two made works."""
    mean_distance_of_reals: float


@dataclass(frozen=True)
class Classes:
    """The classes that the evaluator finds in made works."""

    class_shares: dict[str, float]
    """The share of each class among the made works."""
    modes: int
    """Classes that are found at all."""
    classes_found: int
    """Classes with at least a third of an even share."""
    smallest_share: float
    class_kl: float
    """KL divergence of their histogram from that of the real works, in nats."""
    confidence: float
    """Mean probability of the most probable class."""
    confidence_of_reals: float
    """The same for real works that were held out."""
    evaluator_accuracy: float
    """The evaluator's accuracy on those."""


@dataclass(frozen=True)
class Distances:
    """Made works beside held-out real ones, in the evaluator's features; `of_reals`: those of as many known works."""

    fid: float
    fid_of_reals: float
    kid: float
    kid_of_reals: float
    overlap: Overlap
    overlap_of_reals: Overlap


@dataclass(frozen=True)
class Report:
    """Figures, and what they were measured with; without it they compare with nothing.

    Args:
        made: the number of made works.
        known: the number of real works that the evaluator was trained on.
        held_out: the number of real works that the made ones are compared with.
        split: how the known and the held-out works were separated.
        evaluator: the name of the classifier that was used.
    """

    made: int
    known: int
    held_out: int
    split: str
    evaluator: str
    neighbours: Neighbours
    classes: Classes | None = None
    distances: Distances | None = None

    def figures(self) -> dict[str, Any]:
        """All of it as a flat dict of JSON values."""
        names = ("made", "known", "held_out", "split", "evaluator")
        flat: dict[str, Any] = {name: getattr(self, name) for name in names}
        if self.distances:
            distances = asdict(self.distances)
            made, real = distances.pop("overlap"), distances.pop("overlap_of_reals")
            flat |= distances | made | {f"{name}_of_reals": value for name, value in real.items()}
        if self.classes:
            classes = asdict(self.classes)
            if len(self.classes.class_shares) > LISTED:
                del classes["class_shares"]
            flat |= classes
        return flat | asdict(self.neighbours)


def evaluate(images: Tensor, dataset: Dataset, held_out: Dataset | None = None, seed: int = 0) -> Report:
    """Judge made pictures beside real ones of the same size.

    Args:
        images: made pictures [N, C, H, W] in [-1, 1].
        dataset: real works that an artist may have learnt from.
        held_out: others, to compare with; by default a random half of the dataset, which the evaluator then does not
            see.
        seed: of the random choices.

    Raises:
        DataError: shapes differ, or there are too few works to compare.
    """
    if images.shape[1:] != dataset.images.shape[1:]:
        raise DataError(f"The pictures are {shape(images)}, but those of {dataset.name!r} are {shape(dataset.images)}.")
    if len(images) < 2 or len(dataset) < 4:
        raise DataError(f"{len(images)} pictures beside {len(dataset)} real ones are too few to evaluate.")
    if not images.isfinite().all():
        raise DataError("Some of the pictures hold values that are not finite.")
    images = images.cpu()
    known, reference = (dataset, held_out) if held_out else random_halves(dataset, seed)
    chosen = random_indices(reference, REFERENCE, seed)
    reals = to_float(reference.images[chosen])
    neighbours = compare_pixels(images[:REFERENCE], dataset, known, reals[: len(images)])
    counts = len(images), len(known), len(reals), "train and test" if held_out else f"random halves, seed {seed}"
    labels = None if reference.labels is None else reference.labels[chosen]
    if labels is None or dataset.labels is None or dataset.labels.unique().numel() < 2:
        return Report(*counts, "nearest neighbours of pixels", neighbours)
    evaluator = evaluator_for(known)
    made, real = evaluator.predict(images), evaluator.predict(reals)
    shares = histogram(made.classes, len(dataset.classes))
    classes = Classes(
        class_shares=dict(zip(dataset.classes, shares.tolist(), strict=True)),
        modes=int((shares > 0).sum()),
        classes_found=int((shares >= 0.3 / len(shares)).sum()),
        smallest_share=shares.min().item(),
        class_kl=kl_divergence(shares, histogram(labels, len(dataset.classes))),
        confidence=made.confidence.mean().item(),
        confidence_of_reals=real.confidence.mean().item(),
        evaluator_accuracy=(real.classes == labels).float().mean().item(),
    )
    distances = None
    if min(len(images), len(reals)) > NEIGHBOURS:
        others = evaluator.predict(to_float(known.images[random_indices(known, len(images), seed)]))
        x, known_x, real_x = made.features, others.features, real.features
        distances = Distances(
            frechet_distance(x, real_x), frechet_distance(known_x, real_x),
            kernel_distance(x, real_x), kernel_distance(known_x, real_x),
            overlap(x, real_x, NEIGHBOURS), overlap(known_x, real_x, NEIGHBOURS),
        )  # fmt: skip
    return Report(*counts, evaluator.name, neighbours, classes, distances)


def compare_pixels(images: Tensor, dataset: Dataset, known: Dataset, reals: Tensor) -> Neighbours:
    """Distances of made pictures to known ones, beside those of held-out real ones; copies of any of the dataset."""
    made, held_out, others = flat(images), flat(reals), flat(to_float(known.images))
    distances = nearest(made, others)[1]
    to_any = distances if known is dataset else nearest(made, flat(to_float(dataset.images)))[1]
    return Neighbours(
        nearest=distances.mean().item(),
        nearest_of_reals=nearest(held_out, others)[1].mean().item(),
        copies=int((to_any < COPY).sum()),
        mean_distance=mean_distance(made),
        mean_distance_of_reals=mean_distance(held_out),
    )


def random_halves(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """A dataset that has no test part, split in two at random."""
    order = random_indices(dataset, len(dataset), seed)
    return subset(dataset, order[: len(order) // 2]), subset(dataset, order[len(order) // 2 :])


def subset(dataset: Dataset, which: Tensor) -> Dataset:
    """Some works of a dataset, by an int64 tensor of indices."""
    labels = None if dataset.labels is None else dataset.labels[which]
    return replace(dataset, images=dataset.images[which], labels=labels, unreadable=())


def random_indices(dataset: Dataset, n: int, seed: int) -> Tensor:
    """Indices [n] of random works; of all if there are no more than n."""
    return torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[:n]


def histogram(classes: Tensor, count: int) -> Tensor:
    """Shares [count] of the classes [N]."""
    return torch.bincount(classes, minlength=count).double() / len(classes)


def flat(images: Tensor) -> Tensor:
    """[N, C, H, W] in [-1, 1] → [N, C·H·W] in [0, 1]."""
    return (images.flatten(1) + 1) / 2


def shape(images: Tensor) -> str:
    """Size and channels of pictures in words."""
    return f"{' × '.join(map(str, images.shape[2:]))} px with {images.shape[1]} channels"
