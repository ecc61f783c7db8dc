"""An artist whose works are programs: they draw lines with a pen, or give every point a colour.

Before a critic that scores, every champion stands on a ladder (Blair 2013) among its challengers and their children;
the population is all of them. A person breeds them by picks.

Reference: Vickers, Soderlund & Blair, Co-evolving line drawings with hierarchical evolution, EvoMUSART 2017. Functions:
Soderlund & Blair, Adversarial image generation using evolution and deep learning, CEC 2018.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
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
    uses_threads: ClassVar[bool] = True

    class Options(Population.Options):
        form: Literal["drawing", "function"] = "drawing"
        """What programs do: move a pen by messages, or compute the colour of a point of its coordinates."""
        paper: Literal["white", "black"] = "white"
        """The colour of the canvas; on black paper all pictures are negatives, so that the pen begins white."""
        ladders: int | None = Field(None, ge=1, le=1000)
        """With scores: champions that evolve side by side, each with challengers of its own; by default four, if there
        are eight places for each."""
        library: int = Field(100, ge=0, le=10_000)
        """Champions of the artist's past whose code is used; there are some if its phases restart."""
        max_length: int = Field(200, ge=8, le=4096)
        """Instructions of a program at most."""
        cells: int = Field(1, ge=1, le=64)
        """Cells of a program at most: its subroutines, and itself."""
        steps: int = Field(10_000, ge=1, le=1_000_000)
        """Instructions that a program may do for a drawing; for a point of a function, a hundredth."""

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
        """Changes of the picked ones at all scales; each other is the mate of half of them, as random code is."""
        made: list[Offspring[Program]] = []
        for number, draws in enumerate(map(Draws, random_seeds(n))):
            parent = parents[number % len(parents)]
            mate = draws.choice(parents)
            mates = mate.id != parent.id
            level = draws.choice(list(Level)[: self.search.highest + 1])
            mating = Mating(self.genome(parent), self.genome(mate) if mates else None, level, draws.uniform() < 0.5)
            crosses = mates and level > Level.POINT
            made.append((self._vary(mating, draws), (parent.id, mate.id) if crosses else (parent.id,)))
        return made

    def serialize(self, genome: Program) -> str:
        return write(genome)

    def deserialize(self, text: str) -> Program:
        return read(text)

    @cached_property
    def bounds(self) -> Bounds:
        """Of programs that are made; those of others may be longer."""
        return Bounds(self.options.max_length, self.options.cells, REGISTERS)

    def _fresh(self, draws: Draws) -> Program:
        return (random_drawing if self.options.form == "drawing" else random_colour)(draws, self.bounds)

    def _vary(self, mating: Mating[Program], draws: Draws) -> Program:
        return vary(mating, draws, self.bounds, self._fresh)

    def _child(self, mating: Mating[Genome], draws: Draws) -> Genome:
        """A child of a ladder, as an individual."""
        parent, mate = mating.parent, mating.mate
        programs = Mating(self.genome(parent), self.genome(mate) if mate else None, mating.level, mating.aligned)
        (child,) = self.newborn([(self._vary(programs, draws), (parent.id, mate.id) if mate else (parent.id,))])
        return child

    # pictures

    def draw(self, genomes: Sequence[Program], height: int, width: int) -> Tensor:
        return self._draw(genomes, height, width, range(height))

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        program = self.deserialize(works.individuals[0].text)
        for top in range(0, size, ROWS):
            yield self._draw([program], size, size, range(top, min(top + ROWS, size)))[0]

    def _draw(self, genomes: Sequence[Program], height: int, width: int, rows: range) -> Tensor:
        """Rows of pictures [N, C, height, width]."""
        o, colour = self.options, self.studio.image[0] == 3
        if o.form == "function":
            steps = max(1, o.steps // 100)
            pixels = draw_functions(
                genomes, height, width, colour=colour, rows=rows, steps=steps, threads=self._threads
            )
        else:
            sketches = sketch(genomes, colour=colour, steps=o.steps, threads=self._threads)
            pixels = paint(sketches, height, colour=colour, rows=rows, threads=self._threads)
        images = torch.from_numpy(pixels).float().div_(127.5).sub_(1)
        return images.neg_() if o.paper == "black" else images

    def vector(self, works: Works) -> Sequence[Drawing]:
        """The lines of drawings."""
        if self.options.form != "drawing":
            raise PairError("Functions have no lines; artist.form=drawing has.")
        programs = [self.genome(one) for one in works.individuals]
        colour = self.studio.image[0] == 3
        sketches = sketch(programs, colour=colour, steps=self.options.steps, threads=self._threads)
        drawings = [vector(one) for one in sketches]
        return [negative(one) for one in drawings] if self.options.paper == "black" else drawings

    @property
    def _threads(self) -> int:
        return self.studio.threads or torch.get_num_threads()

    # learning by scores

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        """Everybody on a ladder is measured by the critic of today, and the best go on."""
        merits = dict(zip([one.id for one in self.population], self._merits(works, rewards), strict=True))
        if self.search.ladders:
            for ladder in self.search.ladders:
                ladder.remeasure([merits[one.genome.id] for one in ladder.rungs])
                ladder.accept([merits[one.genome.id] for one in ladder.pending])
        else:
            best = sorted(self.population, key=lambda one: (merits[one.id].penalty, merits[one.id].total))
            self.search.start(best[: self.ladder_count], random_seeds(self.ladder_count))
            for ladder in self.search.ladders:
                ladder.remeasure([merits[one.genome.id] for one in ladder.rungs])
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
        """The cost of an individual is what its reward lacks; a plain picture is no answer."""
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
        self.population = [ladders[number].rungs[rung].genome for rung, number in standing]
        self.population += [child.genome for ladder in ladders for child in ladder.pending]
        alive = {one.text for one in self.population}
        self._genomes = {text: genome for text, genome in self._genomes.items() if text in alive}

    def replace_population(self, survivors: Sequence[Genome], offspring: Sequence[Offspring[Program]]) -> None:
        """Who is bred or comes from elsewhere is on no ladder: the next scores choose champions."""
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
