"""A population of genomes that evolves: what Artists share whose works are programs, networks or genes.

A Critic that scores drives selection by tournament, with elites and a bonus for what is unlike the rest; before
a Critic that picks, only the picked reproduce.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import takewhile
from statistics import median
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from coevo.coevolution.archive import Archive, novelty
from coevo.contract import players
from coevo.contract.players import Artist, ArtistSpec, Metrics, State
from coevo.contract.works import Genome, Works
from coevo.errors import ConfigError, PairError
from coevo.evolution.niches import gathered, in_turn, shares
from coevo.shader import Canvas, Expression, Program, render, render_on, strips
from coevo.shader.render import TOGETHER

G = TypeVar("G")
ROWS = 256  # of a strip
NEIGHBOURS = 5  # whose distance says how new a work is
SIDE = 8  # of the thumbnails by which works are compared


Chosen = tuple[list[int], list[tuple[int, int]]]  # elites, and couples whose children take the other places


class Individual(NamedTuple):
    """One of a population: its name, its parents' names, and its genome as text."""

    id: str
    parents: tuple[str, ...]
    text: str


class Population(Artist, Generic[G]):
    """Individuals that are drawn, judged, selected and varied. A subclass says what a genome is.

    Variation draws from Python's global random stream, which the run seeds and saves, as DEAP's operators do.
    """

    extra_state = ("population", "breeders")

    class Options(players.Options):
        population: int | None = Field(None, ge=2, le=100_000)
        """Individuals; by default the run's batch."""
        mutation: float = Field(1.0, ge=0, le=100)
        """How many mutations a child has on average."""
        crossover: float = Field(0.5, ge=0, le=1)
        """How likely a child has two parents."""
        elites: int | None = Field(None, ge=0)
        """scores: the best so many live on, and are shown first; by default a sixteenth of the population."""
        tournament: int = Field(3, ge=1)
        """scores: a parent is the best of so many, drawn by chance."""
        novelty: float = Field(0.0, ge=0, le=1)
        """scores: weight of being unlike the others, beside the critic's reward; both by rank."""
        species: int = Field(1, ge=1, le=1000)
        """scores: about so many kinds, by likeness, have children by their mean fitness, of parents of one kind; so
        that what is promising is not crowded out by what is good already."""
        islands: int = Field(1, ge=1, le=1000)
        """scores: so many groups that breed among themselves, with as many children each, so that what one of them
        finds does not end the others; they take turns in the population's places."""
        migration: float = Field(0.01, ge=0, le=1)
        """islands: how likely, each generation, the elites of every island move on to the next."""
        archive: int = Field(0, ge=0, le=100_000)
        """novelty: unlike so many works of the past, too; a fair sample of all of them."""
        refine: float = Field(0.0, ge=0, le=1)
        """scores: how far the numbers in genomes move along the critic's gradient before they breed, elites aside;
        0 not at all."""

    options: Any
    population: list[Individual]
    breeders: list[Individual]
    """The parents of those who are there now."""
    _images: Tensor
    """The pictures of those who were drawn last."""
    _drawn_ids: list[str]
    _genomes: dict[str, G]

    # what a genome is

    def stranger(self) -> G:
        """Somebody new."""
        raise NotImplementedError

    def strangers(self, count: int) -> list[G]:
        """So many of them."""
        return [self.stranger() for _ in range(count)]

    def child(self, mother: G, father: G | None) -> G:
        """Their child, mutated; of one parent where there is but one."""
        raise NotImplementedError

    def parse(self, text: str) -> G:
        """The genome that `spell` spelled. Raises DataError where it is none, or beyond the limits."""
        raise NotImplementedError

    def spell(self, genome: G) -> str:
        """The genome as text, with nothing lost."""
        raise NotImplementedError

    def picture(self, genome: G, canvas: Canvas, numbers: Sequence[Expression] | None = None) -> Program:
        """The channels of its picture; numbers: what stands for those of the genome, where they are being learnt."""
        raise NotImplementedError

    def numbers(self, genome: G) -> list[float]:
        """Those of the genome's numbers that may be learnt."""
        raise NotImplementedError

    def renumbered(self, genome: G, numbers: Sequence[float]) -> G:
        """The same genome with other numbers."""
        raise NotImplementedError

    def draw(self, genomes: Sequence[G], height: int, width: int, known: Sequence[Tensor] = ()) -> Tensor:
        """Pictures [N, C, height, width] in [-1, 1], after those that are known."""
        images = np.empty((len(known) + len(genomes), self.studio.image[0], height, width), np.float32)
        for image, picture in zip(images, known, strict=False):
            image[:] = picture
        for first in range(0, len(genomes), TOGETHER):  # no more are drawn together, so a canvas need not hold more
            canvas, some = Canvas(), genomes[first : first + TOGETHER]
            at = len(known) + first
            render([self.picture(one, canvas) for one in some], height, width, out=images[at : at + len(some)])
        return torch.from_numpy(images)

    def niches(self, images: Tensor, wanted: int) -> Sequence[Sequence[int]]:
        """The population in so many niches, by the likeness of its pictures [N, C, H, W]."""
        small = thumbnails(images).cpu().numpy()
        return gathered(len(small), wanted, lambda one: np.linalg.norm(small - small[one], axis=1))

    # the artist

    def spec(self) -> ArtistSpec:
        return ArtistSpec(population=True, gradients=bool(self.options.refine), picks=(1, self.size))

    @property
    def elites(self) -> int:
        return max(1, self.size // 16) if self.options.elites is None else int(self.options.elites)

    @property
    def size(self) -> int:
        return self.options.population or self.studio.batch

    def check(self) -> None:
        o = self.options
        if self.elites >= self.size:
            raise ConfigError(
                f"artist.elites={self.elites} leaves no place for children in a population of {self.size}; say fewer."
            )
        if o.islands > 1 and o.species > 1:
            raise ConfigError(
                f"artist.islands={o.islands} and artist.species={o.species} both say who breeds with whom; leave one "
                "of them at 1."
            )
        if o.islands > 1 and self.size // o.islands <= self._elites_each:
            raise ConfigError(
                f"artist.islands={o.islands} leaves no place for children in a population of {self.size}; say fewer."
            )
        if o.tournament > self.size:
            raise ConfigError(
                f"artist.tournament={o.tournament} draws more than the {self.size} of the population; say fewer."
            )

    def build(self) -> None:
        self.population, self.breeders, self._genomes = [], [], {}
        self._images, self._drawn_ids = torch.empty(0), []
        self.past = Archive(self.options.archive)
        self._begin()

    def make(self, n: int, reals: Works | None) -> Works:
        return self._refinable() if self.options.refine else self._drawn()

    def _drawn(self) -> Works:
        if self._drawn_ids != [one.id for one in self.population]:
            rows = {id: row for row, id in enumerate(self._drawn_ids)}
            known = list(takewhile(rows.__contains__, (one.id for one in self.population)))
            new = [self.genome(one) for one in self.population[len(known) :]]
            self._images = self.draw(new, *self.studio.image[1:], known=[self._images[rows[id]] for id in known])
            self._drawn_ids = [one.id for one in self.population]
        images = self._images.to(self.studio.device)
        return Works(images, genomes=tuple(Genome(*one) for one in self.population))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        o, size, images = self.options, self.size, works.pixels.detach()
        fitness = ranks(rewards.detach())
        if o.novelty:
            small = thumbnails(images)
            past = self.past["works"] if len(self.past) else None
            fitness = (1 - o.novelty) * fitness + o.novelty * ranks(novelty(small, past, NEIGHBOURS))
            if o.archive:
                self.past.add(works=small)
        figures = self._figures(rewards.detach())
        before, scores = self.population, fitness.tolist()
        if works.ctx is not None:
            self._refine(works.ctx, rewards)
        if o.islands > 1:
            elites, couples = self._on_islands(scores)
        else:
            niches = self.niches(images, o.species) if o.species > 1 else [range(size)]
            elites, couples = self._in_niches(niches, scores)
            figures |= {"species": float(len(niches))} if o.species > 1 else {}
        parents = [[self.population[i] for i in couple] for couple in couples]
        self._settle([before[i] for i in elites], self._children(parents))
        return figures

    def breed(self, works: Works, picked: Sequence[int]) -> Metrics:
        return self._breed_the_picked([self.population[i] for i in picked])

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        return self._drawn()[torch.arange(n) % len(self.population)]

    def seed_population(self, works: Works) -> None:
        guests = self._guests(works)
        self._settle([], guests)
        self.breeders = list(self.population)
        self._settle(
            self.population, self._children([self._couple(self.breeders) for _ in range(self.size - len(guests))])
        )

    def immigrate(self, works: Works) -> None:
        """Guests take the places of as many of the youngest."""
        guests = self._guests(works)
        self._settle(self.population[: self.size - len(guests)], guests)

    def _guests(self, works: Works) -> list[tuple[str, tuple[str, ...]]]:
        """Copies of others' genomes, each the child of the one it copies."""
        theirs = self._genomes_of(works)[: self.size]
        return [(self.spell(self.parse(genome.text)), (genome.id,)) for genome in theirs]

    def render(self, works: Works, size: int) -> Tensor:
        return self.draw([self.parse(genome.text) for genome in self._genomes_of(works)], size, size)

    def render_strips(self, works: Works, size: int) -> Iterator[Tensor]:
        program = self.picture(self.parse(self._genomes_of(works)[0].text), Canvas())
        yield from map(torch.from_numpy, strips(program, size, size, ROWS))

    def _genomes_of(self, works: Works) -> tuple[Genome, ...]:
        if works.genomes is None:
            raise PairError(f"Artist {self.name!r} works with genomes, and these works have none.")
        return works.genomes

    def state(self) -> State:
        return super().state() | {name: [list(one) for one in getattr(self, name)] for name in self.extra_state}

    def genome(self, one: Individual) -> G:
        """An individual's genome, read once."""
        if one.text not in self._genomes:
            self._genomes[one.text] = self.parse(one.text)
        return self._genomes[one.text]

    def restore(self, state: State) -> None:
        super().restore(state)
        for name in self.extra_state:
            setattr(self, name, [Individual(id, tuple(parents), text) for id, parents, text in getattr(self, name)])
        self._images, self._drawn_ids, self._genomes = torch.empty(0), [], {}

    # learning numbers

    def _refinable(self) -> Works:
        """The population with gradients to its numbers; memo: the numbers, and how many each has."""
        genomes = [self.genome(one) for one in self.population]
        known = [self.numbers(genome) for genome in genomes]
        numbers = torch.tensor([number for some in known for number in some], device=self.studio.device)
        numbers.requires_grad_(True)
        canvas, programs, at = Canvas(), [], 0
        for genome, some in zip(genomes, known, strict=True):
            programs.append(self.picture(genome, canvas, [canvas.parameter(at + i) for i in range(len(some))]))
            at += len(some)
        images = render_on(self.studio.device, programs, *self.studio.image[1:], numbers)
        memo = Numbers(numbers, [len(some) for some in known])
        return Works(images, genomes=tuple(Genome(*one) for one in self.population), ctx=memo)

    def _refine(self, memo: Numbers, rewards: Tensor) -> None:
        """Each individual is its own child, its numbers moved along the gradient of its reward: all of them by
        `refine` on average, whatever the scale of the reward."""
        if not rewards.requires_grad or not memo.values.numel():
            return
        (slope,) = torch.autograd.grad(rewards.sum(), memo.values)
        refined = []
        steps = slope.nan_to_num(0, 0, 0).split(memo.counts)
        for one, values, step in zip(self.population, memo.values.detach().split(memo.counts), steps, strict=True):
            length = step.square().mean().sqrt() if len(step) else 0
            moved = values + self.options.refine * step / length if length > 0 else values
            refined.append((self.spell(self.renumbered(self.genome(one), moved.tolist())), (one.id,)))
        self._settle([], refined)

    # a generation

    def _in_niches(self, niches: Sequence[Sequence[int]], scores: Sequence[float]) -> Chosen:
        """The best of all, and couples by the merit of their niches."""
        elites = sorted(range(self.size), key=scores.__getitem__, reverse=True)[: self.elites]
        counts = shares(niches, scores, self.size - len(elites))
        couples = [self._couples(niche, scores, count) for niche, count in zip(niches, counts, strict=True)]
        return elites, [couple for some in couples for couple in some]

    @property
    def _elites_each(self) -> int:
        """How many of an island live on."""
        return max(1, self.elites // self.options.islands)

    def _on_islands(self, scores: Sequence[float]) -> Chosen:
        """The best and the couples of every island, so that their children take turns as they did."""
        o, kept, elites, couples = self.options, self._elites_each, [], []
        for home in range(o.islands):
            island = range(home, self.size, o.islands)
            elites.append(sorted(island, key=scores.__getitem__, reverse=True)[:kept])
            couples.append(self._couples(island, scores, len(island) - kept))
        if random.random() < o.migration:
            elites = elites[-1:] + elites[:-1]
        return in_turn(elites), in_turn(couples)

    def _couples(self, niche: Sequence[int], scores: Sequence[float], count: int) -> list[tuple[int, int]]:
        """So many couples; either is the best of some of the niche, each drawn from all of it."""
        rivals = iter(random.choices(niche, k=2 * count * self.options.tournament))
        winners = [max(some, key=scores.__getitem__) for some in zip(*[rivals] * self.options.tournament, strict=True)]
        return list(zip(winners[::2], winners[1::2], strict=True))

    def _breed_the_picked(self, parents: list[Individual]) -> Metrics:
        """The picked and their children; where nobody is picked, other children of the same parents."""
        if not parents and not self.breeders:
            self._begin()
            return {"parents": 0.0}
        self.breeders = parents or self.breeders
        places = self.size - len(self.breeders)
        self._settle(self.breeders[: self.size], self._children([self._couple(self.breeders) for _ in range(places)]))
        return {"parents": float(len(parents))}

    def _begin(self) -> None:
        self._settle([], [(self.spell(genome), ()) for genome in self.strangers(self.size)])

    def _couple(self, parents: Sequence[Individual]) -> list[Individual]:
        return random.sample(parents, 2) if len(parents) > 1 else [parents[0]]

    def _children(self, parents: Sequence[Sequence[Individual]]) -> list[tuple[str, tuple[str, ...]]]:
        """The texts of these pairs' children, and whose they are."""
        children = []
        for couple in parents:
            two = len(couple) > 1 and couple[0] != couple[1] and random.random() < self.options.crossover
            couple = couple[: 2 if two else 1]
            genomes = [self.genome(one) for one in couple]
            child = self.child(genomes[0], genomes[1] if two else None)
            children.append((text := self.spell(child), tuple(one.id for one in couple)))
            self._genomes[text] = child
        return children

    def _settle(self, kept: Sequence[Individual], young: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        ids = self.studio.new_ids(len(young))
        born = [Individual(id, parents, text) for id, (text, parents) in zip(ids, young, strict=True)]
        self.population = [*kept, *born]
        alive = {one.text for one in (*self.population, *self.breeders)}
        self._genomes = {text: genome for text, genome in self._genomes.items() if text in alive}

    def _figures(self, rewards: Tensor) -> dict[str, Any]:
        lengths = [len(one.text) for one in self.population]
        return {
            "best": rewards.max(),
            "median": rewards.median(),
            "length": float(median(lengths)),
        }


class Numbers(NamedTuple):
    """The numbers of a population that is being learnt, and how many each individual has."""

    values: Tensor
    counts: list[int]


def ranks(scores: Tensor) -> Tensor:
    """Each score's rank in [0, 1], the highest 1: what selection may trust, as a reward's scale means nothing."""
    return scores.argsort(stable=True).argsort(stable=True) / max(1, len(scores) - 1)


def thumbnails(images: Tensor) -> Tensor:
    """Pictures as features [N, D] by which they are compared: their distance is the root mean squared difference."""
    small = adaptive_avg_pool2d(images.float(), SIDE).flatten(1)
    return small / small.shape[1] ** 0.5
