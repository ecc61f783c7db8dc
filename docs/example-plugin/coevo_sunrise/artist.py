"""A gradient artist of six numbers: the mean and spread of a disc's x, y and radius."""

import torch
from pydantic import Field

import coevo


class Sunrise(coevo.Artist):
    """Draws one soft disc a picture; learns where discs should be, and how large."""

    name = "sunrise"
    wants_gradients = True
    rewards = ("scores",)

    class Options(coevo.Options):
        learning_rate: float = Field(0.01, gt=0)
        """Adam's learning rate."""

    def build(self):
        self.places = self.studio.prepare(torch.nn.ParameterDict({"mean": torch.zeros(3), "spread": torch.ones(3) / 4}))
        self.optimiser = torch.optim.Adam(self.places.parameters(), self.options.learning_rate)

    def make(self, n, reals):
        return coevo.Works(images=self.draw(self.studio.noise(n, 3)))

    def learn(self, works, rewards):
        loss = -rewards.mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}

    @torch.no_grad()
    def exhibit(self, n, seed, labels=None):
        noise = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
        return coevo.Works(images=self.draw(noise.to(self.studio.device)))

    def draw(self, noise):
        channels, height, width = self.studio.image
        x, y, radius = (self.places["mean"] + self.places["spread"] * noise).T[:, :, None, None]
        rows = torch.linspace(-1, 1, height, device=noise.device)[:, None]
        columns = torch.linspace(-1, 1, width, device=noise.device)
        distance = ((columns - x).square() + (rows - y).square() + 1e-6).sqrt()
        disc = torch.tanh(8 * (0.4 + 0.2 * radius - distance))
        return disc[:, None].expand(-1, channels, -1, -1)
