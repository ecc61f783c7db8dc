"""The trust in an evaluator follows from what it sees of works that were spoilt."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.evaluator import Evaluator, Prediction
from coevo.evaluation.trust import SPOILT, trial, trust_of


def figures(precision: float, coverage: float) -> Tensor:
    """Those of an evaluator that gives these to all spoilt works."""
    return torch.tensor([[0.95, 0.95, 0.0], *[[precision, coverage, 1.0]] * len(SPOILT)])


@pytest.mark.parametrize(
    ("precision", "coverage", "works", "accuracy", "level", "said"),
    [
        (0.1, 0.1, 2000, 0.98, "high", "it classifies 98% of held-out works correctly; at most 10% of spoilt works"),
        (0.1, 0.1, 2000, None, "high", "at most 10% of spoilt works pass as real, and 95% of others"),
        (0.9, 0.5, 2000, 0.98, "medium", "works have a precision of 90%, untouched ones 95%"),
        (0.1, 0.1, 2000, 0.65, "medium", "it classifies 65% of held-out works correctly"),
        (0.1, 0.1, 2000, 0.2, "low", "it classifies 20% of held-out works correctly"),
        (0.95, 0.94, 2000, 0.98, "low", "it hardly sees that works are blurred, noised"),
        (0.1, 0.1, 60, 0.98, "low", "only 60 held-out works are there to try it with; 100 are needed"),
    ],
)
def test_the_level_and_its_reason(
    precision: float, coverage: float, works: int, accuracy: float | None, level: str, said: str
) -> None:
    found = trust_of(figures(precision, coverage), works, accuracy, 10)
    assert found.level == level and said in found.reason


class Pixels(Evaluator):
    """Its features are 16 means of pixels."""

    def __init__(self) -> None:
        self.name = "pixels"

    def predict(self, images: Tensor) -> Prediction:
        images = images.float() / 127.5 - 1 if images.dtype == torch.uint8 else images
        features = torch.nn.functional.adaptive_avg_pool2d(images, 4).flatten(1)
        return Prediction(features, torch.zeros(len(images), dtype=torch.int64), torch.ones(len(images)))


def test_a_trial_is_the_same_every_time_and_sees_what_features_see() -> None:
    reals = digits(DataOptions(size=16)).images[:600]
    first, again = (trial(Pixels(), reals, 5) for _ in range(2))
    assert torch.equal(first, again) and first.shape == (1 + len(SPOILT), 3)
    untouched, shuffled = first[0, 0], first[1 + list(SPOILT).index("patch-shuffled"), 0]
    assert shuffled < 0.2 < 0.8 < untouched
