"""The evaluator: a small classifier, trained once on labelled works and kept in the cache.

Distances between works are taken in its features, so that figures need no download and fit the data. Figures compare
only with figures of the same evaluator; its name says which it is.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coevo.data.datasets import Dataset, to_float
from coevo.errors import DataError
from coevo.storage.atomic import write_whole
from coevo.storage.cache import cache_folder

VERSION = 1  # of the network and of how it is trained; a new one is another evaluator
FEATURES = 128
BATCH, LEAST_STEPS, EPOCHS, LEARNING_RATE = 128, 400, 4, 2e-3


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
        """Features, classes and confidences of images [N, C, H, W] in [-1, 1]."""
        parts = [self.network.both(some) for some in images.split(1000)]
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


def evaluator_for(reals: Dataset) -> Evaluator:
    """The evaluator of labelled works: read from the cache, or trained (seconds to two minutes) and kept there.

    Raises:
        DataError: the works have no labels, or only one class.
    """
    if reals.parts is not None:
        return ChannelEvaluator(evaluator_for(reals.parts), len(reals.parts.classes))
    if reals.labels is None or reals.labels.unique().numel() < 2:
        raise DataError(f"No classifier can be trained on dataset {reals.name!r}: it needs labels of two classes.")
    digest = hashlib.sha256(f"{VERSION} {reals.images.shape} {reals.classes}".encode())
    digest.update(reals.images.contiguous().numpy().tobytes())
    digest.update(reals.labels.numpy().tobytes())
    path = cache_folder() / "evaluators" / f"{reals.name}-{digest.hexdigest()[:16]}.safetensors"
    with torch.random.fork_rng(devices=[]):  # a new network draws its weights, and a run should not feel it
        network = Classifier(reals.images.shape[1], len(reals.classes))
    try:
        network.load_state_dict(load(path.read_bytes()))
    except (OSError, SafetensorError, RuntimeError):  # missing, or no longer whole
        train(network, reals, reals.labels)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save({name: value.contiguous() for name, value in network.state_dict().items()}))
    weights = hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in network.parameters())).hexdigest()[:8]
    return Evaluator(network, f"classifier {VERSION} on {len(reals):,} of {reals.name}, weights {weights}")


class Classifier(nn.Module):
    """Four convolutions, 128 features and logits. Pictures of more than 32 px are averaged down to 32."""

    def __init__(self, channels: int, classes: int):
        super().__init__()

        def layer(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
            convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(True)]

        self.body = nn.Sequential(
            nn.Conv2d(channels, 32, 5, 2, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU(True),
            *layer(32, 64, 2), *layer(64, 64, 1), *layer(64, 128, 2), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
            nn.Linear(128 * 16, FEATURES), nn.ReLU(True),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(FEATURES, classes))

    def both(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features [N, 128] and logits [N, classes]."""
        if images.shape[-1] > 32:
            images = nn.functional.adaptive_avg_pool2d(images, 32)
        features = self.body(images)
        return features, self.head(features)


def train(network: Classifier, reals: Dataset, labels: Tensor) -> None:
    """Train by Adam with a one-cycle learning rate, on works shifted by up to 1/16; the same in every process."""
    steps = max(LEAST_STEPS, EPOCHS * len(reals) // BATCH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(VERSION)
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
                layer.reset_parameters()
        optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
        network.train()
        order = torch.cat([torch.randperm(len(reals)) for _ in range(steps * BATCH // len(reals) + 1)])
        for step in range(steps):
            which = order[step * BATCH : (step + 1) * BATCH]
            reach = max(1, reals.images.shape[-1] // 16)
            shift = torch.randint(-reach, reach + 1, (2,)).tolist()
            images = to_float(reals.images[which]).roll(shift, (2, 3))
            loss = cross_entropy(network.both(images)[1], labels[which], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    network.eval()
