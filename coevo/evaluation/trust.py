"""How far an evaluator can be trusted: whether it knows classes, and tells real works from spoilt ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Generator, Tensor

from coevo.data.datasets import to_float
from coevo.evaluation.distortions import blurred, colour, noise, shuffle
from coevo.evaluation.metrics import kernel_distance, overlap

if TYPE_CHECKING:
    from coevo.evaluation.evaluator import Evaluator

SAMPLE, LEAST = 2000, 100  # held-out works that it is tried with, at most and at least
SPOILT: dict[str, Callable[[Tensor, Generator], Tensor]] = {
    "blurred": lambda images, _: blurred(images, images.shape[-1] / 16),
    "noised": noise,
    "patch-shuffled": shuffle,
    "recoloured": colour,
}
VERSION = 1  # of what a trial finds
TRIAL = f"{VERSION}: {', '.join(SPOILT)}"
"""What a trial is, for the cache: trials of another kind are not read."""
CLEAR, SEEN = 0.75, 0.9  # precision or coverage relative to untouched works: clearly worse, and worse
GOOD, FAIR = 0.8, 0.5  # accuracy above chance, of what there is above it


@dataclass(frozen=True)
class Trust:
    """How far figures in an evaluator's features can be trusted, and why."""

    level: Literal["high", "medium", "low"]
    reason: str
    precision_of_spoilt: dict[str, float]
    """Precision of held-out works, untouched and spoilt in several ways, beside other held-out works.
    Without a trial there are none."""
    coverage_of_spoilt: dict[str, float]
    kid_of_spoilt: dict[str, float]


def trial(evaluator: Evaluator, reals: Tensor, neighbours: int) -> Tensor:
    """Precision, coverage and KID [W, 3] of half of some real works, untouched and spoilt in each way, beside the rest.

    Args:
        evaluator: whose features are tried.
        reals: uint8 [N, C, H, W] that it has not seen, in random order.
        neighbours: the k of precision and coverage.

    Returns:
        No rows [0, 3] if there are too few real works for that k: fewer than 2 (k + 1).
    """
    reals, rows = reals[:SAMPLE], list[list[float]]()
    if len(reals) // 2 <= neighbours:
        return torch.zeros(0, 3, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    others, works = evaluator.predict(reals[len(reals) // 2 :]).features, to_float(reals[: len(reals) // 2])
    for pictures in (works, *(spoil(works, generator) for spoil in SPOILT.values())):
        features = evaluator.predict(pictures).features
        found = overlap(features, others, neighbours)
        rows.append([found.precision, found.coverage, kernel_distance(features, others)])
    return torch.tensor(rows, dtype=torch.float64)


def trust_of(figures: Tensor, works: int, accuracy: float | None, classes: int) -> Trust:
    """What a trial says.

    Args:
        figures: [W, 3] of `trial`, or [0, 3] if there was none.
        works: the number of real works that it was made with.
        accuracy: the evaluator's accuracy on held-out works; None if there are no labels.
        classes: the number of classes.
    """
    names = ("untouched", *SPOILT)[: len(figures)]
    precision, coverage, kid = (dict(zip(names, column, strict=True)) for column in figures.T.tolist())
    if works < LEAST:
        few = f"only {works} held-out works are there to try it with; {LEAST} are needed"
        return Trust("low", few, precision, coverage, kid)
    clear = {name: precision[name] <= CLEAR * precision["untouched"] for name in SPOILT}
    seen = {name: clear[name] or coverage[name] <= SEEN * coverage["untouched"] for name in SPOILT}
    skill = 1.0 if accuracy is None else (accuracy - 1 / classes) / (1 - 1 / classes)
    known = "" if accuracy is None else f"it classifies {accuracy:.0%} of held-out works correctly"
    worst = max(SPOILT, key=lambda name: precision[name])
    passing = f"{worst} works have a precision of {precision[worst]:.0%}, untouched ones {precision['untouched']:.0%}"
    level: Literal["high", "medium", "low"] = "high"
    if skill < FAIR:
        level, reason = "low", known
    elif not all(seen.values()):
        level, reason = "low", f"it hardly sees that works are {', '.join(n for n in SPOILT if not seen[n])}: {passing}"
    elif skill < GOOD:
        level, reason = "medium", known
    elif not all(clear.values()):
        level, reason = "medium", f"{passing}; recall and coverage see more than precision"
    else:
        reason = (
            f"at most {precision[worst]:.0%} of spoilt works pass as real, and {precision['untouched']:.0%} of others"
        )
        reason = f"{known}; {reason}" if known else reason
    return Trust(level, reason, precision, coverage, kid)
