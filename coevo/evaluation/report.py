"""Figures of made pictures beside real ones: how far from them, how varied, and whether they are copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from coevo.data.datasets import Dataset
from coevo.errors import DataError
from coevo.evaluation.copies import VERSION, copies
from coevo.evaluation.evaluator import Prediction, classes_of, evaluator_for
from coevo.evaluation.kept import Kept, identity
from coevo.evaluation.metrics import (
    Overlap,
    flat,
    frechet_distance,
    kernel_distance,
    kl_divergence,
    mean_distance,
    nearest,
    overlap,
)
from coevo.evaluation.progress import SILENT, Progress
from coevo.evaluation.trust import SAMPLE, TRIAL, Trust, trial, trust_of

REFERENCE = 10_000  # real works that others are compared with, at most
NEIGHBOURS = 5  # the k of precision and recall
LEAST = 10  # works on either side: with fewer, precision and its kin (k + 1 at least) and KID mean nothing
STEADY = 100  # works on either side, from which shares are steady to about ± 5 %
LISTED = 50  # classes whose shares are listed, at most


@dataclass(frozen=True)
class Neighbours:
    """Root mean square differences between pictures; black to white is 1."""

    nearest: float
    """Mean over made works of the distance to the nearest known work."""
    nearest_of_reals: float
    """The same for real works that were held out."""
    copies: int
    """Made works that are a known work, but for small changes (`coevo.evaluation.copies`)."""
    copies_of_reals: int
    """Real works that were held out and count as copies, were they as many as the made works: look-alikes."""
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
        evaluator: the name of the evaluator that was used.
        features: the number of its features.
        warnings: sentences about figures that say less than they seem to.
    """

    made: int
    known: int
    held_out: int
    split: str
    evaluator: str
    features: int
    neighbours: Neighbours
    distances: Distances
    trust: Trust
    classes: Classes | None = None
    warnings: tuple[str, ...] = ()

    def figures(self) -> dict[str, Any]:
        """All of it as a flat dict of JSON values."""
        names = ("made", "known", "held_out", "split", "evaluator", "features")
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        trust = asdict(self.trust)
        found |= {"trust": trust.pop("level"), "trust_reason": trust.pop("reason"), **trust}
        found["warnings"] = list(self.warnings)
        distances = asdict(self.distances)
        made, real = distances.pop("overlap"), distances.pop("overlap_of_reals")
        found |= distances | made | {f"{name}_of_reals": value for name, value in real.items()}
        if self.classes:
            classes = asdict(self.classes)
            if len(self.classes.class_shares) > LISTED:
                del classes["class_shares"]
            found |= classes
        return found | asdict(self.neighbours)


def evaluate(
    images: Tensor, dataset: Dataset, held_out: Dataset | None = None, seed: int = 0, progress: Progress = SILENT
) -> Report:
    """Judge made pictures beside real ones of the same size.

    Args:
        images: made pictures [N, C, H, W] in [-1, 1]; at least 10.
        dataset: real works that an artist may have learnt from.
        held_out: others, to compare with; by default a random half of the dataset, which the evaluator then does not
            see. At least 10 of either.
        seed: of the random choices.
        progress: sees what is done.

    Raises:
        DataError: shapes differ, or there are too few works to compare.
    """
    check(images, dataset, held_out)
    images = images.cpu()
    known, reference = (dataset, held_out) if held_out else random_halves(dataset, seed)
    chosen = random_indices(reference, REFERENCE, seed)
    reals = reference.images[chosen]
    kept = Kept()
    evaluator = evaluator_for(known, progress, kept)
    others = known.images[random_indices(known, len(images), seed)]
    about = f"{evaluator.name} {identity(reference)} {seed}"
    progress.begin(f"features of {len(images):,} made and {len(reals) + len(others):,} real works")
    made, own = evaluator.predict(images), evaluator.predict(others)
    real = Prediction(**kept.get("reals", f"{about} {len(reals)}", lambda: evaluator.predict(reals)._asdict()))
    progress.begin("how far the evaluator can be trusted")
    labelled = reference.labels is not None and classes_of(dataset) > 1
    labels = reference.labels[chosen] if labelled and reference.labels is not None else None
    accuracy = None if labels is None else (real.classes == labels).float().mean().item()
    tried = kept.get("trial", f"{about} {TRIAL}", lambda: {"trial": trial(evaluator, reals, NEIGHBOURS)})["trial"]
    pixels = compare_pixels(images[:REFERENCE], dataset, known, reals[: len(images)], about, progress, kept)
    return Report(
        made=len(images),
        known=len(known),
        held_out=len(reals),
        split="train and test" if held_out else f"random halves, seed {seed}",
        evaluator=evaluator.name,
        features=made.features.shape[1],
        neighbours=pixels,
        distances=compare_features(made.features, real.features, own.features, progress),
        trust=trust_of(tried, min(SAMPLE, len(reals)), accuracy, len(dataset.classes)),
        classes=None if labels is None else compare_classes(made, real, labels, dataset.classes),
        warnings=(*warnings(len(images), len(reals), made.features.shape[1]), *filter(None, [kept.problem])),
    )


