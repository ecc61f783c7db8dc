"""CPPNs (Stanley 2007) as PicBreeder bred them (Secretan 2011): networks from a point's coordinates to its colour,
grown by NEAT."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from pydantic import Field
from torch import Tensor

from coevo import ConfigError, DataError
from coevo.evolution.population import Population
from coevo.shader import Canvas, Expression, Program
from coevo.shader.functions import grey, widened
from coevo_cppn.neat import bounded, mate, minimal, mutate, species
from coevo_cppn.network import INK, LARGEST, Network, parse


class CPPN(Population[Network]):
    """Networks that begin small and grow; before a critic that scores they compete within species, so that new
    structure has time to find its weights."""

    name = "cppn"

    class Options(Population.Options):
        outputs: Literal["auto", "ink", "colour"] = "auto"
        """What a network says of a point: its ink, or hue, saturation and brightness; by default as pictures are."""
        grown: int = Field(8, ge=0, le=1000)
        """Mutations of a new network, so that the first sheet has something to show."""
        species: int = Field(8, ge=1, le=1000)
        """scores: about so many, by the likeness of their networks (§3.3), have children by their mean fitness, of
        parents of one species."""
        largest: int = Field(500, ge=12, le=LARGEST)
        """Links of a network at most."""

    options: Options

    @property
    def colour(self) -> bool:
        wanted = self.options.outputs
        return self.studio.image[0] == 3 if wanted == "auto" else wanted == "colour"

    def check(self) -> None:
        super().check()
        if self.options.outputs == "colour" and self.studio.image[0] == 1:
            raise ConfigError("artist.outputs=colour paints colours, and the pictures are grey; say data.channels=3.")

    def stranger(self) -> Network:
        net = minimal(self.colour)
        for _ in range(self.options.grown):
            net = mutate(net, self.options.largest)
        return net

    def child(self, mother: Network, father: Network | None) -> Network:
        child = mother if father is None or father.outputs != mother.outputs else mate(mother, father)
        whole, part = divmod(self.options.mutation, 1)
        for _ in range(int(whole) + (random.random() < part)):
            child = mutate(child, self.options.largest)
        return child

    def parse(self, text: str) -> Network:
        net = parse(text)
        if net.outputs != INK and self.studio.image[0] == 1:
            raise DataError("This network paints colours, and the pictures are grey; say data.channels=3.")
        return net

    def spell(self, genome: Network) -> str:
        return genome.text()

    def picture(self, genome: Network, canvas: Canvas, numbers: Sequence[Expression] | None = None) -> Program:
        value = genome.picture(canvas, numbers)
        return (grey(value),) if self.studio.image[0] == 1 else widened(value)

    def numbers(self, genome: Network) -> list[float]:
        return list(genome.links.values())

    def renumbered(self, genome: Network, numbers: Sequence[float]) -> Network:
        links = {link: bounded(weight) for link, weight in zip(genome.links, numbers, strict=True)}
        return Network(genome.nodes, links, genome.outputs)

    def niches(self, images: Tensor, wanted: int) -> list[list[int]]:
        return species([self.genome(one) for one in self.population], wanted)
