"""The generator of a deep convolutional GAN (Radford, Metz & Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Adam

import coevo
from coevo import CodeBlock, Metrics, Works
from coevo.ema import EMA

SIZES = (16, 32, 64, 128)


class DCGAN(coevo.Artist):
    """Noise becomes a 4 × 4 map of many channels, which every layer doubles in size and halves in depth."""

    name = "dcgan"
    wants_gradients = True
    rewards = ("scores",)

    class Options(coevo.Options):
        latent: int = Field(16, ge=1, le=4096)
        """Size of the noise vector z; 100 in the paper."""
        width: int = Field(16, ge=4, le=1024)
        """Channels of the last hidden layer, twice as many in every layer before; 128 in the paper."""
        rate: float = Field(2e-4, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.5, ge=0, lt=1)
        """Adam's β1; the usual 0.9 makes the game oscillate."""
        ema: float = Field(0.995, ge=0, lt=1)
        """Decay of the averaged generator that is exhibited."""

    options: Options

    def check(self) -> None:
        _, height, width = self.studio.image
        if height != width or height not in SIZES:
            raise coevo.ConfigError(f"Artist 'dcgan' makes pictures of 16, 32, 64 or 128 px, not {height} × {width}.")

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        return (CodeBlock("z", self.options.latent),)

    def build(self) -> None:
        channels, size, _ = self.studio.image
        o = self.options
        self.generator = self.studio.prepare(Generator(o.latent, o.width, channels, size))
        self.ema = EMA(self.generator, o.ema)
        self.optimiser = Adam(self.generator.parameters(), o.rate, (o.beta1, 0.999), fused=True)

    def make(self, n: int, reals: Works | None) -> Works:
        z = self.studio.noise(n, self.options.latent)
        return Works(images=self.generator(z), codes=z)

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        loss = -rewards.mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.ema.update()
        return {"loss": loss.detach()}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        noise = torch.Generator().manual_seed(seed)  # on the CPU: the same codes on every device
        return self.decode(torch.randn(n, self.options.latent, generator=noise))

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        codes = codes.to(self.studio.device)
        images = torch.cat([self.ema.average(some) for some in codes.split(250)])
        return Works(images=images, codes=codes)


class Generator(nn.Sequential):
    """[N, latent] → [N, channels, size, size] in (-1, 1), by transposed convolutions, kernel 4, stride 2."""

    def __init__(self, latent: int, width: int, channels: int, size: int):
        depth = width * size // 8
        layers: list[nn.Module] = [nn.Unflatten(1, (latent, 1, 1))]
        layers += [nn.ConvTranspose2d(latent, depth, 4, bias=False), nn.BatchNorm2d(depth), nn.ReLU(True)]
        while depth > width:
            layers += [
                nn.ConvTranspose2d(depth, depth // 2, 4, 2, 1, bias=False),
                nn.BatchNorm2d(depth // 2),
                nn.ReLU(True),
            ]
            depth //= 2
        layers += [nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Tanh()]
        super().__init__(*layers)
        self.apply(normal_start)


def normal_start(layer: nn.Module) -> None:
    """Weights from N(0, 0.02), the scales of batch normalisation from N(1, 0.02) (§3)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, 0.02)
