"""The conformance kit: what every artist and critic must hold to, ours and outsiders' alike.

`coevo check NAME` prints it; in a plugin's tests one line is enough: `conform("artist", Sunrise)`.
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from coevo.contract.players import Artist, Critic, Metrics, Player
from coevo.contract.works import CodeBlock, Genome, Works
from coevo.data.datasets import DataOptions, digits
from coevo.errors import CoevoError
from coevo.interactive.session import copied
from coevo.latent_models.priors import prior_of
from coevo.loop import Position, check_pair
from coevo.storage.run_folder import Checkpoint, RunFolder
from coevo.studio import Studio

N, M = 8, 12  # made and real works: different numbers, since a critic must take both
SIZES = (32, 16, 64, 28, 128)


@dataclass(frozen=True)
class Check:
    """One thing a player must hold to, and whether it does."""

    name: str
    passed: bool
    message: str = ""


class Counterpart(Critic):
    """A critic for any artist: it likes what is near a fixed target, with gradients, as scores or as picks."""

    name = "counterpart"
    gives_gradients = True
    learns = False

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        seen = works.codes if self.judges == "codes" else works.images
        assert seen is not None
        nearness = -(seen - 0.3).square().flatten(1).mean(1)
        if self.rewards == "picks":
            return (nearness >= nearness.topk(min(2, len(nearness))).values[-1]).float()
        return nearness

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.judge(works, reals) > -0.5


class Muse(Artist):
    """An artist for any critic: random pictures, codes, labels and genomes."""

    name = "muse"
    repeats = False
    labels = "optional"
    critic = "optional"

    @property
    def codes(self) -> tuple[CodeBlock, ...]:
        return (CodeBlock("z", 8, "gaussian"),)

    def make(self, n: int, reals: Works | None) -> Works:
        return self.exhibit(n, int(torch.randint(2**31, (1,))))

    def learn(self, works: Works, rewards: Tensor) -> Metrics:
        return {"reward": rewards.detach().mean()}

    def exhibit(self, n: int, seed: int, labels: Tensor | None = None) -> Works:
        generator = torch.Generator().manual_seed(seed)
        genomes = tuple(Genome(f"{seed}-{i}", (), "x") for i in range(n))
        images = torch.rand(n, *self.studio.image, generator=generator) * 2 - 1
        codes = torch.randn(n, self.code_size, generator=generator)
        return Works(images, codes, torch.arange(n) % len(self.studio.classes), genomes)

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Works:
        return replace(self.exhibit(len(codes), 0), codes=codes)


def conform(kind: Literal["artist", "critic"], player: type[Player], options: Mapping[str, Any] | None = None) -> None:
    """Raise AssertionError naming every check that a player fails."""
    failed = [f"{check.name}: {check.message}" for check in check_player(kind, player, options) if not check.passed]
    assert not failed, f"{kind} {player.name!r} does not conform:\n" + "\n".join(failed)


def check_player(
    kind: Literal["artist", "critic"], player: type[Player], options: Mapping[str, Any] | None = None
) -> Iterator[Check]:
    """Try a player out, beside a simple counterpart and real digits, and yield every check."""
    bench: Bench = (ArtistBench if kind == "artist" else CriticBench)(player, dict(options or {}))
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        bench.folder = Path(folder, "run")
        bench.folder.mkdir()
        for name, check in bench.checks():
            try:
                check()
            except Exception as error:  # whatever a plugin raises is its failure, and stops no other check
                text = str(error) or "did not hold"
                said = text if isinstance(error, AssertionError | CoevoError) else f"{type(error).__name__}: {text}"
                yield Check(name, False, said.splitlines()[0])
            else:
                yield Check(name, True)
        stray = sorted(path.name for path in Path(folder).iterdir() if path.name != "run")
        yield Check("writes nothing outside of the run's folder", not stray, ", ".join(stray))


class Bench:
    """Builds a pair again and again, each time from the same seed."""

    folder: Path

    def __init__(self, player: type[Player], options: dict[str, Any]):
        self.player, self.given = player, options

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every method whose name begins with `check_`, under its docstring."""
        for name, method in inspect.getmembers(self, inspect.ismethod):
            if name.startswith("check_"):
                yield (inspect.getdoc(method) or name).rstrip("."), method

    def pair(self, seed: int = 7) -> tuple[Artist, Critic]:
        raise NotImplementedError

    def studio(self, seed: int) -> Studio:
        """The first studio whose size the player accepts."""
        for size in SIZES:
            studio = Studio((1, size, size), tuple("0123456789"), seed=seed, folder=self.folder)
            try:
                self.player(self.player.Options(**self.given), studio).check()
            except CoevoError:
                continue
            return studio
        raise AssertionError(f"it accepts none of the sizes {SIZES}")

    def reals(self, studio: Studio) -> Works:
        _, size, _ = studio.image
        return digits(DataOptions(size=size)).works(slice(0, M))

    def turn(self, artist: Artist, critic: Critic) -> tuple[Works, Tensor]:
        """One turn of each side."""
        reals = self.reals(artist.studio)
        works = artist.make(N, reals)
        if critic.learns:
            metrics(critic.learn(works.detach(), reals))
        rewards = critic.judge(works, reals)
        metrics(artist.learn(works, rewards))
        return works.detach(), rewards.detach()

    # what both must hold to

    def check_name(self) -> None:
        """has a name and a docstring."""
        assert isinstance(getattr(self.player, "name", None), str), "it has no `name`"
        assert self.player.__doc__, "the class has no docstring"

    def check_options(self) -> None:
        """describes every option, and refuses unknown ones."""
        for name, field in self.player.Options.model_fields.items():
            assert field.description, f"option {name!r} has no description (a docstring under it)"
        try:
            self.player.Options.model_validate({**self.given, "no_such_option": 1})
        except ValueError:
            return
        raise AssertionError("an unknown option is taken; derive Options from coevo.Options")

    def check_state(self) -> None:
        """comes back from a checkpoint exactly, and goes on bit for bit."""
        artist, critic = self.pair()
        self.turn(artist, critic)
        store = RunFolder.create(self.folder, None, "check")
        state = {"artist": artist.state(), "critic": critic.state(), "studio": artist.studio.state()}
        store.save(Checkpoint(Position(), state), keep=1)
        store.unlock()
        before = copied(state)
        onward = [self.turn(artist, critic) for _ in range(2)]
        twin, twin_critic = self.pair(seed=8)  # comes last: the global random streams belong to one pair at a time
        saved = store.load()[0].state
        twin.restore(saved["artist"])
        twin_critic.restore(saved["critic"])
        twin.studio.restore(saved["studio"])
        same(before["artist"], twin.state(), "the artist's states")
        same(before["critic"], twin_critic.state(), "the critic's states")
        for works, rewards in onward:
            again, rewards_again = self.turn(twin, twin_critic)
            same(parts(works), parts(again), "works after a restore")
            same(rewards, rewards_again, "rewards after a restore")

    def check_seed(self) -> None:
        """gives the same from the same seed."""
        (works, rewards), (works2, rewards2) = (self.turn(*self.pair()) for _ in range(2))
        same(parts(works), parts(works2), "works")
        same(rewards, rewards2, "rewards")


