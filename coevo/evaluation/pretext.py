"""An evaluator for data with few classes or none: it also learns what was done to a picture.

To tell ships from horses needs little more than a colour, and smears have that too. What was done to a picture cannot
be said without knowing how real ones are built.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coevo.evaluation.classifier import FEATURES, Classifier
from coevo.evaluation.distortions import blur, colour, noise, scramble, shuffle, smear, splice, warp

DISTORTIONS = (blur, noise, shuffle, warp, colour, scramble, splice, smear)


class PretextClassifier(Classifier):
    """Learns classes, the quarter turn of a picture and the way in which it was spoilt.

    Reference:
        Gidaris et al. (2018), Unsupervised representation learning by predicting image rotations;
        Jenni & Favaro (2018), Self-supervised feature learning by learning to spot artifacts.
    """

    title, version = "pretext classifier", 1
    passes = 2

    def __init__(self, channels: int, classes: int):
        super().__init__(channels, classes)
        self.turn, self.distortion = nn.Linear(FEATURES, 4), nn.Linear(FEATURES, len(DISTORTIONS) + 1)

    def loss(self, images: Tensor, labels: Tensor | None) -> Tensor:
        images, turns, kinds = changed(images)
        features, logits = self.both(images)
        pretext = cross_entropy(self.turn(features), turns) + cross_entropy(self.distortion(features), kinds)
        return pretext + self.class_loss(logits, labels)


def changed(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Images [N, C, S, S], each turned and spoilt in one way or none; the turns and the ways, int64 [N] each.

    Random numbers are those of torch's stream.
    """
    parts = images.chunk(len(DISTORTIONS) + 1)
    spoilt = [part if way is None else way(part, torch.default_generator) for way, part in zip(
        (None, *DISTORTIONS), parts, strict=False)]  # fmt: skip
    kinds = torch.arange(len(parts)).repeat_interleave(torch.tensor([len(part) for part in parts]))
    turns = torch.arange(len(images)) % 4
    images = torch.cat(spoilt)
    for turn in range(1, 4):
        images = torch.where((turns == turn)[:, None, None, None], images.rot90(turn, (2, 3)), images)
    return images, turns, kinds
