"""Walks in a code space: every term of the step by hand, chains over classes, resets, inpainting, and whole runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from conftest import CommandLine
from PIL import Image
from standins import SHAPE
from torch import Tensor

from coevo import ArtistSpec, CodeBlock, CodeLayout, ConfigError, DataError, PairError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.latent_models.decoder import DecoderArtist
from coevo.plugin.registry import registry
from coevo.plugin.source import Source
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.storage.state_tools import equal_states
from coevo.testing import conform
from coevo.tools.evaluate import evaluate_works
from coevo_ppgn.artist import PPGN
from coevo_ppgn.classifier import Classifier

WEIGHT = torch.linspace(-0.2, 0.2, 32).view(2, 16).roll(5, 1)  # of the decoder: two codes become 4 × 4 pixels
SLOPE = torch.linspace(-1, 1, 16)  # of a critic: its reward is the sum of the pixels, weighted by it
N = 6


class Plain(DecoderArtist):
    """A linear decoder of two codes, without an encoder."""

    name = "plain"

    def spec(self) -> ArtistSpec:
        return ArtistSpec(code=CodeLayout((CodeBlock("z", 2),)), gradients=True)

    def build(self) -> None:
        self.layer = torch.nn.Linear(2, 16, bias=False)
        self.layer.weight.data = WEIGHT.T.clone()

    def pictures(self, codes: Tensor) -> Tensor:
        return self.layer(codes).view(-1, *SHAPE)


class Linear(Plain):
    """The same with an encoder, whose codes are half of those that pictures were decoded from."""

    name = "linear"

    def encode(self, works: Works) -> Tensor:
        return 0.5 * works.pixels.flatten(1) @ torch.linalg.pinv(WEIGHT)


class Mixed(Plain):
    """A decoder whose second block is a category."""

    name = "mixed"

    def spec(self) -> ArtistSpec:
        blocks = CodeBlock("z", 2), CodeBlock("kind", 3, "categorical")
        return ArtistSpec(code=CodeLayout(blocks), gradients=True)

    def pictures(self, codes: Tensor) -> Tensor:
        return super().pictures(codes[:, :2] + codes[:, 2:4])


class Conditional(Mixed):
    """A decoder that is given the class."""

    name = "conditional"

    def spec(self) -> ArtistSpec:
        blocks = CodeBlock("z", 2), CodeBlock("class", 3, "categorical", role="label", conditioning=True)
        return ArtistSpec(code=CodeLayout(blocks), gradients=True, labels="required")


@pytest.fixture(autouse=True)
def decoders() -> Iterator[None]:
    for player in (Plain, Linear, Mixed, Conditional):
        registry().take("artist", player.name, player, Source(class_name=player.__name__))
    yield


STILL = {"epsilon1": 0.0, "epsilon2": 0.0, "epsilon3": 0.0, "epsilon4": 0.0, "clip_to": 1.0, "threshold": 0.0}


def walker(decoder: str = "linear", classes: tuple[str, ...] = ("a", "b", "c"), seed: int = 0, **options: Any) -> PPGN:
    """Six walkers that stand still but for the options."""
    place = Studio(SHAPE, classes, seed=seed, batch=N)
    artist = PPGN(PPGN.Options(**{"decoder": {"name": decoder}, **STILL, **options}), place)
    place.reseed()
    artist.check()
    artist.build()
    return artist


def step(artist: PPGN, rewards: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The codes before and after a turn, whose rewards are SLOPE's if none are given."""
    works = artist.make(N, None)
    artist.learn(works, works.pixels.flatten(1) @ SLOPE if rewards is None else rewards)
    return works.latents.detach(), artist.make(N, None).latents.detach()


# the step


def test_without_prior_and_noise_it_is_gradient_ascent() -> None:
    before, after = step(walker(epsilon2=0.1))
    assert torch.allclose(after, before + 0.1 * WEIGHT @ SLOPE)  # ∂(a · W h)/∂h = W a


def test_divided_by_its_mean_absolute_value_a_step_is_as_long_everywhere() -> None:
    before, after = step(walker(epsilon2=0.1, normalise=True, step=0.5))
    assert torch.allclose((after - before).abs().mean(1), torch.full((N,), 0.5))
    slope = WEIGHT @ SLOPE
    assert torch.allclose(after, before + 0.5 * slope / slope.abs().mean())


