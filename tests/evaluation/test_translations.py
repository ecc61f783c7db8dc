"""Of translations, a classifier of the domain that they belong to finds the class, or it does not."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from coevo import Artist, Works
from coevo.data.datasets import Dataset
from coevo.evaluation.classifier import Classifier
from coevo.evaluation.evaluator import Evaluator, Prediction
from coevo.evaluation.translations import translation_figures
from coevo.images.given import GREY
from coevo.studio import Studio


class Bright(Evaluator):
    """Bright pictures are of class 1."""

    def __init__(self) -> None:
        super().__init__(Classifier(1, 2), "brightness")

    def predict(self, images: Tensor) -> Prediction:
        classes = (images.mean((1, 2, 3)) > 0).long()
        return Prediction(images.flatten(1), classes, torch.ones(len(images)))


class Inverting(Artist):
    """Makes negatives."""

    name = "inverting"

    def translate(self, given: Tensor, seed: int) -> Works:
        return Works(-given, given=given)


def pictures(labels: Tensor) -> Tensor:
    return (labels * 255).byte().view(-1, 1, 1, 1).expand(-1, 1, 8, 8).contiguous()


LABELS = torch.tensor([0, 1, 1, 0, 1, 1])
OTHERS = torch.tensor([0, 0, 1, 0])
DOMAINS = Dataset(
    "dots", pictures(LABELS), LABELS, ("0", "1"), given=pictures(OTHERS), planes=GREY, paired=False, given_labels=OTHERS
)


def figures(data: Dataset) -> dict[str, float]:
    return translation_figures(Inverting(None, Studio((1, 8, 8), planes=data.planes)), Bright(), data)


def test_negatives_of_another_domain_are_of_the_wrong_class() -> None:
    assert figures(DOMAINS) == {"target_accuracy": 0, "target_accuracy_of_given": 1}
    dark = replace(DOMAINS, given=pictures(1 - OTHERS))
    assert figures(dark) == {"target_accuracy": 1, "target_accuracy_of_given": 0}


def test_of_pairs_the_class_is_that_of_the_work() -> None:
    half = replace(DOMAINS, given=pictures(torch.tensor([1, 0, 0, 1, 1, 1])), paired=True, given_labels=None)
    assert figures(half) == {"target_accuracy": 4 / 6, "target_accuracy_of_given": 2 / 6}


def test_label_maps_and_domains_without_labels_have_no_such_figures() -> None:
    assert figures(replace(DOMAINS, given_labels=None)) == {}
    assert figures(replace(DOMAINS, planes=("sky", "sea"))) == {}
    assert figures(replace(DOMAINS, given=None)) == {}
