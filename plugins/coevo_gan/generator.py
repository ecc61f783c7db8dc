"""The generator of a generative adversarial net (Goodfellow 2014, arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, cast

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from coevo import ArtistSpec, CodeBlock, CodeLayout, Metrics, Options, Works
from coevo.latent_models.decoder import DecoderArtist, label_block
from coevo.latent_models.priors import draw
from coevo.nn.adam import AccumulationOptions, Adam, AdamOptions, minimise
from coevo.nn.ema import EMA
from coevo.nn.orthogonal import OrthogonalOptions, orthogonal_penalty
from coevo.nn.standing import with_standing_statistics
from coevo.studio.processes import rows
from coevo_gan.conditioning import EmbeddingOptions, LabelEmbedding, sample_labels


class StandingOptions(Options):
    """Options of a generator that has batch normalisation."""

    standing_statistics: int = Field(0, ge=0, le=1000)
    """Batches, made anew for every exhibit, whose statistics batch normalisation takes there (Brock 2019); 0 takes the
    running averages."""


class GeneratorArtist(DecoderArtist):
    """Makes works of noise, G(z), and climbs the gradient of their rewards.

    A subclass implements `network`; it may add blocks to the code, and losses.
    """

    class Options(EmbeddingOptions, OrthogonalOptions, AccumulationOptions, AdamOptions):
        latent: int = Field(16, ge=1, le=4096)
        """Size of the noise vector z."""
        ema: float = Field(0.995, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited."""
        ema_start: int = Field(0, ge=0)
        """Steps before the average begins; until then the generator itself is exhibited (Brock 2019)."""

        renamed: ClassVar[Mapping[str, str]] = {**EmbeddingOptions.renamed, **AdamOptions.renamed}

    options: Options

    def network(self, inputs: int) -> nn.Module:
        """G, not yet on the device: [N, inputs] → images [N, C, H, W] in [-1, 1]."""
        raise NotImplementedError(f"{type(self).__name__} needs a method network(inputs)")

    def blocks(self) -> tuple[CodeBlock, ...]:
        """The blocks of its code beside the label; the first is z."""
        return (CodeBlock("z", self.options.latent),)

    def spec(self) -> ArtistSpec:
        z, *rest = self.blocks()
        if not self.options.conditional:
            return ArtistSpec(code=CodeLayout((z, *rest)), gradients=True)
        layout = CodeLayout((z, label_block(len(self.studio.classes)), *rest))
        return ArtistSpec(code=layout, gradients=True, reals="required", labels="required")

    def build(self) -> None:
        self.generator = self.studio.prepare(self._network())
        self.ema = EMA(self.generator, self.options.ema, self.options.ema_start)
        self.optimiser = Adam(self.generator.parameters(), self.options)

    def check_divided(self) -> None:
        """It may: rewards are a mean over works."""

    def make(self, n: int, reals: Works | None) -> Works:
        code, labels = self.code, None
        codes = rows(n, lambda n: draw(code.blocks, n, self.studio.generator("noise")))
        if self.options.conditional:
            labels = sample_labels(reals or Works(), n, self.studio.generator("labels"))
            codes = code.with_labels(codes, labels)
        return Works(self.generator(codes), codes, labels)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        loss = -rewards.mean()
        extra = self.extra_losses(works)
        if minimise(self.optimiser, sum(extra.values(), loss)):
            self.ema.update()
        return {"loss": loss.detach(), **{name: part.detach() for name, part in extra.items()}}

    def extra_losses(self, works: Works) -> dict[str, Tensor]:
        """Losses that it minimises beside its rewards, by name."""
        o, losses = self.options, {}
        if o.conditional and o.conditioning_kl:
            embedding = cast(LabelEmbedding, cast(nn.Sequential, self.generator)[0])
            losses["conditioning_kl"] = o.conditioning_kl * embedding.kl(works.latents)
        if o.orthogonal:
            network = cast(nn.Sequential, self.generator)[1] if o.conditional else self.generator  # not the embedding
            losses["orthogonal"] = o.orthogonal * orthogonal_penalty(network)
        return losses

    def pictures(self, codes: Tensor) -> Tensor:
        pictures: Tensor = self.ema.average(codes)
        return pictures

    def exhibited_decoder(self) -> Callable[[Tensor], Tensor]:
        batches = self.options.standing_statistics if isinstance(self.options, StandingOptions) else 0
        if not batches:
            return self.pictures
        return with_standing_statistics(self.ema.average, self._standing_codes(batches))

    def _standing_codes(self, batches: int) -> Iterator[Tensor]:
        """Batches of codes, always the same."""
        generator, classes = Generator().manual_seed(0), len(self.studio.classes)
        n = self.studio.batch
        for number in range(batches):
            codes = draw(self.code.blocks, n, generator)
            if self.options.conditional:  # every class in turn, however small a batch is
                codes = self.code.with_labels(codes, torch.arange(number * n, (number + 1) * n) % classes)
            yield codes.to(self.studio.device)

    def _network(self) -> nn.Module:
        """G, behind an embedding of labels if it is conditional."""
        o, classes = self.options, len(self.studio.classes)
        if not o.conditional:
            return self.network(self.code.size)
        embedding = LabelEmbedding(o.latent, classes, o.embedding, augment=o.conditioning_kl > 0)
        return nn.Sequential(embedding, self.network(self.code.size - classes + o.embedding))
