"""Computational aesthetics (Machado, Romero & Manaris 2008): a small network learns from measures of pictures what real
ones are like, against all that was evolved so far; Li & Hu (2010) let it learn good from bad pictures."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

import coevo
from coevo import Artist, Metrics, Works
from coevo.coevolution.archive import Archive
from coevo.contract.players import Need
from coevo_taste.measures import LEAST, PER_PART, SYMMETRIES, measured, names


class Features(coevo.Critic):
    """Tells real pictures from evolved ones, or good from bad, by their measures; learnt anew in every step."""

    name = "features"
    reals = "required"
    extra_state = ("seen",)

    class Options(coevo.Options):
        measures: str = ""
        """What it looks at, with commas: any of mean, deviation, entropy, edges, jpeg-error, jpeg-size, fractal-error,
        fractal-size, symmetry-x, symmetry-y, symmetry-d; all by default."""
        against: Literal["evolved", "bad", "both"] = "evolved"
        """What real works are told from: those evolved so far, or the works of other classes than the good one."""
        good: str | None = None
        """bad, both: the class of the good pictures; the other classes are bad ones."""
        archive: int = Field(1000, ge=1, le=1_000_000)
        """So many works of either side are remembered, a fair sample of all."""
        fresh: int = Field(8, ge=1, le=65536)
        """So many real works of a step are measured, after all of the first: learning is not to outlast drawing."""
        hidden: int = Field(16, ge=1, le=4096)
        """Units of its network's one hidden layer."""
        passes: int = Field(60, ge=1, le=10_000)
        """Passes over the archives in a step."""
        learning_rate: float = Field(0.02, gt=0, le=1)
        """Adam's learning rate."""
        decay: float = Field(1e-3, ge=0, le=1)
        """Weight decay."""

        @field_validator("measures")
        @classmethod
        def _known(cls, text: str) -> str:
            known = (*PER_PART, *SYMMETRIES)
            for name in _split(text):
                if name not in known:
                    raise ValueError(f"should be some of {', '.join(known)}")
            return text

    options: Options
    seen: list[str]
    """Individuals of the last step: an elite is not remembered twice."""

    @property
    def labels(self) -> Need:  # type: ignore[override]
        return "unused" if self.options.against == "evolved" else "some"

    def check(self) -> None:
        o, (_, height, width) = self.options, self.studio.image
        if height != width or height < LEAST:
            raise coevo.ConfigError(
                f"Critic 'features' measures square pictures of {LEAST} px or more, not {height} × {width}: less "
                "leaves a quadrant no room for JPEG's blocks."
            )
        if o.archive < self.studio.batch:
            raise coevo.ConfigError(
                f"critic.archive={o.archive} is smaller than a batch of {self.studio.batch}; say at least as many."
            )
        if (o.good is None) != (o.against == "evolved"):
            raise coevo.ConfigError(
                "Critic 'features' needs critic.good=CLASS where critic.against is bad or both, and only there."
            )
        classes = self.studio.classes
        if o.good is not None and classes and o.good not in classes:
            raise coevo.ConfigError(f"critic.good={o.good} is no class of the data; it has: {', '.join(classes)}.")

    def build(self, artist: Artist) -> None:
        o = self.options
        wanted = set(_split(o.measures)) or {*PER_PART, *SYMMETRIES}
        every = names(self.studio.image[0])
        self.columns = [place for place, name in enumerate(every) if name.rsplit("/")[-1] in wanted]
        self.good, self.bad = Archive(o.archive), Archive(o.archive)
        self.network = Standardised(len(self.columns), o.hidden)
        self.seen = []
        self._measured: dict[str, Tensor] = {}

    def learn(self, works: Works, reals: Works) -> Metrics:
        o = self.options
        told = reals.labelled or reals if o.good is not None else reals
        told = told[: o.fresh] if len(self.good) else told
        assert told.images is not None
        real = measured(told.images)[:, self.columns]
        good, bad = real, real[:0]
        if o.good is not None:
            assert told.labels is not None
            is_good = (told.labels == self.studio.classes.index(o.good)).cpu()
            good, bad = real[is_good], real[~is_good]
        if o.against != "bad":
            new = self._unseen(works)
            bad = torch.cat([bad, self.measures(works)[new]])
        before = self._apart(good, bad)  # what it says of works that it has not learnt from
        self.good.add(measures=good)
        self.bad.add(measures=bad)
        loss = self._learn_anew()
        return {"loss": loss, **before}

    @torch.no_grad()
    def judge(self, works: Works, reals: Works | None) -> Tensor:
        scores: Tensor = self.network(self.measures(works))
        return scores.to(self.studio.device)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.judge(works, reals) > 0

    def measures(self, works: Works) -> Tensor:
        """The measures of works [N, F] that it looks at; those of living individuals are taken once."""
        assert works.images is not None
        if works.genomes is None:
            return measured(works.images)[:, self.columns]
        ids = [genome.id for genome in works.genomes]
        new = [place for place, id in enumerate(ids) if id not in self._measured]
        known = {id: self._measured[id] for id in ids if id in self._measured}
        if new:
            fresh = measured(works.images[new])[:, self.columns]
            known |= {ids[place]: row for place, row in zip(new, fresh, strict=True)}
        self._measured = known
        return torch.stack([known[id] for id in ids])

    def _unseen(self, works: Works) -> list[int]:
        """The places of individuals that were not among those of the last step."""
        if works.genomes is None:
            return list(range(len(works)))
        new = [place for place, genome in enumerate(works.genomes) if genome.id not in self.seen]
        self.seen = [genome.id for genome in works.genomes]
        return new

    def _learn_anew(self) -> Tensor:
        """A new network, taught on both archives, each counting one half."""
        o = self.options
        if not len(self.good) or not len(self.bad):
            return torch.zeros(())
        good, bad = self.good["measures"], self.bad["measures"]
        x = torch.cat([good, bad])
        y = torch.cat([torch.ones(len(good)), torch.zeros(len(bad))])
        weight = torch.where(y > 0, 0.5 / len(good), 0.5 / len(bad))
        self.network = Standardised(x.shape[1], o.hidden)
        self.network.fit(x)
        optimiser = torch.optim.Adam(self.network.parameters(), o.learning_rate, weight_decay=o.decay)
        loss = torch.zeros(())
        for _ in range(o.passes):
            loss = binary_cross_entropy_with_logits(self.network(x), y, weight, reduction="sum")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return loss.detach()

    @torch.no_grad()
    def _apart(self, good: Tensor, bad: Tensor) -> Metrics:
        """The share of both sides that it is right about, each counting one half; chance where it has one side only."""
        if not len(good) or not len(bad) or not len(self.good):
            return {"accuracy": 0.5}
        return {"accuracy": ((self.network(good) > 0).float().mean() + (self.network(bad) <= 0).float().mean()) / 2}


class Standardised(nn.Module):
    """Measures [N, F] → scores [N]: each less its mean, by its deviation, then one hidden layer."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, hidden: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.layers = nn.Sequential(nn.Linear(features, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def fit(self, x: Tensor) -> None:
        """Take mean and deviation from these; what never varies says nothing."""
        self.mean, deviation = x.mean(0), x.std(0, correction=0)
        self.deviation = torch.where(deviation > 1e-6, deviation, torch.inf)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.layers(((x - self.mean) / self.deviation).clamp(-5, 5))[:, 0]
        return scores


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
