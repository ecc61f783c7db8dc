"""Genetic programming (Sims 1991): a population of programs, each of which computes a colour for every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from coevo import DataError
from coevo.evolution.programs import ProgramPopulation
from coevo.evolution.variety import varies
from coevo.shader import Canvas, Expression, Program
from coevo.shader.functions import hsv_to_rgb, select_functions, to_scalar, to_vector
from coevo.trees.language import MAX_NODES, Language, Tree, is_constant, numbers_of, with_numbers
from coevo_gp.variation import mate, mutate

TRIES = 100  # for random programs that are quick to draw, and show something


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

    def random_genome(self) -> Tree:
        o, language = self.options, self.language
        for _ in range(TRIES):
            tree = language.random_program(language.root, o.min_depth, max(o.min_depth, o.max_depth))
            if len(tree) <= o.max_nodes and self.is_quick(tree):
                return tree
        return language.random_program(language.root, 1, 1)

    def random_genomes(self, n: int) -> list[Tree]:
        """Programs whose pictures show something; plain ones only if no others are found."""
        found: list[Tree] = []
        for _ in range(TRIES):
            some = super().random_genomes(n - len(found))
            shown = varies(self.draw(some, 16, 16)).tolist()
            found += [tree for tree, shows in zip(some, shown, strict=True) if shows]
            if len(found) == n:
                return found
        return found + super().random_genomes(n - len(found))

    def offspring(self, mother: Tree, father: Tree | None) -> Tree:
        o = self.options
        child = mother if father is None else mate(mother, father, o.max_nodes)
        if father is None or o.mutation:
            child = mutate(self.language, child, o.mutation, o.max_nodes)
        return child if self.is_quick(child) else mother

    def is_quick(self, tree: Tree) -> bool:
        """Whether it takes few enough instructions to draw."""
        return self.language.cost(tree) <= self.options.max_instructions

    def serialize(self, genome: Tree) -> str:
        return str(genome)

    def deserialize(self, text: str) -> Tree:
        tree = self.language.parse(text)
        if not self.is_quick(tree):
            raise DataError(
                f"{text[:60]!r} is too slow a program: it takes more than {self.options.max_instructions} instructions."
            )
        return tree

    def program(self, genome: Tree, canvas: Canvas, constants: Sequence[Expression] | None = None) -> Program:
        value = self.language.value(genome, canvas, constants)
        if self.studio.image[0] == 1:
            return (to_scalar(value),)
        if self.options.colour == "rgb":
            return to_vector(value)
        hue, saturation, brightness = (number.clip(-1, 1) for number in to_vector(value))
        return hsv_to_rgb(hue * 0.5, saturation * 0.5 + 0.5, brightness * 0.5 + 0.5)

    def constants(self, genome: Tree) -> list[float]:
        return [number for node in genome if is_constant(node) for number in numbers_of(node)]

    def with_constants(self, genome: Tree, constants: Sequence[float]) -> Tree:
        rest = iter(round(number, 4) for number in constants)
        return Tree(self.language.constant(with_numbers(node, rest)) if is_constant(node) else node for node in genome)
