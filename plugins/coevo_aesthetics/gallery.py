"""Artists submit, critics admit (Greenfield & Machado 2009): a critic with a gallery, whose taste shifts with it.

A small network on measures of pictures tells masters and what was admitted from all that was refused. A work is
admitted if the network takes it for one of the former, and if it differs from all that hangs there. In the next step it
is an example for the network, the less so the longer it hangs.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

import coevo
from coevo import Artist, ConfigError, CriticSpec, Genome, Metrics, Works
from coevo.coevolution.archive import Archive, nearest_distances
from coevo.coevolution.measure_cache import MeasureCache
from coevo_aesthetics.classifier import Classifier, train
from coevo_aesthetics.measures import SMALLEST, measured, names

THUMBNAIL = 64  # px of a side at which admitted works are kept
PAIRS = 256  # masters whose mean distance is the unit


class Gallery(coevo.Critic):
    """Admits works that pass for a master's and differ from all that it shows; it learns from those, and they age."""

    name = "gallery"
    extra_state = ("origins", "previous_ids", "unit")
    learning_state = ("masters", "refused", "origins", "previous_ids")

    class Options(coevo.Options):
        room: int = Field(100, ge=1, le=10_000)
        """Works that it shows at most; the oldest one leaves."""
        admissions: int = Field(3, ge=1, le=1000)
        """Works that are admitted in a step at most, the best first."""
        threshold: float = Field(0.5, gt=0, lt=1)
        """Probability of being a master's, by the network, from which a work may be admitted."""
        distance: float = Field(0.5, ge=0, le=10)
        """Minimum distance from every work that it shows, relative to the mean distance between masters."""
        influence: float = Field(0.5, ge=0, le=1)
        """Weight of admitted works among the positive examples, masters having the rest; at 0 its taste is theirs."""
        half_life: float = Field(20.0, gt=0, le=1_000_000)
        """Steps after which an admitted work counts half as an example."""
        archive: int = Field(1000, ge=1, le=1_000_000)
        """Masters that are remembered, and refused works: a fair sample of all."""
        reals_measured: int = Field(8, ge=1, le=65536)
        """Masters measured in a step, after all of the first step's: to measure takes longer than to draw."""
        hidden: int = Field(16, ge=1, le=4096)
        """Units of the network's hidden layer."""
        epochs: int = Field(60, ge=1, le=10_000)
        """Passes over all examples in a step."""
        learning_rate: float = Field(0.02, gt=0, le=1)
        """Adam's learning rate."""
        weight_decay: float = Field(1e-3, ge=0, le=1)
        """Adam's weight decay."""

        needs: ClassVar = {"half_life": "influence"}

    options: Options
    origins: list[list[Any]]
    """Of every work that it shows, the oldest first: id, ids of its parents, and genome; empty without genomes."""
    previous_ids: list[str]
    """Individuals of the last step: one that survives is not refused twice."""
    unit: float
    """The mean distance between masters."""

    def spec(self) -> CriticSpec:
        return CriticSpec(reals="required")

    def check(self) -> None:
        o, (_, height, width) = self.options, self.studio.image
        if height != width or height < SMALLEST:
            raise ConfigError(
                f"Critic 'gallery' measures square pictures of {SMALLEST} px or more, not {height} × {width}; say -o "
                "data.size=64."
            )
        if o.archive < self.studio.batch:
            raise ConfigError(f"critic.archive={o.archive} should be at least the batch, {self.studio.batch}.")

    def build(self, artist: Artist) -> None:
        o = self.options
        self.measures = MeasureCache(measured)
        self.masters, self.refused = Archive(o.archive), Archive(o.archive)
        self.shown = Archive(o.room, keep="latest")
        self.network = Classifier(len(names(self.studio.image[0])), o.hidden)
        self.origins, self.previous_ids, self.unit = [], [], 0.0

    def learn(self, works: Works, reals: Works) -> Metrics:
        """Decide about the works that are submitted, and learn from the decisions."""
        submitted = self.measures(works)
        masters = measured(reals.pixels[: self.options.reals_measured] if len(self.masters) else reals.pixels)
        metrics = self._accuracy(masters, submitted)  # on works that it has not learnt from
        admitted = self._admit(works, submitted) if len(self.masters) else []
        new = self._new(works)
        self.masters.add(measures=masters)
        self.refused.add(measures=submitted[[index for index in new if index not in admitted]])
        before = self.network(submitted) > self._logit
        loss = self._train()
        now = self.network(submitted) > self._logit
        return {
            "loss": loss,
            **metrics,
            "admitted": len(admitted) / len(works),
            "shown": float(len(self.shown)),
            "upheld": self._upheld(),
            "shift": (before != now).float().mean().detach(),
        }

    @torch.no_grad()
    def judge(self, works: Works, reals: Works | None) -> Tensor:
        """The smaller of two margins: of the network's score over the threshold, and of the distance from what is shown
        over the minimum. A work with both above 0 would be admitted."""
        return self._margin(self.measures(works)).to(self.studio.device)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """Which works would be admitted now."""
        return self.judge(works, reals) > 0

    def collection(self) -> Works:
        """The works that it shows, the oldest first, in pictures of at most 64 px."""
        if not len(self.shown):
            return Works(images=torch.zeros(0, *self.studio.image))
        genomes = tuple(Genome(id, tuple(parents), text) for id, parents, text in self.origins)
        return Works(self.shown["pictures"].float() / 127.5 - 1, genomes=genomes or None)

    @property
    def _logit(self) -> float:
        """The score from which the probability is above the threshold."""
        return math.log(self.options.threshold / (1 - self.options.threshold))

    @torch.no_grad()
    def _margin(self, measures: Tensor) -> Tensor:
        margin: Tensor = self.network(measures) - self._logit
        if not self.options.distance or not len(self.shown) or not self.unit:
            return margin
        nearest = nearest_distances(self._standard(measures), self._standard(self.shown["measures"]))
        return torch.minimum(margin, nearest / (self.options.distance * self.unit) - 1)

    def _standard(self, measures: Tensor) -> Tensor:
        return self.network.standard(measures)

    def _admit(self, works: Works, measures: Tensor) -> list[int]:
        """Admit the best works, one after another, so that each differs from those before it; their indices."""
        admitted: list[int] = []
        for _ in range(self.options.admissions):
            margin = self._margin(measures)
            margin[admitted] = -torch.inf
            best = int(margin.argmax())
            if margin[best] <= 0:
                break
            admitted.append(best)
            small = works.pixels[best : best + 1].float().cpu()
            if small.shape[-1] > THUMBNAIL:
                small = adaptive_avg_pool2d(small, THUMBNAIL)
            pictures = ((small + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
            self.shown.add(measures=measures[best : best + 1], pictures=pictures, age=torch.zeros(1))
            if works.genomes is not None:
                one = works.genomes[best]
                self.origins.append([one.id, list(one.parents), one.text])
                self.origins = self.origins[-self.options.room :]
        return admitted

    def _new(self, works: Works) -> list[int]:
        """Indices of the individuals that were not among the works of the last step."""
        if works.genomes is None:
            return list(range(len(works)))
        new = [index for index, genome in enumerate(works.genomes) if genome.id not in self.previous_ids]
        self.previous_ids = [genome.id for genome in works.genomes]
        return new

    def _train(self) -> Tensor:
        """Train a new network: positive and negative examples count one half each, and admitted works the less the
        longer they are shown; its last loss."""
        o, masters, refused = self.options, self.masters["measures"], self.refused["measures"]
        if not len(masters) or not len(refused):
            return torch.zeros(())
        share = o.influence if len(self.shown) else 0.0
        parts, weights = [masters, refused], [torch.full((len(masters),), (1 - share) / 2 / len(masters))]
        weights.append(torch.full((len(refused),), 0.5 / len(refused)))
        if len(self.shown):
            falling = 0.5 ** (self.shown["age"] / o.half_life)
            parts.append(self.shown["measures"])
            weights.append(share / 2 * falling / falling.sum())
            self.shown.columns["age"] = self.shown["age"] + 1
        x, weight = torch.cat(parts), torch.cat(weights)
        y = torch.ones(len(x))
        y[len(masters) : len(masters) + len(refused)] = 0
        self.network, loss = train(x, y, weight, o.hidden, o.epochs, o.learning_rate, o.weight_decay)
        some = self._standard(masters[:PAIRS])
        self.unit = float(torch.cdist(some, some).sum() / max(1, len(some) * (len(some) - 1)))
        return loss

    @torch.no_grad()
    def _upheld(self) -> float:
        """The share of the works that it shows that its taste of today would take."""
        return float((self.network(self.shown["measures"]) > self._logit).float().mean()) if len(self.shown) else 1.0

    @torch.no_grad()
    def _accuracy(self, masters: Tensor, submitted: Tensor) -> Metrics:
        """Balanced accuracy between masters and submitted works; chance as long as nothing was learnt."""
        if not len(masters) or not len(submitted) or not len(self.masters):
            return {"accuracy": 0.5}
        right = (self.network(masters) > 0).float().mean() + (self.network(submitted) <= 0).float().mean()
        return {"accuracy": right / 2}
