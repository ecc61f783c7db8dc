"""What plugin frozen-1 offers, written against docs/plugins.md of contract 1 alone."""

import random

import click
import torch
from pydantic import Field
from torch import nn

import coevo
from coevo.adversarial.games import Game
from coevo.data.datasets import Dataset, reads
from coevo.evolution.programs import ProgramPopulation
from coevo.latent_models.priors import Prior
from coevo.shader.functions import Function


class Ember(coevo.Artist):
    """A linear map from a code to a picture; it counts its steps."""

    name = "ember-1"
    extra_state = ("steps",)
    renamed_state = {"sgd": "optimiser"}

    class Options(coevo.Options):
        latent: int = Field(4, ge=1)
        """Size of the code."""
        rate: float = Field(0.05, gt=0)
        """Learning rate."""

        renamed = {"code": "latent"}

    def spec(self):
        return coevo.ArtistSpec(gradients=True, code=coevo.CodeLayout((coevo.CodeBlock("z", self.options.latent),)))

    def build(self):
        channels, height, width = self.studio.image
        self.layer = self.studio.prepare(nn.Linear(self.options.latent, channels * height * width))
        self.optimiser = torch.optim.SGD(self.parameters(), self.options.rate, momentum=0.5)
        self.steps = 0

    def draw(self, codes):
        return coevo.Works(torch.tanh(self.layer(codes)).unflatten(1, self.studio.image), codes)

    def make(self, n, reals):
        return self.draw(self.studio.noise(n, self.options.latent))

    def learn(self, works, rewards):
        self.optimiser.zero_grad()
        (-rewards.mean()).backward()
        self.optimiser.step()
        self.steps += 1
        return {"reward": rewards.detach().mean(), "steps": self.steps}

    def exhibit(self, n, seed, labels=None):
        return self.decode(torch.randn(n, self.options.latent, generator=torch.Generator().manual_seed(seed)))

    @torch.no_grad()
    def decode(self, codes, labels=None):
        return self.draw(codes.to(self.studio.device))


class Jury(coevo.Critic):
    """One linear layer, with a hinge loss."""

    name = "jury-1"

    def spec(self):
        return coevo.CriticSpec(gradients=True, reals="required", batch=8)

    def build(self, artist):
        channels, height, width = self.studio.image
        self.layer = self.studio.prepare(nn.Linear(channels * height * width, 1))
        self.optimiser = torch.optim.Adam(self.parameters(), 1e-3)

    def score(self, works):
        return self.layer(works.pixels.flatten(1))[:, 0]

    def learn(self, works, reals):
        loss = torch.relu(1 - self.score(reals)).mean() + torch.relu(1 + self.score(works)).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}

    def judge(self, works, reals):
        return self.score(works)

    def fooled(self, works, reals):
        return self.score(works) > 0


class Moss(ProgramPopulation):
    """Stripes of a width that evolves."""

    name = "moss-1"

    def random_genome(self):
        return random.uniform(1, 20)

    def offspring(self, mother, father):
        return mother + random.gauss(0, 1)

    def serialize(self, genome):
        return str(genome)

    def deserialize(self, text):  # texts come from others
        try:
            return float(text)
        except ValueError as error:
            raise coevo.DataError(f"A genome of stripes is a number, not {text[:20]!r}.") from error

    def program(self, genome, canvas, constants=None):
        return ((canvas.x * genome).sin(),) * self.studio.image[0]


class Tug(Game):
    """A linear game."""

    name = "tug-1"

    def as_real(self, scores):
        return -scores

    def as_made(self, scores):
        return scores

    def reward(self, made, real):
        return made


class Ones(Prior):
    """Always one."""

    name = "ones-1"

    def draw(self, n, generator, labels=None):
        return torch.ones(n, self.size)


@reads()
def ramps(options):
    """Sixty ramps from dark to bright, each of another slope."""
    ramp = torch.linspace(0, 1, options.size)
    slopes = torch.linspace(0.1, 1, 60)[:, None, None, None]
    images = (slopes * ramp * 255).expand(60, options.channels, options.size, options.size)
    return Dataset("ramps-1", images.round().to(torch.uint8))


WAVES = {"wave-1": Function("wave-1", ("any",), "any", lambda canvas, value: (value * 9).sin())}


@click.command()
def glow():
    """Say something."""
    click.echo("it glows")
