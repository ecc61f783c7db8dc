"""The conformance kit: good players pass it, and every kind of bad player breaks the rule that is meant for it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import Field
from torch import nn

import coevo
from coevo.contract.drawings import Drawing
from coevo.errors import ConfigError
from coevo.plugin.registry import registry
from coevo.testing import Check, RandomArtist, TargetCritic, check_player, conform, conformance
from coevo.testing.kit import bench_for
from coevo.testing.standins import CodeArtist, CodeCritic, EvolvingArtist, GradientArtist, GradientCritic


def broken(kind: str, player: type, *only: str) -> dict[str, Check]:
    """The rules that a player breaks."""
    return {check.rule: check for check in check_player(kind, player, only=only) if not check.passed}


# players that conform


@pytest.mark.parametrize("game", list(registry().offers("game")))
def test_a_critic_conforms_in_every_game(game: str) -> None:
    checks = list(check_player("critic", GradientCritic, {"game": game}))
    assert len(checks) > 15 and all(check.passed for check in checks), checks


STANDINS = [
    *(("artist", player) for player in (RandomArtist, GradientArtist, CodeArtist, EvolvingArtist)),
    *(("critic", player) for player in (TargetCritic, GradientCritic, CodeCritic)),
]


@pytest.mark.parametrize(("kind", "player"), STANDINS, ids=lambda some: getattr(some, "__name__", ""))
def test_the_smallest_players_conform(kind: str, player: type) -> None:
    idle = player is RandomArtist  # has nothing to learn
    assert set(broken(kind, player)) == ({"learn", "breedable", "offspring"} if idle else set())


def test_only_the_rules_of_capabilities_that_a_player_has_concern_it() -> None:
    rules = {rule.name for rule in bench_for("artist", EvolvingArtist).rules()}
    assert {"breedable", "evolving", "offspring"} <= rules
    assert not {"encoder", "decoder", "renderer"} & rules


# artists that break one rule


class Named(GradientArtist):
    """Has a name that cannot be typed."""

    name = "my artist"


class Generous(GradientArtist):
    """Has a default beyond the bounds of its option."""

    class Options(coevo.Options):
        width: int = Field(0, ge=1)
        """Width of a layer."""


class Undescribed(GradientArtist):
    """Says nothing of an option."""

    class Options(coevo.Options):
        width: int = 1


class Dividing(GradientArtist):
    """Divides by an option that may be 0."""

    class Options(coevo.Options):
        width: int = Field(1, ge=0)
        """Width of a layer."""

    def spec(self):
        return replace(super().spec(), picks=(1, 8 // self.options.width))


class Guessing(GradientArtist):
    """Draws when it says what it needs."""

    def spec(self):
        random.random()
        return super().spec()


class Forgetful(GradientArtist):
    """Counts its works, and forgets the count."""

    every = 1

    def build(self):
        super().build()
        self.made = 0

    def make(self, n, reals):
        self.made += 1
        works = super().make(n, reals)
        return coevo.Works(images=works.images.roll(self.made // self.every, -1), codes=works.codes)


class Late(Forgetful):
    """Its count matters in every third turn."""

    every = 3


class Unseeded(GradientArtist):
    """Draws from the operating system."""

    def make(self, n, reals):
        return self.draw(torch.randn(n, 2, generator=torch.Generator().manual_seed(torch.seed())))

    def draw(self, codes):
        return coevo.Works(images=self.net(codes), codes=codes)


class Loud(GradientArtist):
    """Leaves [-1, 1]."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return coevo.Works(images=works.images * 9, codes=works.codes)


class Single(GradientArtist):
    """Exhibits two works at least."""

    def exhibit(self, n, seed, labels=None):
        return super().exhibit(max(n, 2), seed)


class Grey(GradientArtist):
    """Makes grey pictures whatever it is asked for."""

    def build(self):
        self.studio.image = (1, *self.studio.image[1:])
        super().build()
        self.studio.image = self.colourful = (3, *self.studio.image[1:])

    def check(self):
        self.studio.image = (self.studio.image[0], *self.studio.image[1:])


