"""Pictures from pictures: the critic of patches and its pool, the U-Net, pix2pix, and coevo translate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CommandLine
from PIL import Image

from coevo import ConfigError, Works
from coevo.data.datasets import DataOptions
from coevo.data.scenes import REGIONS, scenes
from coevo.evaluation.classifier import Classifier
from coevo.images.given import colours
from coevo.images.png import png_text
from coevo.storage.jsonl import read_log
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio
from coevo.testing import conformance
from coevo.tools import translate
from coevo_translation import segmentation
from coevo_translation.measures import pair_figures, ssim
from coevo_translation.normalisation import InstanceNorm
from coevo_translation.patch import LAYERS, Patch, PatchDiscriminator, Scales
from coevo_translation.perceptual import PerceptualLoss
from coevo_translation.pix2pix import Pix2pix
from coevo_translation.pool import Pool
from coevo_translation.segmentation import confusion, region_figures, scores
from coevo_translation.unet import UNet

SMALL = ("--size", 16, "--batch", 4, "-o", "artist.width=4", "-o", "critic.width=4")

test_pix2pix = conformance(Pix2pix, {"width": 4})
test_pix2pix_by_a_frozen_network = conformance(Pix2pix, {"width": 4, "perceptual": 1, "perceptual_network": "random"})
test_patch = conformance(Patch, {"width": 4})
test_patch_with_everything = conformance(
    Patch, {"width": 4, "scales": 2, "feature_matching": 1, "pool": 20, "spectral_norm": True, "game": "hinge"}
)
test_patch_that_sees_pictures_alone = conformance(Patch, {"width": 4, "conditional": False, "patch": 1})


# the critic of patches


@pytest.mark.parametrize("patch", [field for field in LAYERS if field <= 142])
def test_a_score_sees_a_patch_of_that_side(patch: int) -> None:
    """The pixels to which the score in the middle has a gradient."""
    side = max(16, 2 * patch)
    picture = torch.randn(1, 1, side, side, requires_grad=True)
    critic = PatchDiscriminator(1, 2, patch, "none")
    scores = critic.last(critic.features(picture)[-1])
    middle = scores.shape[-1] // 2
    (slope,) = torch.autograd.grad(scores[0, 0, middle, middle], picture)
    seen = slope[0, 0].abs().sum(0).nonzero().flatten()
    assert seen[-1] - seen[0] + 1 == patch


def test_scores_of_all_patches_and_scales() -> None:
    assert PatchDiscriminator(3, 4, 16, "instance")(torch.zeros(2, 3, 32, 32)).shape == (2, 14 * 14)
    both = Scales([PatchDiscriminator(3, 4, 16, "none") for _ in range(2)])
    assert both(torch.zeros(2, 3, 32, 32)).shape == (2, 14 * 14 + 6 * 6)


def test_instance_norm_is_that_of_torch() -> None:
    x = torch.randn(3, 4, 8, 8) * 5 + 2
    torch.testing.assert_close(InstanceNorm()(x), torch.nn.InstanceNorm2d(4)(x))


def studio(size: int = 16) -> Studio:
    pairs = scenes(DataOptions(name="scenes", size=size, channels=3, split="test"))
    return Studio((3, size, size), planes=REGIONS, examples=lambda n, seed: pairs.works(torch.arange(n) + seed))


def test_a_pair_of_the_wrong_map_is_judged_otherwise() -> None:
    room = studio()
    critic, reals = Patch(Patch.Options(width=4), room), room.examples(8, 0)
    artist = Pix2pix(Pix2pix.Options(width=4), room)
    artist.build()
    critic.build(artist)
    right = critic.judge(reals, reals)
    wrong = critic.judge(Works(reals.images, given=reals.conditions.flip(0)), reals)
    assert not torch.allclose(right, wrong)


def test_feature_matching_looks_through_the_prepared_network() -> None:
    """Which a studio may have compiled, or computes in half precision."""
    room = studio()
    critic, reals = Patch(Patch.Options(width=4, feature_matching=10), room), room.examples(4, 0)
    critic.build(Pix2pix(Pix2pix.Options(width=4), room))
    forward, passes = critic.scorer.forward, list[bool]()
    critic.scorer.forward = lambda x, labels=None, maps=False: (passes.append(maps), forward(x, labels, maps))[1]
    critic.judge(reals, reals)
    assert passes == [False, True, True]


def test_feature_matching_rewards_the_true_work_most() -> None:
    room = studio()
    critic, reals = Patch(Patch.Options(width=4, feature_matching=10), room), room.examples(8, 0)
    artist = Pix2pix(Pix2pix.Options(width=4), room)
    artist.build()
    critic.build(artist)
    assert critic.mismatch(reals, reals).max() == 0
    assert critic.mismatch(Works(reals.pixels.flip(0), given=reals.given), reals).min() > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"patch": 142, "scales": 2}, "halves a picture of 32 px to nothing"),
        ({"augmentation": "colour"}, "leave out colour, or say critic.conditional=false"),
        ({"memory": 64, "novelty_threshold": 0.1}, "has none; leave it out"),
        ({"feature_matching": 1.0, "pack": 2}, "leave one out"),
    ],
)
def test_what_a_critic_of_patches_cannot_do(options: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Patch(Patch.Options(**options), Studio((3, 32, 32))).check()


# the pool


def numbered(first: int, n: int) -> Works:
    return Works(torch.arange(first, first + n).float().view(n, 1, 1, 1), labels=torch.arange(first, first + n))


def test_a_pool_keeps_until_it_is_full_and_then_exchanges_half() -> None:
    pool, generator = Pool(50), torch.Generator().manual_seed(0)
    old = []
    for round in range(200):
        works = pool.exchange(numbered(8 * round, 8), generator)
        assert torch.equal(works.pixels.flatten().long(), works.classes), "parts of a work stay together"
        assert len(works.classes.unique()) == 8 and len(pool) == min(50, 8 * (round + 1))
        if round < 6:
            assert works.classes.tolist() == list(range(8 * round, 8 * round + 8))
        elif round > 10:
            old.append((works.classes < 8 * round).float().mean())
    assert 0.42 < torch.stack(old).mean() < 0.58
    assert (pool.columns["labels"] > 800).float().mean() > 0.9, "the pool follows the artist"


def test_a_pool_smaller_than_a_batch_gives_as_many_works() -> None:
    pool, generator = Pool(3), torch.Generator().manual_seed(0)
    for round in range(5):
        assert len(pool.exchange(numbered(8 * round, 8), generator)) == 8 and len(pool) == 3


# the artist


@pytest.mark.parametrize("size", [16, 32, 64])
def test_a_unet_keeps_the_side_and_passes_everything_on(size: int) -> None:
    torch.manual_seed(0)
    given = torch.randn(2, 5, size, size, requires_grad=True)
    made = UNet(5, 3, size, 8, dropout=0)(given)
    assert made.shape == (2, 3, size, size) and made.abs().max() <= 1
    (slope,) = torch.autograd.grad(made[0].square().sum(), given)
    assert (slope[0].abs().sum(0) > 0).float().mean() > 0.9 and slope[1].abs().max() == 0


def test_pix2pix_learns_the_colours_of_regions() -> None:
    """A few steps of the distance alone bring it nearer than the mean picture is."""
    room = studio()
    room.reseed()
    artist = Pix2pix(Pix2pix.Options(width=8, learning_rate=2e-3, ema=0.9, dropout=0), room)
    artist.build()
    for step in range(60):
        works = artist.make(16, room.examples(16, 16 * step))
        artist.learn(works, torch.zeros(16))
    figures = artist.evaluate(room.examples(40, 950), 1)
    assert figures["l1"] < figures["l1_of_mean"] and figures["ssim"] > figures["ssim_of_mean"]


def test_a_frozen_network_sees_how_far_a_picture_is_from_the_true_one() -> None:
    torch.manual_seed(0)
    loss, true = PerceptualLoss(Studio((3, 16, 16)), random=True), torch.rand(2, 3, 16, 16) * 2 - 1
    made = true.clone().requires_grad_(True)
    assert loss(made, true) == 0
    (slope,) = torch.autograd.grad(loss(-made, true), made)
    assert slope.abs().sum() > 0 and not any(p.requires_grad for p in loss.parameters())


def test_it_is_the_evaluator_of_the_data_fetched_once_and_kept_in_the_state() -> None:
    room, fetched = studio(), list[Classifier]()
    room.evaluator = lambda: fetched.append(Classifier(3, 2).eval()) or fetched[-1]
    artist, twin = (Pix2pix(Pix2pix.Options(width=4, perceptual=2, l1=0), room) for _ in range(2))
    artist.build()
    for step in range(2):
        figures = artist.learn(artist.make(4, room.examples(4, step)), torch.zeros(4))
    assert figures["perceptual"] > 0 and figures["loss"] == 2 * figures["perceptual"]
    assert len(fetched) == 1
    assert torch.equal(artist.perceptual.network.body[0].weight, fetched[0].body[0].weight)
    twin.build()
    twin.restore(artist.state())
    twin.learn(twin.make(4, room.examples(4, 0)), torch.zeros(4))
    assert len(fetched) == 1, "a resumed run has it in its state"
    room.evaluator = None
    artist.build()
    with pytest.raises(ConfigError, match="outside of a run; say"):
        artist.learn(artist.make(4, room.examples(4, 0)), torch.zeros(4))


def test_regions_are_found_in_real_pictures_and_not_in_others() -> None:
    pairs = studio().examples(120, 0)
    figures = region_figures(torch.zeros_like(pairs.pixels), pairs)
    assert figures["pixel_accuracy_of_reals"] > figures["pixel_accuracy"]
    assert 0 < figures["iou"] < figures["iou_of_reals"] < 1
    again = region_figures(pairs.pixels, pairs)
    assert again["iou"] == again["iou_of_reals"] == figures["iou_of_reals"], "the same pairs, the same network"


def test_the_network_that_finds_regions_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = studio().examples(60, 7)
    first = region_figures(pairs.pixels, pairs)
    assert str(first["segmenter"]).startswith("U-Net 1 on 30 pairs, weights ")
    monkeypatch.setattr(segmentation, "minimise", lambda *_: pytest.fail("it was trained again"))
    assert region_figures(pairs.pixels, pairs) == first


def test_scores_of_a_table() -> None:
    table = confusion(torch.tensor([[0, 0], [1, 1]]), torch.tensor([[0, 0], [0, 1]]), 3)
    assert table.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert scores(table) == pytest.approx((3 / 4, (2 / 3 + 1) / 2, (2 / 3 + 1 / 2) / 2))


def test_figures_of_a_pair() -> None:
    true = torch.rand(4, 3, 16, 16) * 2 - 1
    same = pair_figures(true, true)
    assert same["l1"] == 0 and same["ssim"] == pytest.approx(1)
    assert pair_figures(-torch.ones(2, 1, 8, 8), torch.ones(2, 1, 8, 8))["l1"] == 1
    assert ssim(true, true.flip(3)).max() < 0.5


# runs and coevo translate


@pytest.fixture(scope="module")
def translating(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line with a run named `land`, which makes pictures of label maps."""
    command = CommandLine(tmp_path_factory.mktemp("translating") / "runs")
    answer = command("run", "pix2pix", "--name", "land", *SMALL, "--rounds", 4, "-o", "critic.pool=6")
    assert answer.code == 0, answer.err
    assert "each with a label map of 6 regions" in answer.out + answer.err
    return command


