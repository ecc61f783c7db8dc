"""Cellular automata whose local rule is an evolved expression, and agents that such a rule steers (Kowaliw 2012)."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from coevo import ArtistSpec, Genome
from coevo.evolution.genetic import GeneticPopulation
from coevo.evolution.population import Offspring
from coevo.evolution.variety import draw_distinct, is_noise, varies
from coevo.native import random_seeds
from coevo.native.threads import in_threads
from coevo.shader.forest import checked, plan_trees
from coevo.shader.functions import select_functions
from coevo.shader.plan import Plan
from coevo.shader.templates import Templates
from coevo.trees.language import MAX_NODES, Language
from coevo.trees.machine import grow, vary
from coevo.trees.tree import Tree, forest
from coevo.trees.variation import Bounds
from coevo_ca.colours import shown
from coevo_ca.genotype import Genotype, parse, texts
from coevo_ca.growth import STARTS, first_cells, first_state, grown, painted
from coevo_ca.neighbourhood import CHANNELS, NEIGHBOURHOOD, WITH_AGENTS

TRIES = 20  # for random rules that make something
SMALL = 32  # cells of the side of the grid on which they are tried
RESTART = 0.1  # probability that an offspring grows from another start
KEPT = 2**26  # bytes of pictures that are kept


class CA(GeneticPopulation[Genotype]):
    """Automata: every cell computes its next state of its neighbourhood, for some steps; an expression paints the last.

    With agents, the same expressions steer those instead: each reads its neighbourhood, paints its cell and moves.
    """

    name = "ca"

    class Options(GeneticPopulation.Options):
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
        colour: Literal["rgb", "hsv"] = "rgb"
        """The colour space of three numbers; grey pictures show the first of them."""
        picks: int | None = Field(None, ge=1)
        """With picks: how many works may be picked at once, at most; by default all."""
        min_depth: int = Field(2, ge=1, le=8)
        """Depth of a random expression at least."""
        max_depth: int = Field(4, ge=1, le=8)
        """Depth of a random expression at most."""
        max_nodes: int = Field(60, ge=1, le=MAX_NODES)
        """Nodes of an expression at most."""
        max_instructions: int = Field(300, ge=10, le=10_000)
        """Instructions of an expression at most, besides reading its neighbourhood."""

        needs: ClassVar[Mapping[str, str]] = {
            **GeneticPopulation.Options.needs,
            "picks": "rewards=picks",
            "inertia": "agents=0",
            "paint": "agents=0",
        }

    options: Options

    def spec(self) -> ArtistSpec:
        return replace(super().spec(), picks=(1, min(self.size, self.options.picks or self.size)))

    def check(self) -> None:
        super().check()
        _ = self.language

    def build(self) -> None:
        self._kept: OrderedDict[Genotype, np.ndarray] = OrderedDict()
        super().build()

    @cached_property
    def language(self) -> Language:
        """The language of rules: vectors of what a cell reads."""
        terminals = WITH_AGENTS if self.options.agents else NEIGHBOURHOOD
        return Language({**terminals, **select_functions(self.options.functions)})

    @cached_property
    def bounds(self) -> Bounds:
        o = self.options
        return Bounds(o.max_nodes, o.max_instructions, o.mutation)

    @property
    def parts(self) -> int:
        """Number of expressions of a genotype."""
        return 2 if self.options.paint or self.options.agents else 1

    @property
    def starts(self) -> Sequence[str]:
        """What may be grown from: of agents, who paint few cells, nothing but some spots."""
        if self.options.start != "any":
            return (self.options.start,)
        return ("cell", "scatter") if self.options.agents else STARTS

    # variation

    def random_genomes(self, n: int) -> list[Genotype]:
        """Rules that make something on a small grid; plain ones only if no others are found."""
        found: list[Genotype] = []
        for _ in range(TRIES):
            some = self._random(n - len(found))
            found += [one for one, makes in zip(some, varies(self._small(some)).tolist(), strict=True) if makes]
            if len(found) == n:
                return found
        return found + self._random(n - len(found))

    def _random(self, n: int) -> list[Genotype]:
        o, language = self.options, self.language
        deep = max(o.min_depth, o.max_depth)
        seeds = random_seeds(n * self.parts)
        trees = grow(language.grammar, seeds, language.root, o.min_depth, deep, self.bounds)
        if o.agents:
            trees = list(map(self._tinted, trees))
        elif o.paint:
            trees[1::2] = map(self._tinted, trees[1::2])
        return self._genotypes(random.choices(self.starts, k=n), trees)

    def _tinted(self, tree: Tree) -> Tree:
        """A random expression between two random vectors, as most others would have three numbers alike."""
        if not {"+", "*"} <= self.language.functions.keys():
            return tree
        one, other = (" ".join(str(round(random.uniform(-1, 1), 4)) for _ in range(3)) for _ in range(2))
        return self.language.parse(f"(+ #({one}) (* #({other}) {self.language.text(tree)}))")

    def offspring_of(self, parents: Sequence[tuple[Genotype, Genotype | None]]) -> list[Genotype]:
        """Every expression is mutated, or mated with the same one of the father and mutated; sometimes the start is
        another."""
        pairs = [(a, father and father.trees[i]) for mother, father in parents for i, a in enumerate(mother.trees)]
        trees = vary(self.language.grammar, pairs, random_seeds(len(pairs)), self.bounds)
        starts = [mother.start for mother, _ in parents]
        if len(self.starts) > 1:
            starts = [random.choice(self.starts) if random.random() < RESTART else start for start in starts]
        return self._genotypes(starts, trees)

    def reproduce(self, parents: Sequence[Genome], n: int) -> list[Offspring[Genotype]]:
        """Where a person picks, offspring that are plain or twins on a small grid have others in their places: two of
        three would be, and are not grown in full to find that out."""
        make = partial(super().reproduce, parents)
        if not (self.studio.picks and self.options.distinct):
            return make(n)
        beside = self._small([self.genome(one) for one in parents])
        return draw_distinct(n, beside, make, lambda some: self._small([genome for genome, _ in some]), varies)

    def _small(self, genomes: Sequence[Genotype]) -> Tensor:
        """Pictures [N, C, SMALL, SMALL] of genotypes on a small grid."""
        return torch.from_numpy(np.stack(self._grow(genomes, SMALL, SMALL)))

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
        cells = torch.from_numpy(np.stack(self._pictures(genomes)))
        if height < cells.shape[-2] or width < cells.shape[-1]:
            return adaptive_avg_pool2d(cells, (height, width))
        rows, columns = (torch.arange(to) * of // to for to, of in zip((height, width), cells.shape[-2:], strict=True))
        return cells[:, :, rows][..., columns]

    def _pictures(self, genomes: Sequence[Genotype]) -> list[np.ndarray]:
        """One pixel a cell, [C, height, width] each; those that were asked for last are kept."""
        missing = [one for one in dict.fromkeys(genomes) if one not in self._kept]
        height, width = (self.options.grid,) * 2 if self.options.grid else self.studio.image[1:]
        new = dict(zip(missing, self._grow(missing, height, width), strict=True))
        found = [new[one] if one in new else self._kept[one] for one in genomes]
        self._kept |= new
        while len(self._kept) * found[0].nbytes > KEPT:
            self._kept.popitem(last=False)
        return found

    def _grow(self, genomes: Sequence[Genotype], height: int, width: int) -> list[np.ndarray]:
        o, parts = self.options, self.parts
        trees = checked(forest([tree for one in genomes for tree in one.trees]))

        def plan(first: int, stop: int) -> Plan:
            return plan_trees(self._templates, trees, CHANNELS, None, first, stop, height, width)

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
            return shown(state, self.studio.image[0], o.colour)

        tasks = [partial(one, index) for index in range(len(genomes))]
        return in_threads(tasks, self.studio.native_threads)

    @cached_property
    def _templates(self) -> Templates:
        return Templates(self.language.primitives)

    def shows(self, images: Tensor) -> np.ndarray:
        return varies(images) & ~is_noise(images)
