"""Computational aesthetics (Machado, Romero & Manaris 2008): a small network on measures of pictures.

It learns to tell real pictures from all that was evolved so far; Li & Hu (2010) let it learn good from bad pictures.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor

import coevo
from coevo import Artist, ConfigError, CriticSpec, Metrics, Works
from coevo.coevolution.archive import Archive
from coevo.coevolution.measure_cache import MeasureCache
from coevo_aesthetics.classifier import Classifier, train
from coevo_aesthetics.measures import PER_PART, SMALLEST, SYMMETRIES, measured, names


class Features(coevo.Critic):
    """Tells real pictures from evolved ones, or good from bad, by their measures; trained anew in every step."""

    name = "features"
    extra_state = ("previous_ids",)
    learning_state = ("positives", "negatives")
    renamed_state: ClassVar = {"seen": "previous_ids", "good": "positives", "bad": "negatives"}

    class Options(coevo.Options):
        measures: str = ""
        """The measures that it uses, with commas: any of mean, deviation, entropy, edges, jpeg-error, jpeg-size,
        fractal-error, fractal-size, symmetry-x, symmetry-y, symmetry-d; all by default."""
        against: Literal["evolved", "bad", "both"] = "evolved"
        """The negative examples: works evolved so far, real works of other classes than the positive one, or both."""
        positive_class: str | None = None
        """bad, both: the class of the good pictures; the other classes are bad ones."""
        archive: int = Field(1000, ge=1, le=1_000_000)
        """Positive examples that are remembered, and negative ones: a fair sample of all."""
        reals_measured: int = Field(8, ge=1, le=65536)
        """Real works measured in a step, after all of the first step's: to measure takes longer than to draw."""
        hidden: int = Field(16, ge=1, le=4096)
        """Units of the network's hidden layer."""
        epochs: int = Field(60, ge=1, le=10_000)
        """Passes over both archives in a step."""
        learning_rate: float = Field(0.02, gt=0, le=1)
        """Adam's learning rate."""
        weight_decay: float = Field(1e-3, ge=0, le=1)
        """Adam's weight decay."""

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
    previous_ids: list[str]
    """Individuals of the last step: one that survives is not remembered twice."""

    def spec(self) -> CriticSpec:
        return CriticSpec(reals="required", labels="unused" if self.options.against == "evolved" else "some")

    def check(self) -> None:
        o, (_, height, width) = self.options, self.studio.image
        if height != width or height < SMALLEST:
            raise ConfigError(
                f"Critic 'features' measures square pictures of {SMALLEST} px or more, not {height} × {width}: in "
                "smaller ones a quadrant has no room for JPEG's blocks."
            )
        if o.archive < self.studio.batch:
            raise ConfigError(f"critic.archive={o.archive} should be at least the batch, {self.studio.batch}.")
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
        wanted = set(_split(self.options.measures)) or {*PER_PART, *SYMMETRIES}
        columns = [i for i, name in enumerate(names(self.studio.image[0])) if name.rsplit("/")[-1] in wanted]
        self.measures = MeasureCache(lambda images: measured(images)[:, columns])
        self.positives, self.negatives = Archive(self.options.archive), Archive(self.options.archive)
        self.network = Classifier(len(columns), self.options.hidden)
        self.previous_ids = []

    def learn(self, works: Works, reals: Works) -> Metrics:
        positives, negatives = self._examples(works, reals)
        metrics = self._accuracy(positives, negatives)  # on works that it has not learnt from
        self.positives.add(measures=positives)
        self.negatives.add(measures=negatives)
        return {"loss": self._train(), **metrics}

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
            new = self._new(works)
            negatives = torch.cat([negatives, self.measures(works)[new]])
        return positives, negatives

    def _new(self, works: Works) -> list[int]:
        """Indices of the individuals that were not among the works of the last step."""
        if works.genomes is None:
            return list(range(len(works)))
        new = [index for index, genome in enumerate(works.genomes) if genome.id not in self.previous_ids]
        self.previous_ids = [genome.id for genome in works.genomes]
        return new

    def _train(self) -> Tensor:
        """Train a new network on both archives, each of which counts one half; its last loss."""
        o = self.options
        if not len(self.positives) or not len(self.negatives):
            return torch.zeros(())
        positives, negatives = self.positives["measures"], self.negatives["measures"]
        x = torch.cat([positives, negatives])
        y = torch.cat([torch.ones(len(positives)), torch.zeros(len(negatives))])
        weight = torch.where(y > 0, 0.5 / len(positives), 0.5 / len(negatives))
        self.network, loss = train(x, y, weight, o.hidden, o.epochs, o.learning_rate, o.weight_decay)
        return loss

    @torch.no_grad()
    def _accuracy(self, positives: Tensor, negatives: Tensor) -> Metrics:
        """Balanced accuracy; chance as long as one side is missing."""
        if not len(positives) or not len(negatives) or not len(self.positives):
            return {"accuracy": 0.5}
        right = (self.network(positives) > 0).float().mean() + (self.network(negatives) <= 0).float().mean()
        return {"accuracy": right / 2}


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
