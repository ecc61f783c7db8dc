"""The network that judges: a small classifier, trained once on labelled works, and kept.

Its features are what distances are measured in, so that figures need no download, and fit the data. They compare
only with figures of the same evaluator; its name says which it is.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coevo.data.datasets import Dataset, to_float
from coevo.errors import DataError
from coevo.storage.atomic import write_whole

VERSION = 1  # of the network and of how it is trained; a new one is another evaluator
FEATURES = 128
BATCH, LEAST_STEPS, EPOCHS, RATE = 128, 400, 4, 2e-3


class Evaluator:
    """Features of works, and the class that each of them shows."""

    def __init__(self, network: Classifier, name: str):
        self.network, self.name = network.eval(), name

    @torch.no_grad()
    def look(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[N, C, H, W] in [-1, 1] → features [N, D], classes [N], and how sure it is of each [N]."""
        looked = [self.network.both(some) for some in images.split(1000)]
        features = torch.cat([part for part, _ in looked])
        sure, classes = torch.cat([logits for _, logits in looked]).softmax(1).max(1)
        return features, classes, sure


class PartsEvaluator(Evaluator):
    """Judges each channel by itself, as a picture of its own; a class is those of the channels in a row."""

    def __init__(self, part: Evaluator, classes: int):
        self.part, self.classes = part, classes
        self.name = f"{part.name}, channel by channel"

    def look(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        looked = [self.part.look(images[:, [channel]]) for channel in range(images.shape[1])]
        named, sure = torch.zeros(len(images), dtype=torch.int64), torch.ones(len(images))
        for _, classes, confidence in looked:
            named, sure = named * self.classes + classes, sure * confidence
        return torch.cat([features for features, _, _ in looked], 1), named, sure


def evaluator_for(known: Dataset) -> Evaluator:
    """The evaluator of these labelled works: read from the cache, or trained (seconds to two minutes) and kept there.

    The cache is the user's, or the folder that COEVO_CACHE names. Raises DataError where there are no labels, or
    only one class.
    """
    if known.parts is not None:
        return PartsEvaluator(evaluator_for(known.parts), len(known.parts.classes))
    if known.labels is None or known.labels.unique().numel() < 2:
        raise DataError(f"Dataset {known.name!r} has no two classes, so no classifier can be trained on it.")
    digest = hashlib.sha256(f"{VERSION} {known.images.shape} {known.classes}".encode())
    digest.update(known.images.contiguous().numpy().tobytes())
    digest.update(known.labels.numpy().tobytes())
    path = cache() / "evaluators" / f"{known.name}-{digest.hexdigest()[:16]}.safetensors"
    with torch.random.fork_rng(devices=[]):  # a new network draws its weights, and a run should not feel it
        network = Classifier(known.images.shape[1], len(known.classes))
    try:
        network.load_state_dict(load(path.read_bytes()))
    except (OSError, SafetensorError, RuntimeError):  # not there, or no longer whole: it is made anew
        _train(network, known)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save({name: value.contiguous() for name, value in network.state_dict().items()}))
    weights = hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in network.parameters())).hexdigest()[:8]
    return Evaluator(network, f"classifier {VERSION} on {len(known):,} of {known.name}, weights {weights}")


def cache() -> Path:
    """Where evaluators are kept."""
    return Path(os.environ.get("COEVO_CACHE") or user_cache_path("coevo", appauthor=False))


class Classifier(nn.Module):
    """Four convolutions, 128 features, and logits. Pictures of more than 32 px are averaged down."""

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


def _train(network: Classifier, known: Dataset) -> None:
    """Adam with a rate that rises and falls, on works shifted by up to a sixteenth; the same in every process."""
    assert known.labels is not None
    steps = max(LEAST_STEPS, EPOCHS * len(known) // BATCH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(VERSION)
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
                layer.reset_parameters()
        optimiser = torch.optim.Adam(network.parameters(), RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
        network.train()
        order = torch.cat([torch.randperm(len(known)) for _ in range(steps * BATCH // len(known) + 1)])
        for step in range(steps):
            which = order[step * BATCH : (step + 1) * BATCH]
            reach = max(1, known.images.shape[-1] // 16)
            shift = torch.randint(-reach, reach + 1, (2,)).tolist()
            images = to_float(known.images[which]).roll(shift, (2, 3))
            loss = cross_entropy(network.both(images)[1], known.labels[which], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    network.eval()
