"""The base of autoencoders: an encoder and a decoder that are trained, averaged and exhibited together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from coevo.contract.capabilities import Layer
from coevo.contract.players import ArtistSpec
from coevo.contract.works import CodeBlock, CodeLayout, Works
from coevo.errors import ConfigError, PairError
from coevo.latent_models.corruption import CorruptionOptions, corrupt, upgrade_corruption
from coevo.latent_models.decoder import ConditionalOptions, DecoderArtist, label_block
from coevo.latent_models.likelihoods import Likelihood, LikelihoodName, intensities, make_likelihood
from coevo.latent_models.networks import NetworkOptions, make_decoder, make_encoder
from coevo.latent_models.pretrained import take_layers
from coevo.nn.adam import Adam, AdamOptions, minimise
from coevo.nn.ema import EMA
from coevo.nn.layers import check_side


class Autoencoder(DecoderArtist):
    """Encodes real works and decodes them.

    A subclass implements `make` and `learn`. Between the two networks stand

        encoder outputs [N, encoder_outputs] → code_mean → latents → from_latent → codes [N, D]
        codes [N, D] → to_latent → latents [N, decoder_inputs] → decoder

    where codes follow the priors of their blocks, and latents are whatever the two networks agree on.
    """

    class Options(CorruptionOptions, NetworkOptions, AdamOptions):
        latent: int = Field(16, ge=1, le=4096)
        """Size of the latent code."""
        likelihood: LikelihoodName = "bernoulli"
        """Distribution of a pixel, whose parameters the decoder gives."""
        pixel_std: float = Field(1.0, gt=0)
        """gaussian likelihood: standard deviation of a pixel in [0, 1]."""
        ema: float = Field(0.0, ge=0, lt=1)
        """Decay of the averaged networks that are exhibited; 0 exhibits the networks themselves."""
        learning_rate: float = Field(1e-3, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.9, ge=0, lt=1)
        """Adam's β1."""

        renamed: ClassVar[Mapping[str, str]] = {
            **AdamOptions.renamed,
            **NetworkOptions.renamed,
            "deviation": "pixel_std",
        }

    options: Any
    corruption_stream: ClassVar[str] = "corruption"

    @classmethod
    def upgrade(cls, options: dict[str, Any]) -> dict[str, Any]:
        return super().upgrade(upgrade_corruption(options))

    def spec(self) -> ArtistSpec:
        z = CodeBlock("z", self.options.latent)
        label = label_block(len(self.studio.classes))
        return ArtistSpec(
            code=CodeLayout((z, label) if self.conditional else (z,)),
            gradients=True,
            critic="optional",
            reals="required",
            labels="required" if self.conditional else "unused",
        )

    @property
    def conditional(self) -> bool:
        """Whether the decoder is given the label."""
        return isinstance(self.options, ConditionalOptions) and self.options.conditional

    @property
    def encoder_outputs(self) -> int:
        """Size of the encoder's output vector."""
        return int(self.options.latent)

    @property
    def decoder_inputs(self) -> int:
        """Size of the decoder's input vector."""
        return self.code.size

    @property
    def likelihood(self) -> Likelihood:
        """The distribution of pixels whose parameters the decoder gives."""
        return make_likelihood(self.options.likelihood, self.options.pixel_std)

    def check(self) -> None:
        if self.options.network == "convolution":
            owner = f"Artist {self.name!r} with artist.network=convolution"
            check_side(owner, self.studio.image, ", or artist.network=dense")
        if self.studio.image[0] > 1 and not self.likelihood.colours:
            raise ConfigError(
                f"artist.likelihood={self.options.likelihood} takes a pixel for the probability of white, which "
                "colours are not; choose gaussian or logit-laplace."
            )

    def build(self) -> None:
        self.encoder = self.studio.prepare(self.encoder_network())
        self.decoder = self.studio.prepare(self.decoder_network())
        self.optimiser = Adam([*self.encoder.parameters(), *self.decoder.parameters()], self.options)
        self.average_networks()

    def average_networks(self) -> None:
        """Begin averages of the networks, if they are averaged."""
        if decay := self.options.ema:
            self.mean_encoder, self.mean_decoder = EMA(self.encoder, decay), EMA(self.decoder, decay)

    def start_from_layers(self, layers: Sequence[Layer]) -> None:
        """Start from layers that learnt one on another: those of the encoder, and back in the decoder (Hinton 2006)."""
        o = self.options
        if o.network != "dense" or o.batch_norm:
            raise PairError("they need artist.network=dense and artist.batch_norm=false.")
        take_layers(self.encoder, self.decoder, layers, len(o.hidden))
        self.average_networks()

    def encoder_network(self) -> nn.Sequential:
        """A network from pixels in [0, 1] to [N, encoder_outputs]; not yet on the device."""
        return make_encoder(self.options, self.studio.image, self.encoder_outputs)

    def decoder_network(self) -> nn.Sequential:
        """A network from latents to the likelihood's parameters [N, outputs · C, H, W]; not yet on the device."""
        channels, height, width = self.studio.image
        return make_decoder(self.options, self.decoder_inputs, (self.likelihood.outputs * channels, height, width))

    # the way of an image to its code and back

    def encoder_inputs(self, images: Tensor) -> Tensor:
        """The pixels in [0, 1] that the encoder reads of images [N, C, H, W] in [-1, 1]."""
        return intensities(images)

    def corrupt(self, x: Tensor) -> Tensor:
        """Pixels in [0, 1] as the encoder reads them while it learns."""
        return corrupt(x, self.options, self.studio, self.corruption_stream)

    def code_mean(self, outputs: Tensor) -> Tensor:
        """Latents by the encoder's outputs [N, encoder_outputs], without sampling."""
        return outputs

    def from_latent(self, latents: Tensor) -> Tensor:
        """Codes, which follow their priors, of latents."""
        return latents

    def to_latent(self, codes: Tensor) -> Tensor:
        """Latents, which the decoder reads, of codes: the inverse of from_latent."""
        return codes

    def with_labels(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """Inferred codes and, if the decoder is conditional, their labels [N] in a block beside them."""
        if not self.conditional:
            return codes
        if labels is None:
            raise ConfigError(f"Artist {self.name!r} encodes works together with their labels, and these have none.")
        codes = torch.cat([codes, codes.new_zeros(len(codes), len(self.studio.classes))], 1)
        return self.code.with_labels(codes, labels)

    # as it is exhibited

    def pictures(self, codes: Tensor) -> Tensor:
        with self.eval_networks() as (_, decoder):
            return self.likelihood.mean(decoder(self.to_latent(codes)))

    @torch.no_grad()
    def encode(self, works: Works) -> Tensor:
        images = works.pixels.to(self.studio.device)
        labels = None if works.labels is None else works.labels.to(self.studio.device)
        return self.with_labels(torch.cat([self.from_latent(self.latents(x)) for x in images.split(1000)]), labels)

    def latents(self, images: Tensor) -> Tensor:
        """Latents [N, ·] of images [N, C, H, W] in [-1, 1], with gradients to the images."""
        with self.eval_networks() as (encoder, _):
            return self.code_mean(encoder(self.encoder_inputs(images)))

    @contextmanager
    def eval_networks(self) -> Iterator[tuple[nn.Module, nn.Module]]:
        """Encoder and decoder as they are exhibited: in evaluation mode, averaged if there are averages."""
        if self.options.ema:
            yield self.mean_encoder.average, self.mean_decoder.average
            return
        training, networks = self.encoder.training, (self.encoder, self.decoder)
        for network in networks:
            network.eval()
        try:
            yield networks
        finally:
            for network in networks:
                network.train(training)

    # learning

    def minimise(self, loss: Tensor) -> None:
        """Take a step of the optimiser, and update the averaged networks."""
        minimise(self.optimiser, loss)
        if self.options.ema:
            self.mean_encoder.update()
            self.mean_decoder.update()