def test_a_run_resumes_bit_for_bit_with_its_pool_schedules_and_frozen_network(translating: CommandLine) -> None:
    its = ["critic.pool=6", "critic.lr_decay_steps=7", "artist.lr_decay_start=2", "artist.lr_decay_steps=5"]
    its += ["artist.perceptual=1", "run.log_every=1"]
    for name, rounds in (("whole", (6,)), ("parts", (3, 6))):
        words = ["run", "pix2pix", "--name", name, *SMALL, *(word for one in its for word in ("-o", one))]
        begun = translating(*words, "--rounds", rounds[0])
        assert begun.code == 0, begun.err
        assert ("training the evaluator" in begun.err) == (name == "whole"), "once, and not silently"
        for more in rounds[1:]:
            assert translating("resume", name, "--rounds", more).code == 0
    whole, parts = ((translating.runs / name / "metrics.jsonl").read_bytes() for name in ("whole", "parts"))
    assert whole == parts and len(read_log(translating.runs / "whole" / "metrics.jsonl")) == 6


def test_sheets_show_given_made_and_true(translating: CommandLine, tmp_path: Path) -> None:
    assert translating("sample", "land", "-n", 4, "-o", tmp_path / "x.png").code == 0
    with Image.open(tmp_path / "x.png") as sheet:
        assert sheet.mode == "RGB" and sheet.width > sheet.height
    assert translating("sample", "land", "-n", 4, "-o", tmp_path / "x.npy").code == 0
    assert np.load(tmp_path / "x.npy").shape == (4, 16, 16, 3)
    assert translating("sample", "land", "-n", 2, "-o", tmp_path / "folder/").code == 0
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["000000.png", "000001.png"]


