"""A classifier that is trained once, in a run's first round, and then judges works by their class."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coevo import Artist, Critic, CriticSpec, Metrics, Works
from coevo.nn.adam import Adam, AdamOptions, minimise


class Classifier(Critic):
    """Rewards a work by log p(y|x), where y is its label and p a network that was trained once on real works.

    It learns in the first round alone; from then on it stays as it is, so that an artist climbs a fixed slope.

    Reference: Nguyen et al. 2016, Plug & Play Generative Networks, section 3: the condition network.
    """

    name = "classifier"

    class Options(AdamOptions):
        width: int = Field(32, ge=4, le=512)
        """Channels of the first layer; the later ones have twice and four times as many."""
        steps: int = Field(600, ge=1, le=1_000_000)
        """Steps of its training."""
        learning_rate: float = Field(4e-3, gt=0, le=1)
        """Adam's learning rate."""
        lr_half_life: int = Field(150, ge=0)
        """Steps after which the learning rate has halved, again and again; 0 keeps it."""
        beta1: float = Field(0.9, ge=0, lt=1)
        """Adam's β1."""
        noise: float = Field(0.3, ge=0, le=10)
        """Standard deviation of Gaussian noise on the pixels in [-1, 1] of real works, so that its slope is smooth."""
        shift: int = Field(1, ge=0, le=64)
        """Pixels that a batch of real works is shifted by, at most, in either direction."""
        gradient: Literal["log-probability", "logit"] = "log-probability"
        """log-probability is that of log p(y|x); logit leaves out the part that lowers the other classes, as the
        authors' code does."""

    options: Options
    extra_state: ClassVar[tuple[str, ...]] = ("steps_taken",)
    steps_taken: int

    def spec(self) -> CriticSpec:
        return CriticSpec(gradients=True, reals="required", labels="required", pretraining=self.options.steps)

    def check_divided(self) -> None:
        """It may: its loss is a mean over works, which are all shifted alike."""

    def build(self, artist: Artist) -> None:
        channels, height, width = self.studio.image
        classes = max(1, len(self.studio.classes))
        self.network = self.studio.prepare(network(channels, height, width, self.options.width, classes))
        self.network.eval()
        self.optimiser = Adam(self.network.parameters(), self.options)
        self.steps_taken = 0

    def learn(self, works: Works, reals: Works) -> Metrics:
        o, generator = self.options, self.studio.generator("shift")
        shift = torch.randint(-o.shift, o.shift + 1, (2,), generator=generator, device=self.studio.device)
        images = self.studio.add_noise(rolled(reals.pixels, shift), o.noise, "classifier")
        self.network.train()
        logits = self.network(images)
        loss = cross_entropy(logits, reals.classes)
        minimise(self.optimiser, loss)
        self.network.eval()
        self.steps_taken += 1
        return {"loss": loss.detach(), "accuracy": (logits.argmax(1) == reals.classes).float().mean()}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        logits, label = self.network(works.pixels), works.classes[:, None]
        log_p = logits.log_softmax(1).gather(1, label)[:, 0]
        if self.options.gradient == "log-probability":
            return log_p
        own = logits.gather(1, label)[:, 0]
        rest = 1 - log_p.detach().exp()  # ∂ log p / ∂ own logit
        rewards: Tensor = log_p.detach() + rest * (own - own.detach())
        return rewards

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """Whether the network takes each work for one of its class."""
        found: Tensor = self.network(works.pixels).argmax(1) == works.classes
        return found

    @torch.no_grad()
    def evaluate(self, works: Works, draws: int) -> Mapping[str, float]:
        """Its accuracy on labelled works."""
        if works.labels is None:
            return {}
        images, labels = works.pixels.to(self.studio.device), works.labels.to(self.studio.device)
        found = torch.cat([self.network(some).argmax(1) for some in images.split(500)])
        return {"accuracy": (found == labels).float().mean().item()}


def network(channels: int, height: int, width: int, maps: int, classes: int) -> nn.Sequential:
    """Three convolutions that halve the picture, and two dense layers: [N, C, H, W] in [-1, 1] → logits [N, classes].

    Layer 7, after its rectifier 8, has the 128 features that the classes are read from.
    """

    def halving(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.ReLU()]

    places = ceil(height / 8) * ceil(width / 8)
    return nn.Sequential(
        *halving(channels, maps), *halving(maps, 2 * maps), *halving(2 * maps, 4 * maps),
        nn.Flatten(), nn.Linear(4 * maps * places, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, classes),
    )  # fmt: skip


def rolled(images: Tensor, shift: Tensor) -> Tensor:
    """Images [N, C, H, W] rolled down and to the right by two numbers of pixels, which stay on their device."""
    for axis, length in ((2, images.shape[2]), (3, images.shape[3])):
        places = torch.arange(length, device=images.device) - shift[axis - 2]
        images = images.index_select(axis, places % length)
    return images