class Square(GradientArtist):
    """Makes pictures of 32 px."""

    def build(self):
        pixels = self.studio.image[0] * 32 * 32
        self.net = nn.Sequential(nn.Linear(2, pixels), nn.Tanh(), nn.Unflatten(1, (self.studio.image[0], 32, 32)))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)


class Halved(GradientArtist):
    """Makes its pictures in half precision."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return replace(works, images=works.images.bfloat16() if self.studio.precision == "bf16" else works.images)


class Bursting(GradientArtist):
    """Makes pictures that are not numbers from its fourth turn on."""

    extra_state = ("made",)

    def build(self):
        super().build()
        self.made = 0

    def make(self, n, reals):
        self.made += 1
        works = super().make(n, reals)
        return replace(works, images=works.images / (self.made < 4))


class Meddling(GradientArtist):
    """Clamps the real works that it is given."""

    def make(self, n, reals):
        if reals is not None:
            reals.images.clamp_(-0.5, 0.5)
        return super().make(n, reals)


class Fickle(GradientArtist):
    """Draws from the global random stream when it exhibits."""

    def exhibit(self, n, seed, labels=None):
        return self.decode(torch.randn(n, 2))


class Mislabelled(GradientArtist):
    """Has a class of digits in its code, and takes no notice of it."""

    def spec(self):
        blocks = (coevo.CodeBlock("z", 2), coevo.CodeBlock("class", 10, "categorical", "label"))
        return replace(super().spec(), code=coevo.CodeLayout(blocks))

    def exhibit(self, n, seed, labels=None):
        codes = torch.randn(n, 12, generator=torch.Generator().manual_seed(seed))
        return coevo.Works(images=self.net(codes[:, :2]).detach(), codes=codes, labels=torch.zeros(n).long())


class Idle(GradientArtist):
    """Learns nothing."""

    def learn(self, works, rewards):
        return {}


class Chatty(GradientArtist):
    """Waits for the device to report a loss, as a whole tensor of rewards."""

    def learn(self, works, rewards):
        return {**super().learn(works, rewards), "rewards": rewards}


class Printing(GradientArtist):
    """Prints what it learns."""

    def learn(self, works, rewards):
        print("loss", float(rewards.detach().mean()))
        return super().learn(works, rewards)


class Litterer(GradientArtist):
    """Writes where it should not."""

    def learn(self, works, rewards):
        Path.home().joinpath("litter.txt").write_text("x")
        return super().learn(works, rewards)


class Miscounted(CodeArtist):
    """Codes that are smaller than their layout."""

    def encode(self, works):
        return super().encode(works)[:, :-1]


class Careless(GradientArtist):
    """Normalises the codes that it is given, in place."""

    def decode(self, codes, labels=None):
        return super().decode(codes.div_(codes.norm()))


class Rendering(EvolvingArtist):
    """Draws its genomes at any size."""

    def render(self, works, size):
        greys = torch.tensor([json.loads(one.text) for one in works.individuals])
        images = greys.clamp(-1, 1).reshape(-1, *self.studio.image)
        return nn.functional.interpolate(images, (size, size))


class Blurred(EvolvingArtist):
    """Renders pictures of one size only."""

    def render(self, works, size):
        return self.make(len(works), None).images[: len(works)]


class Even(Rendering):
    """Renders pictures of an even size only."""

    def render(self, works, size):
        return super().render(works, size // 2 * 2)


class Shaky(Rendering):
    """Draws at random while it renders."""

    def render(self, works, size):
        return (super().render(works, size) + 0.001 * torch.randn(1)).clamp(-1, 1)


class Unfaithful(Rendering):
    """Renders another picture than it makes."""

    def render(self, works, size):
        return -super().render(works, size)


class Secretive(Rendering):
    """Keeps half of what its pictures depend on to itself."""

    def make(self, n, reals):
        works = super().make(n, reals)
        return replace(works, images=self.tinted(works.images))

    def render(self, works, size):
        return self.tinted(super().render(works, size))

    def tinted(self, images):
        return (images + self.studio.seed / 100).clamp(-1, 1)


class Torn(Rendering):
    """Strips that are another picture."""

    def render_strips(self, works, size):
        yield torch.ones(1, size, size)


class Ragged(Rendering):
    """Strips that leave out the last rows."""

    def render_strips(self, works, size):
        whole = self.render(works, size)[0]
        yield from (whole[:, first : first + 8] for first in range(0, size // 8 * 8, 8))


class Lineless(Rendering):
    """One drawing for all works."""

    def vector(self, works):
        return [Drawing([])]


class Scribbling(EvolvingArtist):
    """Drawings that are other pictures."""

    def render(self, works, size):
        return torch.ones(len(works), 1, size, size)

    def vector(self, works):
        return [Drawing([], "#000000")] * len(works)


class Whole(GradientArtist):
    """Grows, and cannot be wounded."""

    def growth(self, works, steps, wounds):
        yield from [self.decode(works.latents).pixels] * (steps + 1)


class Deaf(EvolvingArtist):
    """Takes in nobody."""

    def immigrate(self, works):
        pass


class Gullible(EvolvingArtist):
    """Takes every text for a genome."""

    def others(self, works):
        return [[one.id, list(one.parents), one.text] for one in works.individuals]


class Fragile(EvolvingArtist):
    """Reads others' texts as if they were its own."""

    def others(self, works):
        return [[one.id, [], json.dumps(json.loads(one.text))] for one in works.individuals]