def test_without_a_critic_it_follows_the_reconstruction() -> None:
    before, after = step(walker(epsilon1=0.2))
    assert torch.allclose(after, before + 0.2 * (before / 2 - before), atol=1e-6)  # R(h) = h / 2


@pytest.mark.parametrize(("decoder", "prior"), [("plain", "auto"), ("linear", "density")])
def test_without_an_encoder_it_follows_the_density_of_the_prior(decoder: str, prior: str) -> None:
    before, after = step(walker(decoder, epsilon1=0.2, prior=prior))
    assert torch.allclose(after, before - 0.2 * before, atol=1e-6)  # ∂ log N(h; 0, I)/∂h = -h


def test_noise_has_its_standard_deviation() -> None:
    artist = walker(epsilon3=0.3)
    moves = torch.cat([after - before for before, after in (step(artist) for _ in range(300))])
    assert moves.std().item() == pytest.approx(0.3, rel=0.05) and abs(moves.mean().item()) < 0.02


def test_codes_are_clipped_to_a_share_of_the_prior() -> None:
    artist = walker(epsilon2=100.0, clip_to=0.9)
    codes = step(artist)[1]
    assert torch.allclose(codes.abs(), torch.full((N, 2), 1.6449), atol=1e-3)  # 90 % of N(0, 1) is within ± 1.645
    assert step(walker(epsilon2=100.0, clip_to=1.0))[1].abs().max() > 10


def test_steps_become_longer_or_shorter_until_the_class_is_over() -> None:
    artist = walker(epsilon2=0.1, step=1.0, step_to=0.0, steps=5)
    lengths = [(after - before).norm(dim=1)[0] for before, after in (step(artist) for _ in range(6))]
    assert torch.allclose(torch.stack(lengths) / lengths[0], torch.tensor([1, 0.75, 0.5, 0.25, 0, 1]), atol=1e-5)


def test_categories_stay_as_they_are() -> None:
    before, after = step(walker("mixed", epsilon1=0.1, epsilon2=1.0, epsilon3=1.0))
    assert torch.equal(before[:, 2:], after[:, 2:]) and not torch.equal(before[:, :2], after[:, :2])


def test_a_critic_that_ignores_works_moves_nobody() -> None:
    before, after = step(walker(epsilon2=1.0), torch.zeros(N))
    assert torch.equal(before, after)


# classes, thresholds and resets


def labels(artist: PPGN) -> list[int]:
    return artist.make(N, None).classes.tolist()


def test_walkers_start_at_different_classes_and_go_on_to_the_next() -> None:
    artist = walker(steps=2, epsilon3=0.1)
    assert labels(artist) == [0, 1, 2, 0, 1, 2]
    step(artist)
    assert labels(artist) == [0, 1, 2, 0, 1, 2]
    _, arrived = step(artist)
    assert labels(artist) == [1, 2, 0, 1, 2, 0]
    assert torch.equal(artist.make(N, None).latents, arrived)  # the code is kept: it is one chain


def test_the_classes_of_a_chain_are_chosen_by_name() -> None:
    options = PPGN.Options(decoder={"name": "linear"}, classes=[7, 1])  # as -o artist.classes=[7,1] gives it
    chosen = PPGN(options, Studio(SHAPE, ("1", "5", "7"), batch=4))
    chosen.studio.reseed()
    chosen.build()
    assert chosen.make(4, None).classes.tolist() == [2, 0, 2, 0]


def test_a_conditional_decoder_is_given_the_class_that_a_walker_goes_to() -> None:
    artist = walker("conditional", steps=1, epsilon3=0.1)
    assert artist.make(N, None).latents[:, 2:].argmax(1).tolist() == labels(artist)
    step(artist)
    assert artist.make(N, None).latents[:, 2:].argmax(1).tolist() == labels(artist) == [1, 2, 0, 1, 2, 0]


def test_without_classes_works_have_no_labels() -> None:
    artist = walker(classes=(), epsilon2=0.1)
    assert artist.make(N, None).labels is None and artist.exhibit(3, 1).labels is None
    step(artist)


