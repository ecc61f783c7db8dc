"""Genetic programming (Sims 1991): a population of programs, each of which computes a colour for every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from coevo import DataError
from coevo.evolution.programs import ProgramPopulation
from coevo.evolution.variety import showing
from coevo.shader import Canvas, Expression, Program
from coevo.shader.forest import checked, plan_trees, render_trees
from coevo.shader.functions import Value, hsv_to_rgb, select_functions, to_scalar, to_vector
from coevo.shader.gpu import draws_on, render_on_gpu
from coevo.shader.parts import Part
from coevo.shader.templates import Primitive, Templates
from coevo.trees.language import Language
from coevo.trees.population import TreePopulation
from coevo.trees.tree import Tree, forest

SKETCH = 16  # px of the side at which random programs are tried


class GP(TreePopulation[Tree], ProgramPopulation[Tree]):
    """Programs in the functions of Sims, or in any others; an offspring is mutated, or mated and mutated."""

    name = "gp"

    class Options(TreePopulation.Options, ProgramPopulation.Options):
        renamed: ClassVar[Mapping[str, str]] = {
            **ProgramPopulation.Options.renamed,
            "shallow": "min_depth",
            "deep": "max_depth",
            "largest": "max_nodes",
            "slowest": "max_instructions",
        }

    options: Options

    @cached_property
    def language(self) -> Language:
        """The language of colours, or of greys. Raises ConfigError if the functions cannot make a picture."""
        return Language(select_functions(self.options.functions), colour=self.studio.image[0] == 3)

    # variation

    def random_genomes(self, n: int) -> list[Tree]:
        return showing(n, self.random_trees, lambda some: self.draw(some, SKETCH, SKETCH))

    def offspring_of(self, parents: Sequence[tuple[Tree, Tree | None]]) -> list[Tree]:
        return self.vary_trees(parents)

    # text

    def serialize(self, genome: Tree) -> str:
        return self.language.text(genome)

    def serialize_all(self, genomes: Sequence[Tree]) -> list[str]:
        return self.language.texts(genomes)

    def deserialize(self, text: str) -> Tree:
        tree = self.language.parse(text)
        if self.language.price(tree) > self.options.max_instructions:
            raise DataError(
                f"{text[:60]!r} is too slow a program: it takes more than {self.options.max_instructions} instructions."
            )
        return tree

    # pictures

    def draw(self, genomes: Sequence[Tree], height: int, width: int) -> Tensor:
        channels, last = self.studio.image[0], len(self.language.primitives)
        shape = len(genomes), channels, height, width
        if draws_on(self.studio.device):
            its = checked(forest(genomes))
            plans = (
                plan_trees(self._templates, its, channels, last, i, i + 1, height, width) for i in range(len(genomes))
            )
            return render_on_gpu(self.studio.device, plans, shape)
        pictures = render_trees(
            self._templates, forest(genomes), channels, last, height, width, self.studio.native_threads
        )
        return torch.from_numpy(pictures)

    @cached_property
    def _templates(self) -> Templates:
        """The language's primitives, and last of all what makes channels of a program's value."""
        width, channels = (3 if self.language.root else 1), self.studio.image[0]
        shown = Primitive("channels", lambda canvas, value: self._channels(value), (width,), channels)
        return Templates([*self.language.primitives, shown])

    def _channels(self, value: Value) -> Value:
        if self.studio.image[0] == 1:
            return (to_scalar(value),)
        if self.options.colour == "rgb":
            return to_vector(value)
        hue, saturation, brightness = (number.clip(-1, 1) for number in to_vector(value))
        return hsv_to_rgb(hue * 0.5, saturation * 0.5 + 0.5, brightness * 0.5 + 0.5)

    def program(self, genome: Tree, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Program:
        return self._channels(self.language.value(genome, canvas, constants))

    def parts(self, genome: Tree, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Sequence[Part]:
        parts = self.language.parts(genome, canvas, constants)
        return [*parts, Part("picture", self._channels(parts[-1].value), (len(parts) - 1,))]

    def constants(self, genome: Tree) -> list[float]:
        numbers: list[float] = genome.numbers.tolist()
        return numbers

    def with_constants(self, genome: Tree, constants: Sequence[float]) -> Tree:
        return genome.with_numbers([round(number, 4) for number in constants])