def check(images: Tensor, dataset: Dataset, held_out: Dataset | None) -> None:
    """Raise DataError if pictures cannot be compared with real works."""
    if images.shape[1:] != dataset.images.shape[1:]:
        raise DataError(f"The pictures are {shape(images)}, but those of {dataset.name!r} are {shape(dataset.images)}.")
    if len(images) < LEAST:
        raise DataError(f"{len(images)} works are too few to evaluate: give at least {LEAST}, or better {STEADY}.")
    known, others = (len(dataset), len(held_out)) if held_out else (len(dataset) // 2, len(dataset) // 2)
    if min(known, others) < LEAST:
        parts = f"{known} to learn from and {others} to compare with"
        raise DataError(f"Dataset {dataset.name!r} has too few works to evaluate with: {parts}, not {LEAST} of each.")
    if not images.isfinite().all():
        raise DataError("Some of the pictures hold values that are not finite.")


def warnings(made: int, reals: int, features: int) -> Iterator[str]:
    """What so few works do to figures."""
    fewest = min(made, reals)
    some = f"{made:,} made" if made <= reals else f"{reals:,} real"
    if fewest < STEADY:
        yield f"With only {some} works the figures vary much from sample to sample; take {STEADY} or more."
    if fewest <= features:
        yield (
            f"FID is biased: a covariance of {features} features needs more than {some} works. Compare it only with "
            "figures of equally many; KID has no such bias."
        )


def compare_features(made: Tensor, real: Tensor, own: Tensor, progress: Progress = SILENT) -> Distances:
    """Distances of made works to held-out real ones, beside those of known ones: features [N, D], [M, D], [K, D]."""

    def both(task: str, distance: Callable[[Tensor, Tensor], Any]) -> Iterator[Any]:
        progress.begin(task, 2)
        for features in (made, own):
            yield distance(features, real)
            progress.advance()

    return Distances(
        *both("FID", frechet_distance),
        *both("KID", kernel_distance),
        *both("precision, recall, density and coverage", lambda x, y: overlap(x, y, NEIGHBOURS)),
    )


def compare_classes(made: Prediction, real: Prediction, labels: Tensor, names: tuple[str, ...]) -> Classes:
    """The classes of made works beside the labels of real ones."""
    shares = histogram(made.classes, len(names))
    return Classes(
        class_shares=dict(zip(names, shares.tolist(), strict=True)),
        modes=int((shares > 0).sum()),
        classes_found=int((shares >= 0.3 / len(shares)).sum()),
        smallest_share=shares.min().item(),
        class_kl=kl_divergence(shares, histogram(labels, len(names))),
        confidence=made.confidence.mean().item(),
        confidence_of_reals=real.confidence.mean().item(),
        evaluator_accuracy=(real.classes == labels).float().mean().item(),
    )


def compare_pixels(
    images: Tensor,
    dataset: Dataset,
    known: Dataset,
    reals: Tensor,
    about: str = "",
    progress: Progress = SILENT,
    kept: Kept | None = None,
) -> Neighbours:
    """Distances of made pictures to known ones, beside those of held-out real ones; copies of any of the dataset.

    Args:
        images, reals: made and held-out pictures.
        dataset, known: all real works, and those of them that the held-out ones are not among.
        about: what the held-out pictures are, for the cache.
        progress: sees what is done.
        kept: what the evaluation keeps.
    """
    progress.begin(f"pixels beside {len(known):,} known works")
    distances, distances_of_reals = nearest(images, known.images)[1], nearest(reals, known.images)[1]
    progress.begin(f"copies among {len(images):,} works", len(images))
    made = copies(images, dataset.images, progress)
    progress.begin(f"look-alikes among {len(reals):,} real works", len(reals))
    about = f"{about} {len(reals)} {identity(known)} {VERSION}"
    kept = kept or Kept()
    alike = kept.get("alike", about, lambda: {"alike": copies(reals, known.images, progress)})["alike"]
    return Neighbours(
        nearest=distances.mean().item(),
        nearest_of_reals=distances_of_reals.mean().item(),
        copies=int(made.sum()),
        copies_of_reals=round(alike.double().mean().item() * len(images)),
        mean_distance=mean_distance(flat(images[:1000])),
        mean_distance_of_reals=mean_distance(flat(reals[:1000])),
    )


def random_halves(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """A dataset that has no test part, split in two at random."""
    order = random_indices(dataset, len(dataset), seed)
    return subset(dataset, order[: len(order) // 2]), subset(dataset, order[len(order) // 2 :])


def subset(dataset: Dataset, which: Tensor) -> Dataset:
    """Some works of a dataset, by an int64 tensor of indices."""
    labels = None if dataset.labels is None else dataset.labels[which]
    given = dataset.given[which] if dataset.given is not None and dataset.paired else dataset.given
    grey = None if dataset.intensities is None else dataset.intensities[which]
    return replace(dataset, images=dataset.images[which], labels=labels, unreadable=(), given=given, intensities=grey)


def random_indices(dataset: Dataset, n: int, seed: int) -> Tensor:
    """Indices [n] of random works; of all if there are no more than n."""
    return torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[:n]


def histogram(classes: Tensor, count: int) -> Tensor:
    """Shares [count] of the classes [N]."""
    return torch.bincount(classes, minlength=count).double() / len(classes)


def shape(images: Tensor) -> str:
    """Size and channels of pictures in words."""
    return f"{' × '.join(map(str, images.shape[2:]))} px with {images.shape[1]} channels"