def test_only_works_from_the_threshold_on_are_kept_to_be_exhibited() -> None:
    artist = walker(threshold=0.8, epsilon2=0.0, epsilon3=0.5)
    confident = torch.tensor([0.9, 0.1, 0.85, 0.2, 0.1, 0.95]).log()
    before, after = step(artist, confident)
    shown = artist.exhibit(N, seed=1)
    kept, now = before[[0, 2, 5]], after[[1, 3, 4]]
    assert {tuple(code) for code in shown.latents.tolist()} == {tuple(code) for code in torch.cat([kept, now]).tolist()}
    step(artist, torch.full((N,), 0.5).log())  # nobody is confident: what is kept stays
    again = {tuple(code) for code in artist.exhibit(N, seed=1).latents.tolist()}
    assert {tuple(code) for code in kept.tolist()} <= again


def test_works_of_a_class_are_those_of_walkers_that_reached_it() -> None:
    artist = walker(steps=1, epsilon3=0.1)
    step(artist)
    works = artist.exhibit(5, seed=1, labels=torch.tensor([0, 2, 2, 1, 0]))
    assert works.classes.tolist() == [0, 2, 2, 1, 0] and len({tuple(code) for code in works.latents.tolist()}) == 5
    lonely = walker(classes=("a", "b", "c"), steps=100)
    lonely.targets = torch.tensor([0])
    lonely.kept_labels[:] = 0
    with pytest.raises(ConfigError, match="No walker of artist 'ppgn' has reached class 'c'"):
        lonely.exhibit(2, seed=1, labels=torch.tensor([2, 2]))


def test_after_a_reset_walkers_start_anew_with_another_pull() -> None:
    artist = walker(reset_every=3, epsilon1=0.1, epsilon1_to=0.9)
    first = artist.epsilon1
    assert ((first >= 0.1) & (first <= 0.9)).all() and len(first.unique()) == N
    for _ in range(2):
        step(artist)
    assert torch.equal(artist.epsilon1, first)
    near, reset = step(artist)
    assert not torch.equal(artist.epsilon1, first) and near.abs().mean() < reset.abs().mean()


def test_works_are_the_same_until_it_learns() -> None:
    artist = walker(epsilon3=0.1)
    with torch.no_grad():
        assert artist.make(N, None) is artist.make(N, None)
    assert torch.equal(artist.make(N, None).pixels, artist.make(N, None).pixels)


# inpainting


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, str]:
    """A picture of 4 × 4 pixels, which is the decoded code (1, -1), and a mask whose right half is white."""
    pixels = ((torch.tensor([[1.0, -1.0]]) @ WEIGHT).view(4, 4) + 1) * 127.5
    Image.fromarray(pixels.round().to(torch.uint8).numpy()).save(tmp_path / "it.png")
    mask = torch.zeros(4, 4, dtype=torch.uint8)
    mask[:, 2:] = 255
    Image.fromarray(mask.numpy()).save(tmp_path / "mask.png")
    return {"image": str(tmp_path / "it.png"), "mask": str(tmp_path / "mask.png")}


def test_inpainting_keeps_the_given_pixels_and_finds_the_rest(pictures: dict[str, str]) -> None:
    artist = walker(**pictures, epsilon4=1.0, step=2.0)
    with Image.open(pictures["image"]) as picture:
        given = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(4, 4) / 127.5 - 1
    for _ in range(400):
        step(artist, torch.zeros(N))
        assert torch.equal(artist.make(N, None).pixels[:, 0, :, :2], given[:, :2].expand(N, -1, -1))
    assert torch.allclose(artist.codes, torch.tensor([1.0, -1.0]).expand(N, -1), atol=0.1)
    assert torch.equal(artist.exhibit(N, 1).pixels[:, 0, :, :2], given[:, :2].expand(N, -1, -1))


def test_the_critic_pulls_by_the_pixels_that_are_missing_alone(pictures: dict[str, str]) -> None:
    before, after = step(walker(**pictures, epsilon2=0.1))
    hole = torch.zeros(4, 4)
    hole[:, 2:] = 1
    assert torch.allclose(after, before + 0.1 * WEIGHT @ (SLOPE * hole.flatten()), atol=1e-6)


def test_pictures_of_another_size_or_kind_are_refused(pictures: dict[str, str], tmp_path: Path) -> None:
    large, text, black = tmp_path / "large.png", tmp_path / "text.png", tmp_path / "black.png"
    Image.new("L", (5, 4)).save(large)
    Image.new("L", (4, 4)).save(black)
    text.write_text("no picture")
    with pytest.raises(ConfigError, match=r"artist.mask: .*large.png has 5 × 4 px, .* 4 × 4"):
        walker(**{**pictures, "mask": str(large)})
    with pytest.raises(DataError, match=r"artist.image: .*text.png is no picture"):
        walker(**{**pictures, "image": str(text)})
    with pytest.raises(DataError, match=r"artist.mask: cannot read .*none.png"):
        walker(**{**pictures, "mask": str(tmp_path / "none.png")})
    with pytest.raises(ConfigError, match="white where pixels are to be found"):
        walker(**{**pictures, "mask": str(black)})


