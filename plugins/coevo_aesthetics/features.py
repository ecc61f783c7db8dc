"""Computational aesthetics (Machado, Romero & Manaris 2008): a small network on measures of pictures.

It learns to tell real pictures from all that was evolved so far; Li & Hu (2010) let it learn good from bad pictures.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import field_validator
from torch import Tensor

from coevo import Artist, ConfigError, CriticSpec, Metrics, Works
from coevo.coevolution.archive import Archive
from coevo.coevolution.measure_cache import MeasureCache
from coevo_aesthetics.classifier import Classifier, MeasuresCritic, equal_weights
from coevo_aesthetics.measures import PER_PART, SYMMETRIES, measured, names


class Features(MeasuresCritic):
    """Tells real pictures from evolved ones, or good from bad, by their measures; trained anew in every step."""

    name = "features"
    learning_state = ("positives", "negatives")
    renamed_state: ClassVar = {"seen": "previous_ids", "good": "positives", "bad": "negatives"}

    class Options(MeasuresCritic.Options):
        measures: str = ""
        """The measures that it uses, with commas: any of mean, deviation, entropy, edges, jpeg-error, jpeg-size,
        fractal-error, fractal-size, symmetry-x, symmetry-y, symmetry-d; all by default."""
        against: Literal["evolved", "bad", "both"] = "evolved"
        """The negative examples: works evolved so far, real works of other classes than the positive one, or both."""
        positive_class: str | None = None
        """bad, both: the class of the good pictures; the other classes are bad ones."""

        renamed: ClassVar = {
            "good": "positive_class",
            "fresh": "reals_measured",
            "passes": "epochs",
            "rate": "learning_rate",
            "decay": "weight_decay",
        }

        needs: ClassVar = {"positive_class": "against=bad or against=both"}

        @field_validator("measures")
        @classmethod
        def _known(cls, text: str) -> str:
            known = (*PER_PART, *SYMMETRIES)
            if not set(_split(text)) <= set(known):
                raise ValueError(f"should be some of {', '.join(known)}")
            return text

    options: Options

    def spec(self) -> CriticSpec:
        return CriticSpec(reals="required", labels="unused" if self.options.against == "evolved" else "some")

    def check(self) -> None:
        super().check()
        o = self.options
        if (o.positive_class is None) != (o.against == "evolved"):
            raise ConfigError(
                "Critic 'features' needs critic.positive_class=CLASS if critic.against is bad or both, and only then."
            )
        classes = self.studio.classes
        if o.positive_class is not None and classes and o.positive_class not in classes:
            raise ConfigError(
                f"critic.positive_class={o.positive_class} is not a class of the data; it has: {', '.join(classes)}."
            )

    def build(self, artist: Artist) -> None:
        self.measures = MeasureCache(self.measure, self)
        self.positives, self.negatives = Archive(self.options.archive), Archive(self.options.archive)
        self.network = Classifier(len(self.columns), self.options.hidden)
        self.previous_ids = []

    @cached_property
    def columns(self) -> list[int]:
        """The columns of `measured` that it looks at."""
        wanted = set(_split(self.options.measures)) or {*PER_PART, *SYMMETRIES}
        return [i for i, name in enumerate(names(self.studio.image[0])) if name.rsplit("/")[-1] in wanted]

    def measure(self, images: Tensor) -> Tensor:
        """The measures [N, F] of pictures [N, C, H, W] that it looks at."""
        return measured(images)[:, self.columns]

    def measure_arrays(self, images: np.ndarray) -> np.ndarray:
        """The same of arrays, as a worker measures them."""
        return self.measure(torch.from_numpy(images)).numpy()

    def learn(self, works: Works, reals: Works) -> Metrics:
        positives, negatives = self._examples(works, reals)
        metrics = self.accuracy(positives, negatives)  # on works that it has not learnt from
        self.positives.add(measures=positives)
        self.negatives.add(measures=negatives)
        known, evolved = (some["measures"] for some in (self.positives, self.negatives))
        return {"loss": self.train(known, equal_weights(known), evolved), **metrics}

    @torch.no_grad()
    def judge(self, works: Works, reals: Works | None) -> Tensor:
        scores: Tensor = self.network(self.measures(works))
        return scores.to(self.studio.device)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.judge(works, reals) > 0

    def _examples(self, works: Works, reals: Works) -> tuple[Tensor, Tensor]:
        """Measures of new positive and negative examples, [P, F] and [N, F]."""
        o = self.options
        if o.positive_class is not None:
            reals = reals.labelled or reals
        if len(self.positives):
            reals = reals[: o.reals_measured]
        positives = self.measures(Works(reals.pixels))
        negatives = positives[:0]
        if o.positive_class is not None:
            good = (reals.classes == self.studio.classes.index(o.positive_class)).cpu()
            positives, negatives = positives[good], positives[~good]
        if o.against != "bad":
            new = self.new_individuals(works)
            self.previous_ids = [genome.id for genome in works.genomes or ()]
            negatives = torch.cat([negatives, self.measures(works)[new]])
        return positives, negatives


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