def test_a_run_of_other_planes_cannot_be_gone_on_from(translating: CommandLine) -> None:
    said = translating.refuses("run", "pix2pix", *SMALL, "-o", "data.given=grey", "--from", "land")
    assert "The networks of 'patch' have other shapes in run 'land' than in this one" in said


def test_files_are_translated_without_any_option(translating: CommandLine, tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(0, 6, (20, 20), np.uint8)
    files = {"numbers": numbers, "colours": colours(6)[numbers]}
    for name, pixels in files.items():
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    answer = translating("translate", "land", tmp_path / "numbers.png", tmp_path, "-o", tmp_path / "twice")
    assert answer.code == 2 and "Two of the files are called 'numbers'" in answer.err
    answer = translating("translate", "land", tmp_path, "-o", tmp_path / "made")
    assert answer.code == 0 and "2 pictures in" in answer.out
    pictures = [np.asarray(Image.open(tmp_path / "made" / f"{name}.png")) for name in files]
    assert pictures[0].shape == (16, 16, 3) and (pictures[0] == pictures[1]).all()
    assert '"given": "numbers.png"' in str(png_text(tmp_path / "made" / "numbers.png"))


def test_what_cannot_be_translated_is_said_and_nothing_is_written(translating: CommandLine, tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(good)
    Image.fromarray(np.full((8, 8), 9, np.uint8)).save(tmp_path / "nine.png")
    Image.effect_noise((8, 8), 50).convert("RGB").save(tmp_path / "photo.png")
    (tmp_path / "text.png").write_text("no picture")
    for name, said in {
        "nine.png": "has the number 9, and they go from 0 to 5",
        "photo.png": "stands for none",
        "text.png": "is no picture that can be read",
        "missing.png": "cannot be read: no such file",
    }.items():
        said_so = translating.refuses("translate", "land", good, tmp_path / name, "-o", tmp_path / "out")
        assert said in said_so and len(said_so.splitlines()) == 1, said_so
    assert not (tmp_path / "out").exists()
    said = translating.refuses("translate", "land", good, "-o", tmp_path / "out", "--all-styles")
    assert "Artist 'pix2pix' of run 'land' has no styles" in said
    said = translating.refuses("translate", "land", good, "-o", tmp_path / "out", "--backwards")
    assert "nothing the other way; leave out --backwards" in said and not (tmp_path / "out").exists()
    assert "should be a folder" in translating.refuses("translate", "land", good, "-o", tmp_path / "x.png")


def test_no_more_files_than_a_batch_are_in_memory(
    translating: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "maps").mkdir()
    for number in range(7):
        Image.fromarray(np.full((8, 8), number % 6, np.uint8)).save(tmp_path / "maps" / f"{number}.png")
    sizes = []
    monkeypatch.setattr(translate, "AT_ONCE", 3)
    make = Pix2pix.translate
    monkeypatch.setattr(
        Pix2pix, "translate", lambda self, given, seed: (sizes.append(len(given)), make(self, given, seed))[1]
    )
    written = translate.write_translations(
        RunFolder.open("land", translating.runs), [tmp_path / "maps"], tmp_path / "out"
    )
    assert sizes == [3, 3, 1] and [path.stem for path in written] == list("0123456")
    with Image.open(written[0]) as first, Image.open(written[6]) as again, Image.open(written[5]) as other:
        assert first.tobytes() == again.tobytes() != other.tobytes()


def test_from_python_too_a_picture_has_one_style(translating: CommandLine, tmp_path: Path) -> None:
    run = RunFolder.open("land", translating.runs)
    with pytest.raises(ConfigError, match="leave out --all-styles or --style"):
        translate.write_translations(run, [tmp_path], tmp_path / "out", all_styles=True, style=tmp_path / "x.png")


def test_a_picture_of_ones_own_is_never_overwritten(translating: CommandLine, tmp_path: Path) -> None:
    own = tmp_path / "own.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(own)
    before = own.read_bytes()
    for files in (own, tmp_path):
        assert "would be overwritten" in translating.refuses("translate", "land", files, "-o", tmp_path)
    assert own.read_bytes() == before


def test_a_run_that_translates_nothing_says_so(played: CommandLine, tmp_path: Path) -> None:
    said = played.refuses("translate", "small", tmp_path, "-o", tmp_path / "out")
    assert "Run 'small' translates nothing: artist 'dcgan' is given no pictures" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "pix2pix", *SMALL, "--data", "digits"], "this data brings nothing; say what it is"),
        (
            ["run", "pix2pix", *SMALL, "--data", "digits", "-o", "data.given=winter-scenes"],
            "learns from pairs",
        ),
        (["run", "pix2pix", "--size", 48], "needs pictures of 16, 32, 64, 128 or 256 px"),
        (["run", "dcgan", "-o", "data.given=edges"], "data.given would have no effect: neither player makes works"),
        (["run", "pix2pix", *SMALL, "-o", "data.regions=4"], "data.regions would have no effect"),
        (
            ["run", "--artist", "dcgan", "--critic", "patch"],
            "beside what they were made from and dcgan is given nothing",
        ),
        (
            ["run", "pix2pix", "-o", "data.augmentation=flop"],
            "no augmentation of data named 'flop'; did you mean 'flip'",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(
    coevo_command: CommandLine, words: list[object], said: str
) -> None:
    assert said in coevo_command.refuses(*words)
    assert not coevo_command.runs.exists() or not list(coevo_command.runs.iterdir())


def test_edges_to_pictures_and_greys_to_colours(coevo_command: CommandLine) -> None:
    for given, data in (("edges", "photographs"), ("grey", "scenes")):
        answer = coevo_command("run", "pix2pix", *SMALL, "--data", data, "-o", f"data.given={given}", "--rounds", 1)
        assert answer.code == 0 and "each with a picture to be made from, in grey" in answer.out + answer.err
