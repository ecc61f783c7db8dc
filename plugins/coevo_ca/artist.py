"""Cellular automata whose local rule is an evolved expression, and agents that such a rule steers (Kowaliw 2012)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from coevo import ArtistSpec
from coevo.evolution.population import Offspring, genomes_of
from coevo.evolution.variety import draw_distinct, is_noise, showing, varies
from coevo.native.threads import in_threads
from coevo.shader.forest import checked, plan_trees
from coevo.shader.functions import select_functions
from coevo.shader.plan import Plan
from coevo.shader.templates import Templates
from coevo.trees.language import MAX_NODES, Language
from coevo.trees.population import TreePopulation
from coevo.trees.tree import Tree, forest
from coevo_ca.cache import PictureCache
from coevo_ca.colours import shown
from coevo_ca.genotype import Genotype, parse, texts
from coevo_ca.growth import STARTS, first_cells, first_state, grown, painted
from coevo_ca.neighbourhood import CHANNELS, NEIGHBOURHOOD, WITH_AGENTS

SMALL = 32  # cells of the side of the grid on which they are tried
TINT = 4  # nodes
RESTART = 0.1  # probability that an offspring grows from another start
CACHE = 2**26  # bytes of pictures that are kept


class CA(TreePopulation[Genotype]):
    """Every cell computes its next state from its neighbourhood, for some steps; an expression paints the last state.

    With agents, the expressions steer those instead: each agent reads its neighbourhood, paints its cell and moves.
    """

    name = "ca"

    class Options(TreePopulation.Options):
        functions: str = "automaton"
        """The functions of rules: sets and single ones, separated by commas; `coevo plugins` lists the sets."""
        grid: int | None = Field(None, ge=8, le=1024)
        """Cells of a side; by default as many as a picture of the run has px. Pictures of any size show these cells."""
        steps: int = Field(48, ge=1, le=10_000)
        """Steps for which a picture grows."""
        start: Literal["any", "cell", "blob", "scatter", "noise"] = "any"
        """What random rules grow from: one cell, a blob of noise, a few cells, or noise; any: it varies and evolves."""
        inertia: float = Field(0.5, ge=0, lt=1)
        """Share of its state that a cell keeps at every step; 0: the rule alone decides, as in Conway's Life."""
        paint: bool = True
        """A second expression paints the last state; else a state is a colour."""
        agents: int = Field(0, ge=0, le=10_000)
        """Number of agents, each of one cell, that a rule steers: they paint and move. 0: an automaton."""
        picks: int | None = Field(None, ge=1)
        """With picks: how many works may be picked at once, at most; by default all."""
        max_depth: int = Field(4, ge=1, le=8)
        """Depth of a random expression at most."""
        max_nodes: int = Field(60, ge=1, le=MAX_NODES)
        """Nodes of an expression at most."""
        max_instructions: int = Field(300, ge=10, le=10_000)
        """Instructions of an expression at most, besides reading its neighbourhood."""

        needs: ClassVar[Mapping[str, str]] = {
            "picks": "rewards=picks",
            "inertia": "agents=0",
            "paint": "agents=0",
        }

    options: Options

    def spec(self) -> ArtistSpec:
        return replace(super().spec(), picks=(1, min(self.size, self.options.picks or self.size)))

    def build(self) -> None:
        self.cache = PictureCache[tuple[Genotype, int, int]](CACHE)
        super().build()

    @cached_property
    def language(self) -> Language:
        """The language of rules, whose terminals are what a cell reads."""
        terminals = WITH_AGENTS if self.options.agents else NEIGHBOURHOOD
        return Language({**terminals, **select_functions(self.options.functions)})

    @property
    def parts(self) -> int:
        """Number of expressions of a genotype."""
        return 2 if self.options.paint or self.options.agents else 1

    @property
    def cells(self) -> tuple[int, int]:
        """Height and width of the grid."""
        side, (_, height, width) = self.options.grid, self.studio.image
        return (side, side) if side else (height, width)

    @property
    def starts(self) -> Sequence[str]:
        """What may be grown from; agents paint few cells, so they begin with some spots only."""
        if self.options.start != "any":
            return (self.options.start,)
        return ("cell", "scatter") if self.options.agents else STARTS

    # variation

    def random_genomes(self, n: int) -> list[Genotype]:
        return showing(n, self._random, self.previews)

    def _random(self, n: int) -> list[Genotype]:
        trees = self.random_trees(n * self.parts)
        if self.options.agents:
            trees = list(map(self._tinted, trees))
        elif self.options.paint:
            trees[1::2] = map(self._tinted, trees[1::2])
        return self._genotypes(random.choices(self.starts, k=n), trees)

    def _tinted(self, tree: Tree) -> Tree:
        """A random expression between two random vectors, as most others would have three numbers alike; itself, where
        that would be beyond the limits."""
        if not {"+", "*"} <= self.language.functions.keys() or len(tree) + TINT > self.options.max_nodes:
            return tree
        one, other = (" ".join(str(round(random.uniform(-1, 1), 4)) for _ in range(3)) for _ in range(2))
        tinted = self.language.parse(f"(+ #({one}) (* #({other}) {self.language.text(tree)}))")
        return tinted if self.language.price(tinted) <= self.options.max_instructions else tree

    def offspring_of(self, parents: Sequence[tuple[Genotype, Genotype | None]]) -> list[Genotype]:
        """Every expression is mutated, or mated with the same one of the father and mutated; sometimes the start
        changes."""
        pairs = [(a, father and father.trees[i]) for mother, father in parents for i, a in enumerate(mother.trees)]
        trees = self.vary_trees(pairs)
        starts = [mother.start for mother, _ in parents]
        if len(self.starts) > 1:
            starts = [random.choice(self.starts) if random.random() < RESTART else start for start in starts]
        return self._genotypes(starts, trees)

    def distinct_offspring(
        self, n: int, beside: Sequence[Genotype], make: Callable[[int], list[Offspring[Genotype]]]
    ) -> list[Offspring[Genotype]]:
        """Where a person picks, what is plain or a twin on a small grid has others in its place before it is grown in
        full: of three offspring two are."""
        if not self.sifts:
            return make(n)
        small = self.previews(beside)

        def sifted(k: int) -> list[Offspring[Genotype]]:
            return draw_distinct(k, small, make, lambda some: self.previews(genomes_of(some)), varies)

        return super().distinct_offspring(n, beside, sifted)

    def previews(self, genomes: Sequence[Genotype]) -> Tensor:
        """Pictures of genotypes on a small grid, [N, C, SMALL, SMALL] or as few cells as the artist's grid has."""
        height, width = (min(SMALL, side) for side in self.cells)
        return torch.from_numpy(np.stack(self._grown(genomes, height, width))) if genomes else torch.empty(0)

    def _genotypes(self, starts: Sequence[str], trees: Sequence[Tree]) -> list[Genotype]:
        parts = self.parts
        return [Genotype(start, tuple(trees[i * parts : (i + 1) * parts])) for i, start in enumerate(starts)]

    # text

    def serialize(self, genome: Genotype) -> str:
        return texts(self.language, [genome])[0]

    def serialize_all(self, genomes: Sequence[Genotype]) -> list[str]:
        return texts(self.language, genomes)

    def deserialize(self, text: str) -> Genotype:
        return parse(self.language, text, self.parts, self.options.max_instructions)

    # pictures

    def draw(self, genomes: Sequence[Genotype], height: int, width: int) -> Tensor:
        """Grown on the artist's own grid, whose cells are enlarged to the picture's size, or averaged."""
        cells = torch.from_numpy(np.stack(self._grown(genomes, *self.cells)))
        if height < cells.shape[-2] or width < cells.shape[-1]:
            return adaptive_avg_pool2d(cells, (height, width))
        rows, columns = (torch.arange(to) * of // to for to, of in zip((height, width), cells.shape[-2:], strict=True))
        return cells[:, :, rows][..., columns]

    def _grown(self, genomes: Sequence[Genotype], height: int, width: int) -> list[np.ndarray]:
        """Pictures [C, height, width] of one pixel a cell."""
        keys = [(one, height, width) for one in genomes]
        return self.cache(keys, lambda new: self._grow([one for one, *_ in new], height, width))

    def _grow(self, genomes: Sequence[Genotype], height: int, width: int) -> list[np.ndarray]:
        o, parts, templates = self.options, self.parts, self._templates  # traced here, once, and not by every thread
        trees = checked(forest([tree for one in genomes for tree in one.trees]))

        def plan(first: int, stop: int) -> Plan:
            return plan_trees(templates, trees, CHANNELS, None, first, stop, height, width)

        def one(index: int) -> np.ndarray:
            start, first = first_state(genomes[index].start, height, width), index * parts
            if o.agents:
                cells = first_cells(o.agents, height, width)
                state = painted(plan(first, first + 2), start, cells, o.steps)
            else:
                planes = grown(plan(first, first + 1), start, o.inertia, o.steps)
                state = planes[:CHANNELS]
                if o.paint:
                    state = np.empty_like(state)
                    plan(first + 1, first + 2).draw_from(planes, state.reshape(CHANNELS, -1))
            return np.array(shown(state, self.studio.image[0], o.colour))  # a view would keep all that it is a part of

        tasks = [partial(one, index) for index in range(len(genomes))]
        return in_threads(tasks, self.studio.native_threads)

    @cached_property
    def _templates(self) -> Templates:
        return Templates(self.language.primitives)

    def shows(self, images: Tensor) -> np.ndarray:
        return varies(images) & ~is_noise(images)
