"""A critic that learns to tell works from real pictures, and gives scores that carry gradients."""

import torch
from pydantic import Field
from torch import nn
from torch.nn.functional import relu

import coevo


class Horizon(coevo.Critic):
    """A convolutional network that scores real pictures above 1 and works below -1 (hinge loss, Lim & Ye 2017)."""

    name = "horizon"

    class Options(coevo.Options):
        width: int = Field(16, ge=1)
        """Channels of the first layer; the second has twice as many."""

    def spec(self):
        return coevo.CriticSpec(gradients=True, reals="required")

    def build(self, artist):
        (channels, height, breadth), width = self.studio.image, self.options.width
        convolutions = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 2 * width, 4, 2, 1)]
        head = [
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * width * (height // 4) * (breadth // 4), 1),
            nn.Flatten(0),
        ]
        self.net = self.studio.prepare(nn.Sequential(*convolutions, *head))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 2e-4, (0.5, 0.99))

    def learn(self, works, reals):
        real, made = self.net(reals.pixels), self.net(works.pixels)
        loss = relu(1 - real).mean() + relu(1 + made).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach(), "real": real.detach().mean(), "made": made.detach().mean()}

    def judge(self, works, reals):
        return self.net(works.pixels)

    def fooled(self, works, reals):
        return self.net(works.pixels) > 0
