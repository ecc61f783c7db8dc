"""The semi-supervised adversarial autoencoder (Makhzani 2015, §5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy

from coevo import ArtistSpec, CodeBlock, Metrics, Works
from coevo.studio import processes
from coevo_aae.aae import Pass
from coevo_aae.categorical import CategoricalAAE


class SemiSupervisedAAE(CategoricalAAE):
    """The encoder infers the class y beside the style z, and learns q(y|x) from a few labels (Makhzani 2015, §5)."""

    name = "aae-semi-supervised"

    class Options(CategoricalAAE.Options):
        supervision_weight: float = Field(1.0, ge=0)
        """Weight of the cross-entropy of the labels."""
        labelled_batch: int = Field(0, ge=0)
        """Labelled works in a step, at most the batch; 0 takes as many as there are real works."""

        renamed: ClassVar[Mapping[str, str]] = {
            **CategoricalAAE.Options.renamed,
            "supervision": "supervision_weight",
            "labelled": "labelled_batch",
        }

    @property
    def category(self) -> CodeBlock:
        return CodeBlock("class", len(self.studio.classes), "categorical", role="label")

    def spec(self) -> ArtistSpec:
        return replace(super().spec(), labels="some")

    def infer(self, reals: Works) -> tuple[Tensor, Any]:
        if reals.labelled is None:  # every label is known
            outputs = self.training_outputs(reals.pixels)
            return self.code_sample(outputs), (self.logits(outputs), reals.labels)
        known = reals.labelled[: -(-self.options.labelled_batch // processes.size()) or None]
        outputs = self.training_outputs(torch.cat([reals.pixels, known.pixels]))  # one pass for both
        n = len(reals)
        return self.code_sample(outputs)[:n], (self.logits(outputs)[n:], known.labels)

    def loss(self, ctx: Pass, rewards: Tensor) -> tuple[Tensor, Metrics]:
        loss, metrics = super().loss(ctx, rewards)
        logits, labels = ctx.extra
        supervision = cross_entropy(logits, labels)
        return loss + self.options.supervision_weight * supervision, {**metrics, "supervision": supervision.detach()}
