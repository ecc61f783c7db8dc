"""An artist whose works are programs: they draw lines with a pen, or give every point a colour.

If the critic scores, each champion stands on a ladder (Blair 2013) with its challengers and their children, and the
population is all of them. If a person picks, the next population is children of the picked.

Reference: Vickers, Soderlund & Blair, Co-evolving line drawings with hierarchical evolution, EvoMUSART 2017. Functions:
Soderlund & Blair, Adversarial image generation using evolution and deep learning, CEC 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from coevo import ConfigError, Genome, Metrics, PairError, Works
from coevo.contract.drawings import Drawing
from coevo.evolution.population import Offspring, Population
from coevo.evolution.variety import varies
from coevo.native import Draws, random_seeds
from coevo_hercl.canvas import paint, sketch, vector
from coevo_hercl.fresh import random_colour, random_drawing
from coevo_hercl.functions import draw_functions
from coevo_hercl.ladder import Candidate, Ladders, Level, Mating, Merit
from coevo_hercl.machine import REGISTERS
from coevo_hercl.program import Program
from coevo_hercl.text import read, write
from coevo_hercl.variation import Bounds, vary

TRIES = 20  # for random programs that show something
LADDERS = 4
PLACES = 8  # of a ladder, at least: a champion, one challenger of each level, and as many children
SMALLEST, LARGEST = 16, 1024  # px of a side
ROWS = 256  # of a strip


class Hercl(Population[Program]):
    """Programs of HERCL, bred by changes of many scales, from whole cells down to single numbers."""

    name = "hercl"

    class Options(Population.Options):
        form: Literal["drawing", "function"] = "drawing"
        """What programs do: move a pen by messages, or compute the colour of each point from its coordinates."""
        paper: Literal["white", "black"] = "white"
        """The colour of the canvas; on black paper all pictures are negatives, so that the pen begins white."""
        ladders: int | None = Field(None, ge=1, le=1000)
        """With scores: champions that evolve side by side, each with challengers of its own; by default four, or fewer
        if there are not eight places for each."""
        library: int = Field(100, ge=0, le=10_000)
        """Past champions whose code is used again, at most; an artist whose phases restart has some."""
        max_length: int = Field(200, ge=8, le=4096)
        """The most instructions of a program."""
        cells: int = Field(1, ge=1, le=64)
        """The most cells of a program: one, and its subroutines."""
        steps: int = Field(10_000, ge=1, le=1_000_000)
        """The most instructions that a program executes for a drawing; for a point of a function, a hundredth."""

        needs: ClassVar = dict.fromkeys(("ladders", "library"), "rewards=scores")

    options: Options
    search: Ladders[Genome]

    def check(self) -> None:
        o, (_, height, width) = self.options, self.studio.image
        if o.form == "drawing" and (height != width or not SMALLEST <= height <= LARGEST):
            raise ConfigError(
                f"Artist 'hercl' draws on squares of {SMALLEST} to {LARGEST} px, not {height} × {width}; with "
                "artist.form=function it paints any size."
            )
        if o.ladders and self.size < PLACES * o.ladders:
            raise ConfigError(
                f"artist.ladders={o.ladders} needs a population of {PLACES * o.ladders} or more, not {self.size}; "
                "choose fewer ladders or a larger batch."
            )

    def build(self) -> None:
        kept = self.search.library if "search" in vars(self) else None  # a restart of a phase: code lives on
        if kept:
            self.search.retire()
        highest = Level.BLOCK if self.options.cells > 1 else Level.CELL
        rungs = max(1, self.size // self.ladder_count // 2)
        self.search = Ladders[Genome](self._child, _plain, _genome, highest, self.options.library, rungs)
        self.search.library = kept or self.search.library
        super().build()

    @property
    def ladder_count(self) -> int:
        """Number of ladders."""
        return self.options.ladders or max(1, min(LADDERS, self.size // PLACES))

    # programs

    def random_genomes(self, n: int) -> list[Program]:
        """Programs whose pictures show something; others only if none are found."""
        found: list[Program] = []
        for _ in range(TRIES):
            some = [self._fresh(Draws(seed)) for seed in random_seeds(n - len(found))]
            shown = varies(self.draw(some, 32, 32)).tolist()
            found += [program for program, shows in zip(some, shown, strict=True) if shows]
            if len(found) == n:
                return found
        return found + [self._fresh(Draws(seed)) for seed in random_seeds(n - len(found))]

    def reproduce(self, parents: Sequence[Genome], n: int) -> list[Offspring[Program]]:
        """Changes of the picked at all scales. A large change takes code of a random one of them, or random code if
        that is the parent itself."""
        made: list[Offspring[Program]] = []
        for number, draws in enumerate(map(Draws, random_seeds(n))):
            parent = parents[number % len(parents)]
            level = draws.choice(list(Level)[: self.search.highest + 1])
            mate = draws.choice(parents) if level > Level.POINT else parent
            mating = Mating(parent, None if mate.id == parent.id else mate, level, aligned=draws.uniform() < 0.5)
            made.append(self._varied(mating, draws))
        return made

    def serialize(self, genome: Program) -> str:
        return write(genome)

    def deserialize(self, text: str) -> Program:
        return read(text)

    @cached_property
    def bounds(self) -> Bounds:
        """Limits of the programs that it makes; imported ones may be longer."""
        return Bounds(self.options.max_length, self.options.cells, REGISTERS)

    def _fresh(self, draws: Draws) -> Program:
        return (random_drawing if self.options.form == "drawing" else random_colour)(draws, self.bounds)

    def _varied(self, mating: Mating[Genome], draws: Draws) -> Offspring[Program]:
        """A child, and whose it is."""
        parent, mate = mating.parent, mating.mate
        programs = Mating(self.genome(parent), self.genome(mate) if mate else None, mating.level, mating.aligned)
        parents = (parent.id, mate.id) if mate else (parent.id,)
        return vary(programs, draws, self.bounds, self._fresh), parents

    def _child(self, mating: Mating[Genome], draws: Draws) -> Genome:
        """A child of a ladder, as an individual."""
        (child,) = self.newborn([self._varied(mating, draws)])
        return child

    # pictures

    def draw(self, genomes: Sequence[Program], height: int, width: int) -> Tensor:
        (pictures,) = self._painted(genomes, height, width, height)
        return pictures

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        program = self.deserialize(works.individuals[0].text)
        for strip in self._painted([program], size, size, ROWS):
            yield strip[0]

    def _painted(self, genomes: Sequence[Program], height: int, width: int, rows: int) -> Iterator[Tensor]:
        """Pictures in strips [N, C, rows, width] from top to bottom; programs that draw lines are run once."""
        o, some = self.options, dict[str, Any](colour=self.colour, threads=self.studio.native_threads)
        painter: Callable[..., np.ndarray]
        if o.form == "function":
            painter = partial(draw_functions, genomes, height, width, steps=max(1, o.steps // 100), **some)
        else:
            painter = partial(paint, sketch(genomes, steps=o.steps, **some), height, **some)
        for top in range(0, height, rows):
            images = torch.from_numpy(painter(rows=range(top, min(top + rows, height)))).float().div_(127.5).sub_(1)
            yield images.neg_() if o.paper == "black" else images

    def vector(self, works: Works) -> Sequence[Drawing]:
        """The lines of drawings."""
        if self.options.form != "drawing":
            raise PairError("Functions have no lines; artist.form=drawing has.")
        programs, threads = [self.genome(one) for one in works.individuals], self.studio.native_threads
        sketches = sketch(programs, colour=self.colour, steps=self.options.steps, threads=threads)
        drawings = [vector(one) for one in sketches]
        return [negative(one) for one in drawings] if self.options.paper == "black" else drawings

    @property
    def colour(self) -> bool:
        """Whether there is colour."""
        return self.studio.image[0] == 3

    # learning by scores

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        """Every individual gets the merit that the present critic gives it, and every ladder goes on with the best."""
        merits = dict(zip([one.id for one in self.population], self._merits(works, rewards), strict=True))
        if not self.search.ladders:
            best = sorted(self.population, key=lambda one: (merits[one.id].penalty, merits[one.id].total))
            self.search.start(best[: self.ladder_count], random_seeds(self.ladder_count))
        for ladder in self.search.ladders:
            ladder.remeasure([merits[one.genome.id] for one in ladder.rungs])
            ladder.accept([merits[one.genome.id] for one in ladder.pending])
        champions = [ladder.champion for ladder in self.search.ladders]
        self._propose()
        scores = rewards.detach()
        return {
            "best": scores.max(),
            "median": scores.median(),
            "champions": float(np.mean([-one.merit.cost for one in champions])),
            "length": float(np.mean([len(self.genome(one.genome)) for one in champions])),
            "challengers": float(np.mean([len(ladder.rungs) - 1 for ladder in self.search.ladders])),
        }

    def _merits(self, works: Works, rewards: Tensor) -> list[Merit]:
        """The cost of an individual is its negative reward; plain pictures have a penalty."""
        plain = (~varies(works.pixels)).tolist()
        lengths = [len(self.genome(one)) for one in self.population]
        return [
            Merit(float(empty), -reward, length)
            for empty, reward, length in zip(plain, rewards.detach().tolist(), lengths, strict=True)
        ]

    def _propose(self) -> None:
        """The next population: champions, challengers, and new children."""
        ladders = self.search.ladders
        for number, ladder in enumerate(ladders):
            share = self.size * (number + 1) // len(ladders) - self.size * number // len(ladders)
            ladder.propose(share - len(ladder.rungs))
        standing = sorted(
            ((rung, number) for number, ladder in enumerate(ladders) for rung in range(len(ladder.rungs)))
        )
        rungs = [ladders[number].rungs[rung].genome for rung, number in standing]
        children = [child.genome for ladder in ladders for child in ladder.pending]
        super().replace_population([*rungs, *children], [])

    def replace_population(self, survivors: Sequence[Genome], offspring: Sequence[Offspring[Program]]) -> None:
        """Individuals that were bred or come from elsewhere are on no ladder: the next scores choose champions."""
        self.search.retire()
        super().replace_population(survivors, offspring)

    def immigrate(self, works: Works) -> None:
        """Immigrants take the places of the youngest: on a ladder they challenge its champion."""
        if not self.search.ladders:
            super().immigrate(works)
            return
        immigrants = self.newborn(self._copies(works))
        pending = [(ladder, i) for ladder in self.search.ladders for i in range(len(ladder.pending))]
        for (ladder, i), one in zip(reversed(pending), immigrants, strict=False):
            ladder.pending[i] = Candidate(one, Level.CELL)
        children = [child.genome for ladder in self.search.ladders for child in ladder.pending]
        self.population = [*self.population[: len(self.population) - len(children)], *children]


def negative(drawing: Drawing) -> Drawing:
    """The same lines in the complements of their colours."""
    paths = [replace(path, colour=_complement(path.colour)) for path in drawing.paths]
    return Drawing(paths, _complement(drawing.background))


def _complement(colour: str) -> str:
    return f"#{0xFFFFFF - int(colour[1:], 16):06x}"


def _plain(one: Genome) -> Any:
    return [one.id, list(one.parents), one.text]


def _genome(row: Any) -> Genome:
    id, parents, text = row
    return Genome(id, tuple(parents), text)
