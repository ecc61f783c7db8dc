"""A critic that is a program (Vickers, Soderlund & Blair 2017): it reads measures of a picture and says how real it is.

Programs are evolved until they tell real works from all that was remembered so far. A round's programs go on judging
in the rounds after it, each time with half the weight, so that the bar rises by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

import coevo
from coevo import Artist, ConfigError, CriticSpec, Metrics, Works
from coevo.coevolution.archive import Archive
from coevo.coevolution.measure_cache import MeasureCache
from coevo.coevolution.past_critics import PastCriticOptions
from coevo.native import Draws, random_seeds
from coevo_hercl.fresh import random_answer
from coevo_hercl.ladder import Ladders, Level, Merit
from coevo_hercl.machine import Run, run
from coevo_hercl.measures import SMALLEST, measured, names
from coevo_hercl.program import Program
from coevo_hercl.text import read, write
from coevo_hercl.variation import Bounds, vary

UNKNOWN = 0.5  # the answer of a program that gives none


class Hercl(coevo.Critic):
    """Programs over measures of a picture whose answer, in [0, 1], is 1 for real works and 0 for made ones.

    Reference: Vickers, Soderlund & Blair, Co-evolving line drawings with hierarchical evolution, EvoMUSART 2017.
    """

    name = "hercl"
    extra_state = ("critics", "previous_ids", "judged_since_learn")
    learning_state = ("positives", "negatives", "search", "previous_ids")

    class Options(PastCriticOptions):
        critics: int = Field(3, ge=1, le=100)
        """Programs of a round, each from a search of its own; the judgement is their mean."""
        evaluations: int = Field(6000, ge=1, le=10_000_000)
        """The most children that are tried in a step."""
        children: int = Field(16, ge=1, le=4096)
        """Children that are tried at once."""
        target: float = Field(0.02, ge=0, le=1)
        """A search ends when its program's mean error is as small as this."""
        accepted_cost: float = Field(0.1, gt=0, le=1)
        """A work fools it if its judgement, past critics included, is less than this below the highest one."""
        positives: int = Field(200, ge=1, le=100_000)
        """Real works that it learns from: a fair sample of all it has seen."""
        negatives: int = Field(500, ge=1, le=100_000)
        """Made works that it remembers: a fair sample of all that were added."""
        added: int = Field(10, ge=1, le=65536)
        """Works of a step that it remembers: those with the highest scores, no two alike."""
        past_critics: int = Field(8, ge=0, le=256)
        """Past rounds whose programs judge beside the present ones."""
        max_length: int = Field(150, ge=4, le=4096)
        """The most instructions of a program."""
        cells: int = Field(2, ge=1, le=64)
        """The most cells of a program."""
        steps: int = Field(300, ge=1, le=100_000)
        """The most instructions that a program executes for a work."""

    options: Options
    critics: list[list[str]]
    """The programs of this round and of past ones, the youngest first."""
    previous_ids: list[str]
    """Individuals of the last step: one that survives is not remembered twice."""
    judged_since_learn: bool

    def spec(self) -> CriticSpec:
        return CriticSpec(reals="required")

    def check(self) -> None:
        _, height, width = self.studio.image
        if min(height, width) < SMALLEST:
            raise ConfigError(
                f"Critic 'hercl' measures pictures of {SMALLEST} px or more, not {height} × {width}; choose a larger "
                "data.size."
            )

    def build(self, artist: Artist) -> None:
        o = self.options
        self.registers = len(names(self.studio.image[0]))
        bounds = Bounds(o.max_length, o.cells, self.registers)
        self._fresh = partial(random_answer, bounds=bounds)
        highest = Level.BLOCK if o.cells > 1 else Level.CELL
        self.search = Ladders[Program](partial(vary, bounds=bounds, fresh=self._fresh), write, read, highest)
        seeds = random_seeds(o.critics)
        self.search.start([self._fresh(Draws(seed)) for seed in seeds], seeds)
        self.positives, self.negatives = Archive(o.positives), Archive(o.negatives)
        self.critics = [self._champions()]
        self.previous_ids, self.judged_since_learn = [], False
        self.measures = MeasureCache(lambda images: measured(images, self.studio.native_threads), self)
        self._read = lru_cache(o.critics * (1 + o.past_critics))(read)

    def measure_arrays(self, images: np.ndarray) -> np.ndarray:
        """Measures [N, F] of arrays of pictures, as a worker measures them."""
        return measured(torch.from_numpy(images)).numpy()

    # learning

    def learn(self, works: Works, reals: Works) -> Metrics:
        """Evolve programs that tell the real works from all that is remembered, until they are good enough."""
        if self.judged_since_learn:  # a new round
            self.judged_since_learn = False
            self.critics = [self.critics[0], *self.critics][: 1 + self.options.past_critics]
        made, real = self.measures(works), self.measures.measure(reals.pixels)
        accuracy = self._accuracy(made, real)  # on works that it has not learnt from
        self.positives.add(measures=real)
        self._remember(works, made)
        tried = self._evolve() if len(self.positives) and len(self.negatives) else 0
        self.critics[0] = self._champions()
        champions = [ladder.champion for ladder in self.search.ladders]
        return {
            "cost": float(np.mean([min(1.0, one.merit.cost) for one in champions])),
            "accuracy": accuracy,
            "evaluations": float(tried),
            "length": float(np.mean([len(one.genome) for one in champions])),
            "negatives": float(len(self.negatives)),
        }

    def _remember(self, works: Works, made: Tensor) -> None:
        """Add the works with the highest scores to the negatives: new ones, each kind once."""
        ids = [str(i) for i in range(len(works))] if works.genomes is None else [one.id for one in works.genomes]
        known = {row.numpy().tobytes() for row in self.negatives["measures"]} if len(self.negatives) else set[bytes]()
        previous = set(self.previous_ids)
        added: list[int] = []
        for i in self._scores(made).argsort(descending=True, stable=True).tolist():
            kind = made[i].numpy().tobytes()
            if ids[i] not in previous and kind not in known and len(added) < self.options.added:
                added.append(i)
                known.add(kind)
        if added:
            self.negatives.add(measures=made[added])
        self.previous_ids = [] if works.genomes is None else ids

    def _evolve(self) -> int:
        """Let every search go on, with all examples, until its program is good enough; how many children were tried."""
        o, tried = self.options, 0
        examples = Examples(self.positives["measures"], self.negatives["measures"])
        for ladder in self.search.ladders:
            ladder.remeasure(self._merits([one.genome for one in ladder.rungs], examples))
            left = o.evaluations // o.critics
            while left > 0 and not self._good_enough(ladder.champion.merit):
                ladder.propose(min(left, o.children))
                left -= len(ladder.pending)
                tried += len(ladder.pending)
                ladder.accept(self._merits([one.genome for one in ladder.pending], examples))
        return tried

    def _good_enough(self, merit: Merit) -> bool:
        return not merit.penalty and merit.cost <= self.options.target

    def _merits(self, programs: Sequence[Program], examples: Examples) -> list[Merit]:
        """How well programs tell the examples: the mean error, to which real and made works contribute equally."""
        trials = self._run(programs, examples.inputs)
        errors = np.abs(examples.answers - answers(trials.answers))
        costs = errors @ examples.weights
        silent = np.isnan(trials.answers) @ examples.weights
        efforts = trials.steps.mean(1) + [len(program) for program in programs]
        return [Merit(*row) for row in np.stack([silent, costs, efforts], 1).tolist()]

    # judging

    @torch.no_grad()
    def judge(self, works: Works, reals: Works | None) -> Tensor:
        """The weighted sum of the rounds' mean answers: the more rounds there were, the higher it may be."""
        self.judged_since_learn = True
        return self._scores(self.measures(works)).to(self.studio.device)

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        lacking = sum(self.weights()) - self._scores(self.measures(works))
        return (lacking < self.options.accepted_cost).to(self.studio.device)

    def _scores(self, measures: Tensor) -> Tensor:
        """Σ w · answer [N] of measures [N, F]."""
        programs = [self._read(text) for texts in self.critics for text in texts]
        said = answers(self._run(programs, measures.numpy()).answers)
        rounds = said.reshape(len(self.critics), len(self.critics[0]), -1).mean(1)
        scores = sum(weight * one for weight, one in zip(self.weights(), rounds, strict=True))
        return torch.from_numpy(np.asarray(scores, np.float32))

    def weights(self) -> list[float]:
        """The weights of each round's programs, the youngest first: 1, ½, ¼ …"""
        return [self.options.past_decay**age for age in range(len(self.critics))]

    def _accuracy(self, made: Tensor, real: Tensor) -> float:
        """Balanced accuracy of the present programs."""
        if not len(made) or not len(real):
            return 0.5
        programs = [ladder.champion.genome for ladder in self.search.ladders]
        for_made, for_real = (answers(self._run(programs, some.numpy()).answers).mean(0) for some in (made, real))
        return float((for_made < 0.5).mean() + (for_real > 0.5).mean()) / 2

    def _run(self, programs: Sequence[Program], measures: np.ndarray) -> Run:
        registers, threads = self.registers, self.studio.native_threads
        return run(programs, measures, steps=self.options.steps, registers=registers, preload=True, threads=threads)

    def _champions(self) -> list[str]:
        return [write(ladder.champion.genome) for ladder in self.search.ladders]


class Examples:
    """Real and made works as programs are asked about them.

    Args:
        positives, negatives: measures [P, F] and [N, F].
    """

    def __init__(self, positives: Tensor, negatives: Tensor):
        p, n = len(positives), len(negatives)
        self.inputs = torch.cat([positives, negatives]).double().numpy()
        """[P + N, F]"""
        self.answers = np.repeat([1.0, 0.0], [p, n])
        """What programs should answer."""
        self.weights = np.repeat([0.5 / p, 0.5 / n], [p, n])
        """Their sum is 1, and half of it is of each kind."""


def answers(said: np.ndarray) -> np.ndarray:
    """The answers of programs, within [0, 1]; UNKNOWN of those that said nothing."""
    return np.nan_to_num(said, nan=UNKNOWN).clip(0, 1)
