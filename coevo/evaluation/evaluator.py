"""The evaluator: a small network, trained once on real works and kept in the cache.

Distances between works are taken in its features, so that figures need no download and fit the data. Figures compare
only with figures of the same evaluator; its name says which it is. Where labels have few classes or are missing, to
classify needs few features, and it learns more than that (`coevo.evaluation.pretext`).
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import torch
from torch import Tensor, nn

from coevo.data.datasets import Dataset, to_float
from coevo.evaluation import classifier
from coevo.evaluation.classifier import Classifier, train
from coevo.evaluation.kept import Kept, identity
from coevo.evaluation.pretext import PretextClassifier
from coevo.evaluation.progress import SILENT, Progress

FEW_CLASSES = 3  # up to which to classify needs too few features


class Prediction(NamedTuple):
    """Features and classes of N pictures."""

    features: Tensor  # [N, D]
    classes: Tensor  # int64 [N]: the most probable class of each
    confidence: Tensor  # [N]: its probability


class Evaluator:
    """Features and classes of pictures, by a trained classifier."""

    def __init__(self, network: Classifier, name: str):
        self.network, self.name = network.eval(), name

    @torch.no_grad()
    def predict(self, images: Tensor) -> Prediction:
        """Features, classes and confidences of images [N, C, H, W], uint8 or in [-1, 1]."""
        parts = [self.network.both(some if some.is_floating_point() else to_float(some)) for some in images.split(500)]
        features, logits = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
        confidence, classes = logits.softmax(1).max(1)
        return Prediction(features, classes, confidence)


class ChannelEvaluator(Evaluator):
    """Judges each channel as a picture of its own; a class is made of the classes of the channels."""

    def __init__(self, channel: Evaluator, classes: int):
        self.channel, self.classes = channel, classes
        self.name = f"{channel.name}, channel by channel"

    def predict(self, images: Tensor) -> Prediction:
        found = [self.channel.predict(images[:, [channel]]) for channel in range(images.shape[1])]
        classes, confidence = torch.zeros(len(images), dtype=torch.int64), torch.ones(len(images))
        for one in found:
            classes, confidence = classes * self.classes + one.classes, confidence * one.confidence
        return Prediction(torch.cat([one.features for one in found], 1), classes, confidence)


def evaluator_for(reals: Dataset, progress: Progress = SILENT, kept: Kept | None = None) -> Evaluator:
    """The evaluator of real works: read from the cache, or trained (seconds to two minutes) and kept there.

    Args:
        reals: works, with or without labels; it classifies only if there are labels of two classes.
        progress: sees the training.
        kept: what the evaluation keeps.
    """
    if reals.parts is not None:
        return ChannelEvaluator(evaluator_for(reals.parts, progress, kept), len(reals.parts.classes))
    few = classes_of(reals) <= FEW_CLASSES
    kind = PretextClassifier if few else Classifier
    with torch.random.fork_rng(devices=[]):  # a new network draws its weights, and a run should not feel it
        network = kind(reals.images.shape[1], max(1, len(reals.classes)))

    def trained() -> dict[str, Tensor]:
        train(network, reals, progress)
        return network.state_dict()

    recipe = f"{kind.__name__} {kind.version} {classifier.LEAST_STEPS} {classifier.EPOCHS}"
    kept = kept or Kept()
    network.load_state_dict(kept.get(reals.name, f"{recipe} {identity(reals)}", trained))
    return Evaluator(network, f"{kind.title} {kind.version} on {len(reals):,} of {reals.name}, {weights_of(network)}")


def weights_of(network: nn.Module) -> str:
    """A name for the weights of a network, by which figures say what they were measured with."""
    digest = hashlib.sha256(b"".join(p.detach().cpu().numpy().tobytes() for p in network.parameters()))
    return f"weights {digest.hexdigest()[:8]}"


def classes_of(reals: Dataset) -> int:
    """The number of classes that the labels of a dataset have; 0 without labels."""
    return 0 if reals.labels is None else reals.labels.unique().numel()