# its state


def test_a_twin_goes_on_exactly(pictures: dict[str, str]) -> None:
    options = {"epsilon1": 0.1, "epsilon1_to": 0.5, "epsilon2": 0.1, "epsilon3": 0.2, "epsilon4": 0.1, "steps": 3}
    artist = walker(**pictures, **options, reset_every=4)
    step(artist)
    twin = walker(**pictures, **options, reset_every=4, seed=1)
    twin.restore(artist.state())
    twin.studio.restore(artist.studio.state())
    for _ in range(6):
        assert equal_states([*step(artist)], [*step(twin)])
    assert equal_states(artist.state(), twin.state())


def test_what_it_read_of_a_picture_goes_with_its_state(pictures: dict[str, str]) -> None:
    artist = walker(**pictures)
    for path in pictures.values():
        Path(path).unlink()
    studio = Studio(SHAPE, ("a", "b", "c"), batch=N, folder=Path(pictures["image"]).parent)
    twin = PPGN(artist.options, studio)
    studio.reseed()
    twin.check()
    twin.build()
    with pytest.raises(ConfigError, match="there is no picture"):
        twin.make(N, None)
    twin.restore(artist.state())
    assert torch.equal(twin.make(N, None).pixels, artist.make(N, None).pixels)


def test_options_of_the_decoder_are_upgraded_with_its_own() -> None:
    new = PPGN.upgrade({"decoder": {"name": "dcgan", "labels": True}})
    assert new["decoder"] == {"name": "dcgan", "conditional": True}


# who it walks with


def test_an_artist_without_a_code_space_is_refused() -> None:
    with pytest.raises(PairError, match="Artist 'gp' decodes no codes by gradients"):
        walker("gp")
    with pytest.raises(ConfigError, match=r"prior=reconstruction needs an encoder, and artist 'plain' has none"):
        walker("plain", prior="reconstruction")
    with pytest.raises(PairError, match="name its run with --from"):
        PPGN(PPGN.Options(), Studio(SHAPE)).check()
    with pytest.raises(ConfigError, match="There is no artist named 'va'"):
        PPGN.Options(decoder={"name": "va"})
    with pytest.raises(ConfigError, match=r"decoder.latent: "):
        PPGN.Options(decoder={"name": "vae", "latent": 0})


def test_classes_that_the_data_has_not_are_refused() -> None:
    options = PPGN.Options(decoder={"name": "linear"}, classes="a,x")
    with pytest.raises(ConfigError, match="There is no class named 'x'"):
        PPGN(options, Studio(SHAPE, ("a", "b"))).check()
    with pytest.raises(ConfigError, match="needs a critic that reads labelled works"):
        PPGN(options, Studio(SHAPE, batch=N)).build()


# the classifier


def classified(steps: int = 80, **options: Any) -> tuple[Classifier, Works]:
    """A classifier of digits of 8 px, and works that it did not see."""
    data = digits(DataOptions(size=8))
    studio = Studio((1, 8, 8), data.classes)
    studio.reseed()
    critic = Classifier(Classifier.Options(width=16, steps=steps, shift=0, **options), studio)
    critic.build(Plain(Plain.Options(), studio))
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    for number in range(steps):
        critic.learn(Works(), data.works(order[(torch.arange(64) + 64 * number) % 1400]))
    return critic, data.works(order[1400:])


def test_a_classifier_learns_once_and_says_how_well_it_does() -> None:
    critic, others = classified()
    assert critic.spec().pretraining == 80 and critic.steps_taken == 80
    assert critic.evaluate(others, 1)["accuracy"] > 0.8
    assert critic.fooled(others, None).float().mean() > 0.8
    assert critic.evaluate(Works(images=others.images), 1) == {}


def test_its_reward_is_the_log_probability_of_the_label() -> None:
    critic, others = classified(3)
    logits = critic.network(others.pixels)
    expected = logits.log_softmax(1)[torch.arange(len(others)), others.classes]
    assert torch.allclose(critic.judge(others, None), expected)


