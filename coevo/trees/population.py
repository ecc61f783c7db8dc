"""Populations whose genomes are trees, or made of trees: their language, its limits, and variation within them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

from pydantic import Field

from coevo.evolution.genetic import GeneticPopulation
from coevo.native import random_seeds
from coevo.trees.language import MAX_NODES, Language
from coevo.trees.machine import Parents, grow, vary
from coevo.trees.tree import Tree
from coevo.trees.variation import Bounds

G = TypeVar("G")


class TreePopulation(GeneticPopulation[G]):
    """A genetic algorithm over trees. A subclass says in which `language` they are."""

    class Options(GeneticPopulation.Options):
        functions: str = "sims"
        """The functions of programs: sets and single ones, separated by commas; `coevo plugins` lists the sets."""
        colour: Literal["rgb", "hsv"] = "rgb"
        """The colour space of three numbers; grey pictures have one."""
        min_depth: int = Field(2, ge=1, le=8)
        """Depth of a random program at least."""
        max_depth: int = Field(5, ge=1, le=8)
        """Depth of a random program at most."""
        max_nodes: int = Field(150, ge=1, le=MAX_NODES)
        """Nodes of a program at most."""
        max_instructions: int = Field(3000, ge=10, le=100_000)
        """Instructions of a program at most."""

    @property
    def language(self) -> Language:
        """The language of trees; keep it. Raises ConfigError if the functions cannot make a picture."""
        raise NotImplementedError

    def check(self) -> None:
        super().check()
        _ = self.language

    @property
    def bounds(self) -> Bounds:
        """The limits of trees, and how much they vary: a person may change `mutation`."""
        o = self.options
        return Bounds(o.max_nodes, o.max_instructions, o.mutation)

    def random_trees(self, n: int) -> list[Tree]:
        """n random programs of the language, by Python's global stream."""
        o, language = self.options, self.language
        deep = max(o.min_depth, o.max_depth)
        return grow(language.grammar, random_seeds(n), language.root, o.min_depth, deep, self.bounds)

    def vary_trees(self, parents: Sequence[Parents]) -> list[Tree]:
        """An offspring of each mother, and father if there is one, by Python's global stream."""
        return vary(self.language.grammar, parents, random_seeds(len(parents)), self.bounds)
