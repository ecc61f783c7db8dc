"""The rules of what an artist can do beside its five methods: every bad one breaks the rule that is meant for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from kit_rules import Plain, broken, names
from torch import nn

from coevo.contract.capabilities import Layer
from coevo.contract.drawings import Drawing
from coevo.testing.kit import bench_for
from coevo.testing.standins import CodeArtist, EvolvingArtist, GradientArtist


class Miscounted(CodeArtist):
    """Codes that are smaller than their layout."""

    def encode(self, works):
        return super().encode(works)[:, :-1]


class Careless(GradientArtist):
    """Normalises the codes that it is given, in place."""

    def decode(self, codes, labels=None):
        return super().decode(codes.div_(codes.norm()))


class Rendering(EvolvingArtist):
    """Draws its genomes at any size."""

    def render(self, works, size):
        greys = torch.tensor([json.loads(one.text) for one in works.individuals])
        images = greys.clamp(-1, 1).reshape(-1, *self.studio.image)
        return nn.functional.interpolate(images, (size, size))


class Blurred(EvolvingArtist):
    """Renders pictures of one size only."""

    def render(self, works, size):
        return self.make(len(works), None).images[: len(works)]


class Even(Rendering):
    """Renders pictures of an even size only."""

    def render(self, works, size):
        return super().render(works, size // 2 * 2)


class Shaky(Rendering):
    """Draws at random while it renders."""

    def render(self, works, size):
        return (super().render(works, size) + 0.001 * torch.randn(1)).clamp(-1, 1)


class Unfaithful(Rendering):
    """Renders another picture than it makes."""

    def render(self, works, size):
        return -super().render(works, size)


class Secretive(Rendering):
    """Keeps half of what its pictures depend on to itself."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return replace(works, images=self.tinted(works.images))

    def render(self, works, size):
        return self.tinted(super().render(works, size))

    def tinted(self, images):
        return (images + self.studio.seed / 100).clamp(-1, 1)


class Torn(Rendering):
    """Strips that are another picture."""

    def render_strips(self, works, size):
        yield torch.ones(1, size, size)