class ArtistBench(Bench):
    """An artist beside a critic that suits it."""

    def pair(self, seed: int = 7) -> tuple[Artist, Critic]:
        studio = self.studio(seed)
        studio.reseed()
        artist: Artist = self.player(self.player.Options(**self.given), studio)  # type: ignore[assignment]
        critic = Counterpart(Counterpart.Options(), studio)
        critic.judges = "images" if artist.makes_images else "codes"
        critic.rewards = "scores" if "scores" in artist.rewards else "picks"
        check_pair(artist, critic)
        artist.build()
        return artist, critic

    def check_make(self) -> None:
        """makes works of the declared shape, float32, finite, in [-1, 1]."""
        artist, _ = self.pair()
        works = artist.make(N, self.reals(artist.studio))
        of_reals = artist.encodes and len(works) == M
        proper(works, artist, None if artist.repeats or of_reals else N)

    def check_repeats(self) -> None:
        """makes the same works until it learns, if it says so."""
        artist, _ = self.pair()
        if artist.repeats:
            reals = self.reals(artist.studio)
            same(parts(artist.make(N, reals)), parts(artist.make(N, reals)), "works made twice")

    def check_learn(self) -> None:
        """learns: rewards change its state."""
        artist, critic = self.pair()
        reals = self.reals(artist.studio)
        works = artist.make(N, reals)
        rewards = critic.judge(works, reals)
        before = copied(artist.state())
        metrics(artist.learn(works, rewards))
        assert not alike(before, artist.state()), "its state is the same before and after learn()"

    def check_gradients(self) -> None:
        """makes works that carry gradients, if it wants them."""
        artist, _ = self.pair()
        if artist.wants_gradients:
            works = artist.make(N, self.reals(artist.studio))
            carriers = [part for part in (works.images, works.codes) if part is not None]
            assert any(part.requires_grad for part in carriers), "wants_gradients, but its works carry none"

    def check_exhibit(self) -> None:
        """exhibits finished works without gradients, changes nothing, and obeys the seed."""
        artist, critic = self.pair()
        self.turn(artist, critic)
        before = copied([artist.state(), artist.studio.state()])
        works = artist.exhibit(N, seed=1)
        proper(works, artist, N)
        for part in (works.images, works.codes):
            assert part is None or not part.requires_grad, "exhibited works carry gradients"
        assert alike(before, [artist.state(), artist.studio.state()]), "exhibit() changed the state or a random stream"
        same(parts(works), parts(artist.exhibit(N, seed=1)), "works exhibited twice with the same seed")
        if not artist.repeats:
            assert not alike(parts(works), parts(artist.exhibit(N, seed=2))), "another seed exhibits the same works"

    def check_codes(self) -> None:
        """decodes and encodes what it declares."""
        artist, _ = self.pair()
        for block in artist.codes:
            prior_of(block)
        if artist.codes and artist.decodes:
            codes = torch.randn(N, artist.code_size)
            before = copied([artist.state(), artist.studio.state()])
            proper(artist.decode(codes), artist, N)
            assert alike(before, [artist.state(), artist.studio.state()]), "decode() changed something"
        if artist.encodes:
            codes = artist.encode(artist.exhibit(N, seed=1))
            assert codes.shape == (N, artist.code_size), f"encode() gives {tuple(codes.shape)}"

    def check_picks(self) -> None:
        """learns from picks, and from no pick at all, if it takes them."""
        artist, _ = self.pair()
        if "picks" in artist.rewards:
            works = artist.make(N, self.reals(artist.studio))
            picks = torch.zeros(len(works))
            artist.learn(works, picks)
            works = artist.make(N, self.reals(artist.studio))
            picks[: max(1, artist.picks[0])] = 1
            artist.learn(works, picks)


