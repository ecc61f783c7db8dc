"""The conformance kit for games, priors and datasets: what is built in conforms, what is broken is found."""

from __future__ import annotations

from math import log, pi
from pathlib import Path
from typing import Any

import pytest
import torch
from kit_rules import Plain, broken, names

from coevo.adversarial.games import Game, Hinge
from coevo.data.datasets import DataOptions, Dataset, digits, folder
from coevo.errors import DataError
from coevo.latent_models.priors import Gaussian, Prior
from coevo.plugin.registry import registry
from coevo.testing import check_player, conform, conformance
from coevo.testing.kit import bench_for


@pytest.mark.parametrize("kind", ["game", "prior"])
def test_what_is_built_in_conforms(kind: Any) -> None:
    for name in registry().offers(kind):
        conform(kind, registry().load(kind, name))


test_digits = conformance(digits, kind="dataset")
test_hinge = conformance(Hinge)
test_gaussian = conformance(Gaussian)


def test_a_dataset_may_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No folder of data is named"):
        list(check_player("dataset", folder))
    with pytest.raises(DataError, match="no image"):
        list(check_player("dataset", folder, {"dir": str(tmp_path)}))


# games


class Nameless(Game):
    """Has no name."""


class Reversed(Hinge):
    """A critic that is confused."""

    def as_real(self, scores):
        return super().as_made(scores)

    def as_made(self, scores):
        return super().as_real(scores)


class Spread(Hinge):
    """A loss for each work."""

    def critic_loss(self, real, made, real_labels=1.0, made_labels=0.0):
        return self.as_real(real)


class Detached(Hinge):
    """Rewards without gradients."""

    def reward(self, made, real):
        return made.detach()


class Spiteful(Hinge):
    """Rewards what does not fool the critic."""

    def reward(self, made, real):
        return -made


class Scored(Hinge):
    """Says by a number whether the critic is fooled."""

    def fooled(self, made, real):
        return made


class Certain(Hinge):
    """Takes scores for probabilities."""

    def probability(self, scores):
        return scores


# priors


class Grown(Gaussian):
    """One dimension too many."""

    def draw(self, n, generator, labels=None):
        return torch.randn(n, self.size + 1, generator=generator)


class Global(Gaussian):
    """Draws from the global random stream."""

    def draw(self, n, generator, labels=None):
        return torch.randn(n, self.size)


class Indexed(Gaussian):
    """Does not know that a label may be unknown."""

    def draw(self, n, generator, labels=None):
        scale = torch.ones(n) if labels is None else labels.float().sqrt()
        return super().draw(n, generator) * scale[:, None]


class Unnormalised(Gaussian):
    """Leaves out the constant of its density."""

    def log_density(self, codes):
        return super().log_density(codes) + self.size / 2 * log(2 * pi)


class Empty(Gaussian):
    """Has no mass where it draws."""

    def log_density(self, codes):
        return torch.full((len(codes),), -torch.inf)


class Falling(Gaussian):
    """Has quantiles that fall."""

    def quantile(self, shares):
        return -super().quantile(shares)


class Anonymous(Prior):
    """Has no name."""


# datasets


def undocumented(options: DataOptions) -> Dataset:
    return digits(options)


def stubborn(options: DataOptions) -> Dataset:
    """Pictures of 8 px."""
    return digits(options.model_copy(update={"size": 8}))


def floating(options: DataOptions) -> Dataset:
    """Pictures of floats."""
    return Dataset("floating", digits(options).images.float())


def unnamed(options: DataOptions) -> Dataset:
    """A label without a name."""
    data = digits(options)
    return Dataset("unnamed", data.images, data.labels, data.classes[:5])


def changing(options: DataOptions) -> Dataset:
    """Other pictures every time."""
    return Dataset("changing", torch.randint(0, 256, (4, options.channels, options.size, options.size)).byte())


def exploding(options: DataOptions) -> Dataset:
    """Knows no test part."""
    return {"train": digits(options)}[options.split]


def printing(options: DataOptions) -> Dataset:
    """Says what it does."""
    print("reading")
    return digits(options)


CASES = [
    ("game", Nameless, "name", "it has no `name`"),
    ("game", Reversed, "direction", "lowers the scores of real works"),
    ("game", Spread, "loss", "critic_loss() has the shape (5,), not ()"),
    ("game", Detached, "reward", "rewards carry no gradients"),
    ("game", Spiteful, "reward", "an artist that maximises reward() lowers its scores"),
    ("game", Scored, "fooled", "fooled() gives torch.float32 (7,)"),
    ("game", Certain, "probability", "leaves [0, 1]"),
    ("prior", Anonymous, "name", "it has no `name`"),
    ("prior", Grown, "draw", "draw(1) has the shape (1, 3), not (1, 2)"),
    ("prior", Global, "seed", "draws from a global random stream"),
    ("prior", Indexed, "labels", "some codes of labels are not finite"),
    ("prior", Unnormalised, "density", "its density has a total mass of 6.28, not 1"),
    ("prior", Empty, "density", "its own draws have a density of 0"),
    ("prior", Falling, "quantile", "quantiles are"),
    ("dataset", undocumented, "docstring", "has no docstring"),
    ("dataset", stubborn, "pictures", "images have the shape (1797, 1, 8, 8), not (1797, 1, 16, 16)"),
    ("dataset", floating, "pictures", "images are torch.float32, not uint8"),
    ("dataset", unnamed, "labels", "a label is not in 0 to 4"),
    ("dataset", changing, "same", "draws from a global random stream"),
    ("dataset", exploding, "test-part", "KeyError"),
    ("dataset", printing, "files", "it prints 'reading"),
]


def test_a_dataset_is_loaded_no_more_often_than_its_rules_need() -> None:
    loads: list[tuple[int, int, str]] = []

    def counted(options: DataOptions) -> Dataset:
        """Digits."""
        loads.append((options.size, options.channels, options.split))
        return digits(options)

    conform("dataset", counted)
    anew = [(16, 1, "train")] * 2  # for the rules that compare and watch
    assert sorted(loads) == sorted([(16, 1, "train"), (32, 3, "train"), *anew, (16, 1, "test")])


@pytest.mark.parametrize(("kind", "subject", "rule", "message"), CASES, ids=lambda some: getattr(some, "__name__", ""))
def test_what_is_broken_breaks_the_rule_that_is_meant_for_it(kind: str, subject: Any, rule: str, message: str) -> None:
    assert message in broken(kind, subject, rule)[rule].message


@pytest.mark.parametrize("kind", ["game", "prior", "dataset"])
def test_every_rule_has_something_that_breaks_it(kind: str) -> None:
    assert names(bench_for(kind, Plain)) == {rule for its, _, rule, _ in CASES if its == kind}