class Ragged(Rendering):
    """Strips that leave out the last rows."""

    def render_strips(self, works, size):
        whole = self.render(works, size)[0]
        yield from (whole[:, first : first + 8] for first in range(0, size // 8 * 8, 8))


class Lineless(Rendering):
    """One drawing for all works."""

    def vector(self, works):
        return [Drawing([])]


class Scribbling(EvolvingArtist):
    """Drawings that are other pictures."""

    def render(self, works, size):
        return torch.ones(len(works), 1, size, size)

    def vector(self, works):
        return [Drawing([], "#000000")] * len(works)


class Whole(GradientArtist):
    """Grows, and cannot be damaged."""

    def growth(self, works, steps, damage):
        yield from [self.decode(works.latents).pixels] * (steps + 1)


class Deaf(EvolvingArtist):
    """Takes in nobody."""

    def immigrate(self, works):
        pass


class Gullible(EvolvingArtist):
    """Takes every text for a genome."""

    def others(self, works):
        return [[one.id, list(one.parents), one.text] for one in works.individuals]


class Fragile(EvolvingArtist):
    """Reads others' texts as if they were its own."""

    def others(self, works):
        return [[one.id, [], json.dumps(json.loads(one.text))] for one in works.individuals]


class Numb(EvolvingArtist):
    """Breeds nobody."""

    def breed(self, works, picked):
        return {}


class Cloning(EvolvingArtist):
    """Has offspring that are copies."""

    def reproduce(self, parents):
        kept = [self.population[i] for i in parents]
        copies = [self.individual(json.loads(kept[0][2]), kept[0][0]) for _ in range(self.size - len(kept))]
        self.population = kept + copies


class Losing(CodeArtist):
    """Gives half of the works back."""

    def reconstruct(self, works):
        return works[: len(works) // 2]


class Infinite(GradientArtist):
    """Has a figure that is no number."""

    def evaluate(self, works, draws):
        return {"error": float("nan")}


class Flat(CodeArtist):
    """Its latents carry no gradients."""

    def latents(self, images):
        return images.detach().flatten(1)[:, :2]


class Toppled(GradientArtist):
    """Its second layer does not stand on its first."""

    def pretrained_layers(self):
        pixels = self.studio.image[1] * self.studio.image[2]
        shapes = [(4, pixels), (3, 5)]
        return [Layer(torch.zeros(shape), torch.zeros(shape[0]), torch.zeros(shape[1])) for shape in shapes]


class Sloped(CodeArtist):
    """Its latents carry gradients to the pictures."""

    def latents(self, images):
        return images.flatten(1)[:, :2] ** 2


CASES = [
    (Miscounted, "encoder", "encode() gives (8, 4), and the code's layout has (8, 5)"),
    (Careless, "decoder", "codes before and after decode() differ"),
    (Blurred, "renderer", "images have the shape (2, 1, 32, 32), not (2, 1, 64, 64)"),
    (Even, "renderer", "images have the shape (1, 1, 36, 36), not (1, 1, 37, 37)"),
    (Shaky, "renderer", "render() changed the state or a random stream"),
    (Unfaithful, "genomes", "render() draws another picture than make() did"),
    (Secretive, "genomes", "another run draws another picture of the same text"),
    (Torn, "strip-renderer", "render_strips() and render() draw different pictures"),
    (Ragged, "strip-renderer", "strips make a picture of (1, 32, 37), not (1, 37, 37)"),
    (Lineless, "vector-renderer", "vector() of 2 works gives 1 drawings"),
    (Scribbling, "vector-renderer", "vector() and render() draw pictures that differ by 2.00"),
    (Whole, "growing", "where everything is erased, something is left"),
    (Deaf, "evolving", "immigrate() took in nobody"),
    (Gullible, "nonsense", "takes the text '' for a genome"),
    (Fragile, "nonsense", "JSONDecodeError"),
    (Numb, "breedable", "breed() of 0 works changes nothing"),
    (Cloning, "offspring", "every work after breed() is a copy of one before"),
    (Losing, "reconstructor", "12 works have 6 reconstructions"),
    (Infinite, "self-evaluating", "its figure 'error' is not finite"),
    (Flat, "differentiable-encoder", "latents carry no gradients"),
    (Toppled, "layer-source", "layer 2 has the shapes [(3, 5), (3,), (5,)], and what is below it asks for [(3, 4)"),
]
CAPABILITIES = (
    *("encode", "latents", "decode", "reconstruct", "render", "render_strips", "breed"),
    *("seed_population", "immigrate", "evaluate", "growth", "vector", "pretrained_layers"),
)


@pytest.mark.parametrize(("player", "rule", "said"), CASES, ids=lambda some: getattr(some, "__name__", ""))
def test_a_bad_artist_breaks_the_rule_that_is_meant_for_it(player: type, rule: str, said: str) -> None:
    assert said in broken("artist", player, rule)[rule].message


@pytest.mark.parametrize("player", [Rendering, Sloped])
def test_artists_that_the_bad_ones_are_made_of_are_good(player: type) -> None:
    assert not broken("artist", player)


def test_every_rule_has_an_artist_that_breaks_it() -> None:
    able = type("Able", (), {name: lambda self: None for name in CAPABILITIES})
    assert names(bench_for("artist", able)) - names(bench_for("artist", Plain)) == {rule for _, rule, _ in CASES}


def test_only_the_rules_of_capabilities_that_an_artist_has_concern_it() -> None:
    rules = names(bench_for("artist", EvolvingArtist))
    assert {"breedable", "evolving", "offspring"} <= rules
    assert not {"encoder", "decoder", "renderer"} & rules
