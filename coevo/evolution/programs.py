"""Populations whose pictures are programs over the coordinates, drawn by the shader at any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from coevo.contract.drawings import Shader
from coevo.contract.players import ArtistSpec
from coevo.contract.works import Works
from coevo.evolution.genetic import GeneticPopulation
from coevo.evolution.population import Offspring
from coevo.evolution.variety import is_noise, varies
from coevo.shader import Canvas, Expression, Program, render, render_on, strips
from coevo.shader.glsl import MOST_PARAMETERS, fragment, shader_of
from coevo.shader.gpu import draws_on, render_on_gpu
from coevo.shader.parts import Part
from coevo.shader.plan import Plan
from coevo.shader.render import BATCH
from coevo.shader.source import formula, python

G = TypeVar("G")
ROWS = 256  # of a strip


class ProgramPopulation(GeneticPopulation[G]):
    """A genetic algorithm over programs. A subclass says what the program of a genome is, and which of its constants
    may be learned by gradient."""

    class Options(GeneticPopulation.Options):
        refine: float = Field(0.0, ge=0, le=1)
        """With scores: step of the constants in genomes along the critic's gradient before they breed, elites excepted;
        0 for none."""

    def program(self, genome: G, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Program:
        """Build the program that draws a genome.

        Args:
            genome: the genome.
            canvas: where expressions are made; those of other genomes on it are shared.
            constants: expressions in the place of the genome's own constants, in the order of `constants(genome)`,
                while they are learned; None for its own.

        Returns:
            The expressions of the picture's channels.
        """
        raise NotImplementedError

    def parts(self, genome: G, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Sequence[Part]:
        """The nodes of a genome, each after those that it reads; what the picture shows comes last. Arguments as of
        `program`. Unless a subclass says more, the picture is the only one."""
        picture = tuple(self.program(genome, canvas, constants))
        return [Part("picture", picture, (), tuple(range(len(constants or ()))))]

    def constants(self, genome: G) -> list[float]:
        """The constants of the genome that may be learned, in an order that depends on the genome alone; none unless a
        subclass says so."""
        return []

    def with_constants(self, genome: G, constants: Sequence[float]) -> G:
        """A copy of the genome with other constants, in the order of `constants(genome)`."""
        raise NotImplementedError

    def spec(self) -> ArtistSpec:
        return replace(super().spec(), gradients=bool(self.options.refine))

    def make(self, n: int, reals: Works | None) -> Works:
        return self.differentiable_works() if self.options.refine else self.works()

    def draw(self, genomes: Sequence[G], height: int, width: int) -> Tensor:
        shape = (len(genomes), self.studio.image[0], height, width)
        if draws_on(self.studio.device):
            plans = (Plan([program], height, width) for program in self._programs(genomes))
            return render_on_gpu(self.studio.device, plans, shape)
        images = np.empty(shape, np.float32)
        for first in range(0, len(genomes), BATCH):  # no more are drawn together, so a canvas need not hold more
            canvas, batch = Canvas(), slice(first, first + BATCH)
            programs = [self.program(one, canvas) for one in genomes[batch]]
            render(programs, height, width, self.studio.native_threads, images[batch])
        return torch.from_numpy(images)

    def _programs(self, genomes: Sequence[G]) -> Iterator[Program]:
        """The genomes' programs, one after another, on canvases of which none holds very many."""
        for first in range(0, len(genomes), BATCH):
            canvas = Canvas()
            for genome in genomes[first : first + BATCH]:
                yield self.program(genome, canvas)

    def shows(self, images: Tensor) -> np.ndarray:
        return varies(images) & ~is_noise(images)

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        program = self.program(self.deserialize(works.individuals[0].text), Canvas())
        yield from map(torch.from_numpy, strips(program, size, size, ROWS, self.studio.native_threads))

    def shader(self, works: Works) -> Shader:
        genome, canvas = self.deserialize(works.individuals[0].text), Canvas()
        constants = self.constants(genome)
        if len(constants) > MOST_PARAMETERS:  # they stay as they are
            return shader_of([part._replace(constants=()) for part in self.parts(genome, canvas)], ())
        return shader_of(self.parts(genome, canvas, [canvas.parameter(i) for i in range(len(constants))]), constants)

    def source(self, works: Works, language: str) -> str:
        one = works.individuals[0]
        program = self.program(self.deserialize(one.text), Canvas())
        if language == "glsl":
            return fragment([program])
        if language == "formula":
            return formula(program)
        return python(program, f"A picture by {self.name} of coevo, individual {one.id}.")

    def differentiable_works(self) -> Works:
        """The population with gradients to its constants, which are the works' ctx."""
        genomes = [self.genome(one) for one in self.population]
        values = [self.constants(genome) for genome in genomes]
        constants = torch.tensor([value for some in values for value in some], device=self.studio.device)
        constants.requires_grad_(True)
        canvas, programs, at = Canvas(), [], 0
        for genome, some in zip(genomes, values, strict=True):
            programs.append(self.program(genome, canvas, [canvas.parameter(at + i) for i in range(len(some))]))
            at += len(some)
        images = render_on(self.studio.device, programs, *self.studio.image[1:], constants)
        ctx = Constants(constants, [len(some) for some in values])
        return Works(images, genomes=tuple(self.population), ctx=ctx)

    def refine(self, works: Works, rewards: Tensor) -> None:
        """Every individual is replaced by its own offspring, whose constants are moved along the gradient of the reward
        by `refine` in root mean square, whatever the reward's scale."""
        ctx: Constants | None = works.ctx
        if ctx is None or not rewards.requires_grad or not ctx.values.numel():
            return
        (gradient,) = torch.autograd.grad(rewards.sum(), ctx.values)
        steps = gradient.nan_to_num(0, 0, 0).split(ctx.counts)
        refined: list[Offspring[G]] = []
        for one, values, step in zip(self.population, ctx.values.detach().split(ctx.counts), steps, strict=True):
            length = step.square().mean().sqrt() if len(step) else 0
            moved = values + self.options.refine * step / length if length > 0 else values
            refined.append((self.with_constants(self.genome(one), moved.tolist()), (one.id,)))
        self.replace_population([], refined)


class Constants(NamedTuple):
    """The constants of a whole population [K], and how many each individual has."""

    values: Tensor
    counts: list[int]