class Numb(EvolvingArtist):
    """Breeds nobody."""

    def breed(self, works, picked):
        return {}


class Cloning(EvolvingArtist):
    """Has offspring that are copies."""

    def reproduce(self, parents):
        kept = [self.population[i] for i in parents]
        copies = [self.individual(json.loads(kept[0][2]), kept[0][0]) for _ in range(self.size - len(kept))]
        self.population = kept + copies


class Quitting(GradientArtist):
    """Ends the process."""

    def learn(self, works, rewards):
        sys.exit("enough")


class Doubled(GradientArtist):
    """Has two blocks of one name."""

    def spec(self):
        return replace(super().spec(), code=coevo.CodeLayout((coevo.CodeBlock("z", 1), coevo.CodeBlock("z", 1))))


class Restless(GradientArtist):
    """Calls itself a population, and makes other works every time."""

    def spec(self):
        return replace(super().spec(), population=True)


class Severed(GradientArtist):
    """Wants gradients, and makes works that carry none."""

    def make(self, n, reals):
        return super().make(n, reals).detach()


class Losing(CodeArtist):
    """Gives half of the works back."""

    def reconstruct(self, works):
        return works[: len(works) // 2]


class Infinite(GradientArtist):
    """Has a figure that is no number."""

    def evaluate(self, works, draws):
        return {"error": float("nan")}


class Flat(CodeArtist):
    """Its latents carry no gradients."""

    def latents(self, images):
        return images.detach().flatten(1)[:, :2]


class Sloped(CodeArtist):
    """Its latents carry gradients to the pictures."""

    def latents(self, images):
        return images.flatten(1)[:, :2] ** 2


ARTISTS = [
    (Named, "name", "'my artist' has other characters"),
    (Generous, "options", "the default of option 'width' is 0: Input should be greater than or equal to 1"),
    (Undescribed, "options", "option 'width' has no description"),
    (Dividing, "bounds", "ZeroDivisionError"),
    (Guessing, "spec", "spec() draws random numbers"),
    (Forgetful, "state", "works after a restore, in turn 1, differ"),
    (Late, "state", "works after a restore, in turn 2, differ"),
    (Unseeded, "seed", "works differ"),
    (Loud, "make", "some pixels are outside of"),
    (Single, "batches", "2 works, not 1"),
    (Grey, "channels", "images have the shape (8, 1, 32, 32), not (8, 3, 32, 32)"),
    (Square, "sizes", "images have the shape (8, 1, 32, 32), not (8, 1, 16, 16)"),
    (Halved, "bf16", "images are torch.bfloat16, not float32"),
    (Bursting, "late", "images are not finite in turn 4"),
    (Meddling, "in-place", "real works before and after a turn differ"),
    (Fickle, "exhibit", "changed the state or a random stream"),
    (Mislabelled, "labels", "have the labels [0, 0, 0"),
    (Idle, "learn", "its state is the same before and after learn"),
    (Chatty, "learn", "is not a number or a detached scalar"),
    (Printing, "quiet", "it prints 'loss"),
    (Litterer, "files", "litter.txt"),
    (Miscounted, "encoder", "encode() gives (8, 4), and the code's layout has (8, 5)"),
    (Careless, "decoder", "codes before and after decode() differ"),
    (Blurred, "renderer", "images have the shape (2, 1, 32, 32), not (2, 1, 64, 64)"),
    (Even, "renderer", "images have the shape (1, 1, 36, 36), not (1, 1, 37, 37)"),
    (Shaky, "renderer", "render() changed the state or a random stream"),
    (Unfaithful, "genomes", "render() draws another picture than make() did"),
    (Secretive, "genomes", "another run draws another picture of the same text"),
    (Torn, "strip-renderer", "render_strips() and render() draw different pictures"),
    (Ragged, "strip-renderer", "strips make a picture of (1, 32, 37), not (1, 37, 37)"),
    (Lineless, "vector-renderer", "vector() of 2 works gives 1 drawings"),
    (Scribbling, "vector-renderer", "vector() and render() draw pictures that differ by 2.00"),
    (Whole, "growing", "where everything is erased, something is left"),
    (Deaf, "evolving", "immigrate() took in nobody"),
    (Gullible, "nonsense", "takes the text '' for a genome"),
    (Fragile, "nonsense", "JSONDecodeError"),
    (Numb, "breedable", "breed() of 0 works changes nothing"),
    (Cloning, "offspring", "every work after breed() is a copy of one before"),
    (Quitting, "learn", "SystemExit: enough, in `sys.exit("),
    (Doubled, "code", "two blocks of its code have the same name"),
    (Restless, "population", "works made twice differ"),
    (Severed, "gradients", "spec().gradients is set, but its works carry none"),
    (Losing, "reconstructor", "12 works have 6 reconstructions"),
    (Infinite, "self-evaluating", "its figure 'error' is not finite"),
    (Flat, "differentiable-encoder", "latents carry no gradients"),
]


@pytest.mark.parametrize(("player", "rule", "said"), ARTISTS, ids=lambda some: getattr(some, "__name__", ""))
def test_a_bad_artist_breaks_the_rule_that_is_meant_for_it(
    player: type, rule: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert said in broken("artist", player, rule)[rule].message


@pytest.mark.parametrize("player", [Rendering, Sloped])
def test_players_that_the_bad_ones_are_made_of_are_good(player: type) -> None:
    assert not broken("artist", player)


# critics that break one rule


class Dishonest(GradientCritic):
    """Says that it gives no gradients, and does."""

    def spec(self):
        return replace(super().spec(), gradients=False)


class Broken(GradientCritic):
    """Rewards that are not finite."""

    def judge(self, works, reals):
        return super().judge(works, reals) / 0


class Sloppy(GradientCritic):
    """One reward too few."""

    def judge(self, works, reals):
        return super().judge(works, reals)[1:]


class Normalised(GradientCritic):
    """Compares a work with its batch, which may be a batch of one."""

    def judge(self, works, reals):
        scores = super().judge(works, reals)
        return (scores - scores.mean()) / (scores - scores.mean()).square().mean()


class Counting(GradientCritic):
    """Counts how often it is fooled."""

    extra_state = ("asked",)
    asked = 0

    def fooled(self, works, reals):
        self.asked += 1
        return super().fooled(works, reals)


class Doubtful(GradientCritic):
    """Says by a number whether it is fooled."""

    def fooled(self, works, reals):
        return super().fooled(works, reals).float()


class Lazy(GradientCritic):
    """Learns nothing."""

    def learn(self, works, reals):
        return {}


class Peeking(TargetCritic):
    """Looks at real works, of which its spec says nothing."""

    def judge(self, works, reals):
        return super().judge(works, reals) + (0 if reals is None else reals.pixels.mean())


class Whitening(GradientCritic):
    """Subtracts the mean of the works, in place."""

    def learn(self, works, reals):
        works.images.sub_(works.images.mean())
        return super().learn(works, reals)


class Colourless(GradientCritic):
    """Knows grey pictures only, and does not say so."""

    def build(self, artist):
        super().build(artist)
        pixels = self.studio.image[1] * self.studio.image[2]
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1), nn.Flatten(0))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.02)


