"""A bench: it builds a pair again and again from one seed, and holds the checks that concern both players."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec, Metrics
from coevo.contract.works import Works
from coevo.data.datasets import DataOptions, digits
from coevo.errors import CoevoError
from coevo.loop import Position
from coevo.loop.coevolve import breed
from coevo.storage.run_folder import Checkpoint, RunFolder
from coevo.storage.state_tools import copy_state, equal_states
from coevo.studio import Studio

N, M = 8, 12  # made and real works: different numbers, since a critic must take both
SIZES = (32, 16, 64, 28, 128)

Method = TypeVar("Method", bound=Callable[..., None])


def only_of(protocol: type) -> Callable[[Method], Method]:
    """Marks a check that concerns only players with a capability."""

    def mark(check: Method) -> Method:
        check.protocol = protocol  # type: ignore[attr-defined]
        return check

    return mark


class Bench:
    """Tries one player. Every method `check_…` is a check, under its docstring."""

    folder: Path

    def __init__(self, player: type[Artist | Critic], options: dict[str, Any]):
        self.player, self.given = player, options

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """The checks that concern this player, each with its name."""
        for name, method in inspect.getmembers(self, inspect.ismethod):
            if not name.startswith("check_"):
                continue
            protocol = getattr(method, "protocol", None)
            if protocol is None or all(callable(getattr(self.player, part, None)) for part in _methods(protocol)):
                yield (inspect.getdoc(method) or name).rstrip("."), method

    def pair(self, seed: int = 7) -> tuple[Artist, Critic]:
        """The player and its opponent, built."""
        raise NotImplementedError

    def studio(self, seed: int) -> Studio:
        """A studio of the first picture size that the player accepts."""
        for size in SIZES:
            studio = Studio((1, size, size), tuple("0123456789"), seed=seed, folder=self.folder)
            try:
                self.player(self.player.Options(**self.given), studio).check()
            except CoevoError as refusal:
                reason = refusal
                continue
            return studio
        raise AssertionError(f"it accepts pictures of none of the sizes {SIZES}: {reason}")

    def reals(self, studio: Studio) -> Works:
        """M real works."""
        _, size, _ = studio.image
        return digits(DataOptions(size=size)).works(slice(0, M))

    def turn(self, artist: Artist, critic: Critic) -> tuple[Works, Tensor]:
        """One turn of each side."""
        reals = self.reals(artist.studio)
        works = artist.make(N, reals)
        if critic.spec().learns:
            assert_metrics(critic.learn(works.detach(), reals))
        rewards = critic.judge(works, reals)
        picks = critic.spec().rewards == "picks"
        assert_metrics(breed(artist, works, rewards) if picks else artist.learn(works, rewards))
        return works.detach(), rewards.detach()

    def check_name(self) -> None:
        """has a name and a docstring."""
        assert isinstance(getattr(self.player, "name", None), str), "it has no `name`"
        assert self.player.__doc__, "the class has no docstring"

    def check_options(self) -> None:
        """describes every option, and refuses unknown ones."""
        for name, field in self.player.Options.model_fields.items():
            assert field.description, f"option {name!r} has no description (a docstring under it)"
        for old, new in self.player.Options.renamed.items():
            assert old not in self.player.Options.model_fields, f"option {old!r} is called renamed and is there still"
            assert new in self.player.Options.model_fields, f"option {old!r} is renamed to {new!r}, which is not there"
        try:
            self.player.Options.model_validate({**self.given, "no_such_option": 1})
        except ValueError:
            return
        raise AssertionError("an unknown option is accepted; derive Options from coevo.Options")

    def check_spec(self) -> None:
        """says what it needs and gives before it is built, and says the same afterwards."""
        studio = self.studio(7)
        fresh = self.player(self.player.Options(**self.given), studio).spec()
        wanted = ArtistSpec if issubclass(self.player, Artist) else CriticSpec
        assert isinstance(fresh, wanted), f"spec() returns {type(fresh).__name__}, not {wanted.__name__}"
        built = next(player for player in self.pair() if isinstance(player, self.player))
        assert built.spec() == fresh, "spec() differs before and after build()"

    def check_state(self) -> None:
        """is restored from a checkpoint exactly and continues bit for bit."""
        artist, critic = self.pair()
        self.turn(artist, critic)
        folder = RunFolder.create(self.folder, None, "check")
        state = {"artist": artist.state(), "critic": critic.state(), "studio": artist.studio.state()}
        folder.save(Checkpoint(Position(), state), keep=1)
        folder.unlock()
        before = copy_state(state)
        onward = [self.turn(artist, critic) for _ in range(2)]
        twin, twin_critic = self.pair(seed=8)  # comes last: the global random streams belong to one pair at a time
        saved = folder.load()[0].state
        twin.restore(saved["artist"])
        twin_critic.restore(saved["critic"])
        twin.studio.restore(saved["studio"])
        assert_equal(before["artist"], twin.state(), "the artist's states")
        assert_equal(before["critic"], twin_critic.state(), "the critic's states")
        for works, rewards in onward:
            again, rewards_again = self.turn(twin, twin_critic)
            assert_equal(parts(works), parts(again), "works after a restore")
            assert_equal(rewards, rewards_again, "rewards after a restore")

    def check_seed(self) -> None:
        """gives the same from the same seed."""
        (works, rewards), (works2, rewards2) = (self.turn(*self.pair()) for _ in range(2))
        assert_equal(parts(works), parts(works2), "works")
        assert_equal(rewards, rewards2, "rewards")


def assert_works(works: Works, artist: Artist, n: int | None) -> None:
    """Assert that works are as the artist's spec has them: n of them, or any number above none."""
    assert len(works) == n if n else len(works) > 0, f"{len(works)} works, not {n}"
    if artist.spec().images:
        assert works.images is not None, "there are no images"
        assert_pictures(works.images, (len(works), *artist.studio.image))
    if artist.code:
        assert works.codes is not None, "codes are declared, but there are none"
        shape = (len(works), artist.code.size)
        assert works.codes.shape == shape, f"codes have the shape {tuple(works.codes.shape)}, not {shape}"
    if works.genomes is not None:
        individuals = set(works.genomes)  # of more works than the population has, some are there twice
        assert len(works.genomes) == len(works), f"{len(works)} works have {len(works.genomes)} genomes"
        assert len({one.id for one in individuals}) == len(individuals), "two individuals have the same id"


