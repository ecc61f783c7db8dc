import torch
from torch import nn

import coevo


class Siren(coevo.Artist):
    """Colours every point of a picture by sines of its coordinates and of a code (Sitzmann et al. 2020)."""

    name = "siren"

    def spec(self):  # it learns by the critic's gradients, and draws codes of eight numbers
        return coevo.ArtistSpec(gradients=True, code=coevo.CodeLayout((coevo.CodeBlock("z", 8),)))

    def build(self):
        self.waves = self.studio.prepare(nn.Linear(2 + 8, 64))
        colour = nn.Linear(64, self.studio.image[0])
        self.colours = self.studio.prepare(nn.Sequential(nn.Linear(64, 64), nn.Tanh(), colour))
        self.optimiser = torch.optim.Adam(self.parameters(), 1e-3)

    def draw(self, codes, size):  # a row of coordinates and code for every pixel
        axis = torch.linspace(-1, 1, size, device=codes.device)
        points = torch.cartesian_prod(axis, axis).expand(len(codes), -1, -1)
        rows = torch.cat([points, codes[:, None].expand(-1, size**2, -1)], -1)
        return torch.tanh(self.colours(torch.sin(5 * self.waves(rows)))).mT.unflatten(-1, (size, size))

    def make(self, n, reals):
        codes = self.studio.noise(n, 8)
        return coevo.Works(self.draw(codes, self.studio.image[1]), codes)

    def learn(self, works, rewards):
        self.optimiser.zero_grad()
        (-rewards.mean()).backward()
        self.optimiser.step()
        return {"reward": rewards.detach().mean()}

    @torch.no_grad()
    def exhibit(self, n, seed, labels=None):
        codes = torch.randn(n, 8, generator=torch.Generator().manual_seed(seed)).to(self.studio.device)
        return coevo.Works(self.draw(codes, self.studio.image[1]), codes)