CRITICS: list[Any] = [
    (Dishonest, "gradients", "spec().gradients is False"),
    (Broken, "judge", "not finite"),
    (Sloppy, "judge", "rewards have the shape (7,)"),
    (Normalised, "batches", "some rewards of 1 works are not finite"),
    (Counting, "fooled", "fooled() changed asked"),
    (Doubtful, "fooled", "fooled() gives torch.float32"),
    (Lazy, "learn", "its state is the same before and after learn"),
    (Peeking, "reals", "rewards with and without them differ"),
    (Whitening, "in-place", "works before and after a turn differ"),
    (Colourless, "channels", "RuntimeError"),
]


@pytest.mark.parametrize(("player", "rule", "said"), CRITICS, ids=lambda some: getattr(some, "__name__", ""))
def test_a_bad_critic_breaks_the_rule_that_is_meant_for_it(player: type, rule: str, said: str) -> None:
    assert said in broken("critic", player, rule)[rule].message


@pytest.mark.parametrize("kind", ["artist", "critic"])
def test_every_rule_has_a_player_that_breaks_it(kind: str) -> None:
    cases = ARTISTS if kind == "artist" else CRITICS
    shared = {case[1] for case in (*ARTISTS, *CRITICS)}
    able = type("Able", (), {name: lambda self: None for name in CAPABILITIES})
    rules = {rule.name for rule in bench_for(kind, able).rules()}
    assert rules - {case[1] for case in cases} - shared == {"device"}  # which only a machine that has one can break


