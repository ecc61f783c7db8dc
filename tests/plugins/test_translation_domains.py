"""Pictures from pictures without partners, and label maps in many styles: cyclegan, unit and spade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CommandLine
from PIL import Image
from torch import nn

from coevo import ConfigError, Works
from coevo.data.datasets import DataOptions
from coevo.data.scenes import REGIONS, scenes, winter
from coevo.images.given import RGB
from coevo.images.png import png_text
from coevo.storage.jsonl import read_log
from coevo.studio import Studio
from coevo.testing import conformance
from coevo_translation.cyclegan import CycleGAN
from coevo_translation.residual import Residual
from coevo_translation.spade import Spade
from coevo_translation.spade_layers import SPADE, SPADEGenerator
from coevo_translation.two_way import TwoWay
from coevo_translation.unit import UNIT

test_cyclegan = conformance(CycleGAN, {"width": 4, "blocks": 1, "back_width": 4, "back_pool": 20})
test_unit = conformance(UNIT, {"width": 4, "blocks": 1, "back_width": 4, "back_pool": 20})
test_spade = conformance(Spade, {"width": 4, "hidden": 4, "latent": 4})

TINY = {"width": 4, "blocks": 1, "back_width": 4}
SMALL = ("--size", 16, "--batch", 2, "-o", "critic.width=4", "-o", "artist.width=4")
TWO = ("-o", "artist.blocks=1", "-o", "artist.back_width=4", "-o", "artist.back_pool=5")
OF_DOMAINS = [CycleGAN, UNIT]


def domains(size: int = 16) -> Studio:
    """A studio whose examples are winter landscapes, given summer ones."""
    options = DataOptions(name="scenes", size=size, channels=3, split="test")
    there, here = winter(options), scenes(options)

    def examples(n: int, seed: int) -> Works:
        which = torch.arange(n) + seed
        return Works(there.works(which).pixels, given=here.works(which).pixels)

    return Studio((3, size, size), planes=RGB, examples=examples)


def built(artist: Any, studio: Studio) -> Any:
    studio.reseed()
    artist.build()
    return artist


# residual networks


def test_a_residual_generator_keeps_the_side_and_sees_around() -> None:
    given = torch.randn(1, 3, 32, 32, requires_grad=True)
    made = Residual(3, 1, 4, 2)(given)
    assert made.shape == (1, 1, 32, 32) and made.abs().max() <= 1
    (slope,) = torch.autograd.grad(made[0, 0, 16, 16], given)
    assert (slope.abs().sum(1) > 0).sum() > 20 * 20


# two domains


def test_identity_loses_nothing_by_a_cycle() -> None:
    studio = domains()
    artist = built(CycleGAN(CycleGAN.Options(**TINY), studio), studio)
    artist.forth = artist.back = nn.Identity()
    both = studio.examples(4, 0)
    losses = artist.passes(both.conditions, both.pixels).losses
    assert losses["cycle"] == 0 and losses["identity"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", OF_DOMAINS)
def test_it_learns_to_return_what_it_translated(kind: type[TwoWay]) -> None:
    studio = domains()
    artist = built(kind(kind.Options(width=4, blocks=1, back_width=4, learning_rate=2e-3, ema=0.9), studio), studio)
    before = artist.evaluate(studio.examples(20, 900), 1)["cycle_error"]
    for step in range(30):
        artist.learn(artist.make(8, studio.examples(8, 8 * step)), torch.zeros(8))
    assert artist.evaluate(studio.examples(20, 900), 1)["cycle_error"] < 0.8 * before


@pytest.mark.parametrize("kind", OF_DOMAINS)
def test_its_own_critic_is_part_of_its_state(kind: type[TwoWay]) -> None:
    studio = domains()
    artist = built(kind(kind.Options(**TINY), studio), studio)
    artist.learn(artist.make(2, studio.examples(2, 0)), torch.zeros(2))
    saved = artist.state()
    twin = built(kind(kind.Options(**TINY), studio), studio)
    twin.restore(saved)
    assert twin.back_critic.steps == 1 and len(twin.back_critic.pool) == 2
    assert {id(one) for one in twin.back_critic.parameters()} <= {id(one) for one in twin.parameters()}


@pytest.mark.parametrize("recipe", ["cyclegan", "unit"])
def test_domains_are_played_and_resumed_bit_for_bit(recipe: str, coevo_command: CommandLine, tmp_path: Path) -> None:
    digits = ("--data", "digits", "-o", "data.given=digits", "--channels", 1)  # quickly read
    for name, rounds in (("whole", (4,)), ("parts", (2, 4))):
        words = ["run", recipe, "--name", name, *digits, *SMALL, *TWO, "-o", "run.log_every=1", "--rounds", rounds[0]]
        answer = coevo_command(*words)
        assert answer.code == 0 and "and 1,797 others of another domain" in answer.out + answer.err, answer.err
        for more in rounds[1:]:
            assert coevo_command("resume", name, "--rounds", more).code == 0
    whole, parts = ((coevo_command.runs / name / "metrics.jsonl").read_bytes() for name in ("whole", "parts"))
    assert whole == parts
    figures = read_log(coevo_command.runs / "whole" / "metrics.jsonl")[0]
    assert {"artist.cycle", "artist.back.loss", "critic.loss"} <= figures.keys()
    assert coevo_command("sample", "whole", "-n", 3, "-o", tmp_path / "x.png").code == 0


def test_an_evaluation_says_how_many_translations_keep_their_class(coevo_command: CommandLine) -> None:
    """And how many would, were they left as they are: a digit of 8 × 8 px is a digit of 16 × 16 px."""
    digits = ("--data", "digits", "-o", "data.given=digits", "--channels", 1)
    assert coevo_command("run", "cyclegan", "--name", "both", *digits, *SMALL, *TWO, "--rounds", 1).code == 0
    answer = coevo_command("evaluate", "both", "-n", 20, "--json")
    assert answer.code == 0, answer.err
    figures = json.loads(answer.out)
    assert 0 <= figures["target_accuracy"] < figures["target_accuracy_of_given"] and figures["cycle_error"] > 0
    assert figures["target_accuracy_of_given"] > 0.5


def test_files_are_translated_backwards(coevo_command: CommandLine, tmp_path: Path) -> None:
    digits = ("--data", "digits", "-o", "data.given=digits", "--channels", 1)
    assert coevo_command("run", "unit", "--name", "both", *digits, *SMALL, *TWO, "--rounds", 1).code == 0
    Image.effect_noise((20, 20), 80).save(tmp_path / "x.png")
    (tmp_path / "made.v2").mkdir()
    for out, words in (("made.v2", ["--backwards"]), ("forth", [])):
        answer = coevo_command("translate", "both", tmp_path / "x.png", "-o", tmp_path / out, *words)
        assert answer.code == 0, answer.err
    back, forth = (tmp_path / out / "x.png" for out in ("made.v2", "forth"))
    assert back.read_bytes() != forth.read_bytes()
    assert '"backwards": true' in str(png_text(back)) and "backwards" not in str(png_text(forth))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "scenes", "-o", "data.given="], "what is given is a label map of 6 regions"),
        (["--size", 18], "can be halved twice, not 18"),
        (["-o", "artist.back_patch=142"], "artist.back_patch=142 halves a picture of 32 px to nothing"),
        (["--artist", "cyclegan", "--critic", "patch", "-o", "critic.conditional=true"], "learns from pairs"),
    ],
)
def test_what_two_domains_need(coevo_command: CommandLine, words: list[object], said: str) -> None:
    assert said in coevo_command.refuses("run", "cyclegan", *words)


def test_a_label_map_of_as_many_regions_as_colours_is_no_domain() -> None:
    artist = CycleGAN(CycleGAN.Options(**TINY), Studio((3, 16, 16), planes=("sky", "sea", "hill")))
    with pytest.raises(ConfigError, match="what is given is a label map of 3 regions"):
        artist.check()


@pytest.mark.parametrize("kind", OF_DOMAINS)
def test_works_that_nothing_is_learnt_from_are_made_by_one_pass(kind: type[TwoWay]) -> None:
    """And they are those that the artist would have learnt from."""
    studio = domains()
    artist = built(kind(kind.Options(**TINY), studio), studio)
    studio.reseed()
    learnt = artist.make(2, studio.examples(2, 0)).pixels
    studio.reseed()
    artist.passes = None
    with torch.no_grad():
        seen = artist.make(2, studio.examples(2, 0))
    assert torch.equal(seen.pixels, learnt) and seen.ctx is None


def test_a_state_of_an_older_critic_of_its_own_is_upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    studio = domains()
    artist = built(CycleGAN(CycleGAN.Options(**TINY), studio), studio)
    state = artist.state()
    old = state | {
        "back_critic": {"judged" if k == "judged_since_learn" else k: v for k, v in state["back_critic"].items()}
    }
    artist.restore(CycleGAN.upgrade_state(old))
    with pytest.raises(KeyError, match="judged"):
        artist.restore(old)


def test_its_own_critic_learns_by_the_schedule_of_the_artist() -> None:
    studio = domains()
    options = CycleGAN.Options(**TINY, lr_decay_start=1, lr_decay_steps=2, learning_rate=0.1, back_learning_rate=0.2)
    artist = built(CycleGAN(options, studio), studio)
    for _ in range(2):
        artist.learn(artist.make(2, studio.examples(2, 0)), torch.zeros(2))
    rates = [one.param_groups[0]["lr"] for one in (artist.optimiser, artist.back_critic.optimiser)]
    assert rates == pytest.approx([0.05, 0.1])


# label maps in styles


def test_spade_with_a_constant_map_is_plain_normalisation() -> None:
    """Away from the edge, where convolutions see no end of the map, every channel is scaled and shifted alike."""
    layer, x = SPADE(4, 6, 8), torch.randn(2, 4, 12, 12)
    regions = torch.zeros(2, 6, 12, 12)
    regions[:, 2] = 1
    made, plain = layer(x, regions)[..., 2:-2, 2:-2], layer.norm(x)[..., 2:-2, 2:-2]
    slope = (made[..., 1:] - made[..., :-1]) / (plain[..., 1:] - plain[..., :-1])
    assert (slope - slope.mean((2, 3), keepdim=True)).abs().max() < 1e-2


def test_a_style_changes_a_picture_and_a_map_too() -> None:
    generator = SPADEGenerator(4, 6, 3, 16, 4, 4).eval()
    z, regions = torch.randn(2, 4), torch.randn(2, 6, 16, 16)
    made = generator(z, regions)
    assert made.shape == (2, 3, 16, 16)
    assert not torch.allclose(generator(z.flip(0), regions), made, atol=1e-4)
    assert not torch.allclose(generator(z, regions.flip(0)), made, atol=1e-4)


def test_files_are_translated_in_all_styles_or_in_that_of_a_picture(coevo_command: CommandLine, tmp_path: Path) -> None:
    words = ("run", "gaugan", "--name", "land", *SMALL, "-o", "artist.hidden=4", "--rounds", 2)
    assert coevo_command(*words).code == 0
    for name in ("map", "photo"):
        Image.new("L", (16, 16), 2).save(tmp_path / f"{name}.png")
    given, photo, out = tmp_path / "map.png", tmp_path / "photo.png", tmp_path / "out"
    answer = coevo_command("translate", "land", given, "-o", out, "--all-styles")
    assert answer.code == 0 and "8 pictures in" in answer.out
    pictures = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(pictures) == [f"map-{number}.png" for number in range(1, 9)] and len(set(pictures.values())) == 8
    assert coevo_command("translate", "land", given, "-o", out, "--style", photo).code == 0
    assert '"style": "photo.png"' in str(png_text(out / "map.png"))
    assert "leave out --all-styles or" in coevo_command.refuses(
        "translate", "land", given, "-o", out, "--all-styles", "--style", photo
    )


def test_a_seed_is_one_style_for_all_files_and_exhibits_have_their_own() -> None:
    pairs = scenes(DataOptions(name="scenes", size=16, channels=3, split="test"))
    studio = Studio((3, 16, 16), planes=REGIONS, examples=lambda n, seed: pairs.works(torch.arange(n) * 0))
    artist = built(Spade(Spade.Options(width=4, hidden=4, latent=4), studio), studio)
    made = artist.translate(studio.examples(3, 0).conditions, 5).pixels
    assert torch.equal(made[0], made[1])
    shown = artist.exhibit(3, 5).pixels
    assert not torch.equal(shown[0], shown[1])
    assert artist.style_of(studio.examples(3, 0).pixels).shape == (3, 4)
