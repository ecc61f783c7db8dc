"""An artist that learns by gradients: from coordinates and a code to a colour."""

import torch
from pydantic import Field
from torch import nn

import coevo


class Sunrise(coevo.Artist):
    """Colours every point of a picture by sines of its coordinates and of a latent code (Sitzmann et al. 2020)."""

    name = "sunrise"

    class Options(coevo.Options):
        latent: int = Field(8, ge=1)
        """Size of the latent code."""

    def spec(self):
        return coevo.ArtistSpec(gradients=True, code=coevo.CodeLayout((coevo.CodeBlock("z", self.options.latent),)))

    def build(self):
        colour = nn.Linear(64, self.studio.image[0])
        self.waves = self.studio.prepare(nn.Linear(2 + self.options.latent, 64))
        self.colours = self.studio.prepare(nn.Sequential(nn.Linear(64, 64), nn.Tanh(), colour, nn.Tanh()))
        self.optimiser = torch.optim.Adam(self.parameters(), 1e-3)

    def make(self, n, reals):
        return self.draw(self.studio.noise(n, self.options.latent), self.studio.image[1])

    def learn(self, works, rewards):
        self.optimiser.zero_grad()
        (-rewards.mean()).backward()
        self.optimiser.step()
        return {"reward": rewards.detach().mean()}

    def exhibit(self, n, seed, labels=None):
        codes = torch.randn(n, self.options.latent, generator=torch.Generator().manual_seed(seed))
        return self.decode(codes.to(self.studio.device))

    def decode(self, codes, labels=None):
        return self.draw(codes, self.studio.image[1]).detach()

    def render(self, works, size):
        return self.draw(works.latents, size).pixels.detach()

    def draw(self, codes, size):
        """Works of any size: one row of coordinates and code for every pixel, [N, size², 2 + D]."""
        axis = torch.linspace(-1, 1, size, device=codes.device)
        points = torch.cartesian_prod(axis, axis).expand(len(codes), -1, -1)
        inputs = torch.cat([points, codes[:, None].expand(-1, size**2, -1)], -1)
        return coevo.Works(self.colours(torch.sin(5 * self.waves(inputs))).mT.unflatten(-1, (size, size)), codes)
