"""Genetic programming (Sims 1991): a population of programs, each of which computes a colour for every point."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from pydantic import Field, field_validator

from coevo import DataError
from coevo.evolution.population import Population
from coevo.shader import Canvas, Expression, Program
from coevo.shader.functions import chosen, grey, hsv, widened
from coevo_gp.language import LARGEST, Language, Tree, is_constant, replaced, spread
from coevo_gp.variation import mate, mutate

TRIES = 100  # for strangers that are quick enough to draw, and something to look at
PLAIN = 0.1  # deviation of the pixels of a picture that shows nothing


class GP(Population[Tree]):
    """Programs in the functions of Sims, or in any others that are chosen; a child is mutated, or mated and mutated."""

    name = "gp"

    class Options(Population.Options):
        functions: str = "sims"
        """What programs are written in: sets and single functions, with commas; `coevo plugins` lists the sets."""
        colour: Literal["rgb", "hsv"] = "rgb"
        """What a program's three numbers are; of grey pictures it has one."""
        shallow: int = Field(2, ge=1, le=8)
        """How deep a new program is at least."""
        deep: int = Field(5, ge=1, le=8)
        """How deep a new program is at most."""
        largest: int = Field(150, ge=1, le=LARGEST)
        """Nodes of a program at most."""
        slowest: int = Field(3000, ge=10, le=100_000)
        """Instructions of a program at most; one that takes more is not born."""

        @field_validator("functions")
        @classmethod
        def _known(cls, names: str) -> str:
            chosen(names)
            return names

    options: Options

    @cached_property
    def language(self) -> Language:
        """Of colours, or of greys. Raises ConfigError where the functions make no picture."""
        return Language(chosen(self.options.functions), colour=self.studio.image[0] == 3)

    def check(self) -> None:
        super().check()
        _ = self.language

    def stranger(self) -> Tree:
        o, language = self.options, self.language
        for _ in range(TRIES):
            tree = language.grown(language.root, o.shallow, max(o.shallow, o.deep))
            if len(tree) <= o.largest and self.viable(tree):
                return tree
        return language.grown(language.root, 1, 1)

    def strangers(self, count: int) -> list[Tree]:
        """So many that are something to look at, plain ones only where no others are found; drawn together."""
        found: list[Tree] = []
        for _ in range(TRIES):
            some = [self.stranger() for _ in range(count - len(found))]
            shown = self.draw(some, 16, 16).flatten(1).std(1) > PLAIN
            found += [tree for tree, its in zip(some, shown.tolist(), strict=True) if its]
            if len(found) == count:
                return found
        return found + [self.stranger() for _ in range(count - len(found))]

    def child(self, mother: Tree, father: Tree | None) -> Tree:
        o = self.options
        child = mother if father is None else mate(mother, father, o.largest)
        if father is None or o.mutation:
            child = mutate(self.language, child, o.mutation, o.largest)
        return child if self.viable(child) else mother

    def parse(self, text: str) -> Tree:
        tree = self.language.parse(text)
        if not self.viable(tree):
            raise DataError(
                f"{text[:60]!r} is too slow a program: it takes more than {self.options.slowest} instructions."
            )
        return tree

    def spell(self, genome: Tree) -> str:
        return str(genome)

    def numbers(self, genome: Tree) -> list[float]:
        return [number for node in genome if is_constant(node) for number in spread(node)]

    def renumbered(self, genome: Tree, numbers: Sequence[float]) -> Tree:
        rest = iter(round(number, 4) for number in numbers)
        return Tree(self.language.constant(replaced(node, rest)) if is_constant(node) else node for node in genome)

    def picture(self, genome: Tree, canvas: Canvas, numbers: Sequence[Expression] | None = None) -> Program:
        value = self.language.value(genome, canvas, numbers)
        if self.studio.image[0] == 1:
            return (grey(value),)
        if self.options.colour == "rgb":
            return widened(value)
        hue, saturation, brightness = (number.clip(-1, 1) for number in widened(value))
        return hsv(hue * 0.5, saturation * 0.5 + 0.5, brightness * 0.5 + 0.5)

    def viable(self, tree: Tree) -> bool:
        """Whether it is quick enough to draw."""
        return self.language.price(tree) <= self.options.slowest
