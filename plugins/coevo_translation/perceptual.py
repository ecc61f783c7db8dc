"""Distances as a frozen network sees them, beside those of pixels (Johnson 2016, arXiv:1603.08155, §3.2)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from coevo import ConfigError
from coevo.evaluation.classifier import Classifier
from coevo.nn.adam import AdamOptions
from coevo.studio import Studio


class PerceptualOptions(AdamOptions):
    """Options of an artist that may learn by a frozen network's view of its works."""

    perceptual: float = Field(0.0, ge=0)
    """Weight of the distance from the true picture in the maps of a frozen network; 10 in GauGAN, by VGG-19."""
    perceptual_network: Literal["evaluator", "random"] = "evaluator"
    """That network: the evaluator of the data, which is trained once and kept, or one with random weights."""

    needs: ClassVar[dict[str, str]] = {"perceptual_network": "perceptual"}


class PerceptualLoss(nn.Module):
    """Mean distance of the maps of two batches of pictures [N, C, H, W], over all layers of a frozen network.

    The network is that of an evaluator. It is fetched when the first loss is wanted, as that may need to read the data
    and to train; then it is part of the state.

    Args:
        studio: of the artist, whose `evaluator` is fetched.
        random: whether to take random weights in its place.
    """

    taught: Tensor

    def __init__(self, studio: Studio, random: bool):
        super().__init__()
        self.network = Classifier(studio.image[0], 1).eval().requires_grad_(False)
        self.register_buffer("taught", torch.tensor(random))
        self._evaluator, self._ready = studio.evaluator, random

    def forward(self, made: Tensor, true: Tensor) -> Tensor:
        if not self._ready:
            self._fetch()
        with torch.no_grad():
            targets = self.network.maps(true)
        apart = [l1_loss(a, b) for a, b in zip(self.network.maps(made), targets, strict=True)]
        return torch.stack(apart).mean()

    def _fetch(self) -> None:
        self._ready = True
        if self.taught:  # by a checkpoint
            return
        if self._evaluator is None:
            raise ConfigError(
                "artist.perceptual needs an evaluator of the real works, and there is none outside of a run; say "
                "artist.perceptual_network=random."
            )
        self.network.body.load_state_dict(self._evaluator().body.state_dict())
        self.taught.fill_(True)


def perceptual_loss(options: PerceptualOptions, studio: Studio) -> PerceptualLoss | None:
    """The loss that the options ask for, if they do."""
    if not options.perceptual:
        return None
    return studio.prepare(PerceptualLoss(studio, options.perceptual_network == "random"))
