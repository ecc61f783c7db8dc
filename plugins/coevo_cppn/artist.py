"""CPPNs (Stanley 2007) as PicBreeder bred them (Secretan 2011): networks from a point's coordinates to its colour,
grown by NEAT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from coevo import ConfigError, DataError, Works
from coevo.evolution.programs import ProgramPopulation
from coevo.native import random_seeds
from coevo.shader import Canvas, Expression, Program
from coevo.shader.gpu import draws_on, render_on_gpu
from coevo.shader.parts import Part
from coevo_cppn.breeding import offspring_of, random_networks, species, texts
from coevo_cppn.drawing import plans, program, render_networks
from coevo_cppn.neat import clipped
from coevo_cppn.network import INK, MAX_LINKS, Network, parse


class CPPN(ProgramPopulation[Network]):
    """Networks that begin minimal and grow. Before a critic that scores they compete within species, so that new
    structure has time to optimise its weights."""

    name = "cppn"

    class Options(ProgramPopulation.Options):
        outputs: Literal["auto", "ink", "colour"] = "auto"
        """Outputs of a network: ink, or hue, saturation and brightness; auto chooses by the pictures' channels."""
        initial_mutations: int = Field(8, ge=0, le=1000)
        """Mutations of a new network, so that the first sheet shows something."""
        species: int = Field(8, ge=1, le=1000)
        """With scores: number of species, formed by the compatibility distance of networks (NEAT §3.3). Mates are of
        one species, which has offspring by its mean fitness."""
        max_links: int = Field(500, ge=12, le=MAX_LINKS)
        """Links of a network at most."""

        renamed: ClassVar[Mapping[str, str]] = {
            **ProgramPopulation.Options.renamed,
            "grown": "initial_mutations",
            "largest": "max_links",
        }

    options: Options

    @property
    def colour(self) -> bool:
        """Whether new networks have the outputs of a colour."""
        wanted = self.options.outputs
        return self.studio.image[0] == 3 if wanted == "auto" else wanted == "colour"

    def check(self) -> None:
        super().check()
        if self.options.outputs == "colour" and self.studio.image[0] == 1:
            raise ConfigError("artist.outputs=colour needs pictures in colour; set data.channels=3.")

    def random_genomes(self, n: int) -> list[Network]:
        return random_networks(random_seeds(n), self.colour, self.options.initial_mutations, self.options.max_links)

    def offspring_of(self, parents: Sequence[tuple[Network, Network | None]]) -> list[Network]:
        return offspring_of(parents, random_seeds(len(parents)), self.options.mutation, self.options.max_links)

    def species(self, works: Works, n: int) -> list[list[int]]:
        return species([self.genome(one) for one in self.population], n)

    def serialize_all(self, genomes: Sequence[Network]) -> list[str]:
        return texts(genomes)

    def serialize(self, genome: Network) -> str:
        return genome.text()

    def deserialize(self, text: str) -> Network:
        net = parse(text)
        if net.outputs != INK and self.studio.image[0] == 1:
            raise DataError("This network paints in colour, and the pictures are grey; set data.channels=3.")
        return net

    def draw(self, genomes: Sequence[Network], height: int, width: int) -> Tensor:
        channels, device = self.studio.image[0], self.studio.device
        if draws_on(device):
            shape = len(genomes), channels, height, width
            return render_on_gpu(device, plans(genomes, channels, height, width), shape)
        return torch.from_numpy(render_networks(genomes, channels, height, width, self.studio.native_threads))

    def program(self, genome: Network, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Program:
        return program(genome.picture(canvas, constants), self.studio.image[0])

    def parts(self, genome: Network, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Sequence[Part]:
        return genome.parts(canvas, constants)

    def constants(self, genome: Network) -> list[float]:
        return genome.weights

    def with_constants(self, genome: Network, constants: Sequence[float]) -> Network:
        return genome.with_weights([clipped(weight) for weight in constants])