def test_the_gradient_of_the_logit_leaves_out_the_other_classes() -> None:
    critic, others = classified(3, gradient="logit")
    pixels = others.pixels[:4].requires_grad_()
    works = Works(images=pixels, labels=others.classes[:4])
    rewards = critic.judge(works, None)
    (slope,) = torch.autograd.grad(rewards.sum(), pixels)
    own = critic.network(pixels)[torch.arange(4), works.classes]
    (expected,) = torch.autograd.grad(((1 - rewards.detach().exp()) * own).sum(), pixels)
    assert torch.allclose(slope, expected, atol=1e-7)


@pytest.mark.slow
def test_they_conform() -> None:
    conform("critic", Classifier, {"width": 4, "steps": 3})
    conform("artist", PPGN, {"decoder": {"name": "vae", "hidden": [16], "latent": 4}, "epsilon3": 0.1})
    conform("artist", PPGN, {"decoder": {"name": "mlp", "width": 16, "latent": 4}, "steps": 1, "reset_every": 2})


# runs


TINY = ("--size", 16, "--batch", 12, "-o", "artist.hidden=[16]", "-o", "artist.latent=4")
FEW = ("-o", "critic.steps=4", "-o", "critic.width=4", "-o", "run.log_every=2", "-o", "run.sheet_every=2")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line with a run `codes` of a vae."""
    command = CommandLine(tmp_path_factory.mktemp("walks") / "runs")
    answer = command("run", "vae", *TINY, "--rounds", 3, "--name", "codes")
    assert answer.code == 0, answer.err
    return command


def walked(command: CommandLine, name: str, *words: object) -> SavedRun:
    answer = command("run", "ppgn", "--from", "codes", "--name", name, *FEW, *words)
    assert answer.code == 0, answer.err
    return SavedRun(RunFolder.open(name, command.runs))


def test_the_recipe_walks_in_the_code_space_of_a_run(trained: CommandLine) -> None:
    run = walked(trained, "walks", "--rounds", 6, "-o", "artist.steps=2")
    assert run.config.data.size == 16 and run.config.artist.decoder["hidden"] == [16]
    codes = SavedRun(RunFolder.open("codes", trained.runs))
    assert equal_states(run.state["artist"]["decoder"]["decoder"], codes.state["artist"]["decoder"])
    assert run.state["critic"]["steps_taken"] == 4  # in the first round alone
    trained.runs.joinpath("codes").rename(trained.runs / "gone")
    try:
        assert trained("sample", "walks", "-n", 8, "--label", 7, "-o", trained.runs / "x.png").code == 0
        assert trained("resume", "walks", "--rounds", 8).code == 0  # it needs the other run no more
    finally:
        trained.runs.joinpath("gone").rename(trained.runs / "codes")


def test_it_is_filmed(trained: CommandLine) -> None:
    walked(trained, "filmed", "--rounds", 6)
    film = trained.runs / "walk.gif"
    assert "4 sheets" in trained("film", "filmed", "-o", film).out
    with Image.open(film) as frames:
        assert frames.n_frames == 4 and frames.width == 480


def test_an_evaluation_has_the_classifiers_accuracy(trained: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    walked(trained, "evaluated", "--rounds", 2)
    monkeypatch.setattr("coevo.tools.evaluate.evaluate", lambda *_: SimpleNamespace(figures=lambda: {"made": 12}))
    report = evaluate_works("evaluated", trained.runs, 12, 0, None, None)
    assert 0 <= report["critic_accuracy"] <= 1 and report["works"].startswith("run evaluated, round 2")


def test_it_resumes_bit_for_bit(trained: CommandLine) -> None:
    whole = walked(trained, "whole", "--rounds", 6, "-o", "artist.steps=2", "-o", "artist.reset_every=5")
    walked(trained, "parts", "--rounds", 3, "-o", "artist.steps=2", "-o", "artist.reset_every=5")
    assert trained("resume", "parts", "--rounds", 6).code == 0
    parts = SavedRun(RunFolder.open("parts", trained.runs))
    assert equal_states(whole.state, parts.state)
    logs = [(trained.runs / name / "metrics.jsonl").read_bytes() for name in ("whole", "parts")]
    assert logs[0] == logs[1]


def test_walks_go_on_in_the_code_space_of_walks(trained: CommandLine) -> None:
    first = walked(trained, "first", "--rounds", 2)
    answer = trained("run", "ppgn", "--from", "first", "--name", "second", *FEW, "--rounds", 2)
    assert answer.code == 0, answer.err
    second = SavedRun(RunFolder.open("second", trained.runs))
    assert equal_states(first.state["artist"]["decoder"], second.state["artist"]["decoder"])


def test_a_hidden_unit_of_the_classifier_is_the_condition(trained: CommandLine) -> None:
    walked(trained, "taught", "--rounds", 2)
    words = ("--artist", "ppgn", "--from", "codes", "--critic-from", "taught", "--rounds", 3)
    answer = trained("run", *words, "--name", "unit", "-o", "frozen.layer=network.7", "-o", "frozen.unit=5")
    assert answer.code == 0, answer.err
    run = SavedRun(RunFolder.open("unit", trained.runs))
    taught = SavedRun(RunFolder.open("taught", trained.runs))
    assert equal_states(run.state["critic"], taught.state["critic"])
    said = trained.refuses("run", *words, "-o", "frozen.layer=network.7", "-o", "frozen.unit=128")
    assert "frozen.unit=128 is not a unit of layer 'network.7', which has 128: 0 to 127" in said


def test_an_evaluation_asks_a_frozen_classifier_too(trained: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    walked(trained, "asked", "--rounds", 2)
    words = ("run", "--artist", "ppgn", "--from", "codes", "--critic-from", "asked", "--rounds", 2, "--name", "frozen")
    answer = trained(*words)
    assert answer.code == 0, answer.err
    monkeypatch.setattr("coevo.tools.evaluate.evaluate", lambda *_: SimpleNamespace(figures=lambda: {"made": 12}))
    assert "critic_accuracy" in evaluate_works("frozen", trained.runs, 12, 0, None, None)


def test_walkers_are_seen_as_works_are_exhibited(trained: CommandLine) -> None:
    """A generator with standing statistics walks with them, not with running averages."""
    trained.play("still", "--rounds", 3, "-o", "artist.standing_statistics=3")
    words = ("run", "--artist", "ppgn", "--from", "still", "--critic", "dcnn", "--rounds", 1, "--name", "on")
    answer = trained(*words)
    assert answer.code == 0, answer.err
    artist = SavedRun(RunFolder.open("on", trained.runs)).artist
    made = artist.make(2, None)
    assert torch.allclose(made.pixels, artist.decode(made.latents).pixels, atol=1e-5)


def test_it_walks_under_the_critic_of_a_gan(trained: CommandLine) -> None:
    trained.play("small", "--rounds", 2)
    words = ("run", "--artist", "ppgn", "--from", "small", "--critic-from", "small", "--rounds", 3, "--name", "realism")
    answer = trained(*words)
    assert answer.code == 0, answer.err
    run = SavedRun(RunFolder.open("realism", trained.runs))
    assert run.config.artist.decoder["name"] == "dcgan" and run.artist.exhibit(3, 1).pixels.shape == (3, 1, 16, 16)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ppgn", "name its run with --from. `coevo run vae --minutes 3 --name codes` makes one"),
        ("ppgn --from nothing", "There is no run named 'nothing'"),
        ("ppgn --from evolved", "Artist 'gp' decodes no codes by gradients"),
        ("ppgn --from codes --critic som", "learns by gradients and som gives none"),
        ("ppgn --from codes --critic human --plain", "learns by gradients and human gives none"),
        ("ppgn --from codes -o artist.classes=3,12", "There is no class named '12'"),
        ("ppgn --from codes -o artist.image=x.png", "artist.image and artist.mask go together"),
        ("ppgn --from codes -o artist.epsilon4=1", "artist.epsilon4 would have no effect"),
        ("ppgn --from codes -o artist.image=x.png -o artist.mask=y.png", "artist.image: cannot read"),
        ("ppgn --from codes --size 32", "have other shapes in run 'codes'"),
    ],
)
def test_what_cannot_be_walked_is_refused(trained: CommandLine, words: str, said: str) -> None:
    if "evolved" in words:
        assert trained("run", "gp-dcnn", "--size", 16, "--batch", 8, "--rounds", 1, "--name", "evolved").code == 0
    before = {path.name for path in trained.runs.iterdir()}
    assert said in trained.refuses("run", *words.split())
    assert {path.name for path in trained.runs.iterdir()} == before
