"""Figures of translations: whether a classifier of the domain that they belong to still finds their class."""

from __future__ import annotations

from typing import cast

import torch

from coevo.contract.capabilities import Translator
from coevo.contract.players import Artist
from coevo.data.datasets import Dataset
from coevo.evaluation.evaluator import Evaluator
from coevo.images.given import is_map, to_planes

MOST, AT_ONCE = 10_000, 500  # pictures that are translated, and at a time


@torch.no_grad()
def translation_figures(artist: Artist, evaluator: Evaluator, reals: Dataset) -> dict[str, float]:
    """The share of translations that are of the class of what they were made from, for a classifier of real works.

    Args:
        artist: a `Translator`.
        evaluator: that classifies the works of the domain which it translates into.
        reals: works of that domain, with what translations are made of.

    Returns:
        `target_accuracy`, and `target_accuracy_of_given`: that of what they were made from, as it is, if it has the
        works' channels. Empty if what is given is a label map, or has no labels of the works' classes.

    Reference:
        Liu et al. (2017), Unsupervised image-to-image translation networks, §4, domain adaptation.
    """
    given, labels = reals.given, reals.labels if reals.paired else reals.given_labels
    if given is None or labels is None or is_map(reals.planes) or len(labels.unique()) < 2:
        return {}
    right, as_it_is, n = 0, 0, min(MOST, len(given))
    same = given.shape[1] == reals.images.shape[1]
    for start in range(0, n, AT_ONCE):
        some = to_planes(given[start : min(start + AT_ONCE, n)].to(artist.studio.device), reals.planes)
        target = labels[start : start + len(some)]
        made = cast(Translator, artist).translate(some, 0).pixels.cpu()
        right += int((evaluator.predict(made).classes == target).sum())
        as_it_is += int((evaluator.predict(some.cpu()).classes == target).sum()) if same else 0
    return {"target_accuracy": right / n} | ({"target_accuracy_of_given": as_it_is / n} if same else {})