class CriticBench(Bench):
    """A critic beside an artist whose works it can judge."""

    def pair(self, seed: int = 7) -> tuple[Artist, Critic]:
        studio = self.studio(seed)
        studio.reseed()
        artist = Muse(Muse.Options(), studio)
        critic: Critic = self.player(self.player.Options(**self.given), studio)  # type: ignore[assignment]
        check_pair(artist, critic)
        artist.build()
        critic.build(artist)
        return artist, critic

    def check_judge(self) -> None:
        """judges N works beside M reals: rewards [N], float32, finite."""
        artist, critic = self.pair()
        rewards = critic.judge(artist.exhibit(N, 1), self.reals(artist.studio))
        assert rewards.shape == (N,), f"rewards have the shape {tuple(rewards.shape)}, not ({N},)"
        assert rewards.dtype == torch.float32, f"rewards are {rewards.dtype}, not float32"
        assert rewards.isfinite().all(), "some rewards are not finite"
        if critic.rewards == "picks":
            assert ((rewards == 0) | (rewards == 1)).all(), "picks should be 0 or 1"

    def check_fooled(self) -> None:
        """says which works fool it: [N] bool."""
        artist, critic = self.pair()
        fooled = critic.fooled(artist.exhibit(N, 1), self.reals(artist.studio))
        assert fooled.shape == (N,) and fooled.dtype == torch.bool, (
            f"fooled() gives {fooled.dtype} {tuple(fooled.shape)}"
        )

    def check_gradients(self) -> None:
        """gives gradients to the works, if and only if it says so."""
        artist, critic = self.pair()
        works = artist.exhibit(N, 1)
        seen = works.codes if critic.judges == "codes" else works.images
        assert seen is not None
        seen.requires_grad_()
        rewards = critic.judge(works, self.reals(artist.studio))
        gives = rewards.requires_grad and bool(torch.autograd.grad(rewards.sum(), seen)[0].abs().sum() > 0)
        assert gives == critic.gives_gradients, f"gives_gradients is {critic.gives_gradients}, but it gives {gives}"

    def check_learn(self) -> None:
        """learns: works and reals change its state, if it says so."""
        artist, critic = self.pair()
        if critic.learns:
            before = copied(critic.state())
            metrics(critic.learn(artist.exhibit(N, 1), self.reals(artist.studio)))
            assert not alike(before, critic.state()), "its state is the same before and after learn()"


# looking closely


def proper(works: Works, artist: Artist, n: int | None) -> None:
    """Assert that works are as the contract says: n of them, or any number above none."""
    assert len(works) == n if n else len(works) > 0, f"{len(works)} works, not {n}"
    if artist.makes_images:
        assert works.images is not None, "there are no images"
        shape = (len(works), *artist.studio.image)
        assert works.images.shape == shape, f"images have the shape {tuple(works.images.shape)}, not {shape}"
        assert works.images.dtype == torch.float32, f"images are {works.images.dtype}, not float32"
        assert works.images.isfinite().all(), "some pixels are not finite"
        assert works.images.abs().max() <= 1, "some pixels are outside of [-1, 1]"
    if artist.codes:
        assert works.codes is not None, "codes are declared, but there are none"
        shape2 = (len(works), artist.code_size)
        assert works.codes.shape == shape2, f"codes have the shape {tuple(works.codes.shape)}, not {shape2}"
    if works.genomes is not None:
        individuals = set(works.genomes)  # of more works than the population has, some are there twice
        assert len(works.genomes) == len(works), f"{len(works)} works have {len(works.genomes)} genomes"
        assert len({one.id for one in individuals}) == len(individuals), "two individuals have the same id"


def metrics(found: Metrics) -> None:
    """Assert that metrics are floats or tensors of one value, so that nobody waits for the device."""
    for key, value in found.items():
        assert isinstance(key, str), f"the metric {key!r} has no text as its name"
        single = isinstance(value, Tensor) and value.ndim == 0 and not value.requires_grad
        assert single or isinstance(value, int | float), f"metric {key!r} is no detached value of one number"


def parts(works: Works) -> list[Any]:
    return [works.images, works.codes, works.labels, works.genomes]


def same(a: Any, b: Any, what: str) -> None:
    assert alike(a, b), f"{what} differ"


def alike(a: Any, b: Any) -> bool:
    """Whether nested values are the same to the bit."""
    if isinstance(a, Tensor):
        return isinstance(b, Tensor) and a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)
