"""Artists submit, critics admit (Greenfield & Machado 2009): a critic with a gallery, whose taste shifts with it.

A small network on measures of pictures tells masters and admitted works from refused ones. A work is admitted if the
network takes it for one of the former, and if it differs from all that the gallery shows. From then on it is an example
for the network, the less so the longer it is shown.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from coevo import Artist, CriticSpec, Genome, Metrics, Works
from coevo.coevolution.archive import Archive, nearest_distances
from coevo.coevolution.measure_cache import MeasureCache
from coevo_aesthetics.classifier import Classifier, MeasuresCritic, equal_weights
from coevo_aesthetics.measures import measured, names

THUMBNAIL = 64  # px of a side at which admitted works are kept
PAIRS = 256  # masters whose mean distance is the unit


class Gallery(MeasuresCritic):
    """Admits works that pass for a master's and differ from all that it shows; it learns from those, and they age."""

    name = "gallery"
    extra_state: ClassVar[tuple[str, ...]] = (*MeasuresCritic.extra_state, "origins", "unit")
    learning_state = ("masters", "refused", "previous_ids")

    class Options(MeasuresCritic.Options):
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

        needs: ClassVar = {"half_life": "influence"}

    options: Options
    origins: list[list[Any]]
    """The id, the ids of the parents and the genome of every work that it shows, the oldest first; empty without
    genomes."""
    unit: float
    """The mean distance between masters."""

    def spec(self) -> CriticSpec:
        return CriticSpec(reals="required")

    def build(self, artist: Artist) -> None:
        o = self.options
        self.measures = MeasureCache(measured, self)
        self.masters, self.refused = Archive(o.archive), Archive(o.archive)
        self.shown = Archive(o.room, keep="latest")
        self.network = Classifier(len(names(self.studio.image[0])), o.hidden)
        self.origins, self.previous_ids, self.unit = [], [], 0.0

    def measure_arrays(self, images: np.ndarray) -> np.ndarray:
        """Measures [N, F] of arrays of pictures, as a worker measures them."""
        return measured(torch.from_numpy(images)).numpy()

    def learn(self, works: Works, reals: Works) -> Metrics:
        """Decide about the works that are submitted, and learn from the decisions."""
        submitted = self.measures(works)
        masters = self.measures.measure(
            reals.pixels[: self.options.reals_measured] if len(self.masters) else reals.pixels
        )
        metrics = self.accuracy(masters, submitted)  # on works that it has not learnt from
        admitted, refused = self._decide(works, submitted)
        new = self.new_individuals(works)
        if works.genomes is not None:
            self.previous_ids = [works.genomes[index].id for index in (*admitted, *refused)]
        self.masters.add(measures=masters)
        self.refused.add(measures=submitted[[index for index in refused if index in new]])
        before = self.network(submitted) > self._logit
        loss = self._learn_decisions()
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
        over the minimum. A work with both above 0 is good enough to be admitted."""
        return self._margin(self.measures(works)).to(self.studio.device)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        """Which works would be admitted now: those that are good enough, and not shown already."""
        return (self.judge(works, reals) > 0) & ~self._is_shown(works).to(self.studio.device)

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
        standard = self.network.standard
        nearest = nearest_distances(standard(measures), standard(self.shown["measures"]))
        return torch.minimum(margin, nearest / (self.options.distance * self.unit) - 1)

    def _is_shown(self, works: Works) -> Tensor:
        """Whether each of the works is an individual that it shows: [N] bool."""
        shown = {id for id, _, _ in self.origins}
        return torch.tensor([genome.id in shown for genome in works.genomes or ()] or [False] * len(works))

    def _decide(self, works: Works, measures: Tensor) -> tuple[list[int], list[int]]:
        """Admit the best works, one after another, so that each differs from those before it.

        Returns:
            The indices of those that were admitted, and of those that were refused. Works that were only too many, and
            those that it shows already, are neither.
        """
        if not len(self.masters):
            return [], list(range(len(works)))
        admitted: list[int] = []
        margin, shown = self._margin(measures), self._is_shown(works)
        while len(admitted) < self.options.admissions:
            margin[shown] = -torch.inf
            best = int(margin.argmax())
            if margin[best] <= 0:
                break
            admitted.append(best)
            shown[best] = True
            self._show(works[best : best + 1], measures[best : best + 1])
            margin = self._margin(measures)
        return admitted, ((margin <= 0) & ~shown).nonzero().flatten().tolist()

    def _show(self, work: Works, measures: Tensor) -> None:
        """Add a work [1] with its measures [1, F] to what it shows."""
        small = work.pixels.float().cpu()
        if small.shape[-1] > THUMBNAIL:
            small = adaptive_avg_pool2d(small, THUMBNAIL)
        pictures = ((small + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        self.shown.add(measures=measures, pictures=pictures, age=torch.zeros(1))
        if work.genomes is not None:
            self.origins += [[one.id, list(one.parents), one.text] for one in work.genomes]
            self.origins = self.origins[-self.options.room :]

    def _learn_decisions(self) -> Tensor:
        """Train a new network to tell masters and admitted works, which count the less the longer they are shown, from
        refused works; its last loss."""
        masters, refused = self.masters["measures"], self.refused["measures"]
        positives, weights = masters, equal_weights(masters)
        if len(self.shown):
            share = self.options.influence
            fading = 0.5 ** (self.shown["age"] / self.options.half_life)
            positives = torch.cat([masters, self.shown["measures"]])
            weights = torch.cat([(1 - share) * weights, share * fading / fading.sum()])
            self.shown.columns["age"] = self.shown["age"] + 1
        loss = self.train(positives, weights, refused)
        some = self.network.standard(masters[:PAIRS])
        self.unit = float(torch.cdist(some, some).sum() / max(1, len(some) * (len(some) - 1)))
        return loss

    @torch.no_grad()
    def _upheld(self) -> float:
        """The share of the works that it shows that its taste of today would take."""
        return float((self.network(self.shown["measures"]) > self._logit).float().mean()) if len(self.shown) else 1.0
