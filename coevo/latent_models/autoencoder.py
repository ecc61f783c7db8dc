"""What autoencoders share: a network that makes codes of pictures, one that makes pictures of codes, and how the
two are judged by what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.contract.players import ArtistSpec
from coevo.contract.works import CodeBlock, CodeLayout, Works
from coevo.errors import ConfigError
from coevo.latent_models.decoder import DecoderArtist
from coevo.latent_models.likelihoods import LikelihoodName, likelihood, pixels
from coevo.nn.adam import Adam, AdamOptions
from coevo.nn.ema import EMA
from coevo.nn.layers import SIDES, Activation, dense, doublings, halvings


class Autoencoder(DecoderArtist):
    """Encodes real works and decodes them. A subclass says what its codes are and what it minimises.

    `numbers` is how many the encoder says of a picture, `code_size` how many the decoder is told.
    """

    class Options(AdamOptions):
        latent: int = Field(16, ge=1, le=4096)
        """Size of the code."""
        network: Literal["dense", "convolution"] = "dense"
        """Fully connected layers, or convolutions that halve and double the picture."""
        hidden: tuple[int, ...] = (512,)
        """dense: units of the encoder's hidden layers; the decoder has them the other way round."""
        width: int = Field(16, ge=4, le=1024)
        """convolution: channels of the largest layer."""
        activation: Activation = "relu"
        """dense: of the hidden layers."""
        normalise: bool = False
        """dense: batch normalisation of the hidden layers."""
        likelihood: LikelihoodName = "bernoulli"
        """What the decoder's outputs say of a pixel."""
        deviation: float = Field(1.0, gt=0)
        """gaussian: deviation of a pixel in [0, 1] from its mean."""
        ema: float = Field(0.0, ge=0, lt=1)
        """Decay of the averaged networks that are exhibited; 0 shows them as they are."""
        learning_rate: float = Field(1e-3, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.9, ge=0, lt=1)
        """Adam's β1."""
        labels: bool = False
        """The decoder is told the class of what it should make."""

    options: Any

    def spec(self) -> ArtistSpec:
        z = CodeBlock("z", self.options.latent)
        told = CodeBlock("class", len(self.studio.classes), "categorical", role="label", conditioning=True)
        return ArtistSpec(
            code=CodeLayout((z, told) if self.given else (z,)),
            gradients=True,
            critic="optional",
            reals="required",
            labels="required" if self.options.labels else "unused",
        )

    @property
    def given(self) -> bool:
        """Whether the decoder is told classes."""
        return bool(self.options.labels)

    @property
    def numbers(self) -> int:
        """How many numbers the encoder says of a picture."""
        return int(self.options.latent)

    @property
    def reads(self) -> int:
        """How many numbers the decoder reads of a code, as `inward` has it."""
        return self.code.size

    def check(self) -> None:
        o, (channels, height, width) = self.options, self.studio.image
        if o.network == "convolution" and (height != width or height not in SIDES):
            raise ConfigError(
                f"Artist {self.name!r} with artist.network=convolution halves pictures of "
                f"{', '.join(map(str, SIDES))} px down to 4, not {height} × {width}; say another data.size, or "
                "artist.network=dense."
            )
        if channels > 1 and not self._likelihood().colours:
            raise ConfigError(
                f"artist.likelihood={o.likelihood} takes a pixel for the chance of white, which colours are not; say "
                "gaussian or logit-laplace."
            )

    def build(self) -> None:
        self.likelihood = self._likelihood()
        self.encoder = self.studio.prepare(self.encoding())
        self.decoder = self.studio.prepare(self.decoding())
        self.optimiser = Adam([*self.encoder.parameters(), *self.decoder.parameters()], self.options)
        if decay := self.options.ema:
            self.mean_encoder, self.mean_decoder = EMA(self.encoder, decay), EMA(self.decoder, decay)

    def encoding(self) -> nn.Sequential:
        """Pixels [N, C, H, W] in [0, 1] → [N, numbers]."""
        o, (channels, size, _) = self.options, self.studio.image
        if o.network == "convolution":
            layers, features = halvings(o.width, channels, size)
            return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, self.numbers))
        sizes = [self.inputs(), *o.hidden]
        hidden = dense(sizes, o.activation, o.normalise)
        return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], self.numbers))

    def inputs(self) -> int:
        """How many numbers a fully connected encoder reads."""
        return prod(self.studio.image)

    def decoding(self) -> nn.Sequential:
        """Codes [N, reads] → the likelihood's outputs [N, outputs · C, H, W]."""
        o, (channels, height, width) = self.options, self.studio.image
        image = self._likelihood().outputs * channels, height, width
        if o.network == "convolution":
            return nn.Sequential(*doublings(self.reads, o.width, image[0], height))
        sizes = [self.reads, *reversed(o.hidden)]
        hidden = dense(sizes, o.activation, o.normalise)
        return nn.Sequential(*hidden, nn.Linear(sizes[-1], prod(image)), nn.Unflatten(1, image))

    def seen(self, images: Tensor) -> Tensor:
        """What the encoder reads of pictures in [-1, 1]: pixels in [0, 1]."""
        return pixels(images)

    def with_class(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """Found codes with the class that the decoder is told beside them."""
        if not self.given:
            return codes
        if labels is None:
            raise ConfigError(f"Artist {self.name!r} encodes works together with their labels, and these have none.")
        codes = torch.cat([codes, codes.new_zeros(len(codes), len(self.studio.classes))], 1)
        return self.code.with_labels(codes, labels)

    # as it is exhibited

    def pictures(self, codes: Tensor) -> Tensor:
        with self.still() as (_, decoder):
            return self.likelihood.mean(decoder(self.inward(codes)))

    @torch.no_grad()
    def encode(self, works: Works) -> Tensor:
        images = works.pixels.to(self.studio.device)
        labels = None if works.labels is None else works.labels.to(self.studio.device)
        with self.still() as (encoder, _):
            found = torch.cat([self.outward(self.code_of(encoder(self.seen(some)))) for some in images.split(1000)])
        return self.with_class(found, labels)

    def code_of(self, numbers: Tensor) -> Tensor:
        """What the encoder's numbers say that z is, without chance."""
        return numbers

    def outward(self, z: Tensor) -> Tensor:
        """The code [N, D] that z is exhibited by, which follows its prior; z itself, where it does."""
        return z

    def inward(self, codes: Tensor) -> Tensor:
        """What the decoder reads of exhibited codes [N, D]: outward's inverse."""
        return codes

    @contextmanager
    def still(self) -> Iterator[tuple[nn.Module, nn.Module]]:
        """Encoder and decoder as they are exhibited: averaged, or as they stand; not learning."""
        if self.options.ema:
            yield self.mean_encoder.average, self.mean_decoder.average
            return
        learning = self.encoder.training
        pair = self.encoder, self.decoder
        for network in pair:
            network.eval()
        try:
            yield pair
        finally:
            for network in pair:
                network.train(learning)

    def minimise(self, loss: Tensor) -> None:
        """A step of the optimiser, and of the averaged networks."""
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if self.options.ema:
            self.mean_encoder.update()
            self.mean_decoder.update()

    def _likelihood(self) -> Any:
        return likelihood(self.options.likelihood, self.options.deviation)
