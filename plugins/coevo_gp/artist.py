"""Genetic programming (Sims 1991): a population of programs, each of which computes a colour for every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from coevo import DataError
from coevo.evolution.programs import ProgramPopulation
from coevo.evolution.variety import varies
from coevo.native import random_seeds
from coevo.shader import Canvas, Expression, Program
from coevo.shader.forest import checked, plan_trees, render_trees
from coevo.shader.functions import Value, hsv_to_rgb, select_functions, to_scalar, to_vector
from coevo.shader.gpu import draws_on, render_on_gpu
from coevo.shader.templates import Primitive, Templates
from coevo.trees.language import MAX_NODES, Language
from coevo.trees.machine import grow, vary
from coevo.trees.tree import Tree, forest
from coevo.trees.variation import Bounds

TRIES = 100  # for random programs that show something


class GP(ProgramPopulation[Tree]):
    """Programs in the functions of Sims, or in any others; an offspring is mutated, or mated and mutated."""

    name = "gp"

    class Options(ProgramPopulation.Options):
        functions: str = "sims"
        """The functions of programs: sets and single ones, separated by commas; `coevo plugins` lists the sets."""
        colour: Literal["rgb", "hsv"] = "rgb"
        """The colour space of a program's three outputs; grey pictures have one output."""
        min_depth: int = Field(2, ge=1, le=8)
        """Depth of a random program at least."""
        max_depth: int = Field(5, ge=1, le=8)
        """Depth of a random program at most."""
        max_nodes: int = Field(150, ge=1, le=MAX_NODES)
        """Nodes of a program at most."""
        max_instructions: int = Field(3000, ge=10, le=100_000)
        """Instructions of a program at most."""

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

    def check(self) -> None:
        super().check()
        _ = self.language

    @cached_property
    def bounds(self) -> Bounds:
        o = self.options
        return Bounds(o.max_nodes, o.max_instructions, o.mutation)

    # variation

    def random_genomes(self, n: int) -> list[Tree]:
        """Programs whose pictures show something; plain ones only if no others are found."""
        found: list[Tree] = []
        for _ in range(TRIES):
            some = self._random(n - len(found))
            shown = varies(self.draw(some, 16, 16)).tolist()
            found += [tree for tree, shows in zip(some, shown, strict=True) if shows]
            if len(found) == n:
                return found
        return found + self._random(n - len(found))

    def _random(self, n: int) -> list[Tree]:
        o, language = self.options, self.language
        deep = max(o.min_depth, o.max_depth)
        return grow(language.grammar, random_seeds(n), language.root, o.min_depth, deep, self.bounds)

    def offspring_of(self, parents: Sequence[tuple[Tree, Tree | None]]) -> list[Tree]:
        return vary(self.language.grammar, parents, random_seeds(len(parents)), self.bounds)

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

    def constants(self, genome: Tree) -> list[float]:
        numbers: list[float] = genome.numbers.tolist()
        return numbers

    def with_constants(self, genome: Tree, constants: Sequence[float]) -> Tree:
        return genome.with_numbers([round(number, 4) for number in constants])
