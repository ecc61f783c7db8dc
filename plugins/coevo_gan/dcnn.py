"""The discriminator of a deep convolutional GAN (Radford, Metz & Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.optim import Adam

import coevo
from coevo import Artist, Metrics, Works
from coevo.registry import registry
from coevo_gan.dcgan import SIZES, normal_start


class DCNN(coevo.Critic):
    """Every layer halves the picture and doubles its channels, down to one score; the game says the rest."""

    name = "dcnn"
    gives_gradients = True
    reals = "required"

    class Options(coevo.Options):
        game: str = "non-saturating"
        """The adversarial game; `coevo plugins` lists them."""
        width: int = Field(16, ge=4, le=1024)
        """Channels of the first layer; every layer after has twice as many."""
        rate: float = Field(2e-4, gt=0, le=1)
        """Adam's learning rate."""
        beta1: float = Field(0.5, ge=0, lt=1)
        """Adam's β1."""

        @field_validator("game")
        @classmethod
        def known(cls, name: str) -> str:
            registry().find("game", name)
            return name

    options: Options

    def check(self) -> None:
        _, height, width = self.studio.image
        if height != width or height not in SIZES:
            raise coevo.ConfigError(f"Critic 'dcnn' reads pictures of 16, 32, 64 or 128 px, not {height} × {width}.")

    def build(self, artist: Artist) -> None:
        channels, size, _ = self.studio.image
        o = self.options
        self.game = registry().load("game", o.game)()
        self.discriminator = self.studio.prepare(Discriminator(o.width, channels, size))
        self.optimiser = Adam(self.discriminator.parameters(), o.rate, (o.beta1, 0.999), fused=True)

    def learn(self, works: Works, reals: Works) -> Metrics:
        real = self.discriminator(reals.images)  # each side a batch of its own, for batch normalisation's sake
        made = self.discriminator(works.images)
        loss = self.game.critic_loss(real, made)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        sure = self.game.probability
        return {
            "loss": loss.detach(),
            "D(x)": sure(real.detach()).mean(),
            "D(G(z))": sure(made.detach()).mean(),
        }

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return self.game.reward(*self._scores(works, reals))

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.game.fooled(*self._scores(works, reals))

    def _scores(self, works: Works, reals: Works | None) -> tuple[Tensor, Tensor | None]:
        real = None
        if self.game.uses_reals:
            assert reals is not None
            real = self.discriminator(reals.images)
        return self.discriminator(works.images), real


class Discriminator(nn.Sequential):
    """[N, channels, size, size] → scores [N], by strided convolutions of kernel 4; no pooling."""

    def __init__(self, width: int, channels: int, size: int):
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
        while size > 8:
            layers += [
                nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),
                nn.BatchNorm2d(2 * width),
                nn.LeakyReLU(0.2, True),
            ]
            width, size = 2 * width, size // 2
        layers += [nn.Conv2d(width, 1, 4), nn.Flatten(0)]
        super().__init__(*layers)
        self.apply(normal_start)
