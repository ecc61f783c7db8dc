"""What a sceptic asks of made pictures: which classes are there, how sure is a classifier that never saw the
artist, and how near is the nearest real one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from coevo.data import Dataset, to_float
from coevo.errors import DataError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

REALS = 5_000  # real works that are looked at, at most
SEEN = 16  # px: the judge sees pictures no larger than this
COPY = 0.02  # root mean square difference (black to white is 1) below which a work counts as a copy


@dataclass(frozen=True)
class Neighbours:
    """Root mean square differences between pictures, black to white being 1."""

    nearest: float  # mean over made works of the distance to the nearest real one
    nearest_of_reals: float  # the same for real works that were held out
    copies: int  # made works that are a real one, almost to the pixel
    spread: float  # mean distance between two made works
    spread_of_reals: float


@dataclass(frozen=True)
class Classes:
    """What a classifier, fitted on real works alone, finds in the made ones."""

    shares: dict[str, float]  # of each class among the made works
    found: int  # classes with a share of at least 3 %
    smallest: float
    confidence: float  # mean probability of the class that is named
    confidence_of_reals: float  # the same on real works that were held out
    accuracy: float  # on those


@dataclass(frozen=True)
class Report:
    """Figures, and what they were measured with: without it they compare with nothing."""

    made: int
    reals: int
    evaluator: str
    neighbours: Neighbours
    classes: Classes | None

    def figures(self) -> dict[str, Any]:
        """All of it as a flat dict of JSON values."""
        classes = asdict(self.classes) if self.classes else {}
        first = {"made": self.made, "reals": self.reals, "evaluator": self.evaluator}
        return first | classes | asdict(self.neighbours)


def evaluate(images: Tensor, dataset: Dataset, seed: int = 0) -> Report:
    """Judge made pictures [N, C, H, W] in [-1, 1] beside a dataset of the same size.

    A random half of the real works (up to 5,000 in all) fits the judge; the other half is held out, and
    shows what real works get. Raises DataError where shapes differ, or there is too little to compare.
    """
    if images.shape[1:] != dataset.images.shape[1:]:
        raise DataError(f"The pictures are {shape(images)}, but those of {dataset.name!r} are {shape(dataset.images)}.")
    if len(images) < 2 or len(dataset) < 4:
        raise DataError(f"{len(images)} pictures beside {len(dataset)} real ones are too few to judge.")
    if not images.isfinite().all():
        raise DataError("Some of the pictures hold values that are not finite.")
    chosen = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[:REALS]
    half = len(chosen) // 2
    reals = to_float(dataset.images[chosen]).cpu()
    known, held_out = flat(reals[:half]), flat(reals[half:])
    made = flat(images.cpu())
    _, distances = nearest(made, known)
    neighbours = Neighbours(
        distances.mean().item(),
        nearest(held_out, known)[1].mean().item(),
        int((nearest(made, flat(reals))[1] < COPY).sum()),
        spread(made),
        spread(flat(reals)),
    )
    if dataset.labels is None:
        return Report(len(images), len(chosen), "nearest neighbours of pixels", neighbours, None)
    classes = judge_classes(images.cpu(), reals, dataset.labels[chosen], dataset.classes, half, seed)
    import sklearn

    evaluator = f"SVM (RBF) on pixels at {min(SEEN, images.shape[-1])} px, scikit-learn {sklearn.__version__}"
    return Report(len(images), len(chosen), evaluator, neighbours, classes)


def judge_classes(
    images: Tensor, reals: Tensor, labels: Tensor, names: tuple[str, ...], half: int, seed: int
) -> Classes:
    """Fit a judge on the first half of the reals, and let it name the rest of them and the images."""
    judge = fit_judge(reals[:half], labels[:half], seed)
    real = judge.predict_proba(seen(reals[half:]))
    right = judge.classes_[real.argmax(1)] == labels[half:].numpy()
    made = judge.predict_proba(seen(images))
    named = judge.classes_[made.argmax(1)].tolist()
    shares = {name: named.count(number) / len(named) for number, name in enumerate(names)}
    return Classes(
        shares=shares,
        found=sum(share >= 0.03 for share in shares.values()),
        smallest=min(shares.values()),
        confidence=float(made.max(1).mean()),
        confidence_of_reals=float(real.max(1).mean()),
        accuracy=float(right.mean()),
    )


def fit_judge(reals: Tensor, labels: Tensor, seed: int) -> Pipeline:
    """A support vector machine on small pixels, its scores made probabilities by Platt's sigmoid on folds.

    Raises DataError where a class has fewer than three works to learn from.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    if labels.unique().numel() < 2 or int(labels.unique(return_counts=True)[1].min()) < 3:
        raise DataError("A judge of classes needs two classes or more, and three real works or more of each.")
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    svm = CalibratedClassifierCV(SVC(C=10, gamma="scale"), method="sigmoid", cv=folds, ensemble=False)
    return make_pipeline(StandardScaler(with_std=False), svm).fit(seen(reals), labels.numpy())


def seen(images: Tensor) -> Any:
    """What the judge sees of pictures: numpy [N, C·h·w], h ≤ 16."""
    size = min(SEEN, images.shape[-1])
    return adaptive_avg_pool2d(images, size).flatten(1).numpy()


def nearest(images: Tensor, reals: Tensor) -> tuple[Tensor, Tensor]:
    """For each of the flat images [N, D] its nearest real one [M, D]: indices [N] and distances [N]."""
    found = [torch.cdist(some, reals).min(dim=1) for some in images.split(1000)]
    scale = images.shape[1] ** 0.5
    return torch.cat([f.indices for f in found]), torch.cat([f.values for f in found]) / scale


def spread(images: Tensor) -> float:
    """The mean distance between two of the flat images [N, D], of the first 1,000."""
    some = images[:1000]
    return (torch.cdist(some, some).sum() / (len(some) * (len(some) - 1) * images.shape[1] ** 0.5)).item()


def flat(images: Tensor) -> Tensor:
    """[N, C, H, W] in [-1, 1] → [N, C·H·W] in [0, 1]."""
    return (images.flatten(1) + 1) / 2


def shape(images: Tensor) -> str:
    return f"{' × '.join(map(str, images.shape[2:]))} px with {images.shape[1]} channels"
