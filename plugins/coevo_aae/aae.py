"""The adversarial autoencoder (Makhzani 2015, arXiv:1511.05644)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coevo import ArtistSpec, CodeBlock, CodeLayout, ConfigError, Metrics, Works
from coevo.contract.players import Supervision
from coevo.evaluation.metrics import pixel_error
from coevo.latent_models.autoencoder import Autoencoder
from coevo.latent_models.corruption import corrupted
from coevo.latent_models.likelihoods import LikelihoodName
from coevo.latent_models.priors import prior_of
from coevo_aae.clusters import Clusters


class Found(NamedTuple):
    """What the encoder says of pictures."""

    z: Tensor
    logits: Tensor | None  # of the class or the cluster: [N, K]


class Pass(NamedTuple):
    """Real works on their way through the networks."""

    images: Tensor
    outputs: Tensor  # of the decoder
    logits: Tensor | None  # of works whose labels are known,
    labels: Tensor | None  # and those


class Balanced(nn.Module):
    """Numbers, the last `count` of which are normalised by batch and scaled by one number that learns.

    A softmax of them cannot come to leave a category out for good: over a batch each is high as often as any other,
    where without this a category that is never said has no gradient that would bring it back.
    """

    def __init__(self, count: int, scale: float):
        super().__init__()
        self.count = count
        self.norm = nn.BatchNorm1d(count, affine=False)
        self.scale = nn.Parameter(torch.tensor([scale]))

    def forward(self, numbers: Tensor) -> Tensor:
        rest, logits = numbers.split([numbers.shape[1] - self.count, self.count], 1)
        return torch.cat([rest, self.norm(logits) * self.scale], 1)


class AAE(Autoencoder):
    """The encoder is a generator of codes: beside giving pictures back it learns to fool the critic `latent`, which
    tells its codes from draws of their priors; so the decoder makes pictures of those.

    labels: prior (every class has its place in the prior, §2.3), told (the decoder is told the class, and the code
    keeps the style, §4), learnt (the encoder names the class, from the labels of a few works, §5); with `categories`
    and no labels it finds clusters (§6), named beside z or, with `split`, as Gaussians of z.
    """

    name = "aae"

    class Options(Autoencoder.Options):
        latent: int = Field(8, ge=1, le=4096)
        """Size of the code z."""
        prior: str = "gaussian"
        """What z should look like; `coevo plugins` lists the priors."""
        posterior: Literal["deterministic", "gaussian", "universal"] = "deterministic"
        """q(z|x): a point, a Gaussian, or anything that a network makes of noise beside the picture (§2.1)."""
        labels: Literal["none", "prior", "told", "learnt"] = "none"  # type: ignore[assignment]
        """What labels are for: nothing, places in the prior, the decoder's ears, or what the encoder should say."""
        categories: int = Field(0, ge=0, le=1000)
        """Without labels: clusters that the encoder should find; 0 looks for none."""
        hidden: tuple[int, ...] = (1000, 1000)
        """dense: units of the encoder's hidden layers; the decoder has them the other way round."""
        likelihood: LikelihoodName = "gaussian"
        """What the decoder's outputs say of a pixel; gaussian is the squared error."""
        noise: float = Field(0.0, ge=0, le=10)
        """Deviation of the noise on the pixels that the encoder reads."""
        mask: float = Field(0.0, ge=0, lt=1)
        """Share of those pixels that are black, whatever they were."""
        reconstruction: float = Field(1.0, ge=0)
        """Weight of what comes back, beside the critic's rewards."""
        blur: float = Field(0.0, ge=0, le=10)
        """Deviation of the noise on the z that the decoder reads: what only fine differences of z could say is lost,
        so what tells pictures apart at large is said by the class or the cluster."""
        balance: float = Field(0.0, ge=0, le=100)
        """Scale at first of the logits of classes or clusters, which are then normalised by batch, so that none is left
        out; 0 does neither."""
        split: int = Field(0, ge=0)
        """Steps after which clusters are split off from z: Gaussians of it that follow it, instead of numbers that the
        encoder says beside it; 0 has none."""
        supervision: float = Field(1.0, ge=0)
        """learnt: weight of the cross-entropy of the labels."""
        labelled: int = Field(0, ge=0)
        """learnt: works with labels that a step reads, at most the batch; 0 reads as many as there are reals."""

    options: Options

    def spec(self) -> ArtistSpec:
        uses: dict[str, Supervision] = {"none": "unused", "prior": "some", "told": "required", "learnt": "some"}
        labels = uses[self.options.labels]
        return replace(super().spec(), code=CodeLayout(self.blocks), critic="required", labels=labels)

    @property
    def given(self) -> bool:
        return self.options.labels == "told"

    @property
    def blocks(self) -> tuple[CodeBlock, ...]:
        o, classes = self.options, len(self.studio.classes)
        z = CodeBlock("z", o.latent, o.prior)
        if o.labels in ("told", "learnt"):
            return z, CodeBlock("class", classes, "categorical", "label", self.given)
        return (z, CodeBlock("cluster", o.categories, "categorical", "cluster")) if o.categories else (z,)

    @property
    def categories(self) -> int:
        """How many classes or clusters the encoder names beside z."""
        return 0 if self.options.split else sum(block.size for block in self.blocks[1:] if not block.conditioning)

    @property
    def reads(self) -> int:
        return self.options.latent if self.options.split else super().reads

    @property
    def numbers(self) -> int:
        return self.options.latent * (2 if self.options.posterior == "gaussian" else 1) + self.categories

    def check(self) -> None:
        super().check()
        o = self.options
        prior = prior_of(self.blocks[0])  # which may not have the code's size
        if o.labels == "prior" and not prior.labelled:
            raise ConfigError(
                f"artist.labels=prior gives every class a place in the prior, and {o.prior!r} has none; say "
                "artist.prior=mixture or swiss-roll."
            )
        if o.labels != "none" and o.categories:
            raise ConfigError("artist.categories are clusters to be found without labels; leave out artist.labels.")
        if o.split:
            self._check_split()
        if o.posterior == "universal" and o.network != "dense":
            raise ConfigError("artist.posterior=universal reads noise beside the pixels; say artist.network=dense.")

    def _check_split(self) -> None:
        o = self.options
        if not o.categories:
            raise ConfigError("artist.split splits z into artist.categories clusters; say how many.")
        if o.prior != "gaussian" or o.posterior == "gaussian" or o.balance:
            raise ConfigError(
                "artist.split makes clusters of a z that is a point, and places in them that are N(0, I); leave out "
                "artist.prior, artist.balance and posterior=gaussian."
            )
        if o.split * self.studio.batch < 2 * o.categories:
            raise ConfigError(
                f"After artist.split={o.split} steps of {self.studio.batch} works there are too few for {o.categories} "
                "clusters; say a larger artist.split."
            )

    def build(self) -> None:
        super().build()
        o = self.options
        if o.split:
            self.clusters = Clusters(o.latent, o.categories, o.split, self.studio.device, self.studio.seed)

    def encoding(self) -> nn.Sequential:
        o, network = self.options, super().encoding()
        if o.split:
            network.append(nn.BatchNorm1d(o.latent, affine=False))  # or z would grow, as nothing else says how large
        if o.balance and self.categories:
            network.append(Balanced(self.categories, o.balance))
        return network

    def inputs(self) -> int:
        return super().inputs() + (self.options.latent if self.options.posterior == "universal" else 0)

    def make(self, n: int, reals: Works | None) -> Works:
        reals = reals or Works()
        o = self.options
        known = reals.labelled[: o.labelled or None] if o.labels == "learnt" and reals.labelled else None
        read = self.seen(reals.pixels)
        if known is not None:
            read = torch.cat([read, self.seen(known.pixels)])  # one way through the encoder for both
        found = self.found(self.encoder(self.noisy(read)), chance=True)
        logits, labels = found.logits, reals.labels
        if known is not None and logits is not None:
            logits, labels = logits[len(reals) :], known.labels
        codes = self.with_class(self.outward(self.code(found))[: len(reals)], reals.labels)
        outputs = self.decoder(self.inward(self.blurred(codes)))
        memo = Pass(reals.pixels, outputs, logits, labels)
        return Works(self.likelihood.mean(outputs), codes, reals.labels, ctx=memo)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        o, (images, outputs, logits, labels) = self.options, works.ctx
        loss = o.reconstruction * self.likelihood.loss(outputs, images) - rewards.mean()
        metrics = {}
        if o.labels == "learnt":
            said = cross_entropy(logits, labels)
            loss = loss + o.supervision * said
            metrics["supervision"] = said.detach()
        error = pixel_error(works.pixels.detach(), images)
        self.minimise(loss)
        if o.split:
            self.clusters.follow(self.inward(works.latents.detach()))
        return {"loss": loss.detach(), "error": error, **metrics}

    # from pixels to codes

    def seen(self, images: Tensor) -> Tensor:
        pixels = super().seen(images)
        if self.options.posterior != "universal":
            return pixels
        return torch.cat([pixels.flatten(1), pixels.new_zeros(len(pixels), self.options.latent)], 1)

    def noisy(self, read: Tensor) -> Tensor:
        """What the encoder reads, with noise on the pixels; a universal posterior's own noise is N(0, I)."""
        o, chance = self.options, self.studio.generator("pixels")
        if o.posterior == "universal":
            pixels, own = read.split([super().inputs(), o.latent], 1)
            return torch.cat([self._corrupted(pixels), torch.randn(own.shape, generator=chance, device=own.device)], 1)
        return self._corrupted(read)

    def _corrupted(self, x: Tensor) -> Tensor:
        o, chance = self.options, self.studio.generator("pixels")
        x = corrupted(x, "gaussian", o.noise, chance) if o.noise else x
        return corrupted(x, "masking", o.mask, chance) if o.mask else x

    def blurred(self, codes: Tensor) -> Tensor:
        o = self.options
        if not o.blur:
            return codes
        z, rest = codes.split([o.latent, codes.shape[1] - o.latent], 1)
        return torch.cat([z + o.blur * self.studio.noise(*z.shape), rest], 1)

    def found(self, numbers: Tensor, chance: bool = False) -> Found:
        """The encoder's numbers by what they mean; with chance z is drawn, where it is a Gaussian."""
        o = self.options
        z, logits = numbers, None
        if count := self.categories:
            z, logits = numbers.split([numbers.shape[1] - count, count], 1)
        if o.posterior == "gaussian":
            z, log_variance = z.chunk(2, 1)
            if chance:
                z = z + (log_variance / 2).exp() * self.studio.noise(*z.shape)
        return Found(z, logits)

    def code(self, found: Found) -> Tensor:
        return found.z if found.logits is None else torch.cat([found.z, found.logits.softmax(1)], 1)

    def code_of(self, numbers: Tensor) -> Tensor:
        return self.code(self.found(numbers))

    def outward(self, z: Tensor) -> Tensor:
        return self.clusters.split(z) if self.options.split else z

    def inward(self, codes: Tensor) -> Tensor:
        return self.clusters.join(codes) if self.options.split else codes
