"""The players of the GAN plugin: conformance, labels, informative codes, minibatch layers, shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import coevo
from coevo import DataError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.plugin.registry import registry
from coevo.runs.config import read_recipe, resolve
from coevo.testing import conform
from coevo_gan.conditioning import LabelEmbedding
from coevo_gan.dcgan import DCGAN, Generator
from coevo_gan.dcnn import DCNN
from coevo_gan.infogan import InfoGAN
from coevo_gan.minibatch import MinibatchDiscrimination, MinibatchStd
from coevo_gan.mlp import MLPArtist, MLPCritic

LITTLE = {"width": 4, "latent": 4}


@pytest.mark.parametrize(
    ("artist", "options"),
    [
        (DCGAN, LITTLE),
        (DCGAN, {**LITTLE, "conditional": True, "conditioning_kl": 0.1}),
        (DCGAN, {**LITTLE, "upsample": "resize"}),
        (InfoGAN, {**LITTLE, "q_width": 4}),
        (InfoGAN, {**LITTLE, "q_width": 4, "continuous": 0, "conditional": True}),
        (MLPArtist, {"width": 16, "latent": 4}),
        (MLPArtist, {"width": 16, "latent": 4, "prior": "gaussian", "batch_norm": True, "conditional": True}),
    ],
)
def test_every_artist_conforms(artist: Any, options: dict[str, Any]) -> None:
    conform("artist", artist, options)


@pytest.mark.parametrize(
    ("critic", "options"),
    [
        (DCNN, {"width": 4, "conditioning": "projection", "minibatch": "discrimination", "spectral_norm": True}),
        (DCNN, {"width": 4, "conditioning": "concatenation", "minibatch": "std", "r1": 1.0}),
        (
            DCNN,
            {"width": 4, "unroll": 2, "label_flip": 0.1, "instance_noise": 0.1, "augmentation": "colour"},
        ),
        (DCNN, {"width": 4, "game": "wasserstein-gp", "pack": 2}),
        (DCNN, {"width": 4, "conditioning": "projection", "memory": 64, "novelty_threshold": 0.2}),
        (MLPCritic, {"width": 16}),
        (MLPCritic, {"width": 16, "maxout_pieces": 1, "pack": 2, "game": "hinge"}),
    ],
)
def test_every_critic_conforms(critic: Any, options: dict[str, Any]) -> None:
    conform("critic", critic, options)


def build(artist: Any, **options: Any) -> Any:
    studio = Studio((1, 16, 16), tuple("0123456789"))
    studio.reseed()
    it = artist(artist.Options(**options), studio)
    it.build()
    return it


# labels


def test_a_conditional_generator_makes_the_class_it_is_given_as_often_as_it_is_real() -> None:
    it = build(DCGAN, **LITTLE, conditional=True)
    reals = digits(DataOptions(size=16)).works(slice(0, 60))
    few = Works(reals.images, labels=reals.labels.clamp_max(2))
    works = it.make(200, few)
    assert works.labels.max() == 2
    assert torch.equal(works.codes[:, 4:].argmax(1), works.labels) and works.codes.shape == (200, 14)
    shares = torch.bincount(works.labels, minlength=3) / 200
    assert torch.allclose(shares, torch.bincount(few.labels, minlength=3) / 60, atol=0.1)


def test_exhibited_works_cycle_through_the_classes_or_have_the_labels_that_are_given() -> None:
    it = build(DCGAN, **LITTLE, conditional=True)
    assert it.exhibit(12, 0).labels.tolist() == [*range(10), 0, 1]
    assert it.exhibit(3, 0, torch.tensor([7, 7, 2])).codes[:, 4:].argmax(1).tolist() == [7, 7, 2]
    works = it.exhibit(5, 0)
    assert torch.equal(it.decode(works.codes).images, works.images)
    assert it.decode(works.codes).labels.tolist() == works.labels.tolist()


def test_conditioning_augmentation_draws_embeddings_in_training_only() -> None:
    layer = LabelEmbedding(2, 3, 5, augment=True)
    codes = torch.tensor([[0.5, -0.5, 0, 1, 0]] * 2)
    one, two = layer(codes)
    assert torch.equal(one[:2], codes[0, :2]) and not torch.equal(one[2:], two[2:])
    shown = layer.eval()(codes)
    assert torch.equal(shown[0], shown[1])


def test_the_kl_of_conditioning_augmentation_worked_out() -> None:
    """μ = (1, 0), log σ² = (0, ln 4): ½ (1 + 0 + 1 + 4 - ln 4 - 2)."""
    layer = LabelEmbedding(1, 1, 2, augment=True)
    with torch.no_grad():
        layer.mean.weight.copy_(torch.tensor([[1.0], [0.0]]))
        layer.log_variance.weight.copy_(torch.tensor([[0.0], [4.0]]).log().clamp_min(0))
    assert layer.kl(torch.tensor([[9.0, 1.0]])).item() == pytest.approx(0.5 * (4 - 1.386294), rel=1e-4)


def test_the_codes_of_a_conditional_gan_can_be_bred(tmp_path: Path) -> None:
    small: dict[str, Any] = {"data": {"size": 16}, "artist": LITTLE, "critic": {"width": 4}}
    coevo.run("cgan", name="conditional", rounds=2, batch=8, runs_dir=tmp_path, options=small)
    options = {"data": {"size": 16}, "artist": {**LITTLE, "conditional": True}}
    bred = coevo.run(artist="dcgan", critic="taste", start="conditional", rounds=3, runs_dir=tmp_path, options=options)
    works = bred.artist.exhibit(15, 0)
    assert works.codes.shape == (15, 14) and (works.codes[:, 4:].sum(1) == 1).all()


# informative codes


def test_the_inputs_of_q_are_augmented_anew_each_time_and_by_default_not_at_all() -> None:
    works = torch.rand(4, 1, 16, 16)
    plain, changed = build(InfoGAN, **LITTLE), build(InfoGAN, **LITTLE, q_augmentation="affine,weight", q_noise=0.5)
    assert torch.equal(plain.augment_q_input(works), works)
    once, again = changed.augment_q_input(works), changed.augment_q_input(works)
    assert once.shape == works.shape and not torch.equal(once, again) and not torch.equal(once, works)


def test_an_unknown_augmentation_is_refused() -> None:
    with pytest.raises(coevo.ConfigError, match="rotation"):
        InfoGAN.Options(q_augmentation="affine,rotation")


def test_an_infogan_infers_the_codes_of_its_own_works(tmp_path: Path) -> None:
    artist = {"learning_rate": 2e-3, "q_width": 8, "width": 8, "q_augmentation": "", "q_noise": 0.0}
    run = coevo.run(
        "infogan", rounds=60, runs_dir=tmp_path, batch=32,
        options={"data": {"size": 16}, "artist": artist, "critic": {"width": 4}},
    )  # fmt: skip
    works = run.artist.exhibit(200, 3)
    read = run.artist.encode(works)
    assert read.shape == works.codes.shape
    assert (read[:, 16:26].argmax(1) == works.codes[:, 16:26].argmax(1)).float().mean() > 0.9
    assert run.latest["artist.category"] < 1.5 < 2.3  # ln 10 is chance


def test_the_continuous_bound_can_be_left_out() -> None:
    it = build(InfoGAN, **LITTLE, q_width=4, continuous=0)
    assert [block.name for block in it.code] == ["z", "category"]
    assert set(it.extra_losses(it.make(4, None))) == {"category"}


# minibatch layers


def test_the_standard_deviation_of_a_batch_is_given_to_all_of_its_works() -> None:
    batch = torch.tensor([[0.0, 1.0], [2.0, 1.0]])
    assert MinibatchStd()(batch).flatten().tolist() == pytest.approx([0.50005] * 2, rel=1e-3)  # mean of 1 and 0


def test_distances_within_a_batch_worked_out() -> None:
    """One feature of one dimension, M = 1, 2 and 2: e^-1 and e^0, averaged over the two others."""
    layer = MinibatchDiscrimination(1, features=1, depth=1)
    with torch.no_grad():
        layer.tensor.fill_(1.0)
    near = layer(torch.tensor([[1.0], [2.0], [2.0]])).flatten().tolist()
    assert near == pytest.approx([0.367879, (0.367879 + 1) / 2, (0.367879 + 1) / 2], rel=1e-4)


# shapes


@pytest.mark.parametrize("upsample", ["transpose", "resize"])
@pytest.mark.parametrize("size", [16, 32, 64])
def test_a_generator_doubles_up_to_the_size(size: int, upsample: str) -> None:
    assert Generator(3, 4, 1, size, upsample)(torch.randn(2, 3)).shape == (2, 1, size, size)


def test_a_new_resized_picture_has_no_checkerboard() -> None:
    """Transposed or resized, a flat map gives a picture whose even and odd pixels are alike."""
    torch.manual_seed(0)
    picture = Generator(3, 8, 1, 32, "resize").eval()(torch.randn(4, 3))
    even, odd = picture[:, :, 8:24:2, 8:24:2].mean(), picture[:, :, 9:25:2, 9:25:2].mean()
    assert (even - odd).abs() < 0.05 * picture.std() + 0.01


def test_the_pair_of_2014_takes_any_size(tmp_path: Path) -> None:
    run = coevo.run(
        "gan", rounds=2, runs_dir=tmp_path, batch=8, options={"artist": {"width": 32}, "data": {"size": 28}}
    )
    assert run.artist.exhibit(3, 0).images.shape == (3, 1, 28, 28)


@pytest.mark.parametrize("recipe", [name for name in registry().offers("recipe") if "gan" in name])
def test_every_recipe_plays_offline(recipe: str, tmp_path: Path) -> None:
    run = coevo.run(recipe, rounds=2, runs_dir=tmp_path, batch=8, options={"data": {"size": 16}})
    assert run.round == 2


# defaults and recipes


NEURAL = ("dcgan", "infogan", "dcnn", "r3gan", "biggan")


@pytest.mark.parametrize("recipe", registry().offers("recipe"))
def test_a_recipe_names_its_rates_and_no_default_decides_them(recipe: str) -> None:
    tree = read_recipe(recipe, registry())
    named = {
        "artist": {"ema"},
        "dcnn": {"norm", "r1", "penalty_interval"},
        "r3gan": {"game", "r1", "r2", "penalty_interval"},
    }
    for role, side in ((role, tree[role]) for role in ("artist", "critic") if tree[role]["name"] in NEURAL):
        wanted = named["artist"] if role == "artist" else named.get(side["name"], {"game"})
        assert {"learning_rate", "beta1", "beta2"} | wanted <= side.keys()


def test_the_recipe_of_2015_keeps_its_rates_and_its_batch_normalisation() -> None:
    config = resolve(read_recipe("dcgan", registry()), registry())
    for options in (config.artist, config.critic):
        assert (options.learning_rate, options.beta1) == (2e-4, 0.5)
    assert config.critic.r1 == 0 and any(isinstance(layer, torch.nn.BatchNorm2d) for layer in scorer(config).modules())


def test_a_critic_at_its_defaults_is_smooth_by_r1_and_has_no_norm() -> None:
    it = scorer(resolve({"artist": {"name": "dcgan"}, "critic": {"name": "dcnn"}}, registry()))
    assert not any(isinstance(layer, torch.nn.BatchNorm2d | torch.nn.GroupNorm) for layer in it.modules())


def scorer(config: Any) -> torch.nn.Module:
    return DCNN(config.critic, Studio()).network(None)  # type: ignore[arg-type]


# options of older versions


@pytest.mark.parametrize(
    ("player", "old", "new"),
    [
        (DCGAN, {"labels": True, "condition": 1.0, "rate": 0.1}, {"conditional": True, "conditioning_kl": 1.0}),
        (InfoGAN, {"blind": 0.6, "augment": "affine"}, {"q_noise": 0.6, "q_augmentation": "affine"}),
        (InfoGAN, {"information": 2.0, "labels": True}, {"information_weight": 2.0, "conditional": True}),
        (DCNN, {"labels": "projection", "spectral": True}, {"conditioning": "projection", "spectral_norm": True}),
        (DCNN, {"gp": 10.0, "clip": 0.0, "every": 8}, {"gradient_penalty": 10.0, "penalty_interval": 8}),
        (DCNN, {"smooth": 0.1, "flip": 0.1, "noise": 0.2}, {"label_smoothing": 0.1, "instance_noise": 0.2}),
        (DCNN, {"gallery": 512, "apart": 0.1, "panel": 4}, {"memory": 512, "past_critics": 4}),
        (MLPArtist, {"normalise": True, "halve": 10}, {"batch_norm": True, "lr_half_life": 10}),
        (MLPCritic, {"pieces": 1, "fade": 0.3}, {"maxout_pieces": 1, "past_decay": 0.3}),
    ],
)
def test_old_names_of_options_are_upgraded(player: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
    options = player.Options(**player.upgrade(old))
    assert len(options.model_fields_set) == len(old)
    assert {name: getattr(options, name) for name in new} == new


# stacked MNIST


def test_three_digits_are_the_colours_of_a_picture(real_data: Path) -> None:
    from coevo.data.datasets import mnist
    from coevo_gan.stacked import stacked

    options = DataOptions(name="stacked-mnist", dir=str(real_data / "mnist"), size=16, channels=3, split="test")
    dataset, again = stacked(options), stacked(options)
    assert dataset.images.shape == (60_000, 3, 16, 16) and torch.equal(dataset.images, again.images)
    assert dataset.labels.unique().numel() == 1000
    grey = mnist(options.model_copy(update={"channels": 1}))
    place = 5
    for channel, digit in enumerate(dataset.classes[dataset.labels[place]]):
        twins = (grey.images[:, 0] == dataset.images[place, channel]).flatten(1).all(1)
        assert grey.labels[twins].tolist() == [int(digit)]


def test_stacked_digits_need_three_channels() -> None:
    from coevo_gan.stacked import stacked

    with pytest.raises(DataError, match="say --channels 3"):
        stacked(DataOptions(name="stacked-mnist"))