CAPABILITIES = (
    *("encode", "latents", "decode", "reconstruct", "render", "render_strips", "breed"),
    *("seed_population", "immigrate", "evaluate", "growth", "vector"),
)


# what is said, and how it is used


def test_a_broken_rule_says_where_and_what_to_do() -> None:
    check = broken("artist", Loud, "make")["make"]
    line = Path(__file__).read_text().split("class Loud")[0].count("\n") + 4
    assert Path(check.place.rpartition(":")[0]).name == "test_kit.py" and check.place.endswith(f":{line}")
    assert "a last tanh keeps pixels in range" in check.todo
    assert str(check).splitlines()[0] == "make: makes works of the declared shape, float32, finite, in [-1, 1]"


def test_an_error_is_found_where_the_author_wrote_it() -> None:
    check = broken("artist", Dividing, "bounds")["bounds"]
    assert "8 // self.options.width" in check.message
    assert "8 // self.options.width" in Path(__file__).read_text().splitlines()[int(check.place.rpartition(":")[2]) - 1]


def test_conform_is_one_line_in_a_plugins_tests() -> None:
    conform("critic", GradientCritic, {"game": "minimax"})
    with pytest.raises(AssertionError, match="does not conform"):
        conform("artist", Loud)


def test_rules_can_be_chosen() -> None:
    assert [check.rule for check in check_player("artist", GradientArtist, only=["make", "seed"])] == ["make", "seed"]
    with pytest.raises(ConfigError, match="no rule named 'sede'; did you mean 'seed'"):
        list(check_player("artist", GradientArtist, only=["sede"]))


test_gradient_artist = conformance(GradientArtist)
test_gradient_critic = conformance(GradientCritic, {"game": "wasserstein"})
test_idle = conformance(Idle, expected={"learn": "it is meant to do nothing"})


def test_expected_rules_must_exist() -> None:
    with pytest.raises(ConfigError, match="no rule named 'lern'; did you mean 'learn'"):
        conformance(Idle, expected={"lern": "it is meant to do nothing"})


def test_what_is_no_player_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no class of an artist, critic, game, prior"):
        conformance(dict)


OPTIMISED = """
from coevo.testing import TargetCritic, check_player

class Scalar(TargetCritic):
    "Gives one reward for all."
    def judge(self, works, reals):
        return super().judge(works, reals).mean()

print([check.rule for check in check_player("critic", Scalar, only=["judge"]) if not check.passed])
"""


@pytest.mark.slow
def test_the_kit_checks_where_python_leaves_out_asserts() -> None:
    done = subprocess.run([sys.executable, "-O", "-c", OPTIMISED], capture_output=True, text=True)
    assert done.stdout.strip() == "['judge']", done.stderr
