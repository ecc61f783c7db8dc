"""A critic that is a program (Vickers, Soderlund & Blair 2017): it reads measures of a picture and says how real it is.

Programs are evolved until they tell real works from all that was remembered so far. A round's programs go on judging
in the rounds after it, each time with half the weight, so that the bar rises by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

import coevo
from coevo import Artist, ConfigError, CriticSpec, Metrics, Works
from coevo.coevolution.archive import Archive
from coevo.native import Draws, random_seeds
from coevo_hercl.fresh import random_answer
from coevo_hercl.ladder import Ladders, Level, Merit
from coevo_hercl.machine import Run, run
from coevo_hercl.measures import SMALLEST, measured, names
from coevo_hercl.program import Program
from coevo_hercl.text import read, write
from coevo_hercl.variation import Bounds, vary

UNKNOWN = 0.5  # what a program that gives no answer is taken to say


class Hercl(coevo.Critic):
    """Programs over measures of a picture whose answer, in [0, 1], is 1 for real works and 0 for made ones.

    Reference: Vickers, Soderlund & Blair, Co-evolving line drawings with hierarchical evolution, EvoMUSART 2017.
    """

    name = "hercl"
    extra_state = ("critics", "previous_ids", "judged_since_learn")
    learning_state = ("positives", "negatives", "search", "previous_ids")

    class Options(coevo.Options):
        critics: int = Field(3, ge=1, le=100)
        """Programs of a round, each from a search of its own; their mean judges."""
        evaluations: int = Field(6000, ge=1, le=10_000_000)
        """Children that are tried in a step, at most."""
        children: int = Field(16, ge=1, le=4096)
        """Children that are tried at once."""
        target: float = Field(0.02, ge=0, le=1)
        """Mean error of a program that is good enough, so that its search ends."""
        accepted_cost: float = Field(0.1, gt=0, le=1)
        """A work fools it if what its judgement, past critics' included, lacks is less."""
        positives: int = Field(200, ge=1, le=100_000)
        """Real works that it learns from: a fair sample of all it has seen."""
        negatives: int = Field(500, ge=1, le=100_000)
        """Made works that it remembers: a fair sample of all that were added."""
        added: int = Field(10, ge=1, le=65536)
        """Works of a step that it remembers: those that it likes best, no two alike."""
        past_critics: int = Field(8, ge=0, le=256)
        """Past rounds whose programs judge beside the present ones."""
        past_decay: float = Field(0.5, gt=0, le=1)
        """Weight of a round's programs relative to those one round younger."""
        max_length: int = Field(150, ge=4, le=4096)
        """Instructions of a program at most."""
        cells: int = Field(2, ge=1, le=64)
        """Cells of a program at most."""
        steps: int = Field(300, ge=1, le=100_000)
        """Instructions that a program may do for a work."""

        needs: ClassVar = {"past_decay": "past_critics"}

    options: Options
    critics: list[list[str]]
    """The programs of this round and of past ones, the youngest first."""
    previous_ids: list[str]
    """Individuals of the last step: one that survives is not remembered twice."""
    judged_since_learn: bool
    _rows: dict[str, Tensor]

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
        self.previous_ids, self.judged_since_learn, self._rows = [], False, {}

    # learning

    def learn(self, works: Works, reals: Works) -> Metrics:
        """Evolve programs that tell the real works from all that is remembered, until they are good enough."""
        if self.judged_since_learn:  # a new round
            self.judged_since_learn = False
            self.critics = [self.critics[0], *self.critics][: 1 + self.options.past_critics]
        made, real = self._measured(works), self._measured(reals)
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
        """Add the works that it likes best to the negatives: new ones, each kind once."""
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
        """Let every search go on with all examples, as long as it needs to; the number of children that were tried."""
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
        """The answers' means of each round, weighted by its age; they are not normalised, so that their sum grows."""
        self.judged_since_learn = True
        return self._scores(self._measured(works)).to(self.studio.device)

    @torch.no_grad()
    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        lacking = sum(self.weights()) - self._scores(self._measured(works))
        return (lacking < self.options.accepted_cost).to(self.studio.device)

    def _scores(self, measures: Tensor) -> Tensor:
        """Σ w · answer [N] of measures [N, F]."""
        scores = np.zeros(len(measures))
        for weight, texts in zip(self.weights(), self.critics, strict=True):
            found = self._run([read(text) for text in texts], measures.numpy())
            scores += weight * answers(found.answers).mean(0)
        return torch.from_numpy(scores.astype(np.float32))

    def weights(self) -> list[float]:
        """Of each round's programs, the youngest first: 1, ½, ¼ …"""
        return [self.options.past_decay**age for age in range(len(self.critics))]

    def _accuracy(self, made: Tensor, real: Tensor) -> float:
        """Balanced accuracy of the present programs."""
        if not len(made) or not len(real):
            return 0.5
        programs = [ladder.champion.genome for ladder in self.search.ladders]
        for_made, for_real = (answers(self._run(programs, some.numpy()).answers).mean(0) for some in (made, real))
        return float((for_made < 0.5).mean() + (for_real > 0.5).mean()) / 2

    def _measured(self, works: Works) -> Tensor:
        """Measures [N, F]; of individuals that were among the last works they are known."""
        images = works.pixels.detach()
        if works.genomes is None:
            return measured(images, self._threads)
        ids = [one.id for one in works.genomes]
        new = [i for i, id in enumerate(ids) if id not in self._rows]
        found = zip(new, measured(images[new], self._threads) if new else (), strict=True)
        rows = self._rows | {ids[i]: row for i, row in found}
        self._rows = {id: rows[id] for id in ids}
        return torch.stack(list(map(rows.__getitem__, ids)))

    def _run(self, programs: Sequence[Program], measures: np.ndarray) -> Run:
        registers, steps = self.registers, self.options.steps
        return run(programs, measures, steps=steps, registers=registers, preload=True, threads=self._threads)

    def _champions(self) -> list[str]:
        return [write(ladder.champion.genome) for ladder in self.search.ladders]

    @property
    def _threads(self) -> int:
        return self.studio.threads or torch.get_num_threads()


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
    """What programs said, within [0, 1]; those that said nothing do not know."""
    return np.nan_to_num(said, nan=UNKNOWN).clip(0, 1)