def assert_pictures(images: Tensor, shape: tuple[int, ...]) -> None:
    """Assert that pictures have a shape, and are float32, finite and within [-1, 1]."""
    assert images.shape == shape, f"images have the shape {tuple(images.shape)}, not {shape}"
    assert images.dtype == torch.float32, f"images are {images.dtype}, not float32"
    assert images.isfinite().all(), "some pixels are not finite"
    assert images.abs().max() <= 1, "some pixels are outside of [-1, 1]"


def assert_metrics(metrics: Metrics) -> None:
    """Assert that metrics are numbers or detached tensors of one value, so that nobody waits for the device."""
    for key, value in metrics.items():
        assert isinstance(key, str), f"the metric {key!r} has no text as its name"
        single = isinstance(value, Tensor) and value.ndim == 0 and not value.requires_grad
        assert single or isinstance(value, int | float), f"metric {key!r} is not a number or a detached scalar tensor"


def assert_equal(a: Any, b: Any, what: str) -> None:
    """Assert that two states are the same to the bit."""
    assert equal_states(a, b), f"{what} differ"


def parts(works: Works) -> list[Any]:
    """The contents of works, for comparisons."""
    return [works.images, works.codes, works.labels, works.genomes]


def _methods(protocol: type) -> list[str]:
    return [name for name, part in vars(protocol).items() if inspect.isfunction(part) and not name.startswith("_")]
