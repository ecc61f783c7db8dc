"""What the generators of GANs share: noise and labels in, an averaged copy to show, rewards to climb."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

import coevo
from coevo import CodeBlock, Metrics, Works
from coevo.latent_models.decoder import Decoding
from coevo.latent_models.priors import draw
from coevo.nn.adam import Adam, AdamOptions
from coevo.nn.ema import EMA
from coevo_gan.condition import Condition


class Generative(Decoding):
    """An artist whose network makes works of codes. A subclass says what the network is, and maybe more codes."""

    wants_gradients = True
    rewards = ("scores",)

    class Options(AdamOptions):
        latent: int = Field(16, ge=1, le=4096)
        """Size of the noise vector z."""
        ema: float = Field(0.995, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited."""
        labels: bool = False
        """It is told which class to make; the class is a block of its code."""
        embedding: int = Field(16, ge=1, le=1024)
        """labels: size of the classes' embedding."""
        condition: float = Field(0.0, ge=0, le=100)
        """labels: weight of the divergence in conditioning augmentation (Zhang 2016); 0 leaves both out."""

    options: Options
    generator: nn.Sequential

    @property
    def labels(self) -> coevo.contract.players.Need:  # type: ignore[override]
        return "required" if self.options.labels else "unused"

    @property
    def reals(self) -> coevo.contract.players.Need:  # type: ignore[override]
        return self.labels

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        z = CodeBlock("z", self.options.latent)
        told = CodeBlock("class", len(self.studio.classes), "categorical", given=True)
        return (z, told) if self.options.labels else (z,)

    def network(self, inputs: int) -> nn.Sequential:
        """[N, inputs] → pictures [N, C, H, W] in [-1, 1]."""
        raise NotImplementedError

    def build(self) -> None:
        o = self.options
        network = self._conditioned() if o.labels else self.network(self.code_size)
        self.generator = self.studio.prepare(network)
        self.ema = EMA(self.generator, o.ema)
        self.optimiser = Adam(self.generator.parameters(), o)

    def make(self, n: int, reals: Works | None) -> Works:
        codes, labels = draw(self.codes, n, self.studio.generator("noise")), None
        if self.options.labels:
            assert reals is not None and reals.labels is not None
            which = torch.randint(len(reals), (n,), generator=self.studio.generator("labels"), device=codes.device)
            labels = reals.labels[which]  # as frequent as among the real works
            codes = self.told(codes, labels)
        return Works(images=self.generator(codes), codes=codes, labels=labels)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        loss = -rewards.mean()
        further = self.further(works)
        self.optimiser.zero_grad()
        sum(further.values(), loss).backward()
        self.optimiser.step()
        self.ema.update()
        return {"loss": loss.detach(), **{name: part.detach() for name, part in further.items()}}

    def further(self, works: Works) -> dict[str, Tensor]:
        """What it minimises beside its rewards, by name."""
        if not (self.options.labels and self.options.condition):
            return {}
        assert works.codes is not None
        return {"condition": self.options.condition * self.generator[0].divergence(works.codes)}  # type: ignore[operator]

    def pictures(self, codes: Tensor) -> Tensor:
        pictures: Tensor = self.ema.average(codes)
        return pictures

    def _conditioned(self) -> nn.Sequential:
        o, rest = self.options, self.code_size - self.options.latent - len(self.studio.classes)
        condition = Condition(o.latent, len(self.studio.classes), o.embedding, o.condition > 0)
        return nn.Sequential(condition, self.network(o.latent + o.embedding + rest))
