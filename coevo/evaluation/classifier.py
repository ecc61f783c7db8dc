"""A small classifier: the network of an evaluator, and how it is trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coevo.data.datasets import Dataset, to_float
from coevo.evaluation.progress import SILENT, Progress

VERSION = 1  # of the network and of how it is trained; a new one is another evaluator
FEATURES = 128
BATCH, LEAST_STEPS, EPOCHS, LEARNING_RATE = 128, 400, 4, 2e-3


class Classifier(nn.Module):
    """Four convolutions, 128 features and logits. Pictures of more than 32 px are averaged down to 32."""

    title, version = "classifier", VERSION
    passes = 1
    """How many times longer than others it is trained."""

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
        features = self.maps(images)[-1]
        return features, self.head(features)

    def maps(self, images: Tensor) -> list[Tensor]:
        """What every layer of the body makes of images [N, C, H, W]: four stacks of maps, and the features."""
        if images.shape[-1] > 32:
            images = nn.functional.adaptive_avg_pool2d(images, 32)
        found = []
        for layer in self.body:
            images = layer(images)
            if isinstance(layer, nn.ReLU):
                found.append(images)
        return found

    def loss(self, images: Tensor, labels: Tensor | None) -> Tensor:
        """What it learns by, of images [N, C, H, W] and labels [N]."""
        return self.class_loss(self.both(images)[1], labels)

    def class_loss(self, logits: Tensor, labels: Tensor | None) -> Tensor:
        """Cross-entropy with smoothed labels; 0 without labels."""
        return logits.new_zeros(()) if labels is None else cross_entropy(logits, labels, label_smoothing=0.05)


def train(network: Classifier, reals: Dataset, progress: Progress = SILENT) -> None:
    """Train by Adam with a one-cycle learning rate, on works shifted by up to 1/16; the same in every process."""
    steps = network.passes * max(LEAST_STEPS, int(EPOCHS * len(reals) // BATCH))
    epochs = max(1, round(steps * BATCH / len(reals)))
    progress.begin(f"training the evaluator on {len(reals):,} works of {reals.name}", steps)
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
            loss = network.loss(images, None if reals.labels is None else reals.labels[which])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            progress.advance(note=f"epoch {step * epochs // steps + 1} of {epochs}")
    network.eval()
