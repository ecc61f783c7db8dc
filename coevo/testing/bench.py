"""A bench for players: it builds a pair again and again from one seed, and holds the rules of both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from io import StringIO
from string import ascii_lowercase, digits
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec, Metrics
from coevo.contract.works import Works
from coevo.data import datasets
from coevo.data.datasets import DataOptions
from coevo.errors import CoevoError
from coevo.images.given import GREY, RGB, is_map
from coevo.loop import Position
from coevo.loop.coevolve import breed
from coevo.storage.run_folder import Checkpoint, RunFolder
from coevo.storage.state_tools import copy_state, equal_states
from coevo.studio import Studio
from coevo.testing.rules import Bench, about, expect
from coevo.testing.watch import written_files

N, M = 8, 12  # made and real works: different numbers, since a critic must take both
BATCH = 16  # of the run, and so the size of a population; more than N, so that nobody takes one for the other
CLASSES = tuple(digits)
PLANES = ("dark", "light", "right")  # of what works are made from
SIZES = (32, 16, 64, 28, 128)
LATER = 2  # turns after a checkpoint: so what matters only now and then is seen
LONG = 4  # turns in which numbers stay finite
NAME = set(ascii_lowercase + digits + "-_.")


class PlayerBench(Bench):
    """Tries one player beside an opponent."""

    @property
    def player(self) -> type[Artist | Critic]:
        player: type[Artist | Critic] = self.subject
        return player

    def pair(self, seed: int = 7, **studio: Any) -> tuple[Artist, Critic]:
        """The player and its opponent, built, in a studio that differs from the usual one in what is given."""
        raise NotImplementedError

    def exercise(self) -> None:
        """Everything that a run may do with the player, once."""
        raise NotImplementedError

    def studio(self, seed: int, channels: int = 1, size: int = 0, **more: Any) -> Studio:
        """A studio; if no size of pictures is given, of the first that the player accepts."""
        if not size:
            size = next(self.accepted(channels), 0)
            expect(size, f"it accepts pictures of {channels} channels in none of the sizes {SIZES}")
        planes = next((planes for planes in both(channels) if self.accepts((channels, size, size), planes)), PLANES)
        room = Studio(
            (channels, size, size), CLASSES, planes=planes, seed=seed, folder=self.folder, batch=BATCH, **more
        )
        room.examples = partial(self.examples, room)
        return room

    def accepted(self, channels: int = 1) -> Iterator[int]:
        """The sizes of pictures that the player accepts."""
        for size in SIZES:
            if any(self.accepts((channels, size, size), planes) for planes in both(channels)):
                yield size

    def accepts(self, image: tuple[int, int, int], planes: tuple[str, ...]) -> bool:
        """Whether the player accepts pictures of that shape, made from label maps or pictures of these planes."""
        try:
            self.player(self.player.Options(**self.given), Studio(image, CLASSES, planes=planes, batch=BATCH)).check()
        except CoevoError:
            return False
        return True

    def reals(self, studio: Studio) -> Works:
        """M real works, with what they could have been made from."""
        return self.examples(studio, M, 0)

    def examples(self, studio: Studio, n: int, seed: int) -> Works:
        """n real works of a seed, with label maps of dark and light parts, a third of which are neither; or with their
        mirror images, if pictures are given."""
        channels, size, _ = studio.image
        data = datasets.digits(DataOptions.model_validate({"size": size, "channels": channels}))
        given = data.images.flip(3)
        if is_map(studio.planes):
            given = (data.images[:, :1] > 127).byte()
            given[..., -(size // 3) :] = PLANES.index("right")
        data = replace(data, given=given, planes=studio.planes)
        return data.works((torch.arange(n) + seed) % len(data), studio.device)

    def turn(self, artist: Artist, critic: Critic, n: int = N) -> tuple[Works, Tensor]:
        """One turn of each side."""
        reals = self.reals(artist.studio)
        works = artist.make(n, reals)
        if critic.spec().learns:
            expect_metrics(critic.learn(works.detach(), reals))
        rewards = critic.judge(works, reals)
        picks = critic.spec().rewards == "picks"
        expect_metrics(breed(artist, works, rewards) if picks else artist.learn(works, rewards))
        return works.detach(), rewards.detach()

    def unchanged(self, player: Artist | Critic, do: Callable[[], object], what: str) -> None:
        """Expect that something changes neither a player's state nor a random stream."""
        before = copy_state([player.state(), player.studio.state()])
        do()
        same = equal_states(before, [player.state(), player.studio.state()])
        expect(same, f"{what} changed the state or a random stream")

    # what it says of itself

    @about("name")
    def check_name(self) -> None:
        """has a name and a docstring.

        Set `name` in the class: lower-case words joined by dashes. Say in the docstring what it is.
        """
        name = getattr(self.player, "name", None)
        expect(isinstance(name, str), "it has no `name`")
        expect(name and NAME.issuperset(name), f"its name {name!r} has other characters than a-z, 0-9, -, _ and .")
        expect(self.player.__doc__, "the class has no docstring")

    @about("Options")
    def check_options(self) -> None:
        """describes every option, with a default within its bounds, and refuses unknown ones.

        Derive Options from coevo.Options, and put a docstring under each option.
        """
        options = self.player.Options
        for name, field in options.model_fields.items():
            expect(field.description, f"option {name!r} has no description (a docstring under it)")
            if not field.is_required():
                default = field.get_default(call_default_factory=True, validated_data={})
                problem = problem_of(options, {**self.given, name: default}, name)
                expect(not problem, f"the default of option {name!r} is {default!r}: {problem}")
        for old, new in options.renamed.items():
            expect(old not in options.model_fields, f"option {old!r} is called renamed and is there still")
            expect(new in options.model_fields, f"option {old!r} is renamed to {new!r}, which is not there")
        try:
            options.model_validate({**self.given, "no_such_option": 1})
        except ValueError:
            return
        expect(False, "an unknown option is accepted; derive Options from coevo.Options")

    @about("check", "spec", "Options")
    def check_bounds(self) -> None:
        """takes every option at its bounds, or refuses it in a sentence.

        Narrow the bounds of the option, or raise ConfigError in check() if options do not fit each other or the studio.
        """
        for name, field in self.player.Options.model_fields.items():
            for limit in (getattr(rule, key) for rule in field.metadata for key in ("ge", "le") if hasattr(rule, key)):
                if problem_of(self.player.Options, {**self.given, name: limit}):
                    continue  # a validator refuses it
                player = self.player(self.player.Options(**{**self.given, name: limit}), self.studio(7))
                try:
                    player.check()
                    player.spec()
                except CoevoError:
                    continue
                except Exception as error:
                    error.add_note(f"with option {name}={limit}")
                    raise

    @about("spec")
    def check_spec(self) -> None:
        """says what it needs and gives before it is built, and says the same afterwards.

        Return one ArtistSpec or CriticSpec that follows from options and studio alone, and draw nothing at random.
        """
        studio = self.studio(7)
        before = copy_state(studio.state())
        fresh = self.player(self.player.Options(**self.given), studio).spec()
        expect(equal_states(before, studio.state()), "spec() draws random numbers")
        wanted = ArtistSpec if issubclass(self.player, Artist) else CriticSpec
        expect(isinstance(fresh, wanted), f"spec() returns {type(fresh).__name__}, not {wanted.__name__}")
        built = next(player for player in self.pair() if isinstance(player, self.player))
        expect(built.spec() == fresh, "spec() differs before and after build()")

    # what it does with a run's own

    @about("state", "restore", "build", "learn")
    def check_state(self) -> None:
        """is restored from a checkpoint exactly and continues bit for bit.

        Name in `extra_state` every attribute that changes and has no state_dict; draw from the studio's streams only.
        """
        artist, critic = self.pair()
        self.turn(artist, critic)
        folder = RunFolder.create(self.folder, None, "check")
        state = {"artist": artist.state(), "critic": critic.state(), "studio": artist.studio.state()}
        folder.save(Checkpoint(Position(), state), keep=1)
        folder.unlock()
        before = copy_state(state)
        onward = [self.turn(artist, critic) for _ in range(LATER)]
        twin, twin_critic = self.pair(seed=8)  # comes last: the global random streams belong to one pair at a time
        saved = folder.load()[0].state
        twin.restore(saved["artist"])
        twin_critic.restore(saved["critic"])
        twin.studio.restore(saved["studio"])
        expect_equal(before["artist"], twin.state(), "the artist's states")
        expect_equal(before["critic"], twin_critic.state(), "the critic's states")
        for number, (works, rewards) in enumerate(onward, 1):
            again, rewards_again = self.turn(twin, twin_critic)
            expect_equal(parts(works), parts(again), f"works after a restore, in turn {number},")
            expect_equal(rewards, rewards_again, f"rewards after a restore, in turn {number},")

    @about("make", "judge", "build")
    def check_seed(self) -> None:
        """gives the same from the same seed.

        Draw every random number from the studio: `studio.noise` and `studio.generator`. Order nothing by set or hash.
        """
        (works, rewards), (works2, rewards2) = (self.turn(*self.pair()) for _ in range(2))
        expect_equal(parts(works), parts(works2), "works")
        expect_equal(rewards, rewards2, "rewards")

    @about("learn", "make", "judge")
    def check_late(self) -> None:
        """stays finite for several turns.

        Look for divisions by what may be 0, logarithms of 0, and steps that are too long.
        """
        artist, critic = self.pair()
        for number in range(1, LONG + 1):
            works, rewards = self.turn(artist, critic)
            tensors = {"images": works.images, "codes": works.codes, "rewards": rewards}
            for name, tensor in tensors.items():
                finite = tensor is None or bool(tensor.isfinite().all())
                expect(finite, f"{name} are not finite in turn {number}")

    @about("learn", "judge", "make")
    def check_in_place(self) -> None:
        """leaves works, real works and rewards as they are.

        Others read them after you: take copies, and no operation whose name ends in an underscore.
        """
        artist, critic = self.pair()
        reals = self.reals(artist.studio)
        before_reals = copy_state(parts(reals))
        works = artist.make(N, reals)
        before = copy_state(parts(works))
        if critic.spec().learns:
            critic.learn(works.detach(), reals)
        rewards = critic.judge(works, reals)
        critic.fooled(works.detach(), reals)
        kept = rewards.detach().clone()
        breed(artist, works, rewards) if critic.spec().rewards == "picks" else artist.learn(works, rewards)
        expect_equal(before_reals, parts(reals), "real works before and after a turn")
        expect_equal(before, parts(works), "works before and after a turn")
        expect_equal(kept, rewards.detach(), "rewards before and after the artist learns")

    @about("build", "make", "judge")
    def check_channels(self) -> None:
        """plays with pictures in colour, or refuses them in a sentence.

        Take the channels from `studio.image`, or raise ConfigError in check().
        """
        self._plays(channels=3)

    @about("build", "make", "judge")
    def check_sizes(self) -> None:
        """plays with pictures of another size that it accepts.

        Take the size from `studio.image`, or raise ConfigError in check().
        """
        for size in list(self.accepted())[1:2]:
            self._plays(size=size)

    @about("build", "make", "judge")
    def check_bf16(self) -> None:
        """plays in bf16.

        Give every network to `studio.prepare`: its results are float32 again.
        """
        self._plays(precision="bf16")

    @about("build", "make", "judge")
    def check_device(self) -> None:
        """plays on the accelerator, where there is one.

        Give every network to `studio.prepare`, and make tensors with `device=studio.device`.
        """
        if torch.cuda.is_available():
            self._plays(device=torch.device("cuda"))

    def _plays(self, **studio: Any) -> None:
        """A turn in a studio, unless the player refuses it."""
        try:
            channels, size = studio.get("channels", 1), studio.get("size", 0) or next(self.accepted(1), 0)
            self.player(self.player.Options(**self.given), self.studio(7, channels, size)).check()
            artist, critic = self.pair(**{"size": size, **studio})
        except CoevoError:
            return
        works, rewards = self.turn(artist, critic)
        if works.images is not None:
            expect_pictures(works.images, (len(works), *artist.studio.image))
        expect(rewards.dtype == torch.float32, f"rewards are {rewards.dtype}, not float32")
        expect(rewards.isfinite().all(), "some rewards are not finite")

    # what it leaves behind

    @about("learn", "make", "judge", "build")
    def check_files(self) -> None:
        """writes nothing outside the run's folder.

        Write into `studio.folder`; it may be None.
        """
        with written_files(self.folder) as elsewhere:
            self.exercise()
        expect(not elsewhere, f"it wrote {', '.join(elsewhere[:3])}")

    @about("learn", "make", "judge", "build")
    def check_quiet(self) -> None:
        """prints nothing.

        Return figures from learn(): they are logged and shown.
        """
        with redirect_stdout(StringIO()) as printed:
            self.exercise()
        expect(not printed.getvalue(), f"it prints {printed.getvalue()[:40]!r}")


