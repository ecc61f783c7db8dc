"""The rules of games, priors and datasets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from io import StringIO
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coevo.adversarial.games import Game
from coevo.data.datasets import DataOptions, Dataset
from coevo.errors import DataError
from coevo.latent_models.priors import Prior
from coevo.storage.state_tools import equal_states
from coevo.testing.bench import expect_equal
from coevo.testing.rules import Bench, about, expect
from coevo.testing.watch import written_files


class GameBench(Bench):
    """Tries a game on scores of five real works and seven made ones."""

    def game(self) -> tuple[Game, Tensor, Tensor]:
        """The game, scores of real works and of made ones, with gradients."""
        draw = torch.Generator().manual_seed(1)
        real, made = (torch.randn(n, generator=draw).requires_grad_() for n in (5, 7))
        return self.subject(), real, made

    @about("name")
    def check_name(self) -> None:
        """has a name and a docstring.

        Set `name` in the class, and say in its docstring what each side minimises or maximises.
        """
        expect(isinstance(getattr(self.subject, "name", None), str), "it has no `name`")
        expect(self.subject.__doc__, "the class has no docstring")

    @about("as_real", "as_made", "critic_loss")
    def check_loss(self) -> None:
        """gives the critic a loss: one finite number, also for soft labels, with gradients to all scores.

        Return losses [N] of scores [N] in as_real() and as_made(): means are taken afterwards.
        """
        game, real, made = self.game()
        for labels in ((1.0, 0.0), (torch.full((5,), 0.9), torch.full((7,), 0.1))):
            loss = game.critic_loss(real, made, *labels)
            expect(loss.shape == (), f"critic_loss() has the shape {tuple(loss.shape)}, not ()")
            expect(loss.isfinite(), "critic_loss() is not finite")
            slopes = torch.autograd.grad(loss, [real, made], allow_unused=True)
            for name, slope in zip(("real", "made"), slopes, strict=True):
                expect(slope is not None and slope.isfinite().all(), f"no gradients reach the scores of {name} works")

    @about("as_real", "as_made")
    def check_direction(self) -> None:
        """makes the critic raise scores of real works and lower those of made ones.

        Look at the signs in as_real() and as_made(): a critic minimises them.
        """
        game, real, made = self.game()
        real, made = (game.threshold + 0.1 * scores for scores in (real, made))  # while the critic is undecided
        up, down = torch.autograd.grad(game.critic_loss(real, made), [real, made])
        expect(up.sum() < 0, "a critic that learns from critic_loss() lowers the scores of real works")
        expect(down.sum() > 0, "a critic that learns from critic_loss() raises the scores of made works")

    @about("reward")
    def check_reward(self) -> None:
        """rewards an artist for higher scores: rewards [N], finite, with gradients.

        Return one reward for each made work in reward(), the higher the better the work fools the critic.
        """
        game, real, made = self.game()
        rewards = game.reward(made, real.detach() if game.uses_reals else None)
        expect(rewards.shape == (7,), f"rewards of 7 works have the shape {tuple(rewards.shape)}")
        expect(rewards.isfinite().all(), "some rewards are not finite")
        expect(rewards.requires_grad, "rewards carry no gradients to the scores")
        (slope,) = torch.autograd.grad(rewards.sum(), made)
        expect(slope.sum() > 0, "an artist that maximises reward() lowers its scores")

    @about("fooled")
    def check_fooled(self) -> None:
        """says which works fool the critic: [N] bool.

        Set `threshold` to the score at which the critic is undecided, or return a comparison in fooled().
        """
        game, real, made = self.game()
        fooled = game.fooled(made, real if game.uses_reals else None)
        right = fooled.shape == (7,) and fooled.dtype == torch.bool
        expect(right, f"fooled() gives {fooled.dtype} {tuple(fooled.shape)}, not torch.bool (7,)")

    @about("probability")
    def check_probability(self) -> None:
        """says how probable it is that works are real: from 0 to 1.

        Return a sigmoid of scores in probability().
        """
        game, _, made = self.game()
        probability = game.probability(made)
        expect(((probability >= 0) & (probability <= 1)).all(), "probability() leaves [0, 1]")


class PriorBench(Bench):
    """Tries a prior in the sizes that it exists in."""

    CLASSES = 4

    def priors(self) -> list[Prior]:
        """The prior in two sizes, or in the one that it has."""
        return [self.subject(size, self.CLASSES) for size in (self.subject.sizes or (2, 3))[:2]]

    @about("name")
    def check_name(self) -> None:
        """has a name and a docstring.

        Set `name` in the class, and say in its docstring what the distribution is.
        """
        expect(isinstance(getattr(self.subject, "name", None), str), "it has no `name`")
        expect(self.subject.__doc__, "the class has no docstring")

    @about("draw")
    def check_draw(self) -> None:
        """draws codes [n, size], float32, finite.

        Return float32 of [n, self.size], on the generator's device.
        """
        for prior in self.priors():
            for n in (1, 5):
                codes = prior.draw(n, torch.Generator().manual_seed(1))
                shape = (n, prior.size)
                expect(codes.shape == shape, f"draw({n}) has the shape {tuple(codes.shape)}, not {shape}")
                expect(codes.dtype == torch.float32, f"codes are {codes.dtype}, not float32")
                expect(codes.isfinite().all(), "some codes are not finite")

    @about("draw")
    def check_seed(self) -> None:
        """draws from the generator that it is given, and from nothing else.

        Give `generator=generator, device=generator.device` to every function of torch that draws.
        """
        for prior in self.priors():
            with global_streams_unchanged("draw()"):
                codes, again, others = (prior.draw(50, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
            expect_equal(codes, again, "codes drawn twice from the same generator")
            expect(not torch.equal(codes, others), "another generator draws the same codes")

    @about("draw")
    def check_labels(self) -> None:
        """draws the codes of labels, and of unknown ones (-1).

        Take the region of each label from `labels`; a prior without regions takes no notice of them.
        """
        labels = torch.tensor([0, 1, -1, self.CLASSES - 1])
        for prior in self.priors():
            codes = prior.draw(4, torch.Generator().manual_seed(1), labels)
            expect(codes.shape == (4, prior.size), f"draw() of 4 labels has the shape {tuple(codes.shape)}")
            expect(codes.isfinite().all(), "some codes of labels are not finite")

    @about("log_density")
    def check_density(self) -> None:
        """has a log density [N] that is finite for its own draws, and, in the plane, a total mass of 1.

        Return log p(c) in nats with its normalising constant; -inf where there is no mass.
        """
        for prior in self.priors():
            codes = prior.draw(4000, torch.Generator().manual_seed(1))
            density = prior.log_density(codes)
            expect(density.shape == (4000,), f"log_density() of 4000 codes has the shape {tuple(density.shape)}")
            expect(density.isfinite().all(), "its own draws have a density of 0, or none")
            continuous = len(codes.unique(dim=0)) == len(codes)
            if prior.size == 2 and continuous:
                mass = mass_of(prior, float(codes.abs().max()) * 1.2)
                expect(0.9 < mass < 1.1, f"its density has a total mass of {mass:.3g}, not 1")

    @about("quantile")
    def check_quantile(self) -> None:
        """has quantiles that rise.

        Return the value below which each share of one dimension lies.
        """
        for prior in self.priors():
            values = prior.quantile(torch.linspace(0.05, 0.95, 7))
            expect(values.shape == (7,), f"quantile() of 7 shares has the shape {tuple(values.shape)}")
            expect((values.diff() >= 0).all() and values.isfinite().all(), f"quantiles are {values.tolist()}")


def mass_of(prior: Prior, reach: float, steps: int = 150) -> float:
    """The integral of a density over the square of that reach, by the midpoint rule."""
    axis = (torch.arange(steps) + 0.5) / steps * 2 * reach - reach
    density = prior.log_density(torch.cartesian_prod(axis, axis)).double().exp()
    return float(density.sum()) * (2 * reach / steps) ** 2


class DatasetBench(Bench):
    """Tries the loader of a dataset in two sizes, grey and in colour; its options are those of [data].

    A large dataset takes a while, so what several rules look at is loaded once.
    """

    def __init__(self, subject: Any, options: dict[str, Any]):
        super().__init__(subject, options)
        self._loaded: dict[tuple[int, int], Dataset] = {}

    def prepare(self) -> None:
        """Raises DataError if it needs options, such as --data-dir."""
        self.loaded()

    def channels(self) -> int:
        """1 if it has grey pictures, 3 if it has only others."""
        for channels in (1, 3):
            with suppress(DataError):
                self.loaded(16, channels)
                return channels
        return 1

    def loaded(self, size: int = 16, channels: int = 0) -> Dataset:
        """The pictures, loaded once."""
        kind = size, channels or self.channels()
        if kind not in self._loaded:
            self._loaded[kind] = self.load(*kind)
        return self._loaded[kind]

    def load(self, size: int, channels: int, **more: Any) -> Dataset:
        """The pictures, loaded anew."""
        values = {"size": size, "channels": channels, **self.given, **more}
        data: Dataset = self.subject(DataOptions.model_validate(values))
        return data

    def check_docstring(self) -> None:
        """has a docstring.

        Say in the function's docstring what the pictures are, how many, and where they come from.
        """
        expect(self.subject.__doc__, "the function has no docstring")

    def check_pictures(self) -> None:
        """gives pictures uint8 [N, channels, size, size]; grey and in colour, or refuses one of them in a sentence.

        Resize and crop to `options.size`, and repeat or average colours for `options.channels`.
        """
        for size, channels in ((16, 1), (32, 3)):
            try:
                data = self.loaded(size, channels)
            except DataError:
                continue
            expect(isinstance(data, Dataset), f"it gives a {type(data).__name__}, not a Dataset")
            shape = (len(data), channels, size, size)
            expect(len(data) > 0, "there are no pictures")
            expect(data.images.shape == shape, f"images have the shape {tuple(data.images.shape)}, not {shape}")
            expect(data.images.dtype == torch.uint8, f"images are {data.images.dtype}, not uint8")

    def check_labels(self) -> None:
        """has a label int64 for every picture, of a class that has a name; or none at all.

        Give `labels` [N] and `classes`, the names of 0, 1, 2, …
        """
        data = self.loaded()
        if data.labels is None:
            expect(not data.classes, "there are classes and no labels")
            return
        expect(data.labels.shape == (len(data),), f"{len(data)} pictures have labels {tuple(data.labels.shape)}")
        expect(data.labels.dtype == torch.int64, f"labels are {data.labels.dtype}, not int64")
        expect(len(data.classes) > 0, "there are labels, but classes have no names")
        known = (data.labels >= 0) & (data.labels < len(data.classes))
        expect(known.all(), f"a label is not in 0 to {len(data.classes) - 1}")

    def check_same(self) -> None:
        """gives the same pictures every time, and leaves the global random streams alone.

        Draw from a generator with a seed of its own, and sort the names of files.
        """
        first, channels = self.loaded(), self.channels()
        with global_streams_unchanged("loading"):
            again = self.load(16, channels)
        same = equal_states([first.images, first.labels], [again.images, again.labels])
        expect(same, "pictures or labels differ when they are loaded again")

    def check_test_part(self) -> None:
        """has a test part, or says in a sentence that it has none.

        Raise coevo.errors.NoTestPartError if `options.split` is "test" and there are no such pictures.
        """
        channels = self.channels()
        try:
            data = self.load(16, channels, split="test")
        except DataError:
            return
        expect(len(data) > 0, "the test part has no pictures")

    def check_files(self) -> None:
        """writes no files and prints nothing.

        Coevo keeps what was decoded; return arrays, in memory or mapped.
        """
        channels = self.channels()
        with written_files(self.folder) as elsewhere, redirect_stdout(StringIO()) as printed:
            self.load(16, channels)
        expect(not elsewhere, f"it wrote {', '.join(elsewhere[:3])}")
        expect(not printed.getvalue(), f"it prints {printed.getvalue()[:40]!r}")


@contextmanager
def global_streams_unchanged(what: str) -> Iterator[None]:
    """Expect that nothing is drawn from the global random streams within the block."""
    before = global_streams()
    yield
    expect(equal_states(before, global_streams()), f"{what} draws from a global random stream")


def global_streams() -> list[Any]:
    """The positions of Python's, NumPy's and torch's global random streams."""
    numpy = np.random.get_state(legacy=False)  # noqa: NPY002 - they are the subject
    return [random.getstate(), str(numpy), torch.get_rng_state()]