def both(channels: int) -> tuple[tuple[str, ...], ...]:
    """The planes of label maps, and those of pictures of that many channels."""
    return PLANES, GREY if channels == 1 else RGB


def problem_of(options: Any, values: dict[str, Any], name: str | None = None) -> str:
    """What is wrong with values of options, in one of them or in any; empty if nothing is."""
    try:
        options.model_validate(values)
    except ValidationError as error:
        said = [problem["msg"] for problem in error.errors() if name is None or problem["loc"][:1] == (name,)]
        return said[0] if said else ""
    except CoevoError as error:
        return str(error) if name is None else ""
    return ""


def expect_works(works: Works, artist: Artist, n: int | None) -> None:
    """Expect works as the artist's spec has them: n of them, or any number above none."""
    expect(len(works) == n if n else len(works) > 0, f"{len(works)} works, not {n}")
    if artist.spec().images:
        if works.images is None:
            expect(False, "there are no images")
        else:
            expect_pictures(works.images, (len(works), *artist.studio.image))
    if artist.code:
        shape = (len(works), artist.code.size)
        came = "none" if works.codes is None else f"the shape {tuple(works.codes.shape)}"
        expect(works.codes is not None and works.codes.shape == shape, f"codes have {came}, not {shape}")
    if works.genomes is not None:
        individuals = set(works.genomes)  # of more works than the population has, some are there twice
        expect(len(works.genomes) == len(works), f"{len(works)} works have {len(works.genomes)} genomes")
        expect(len({one.id for one in individuals}) == len(individuals), "two individuals have the same id")


def expect_pictures(images: Tensor, shape: tuple[int, ...]) -> None:
    """Expect pictures of a shape, float32, finite and within [-1, 1]."""
    expect(images.shape == shape, f"images have the shape {tuple(images.shape)}, not {shape}")
    expect(images.dtype == torch.float32, f"images are {images.dtype}, not float32")
    expect(images.isfinite().all(), "some pixels are not finite")
    expect(images.abs().max() <= 1, "some pixels are outside of [-1, 1]")


def expect_metrics(metrics: Metrics) -> None:
    """Expect metrics that are numbers or detached tensors of one value, so that nobody waits for the device."""
    for key, value in metrics.items():
        expect(isinstance(key, str), f"the metric {key!r} has no text as its name")
        single = isinstance(value, Tensor) and value.ndim == 0 and not value.requires_grad
        expect(single or isinstance(value, int | float), f"metric {key!r} is not a number or a detached scalar tensor")


def expect_equal(a: Any, b: Any, what: str) -> None:
    """Expect two states that are the same to the bit."""
    expect(equal_states(a, b), f"{what} differ")


def parts(works: Works) -> list[Any]:
    """The contents of works, for comparisons."""
    return [works.images, works.codes, works.labels, works.genomes, works.given]
