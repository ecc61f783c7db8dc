"""BigGAN's parts: each on and off, what it does, and the whole recipe's exact resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import coevo
from coevo import ConfigError, Studio, Works
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing import conform
from coevo_gan.biggan import BigGAN, BigGANCritic, Discriminator, Generator
from coevo_gan.dcgan import DCGAN
from coevo_gan.residual import Attention, ConditionalNorm, largest

LITTLE = {"width": 4, "latent": 6, "embedding": 3}
PLAIN = {"hierarchical": False, "spectral_norm": False, "orthogonal_start": False}
EVERYTHING = {
    "conditional": True, "attention": True, "orthogonal": 1e-4, "standing_statistics": 2, "ema_start": 2,
    "accumulate": 2,
}  # fmt: skip


def build(artist: Any = BigGAN, seed: int = 0, **options: Any) -> Any:
    studio = Studio((1, 16, 16), tuple("0123456789"), seed=seed, batch=8)
    studio.reseed()
    torch.manual_seed(seed)
    it = artist(artist.Options(**{**LITTLE, **options}), studio)
    it.check()
    it.build()
    return it


@pytest.mark.parametrize("options", [PLAIN, EVERYTHING, {"conditional": True, "class_norm": False}])
def test_the_artist_conforms(options: dict[str, Any]) -> None:
    conform("artist", BigGAN, {**LITTLE, **options})


@pytest.mark.parametrize(
    "options",
    [
        {"spectral_norm": False, "orthogonal_start": False, "r1": 1.0},
        {"conditioning": "projection", "attention": True, "orthogonal": 1e-4, "accumulate": 2},
    ],
)
def test_the_critic_conforms(options: dict[str, Any]) -> None:
    conform("critic", BigGANCritic, {"width": 4, **options})


# the class and z in every block


def test_a_conditional_norm_scales_and_shifts_by_its_condition() -> None:
    layer = ConditionalNorm(2, 1)
    with torch.no_grad():
        layer.gain.weight.copy_(torch.tensor([[1.0], [2.0]]))  # type: ignore[union-attr]
        layer.bias.weight.copy_(torch.tensor([[3.0], [0.0]]))  # type: ignore[union-attr]
    x = torch.randn(16, 2, 4, 4)
    means, stds = (getattr(layer(x, torch.full((16, 1), 2.0)), name)((0, 2, 3)) for name in ("mean", "std"))
    assert torch.allclose(means, torch.tensor([6.0, 0.0]), atol=1e-3)  # bias V c
    assert torch.allclose(stds, torch.tensor([3.0, 5.0]), atol=0.02)  # gain 1 + W c


def test_without_a_condition_it_is_batch_normalisation() -> None:
    x = torch.randn(16, 2, 4, 4)
    assert torch.equal(ConditionalNorm(2, 0)(x, torch.empty(16, 0)), nn.BatchNorm2d(2)(x))


def reaching(network: Generator, block: int) -> str:
    """The columns of a code that change what a block gives: "z" of the beginning, "-" for none."""
    torch.manual_seed(0)
    codes, seen = torch.randn(4, sum(network.codes), requires_grad=True), list[torch.Tensor]()
    network.blocks[block].register_forward_hook(lambda _, __, out: seen.append(out))
    network(codes)
    (gradients,) = torch.autograd.grad(seen[0].pow(3).sum(), codes)
    return "".join("x" if column else "-" for column in gradients.abs().sum(0) > 1e-9)


@pytest.mark.parametrize(
    ("hierarchical", "class_norm", "first", "second"),
    [
        (True, True, "xxxx--xxx", "xxxxxxxxx"),  # z in three parts of two, and the class in three columns
        (True, False, "xxxx--xxx", "xxxxxxxxx"),
        (False, True, "xxxxxxxxx", "xxxxxxxxx"),
    ],
)
def test_every_block_is_given_a_part_of_z_and_the_class(
    hierarchical: bool, class_norm: bool, first: str, second: str
) -> None:
    network = Generator(6, 3, hierarchical, class_norm, 4, 1, 16)
    assert (reaching(network, 0), reaching(network, 1)) == (first, second)


def test_the_class_is_in_the_norms_or_joins_z() -> None:
    norms, start = (Generator(6, 3, False, class_norm, 4, 1, 16) for class_norm in (True, False))
    assert (norms.stem.in_features, start.stem.in_features) == (6, 9)
    assert [isinstance(each.blocks[0].first.gain, nn.Linear) for each in (norms, start)] == [True, False]


def test_all_blocks_share_one_embedding_of_the_class() -> None:
    it = build(conditional=True)
    assert [tuple(p.shape) for p in it.generator[0].parameters()] == [(3, 10)]
    assert all(block.first.gain.in_features == 2 + 3 for block in it.generator[1].blocks)


def test_exhibited_works_of_two_classes_differ_where_all_else_is_the_same() -> None:
    it = build(conditional=True)
    for _ in range(3):
        works = it.make(8, coevo.Works(torch.zeros(8, 1, 16, 16), labels=torch.arange(8)))
        it.learn(works, works.pixels.mean((1, 2, 3)))
    codes = it.exhibit(1, 0).latents
    ones, twos = (it.decode(codes, torch.tensor([label])).pixels for label in (1, 2))
    assert not torch.equal(ones, twos)


# attention


def test_attention_begins_at_nothing_and_then_mixes_all_places() -> None:
    layer, x = Attention(8), torch.randn(2, 8, 4, 4)
    assert torch.equal(layer(x), x)
    nn.init.ones_(layer.weight)
    x.requires_grad_()
    (gradients,) = torch.autograd.grad(layer(x)[0, :, 0, 0].sum(), x)
    reached = largest(gradients.abs().sum(1, keepdim=True)) > 0  # of four places one is a key
    assert reached[0].all() and not reached[1].any()


def test_the_largest_of_four_places() -> None:
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(largest(x), nn.functional.max_pool2d(x, 2))


@pytest.mark.parametrize("attention", [False, True])
def test_attention_is_at_half_the_side(attention: bool) -> None:
    sides = list[int]()
    generator, discriminator = Generator(6, 0, True, True, 4, 1, 16, attention), Discriminator(4, 1, 16, attention)
    for part in (*generator.modules(), *discriminator.modules()):
        if isinstance(part, Attention):
            part.register_forward_hook(lambda _, __, out: sides.append(out.shape[2]))
    discriminator(generator(torch.randn(2, 6)))
    assert sides == ([8, 8] if attention else [])


# how weights begin, and are kept


def test_weights_begin_orthogonal_or_not() -> None:
    for orthogonal in (True, False):
        it = build(orthogonal_start=orthogonal, spectral_norm=False)
        rows = it.generator.blocks[0].mix.weight.detach().flatten(1)
        assert torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-4) == orthogonal


def test_spectral_normalisation_is_of_every_layer_or_of_none() -> None:
    for spectral in (True, False):
        for network in (build(spectral_norm=spectral).generator, built_critic(spectral_norm=spectral).scorer):
            layers = [part for part in network.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
            assert all(hasattr(layer, "parametrizations") == spectral for layer in layers)
        embedding = built_critic(spectral_norm=spectral, conditioning="projection").scorer.projection
        assert hasattr(embedding, "parametrizations") == spectral


def built_critic(**options: Any) -> Any:
    studio = Studio((1, 16, 16), tuple("0123456789"), batch=8)
    it = BigGANCritic(BigGANCritic.Options(width=4, **options), studio)
    it.check()
    it.build(None)  # type: ignore[arg-type]
    return it


def test_regularisation_keeps_the_generator_orthogonal() -> None:
    from coevo.nn.orthogonal import orthogonal_penalty

    left = []
    for weight in (0.0, 0.1):
        it = build(orthogonal=weight, spectral_norm=False, orthogonal_start=False, learning_rate=1e-2)
        for _ in range(10):
            works = it.make(8, None)
            metrics = it.learn(works, works.pixels.mean((1, 2, 3)))
        assert ("orthogonal" in metrics) == bool(weight)
        left.append(orthogonal_penalty(it.generator).item())
    assert left[1] < 0.5 * left[0]


def test_regularisation_leaves_the_embedding_of_the_class_alone() -> None:
    it = build(conditional=True, orthogonal=1.0, orthogonal_start=False)
    works = it.make(8, Works(labels=torch.arange(8)))
    it.generator[0].mean.weight.grad = None
    it.extra_losses(works)["orthogonal"].backward()
    assert it.generator[0].mean.weight.grad is None


# as it is exhibited


@pytest.mark.parametrize("artist", [BigGAN, DCGAN])
def test_standing_statistics_are_those_of_the_exhibited_network(artist: Any) -> None:
    """After a few steps running averages are far behind; with standing statistics works of a batch are normalised."""
    little = {"embedding": 16} if artist is DCGAN else {}
    running, standing = (build(artist, **little, standing_statistics=batches) for batches in (0, 4))
    for it in (running, standing):
        for _ in range(3):
            works = it.make(8, None)
            it.learn(works, works.pixels.mean((1, 2, 3)))
    assert equal_states(running.state(), standing.state())  # they are of exhibits alone
    before = copy_state(standing.state())
    once, again = standing.exhibit(6, 1).pixels, standing.exhibit(6, 1).pixels
    assert torch.equal(once, again) and not torch.equal(once, running.exhibit(6, 1).pixels)
    assert equal_states(before, standing.state())


def test_the_average_begins_when_it_should() -> None:
    it = build(ema_start=2)
    for _ in range(2):
        works = it.make(8, None)
        it.learn(works, works.pixels.mean((1, 2, 3)))
    pairs = zip(it.generator.parameters(), it.ema.average.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    works = it.make(8, None)
    it.learn(works, works.pixels.mean((1, 2, 3)))
    pairs = zip(it.generator.parameters(), it.ema.average.parameters(), strict=True)
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_an_artist_that_gathers_gradients_averages_only_after_a_step() -> None:
    it = build(accumulate=3)
    updates = []
    for _ in range(6):
        works = it.make(4, None)
        it.learn(works, works.pixels.mean((1, 2, 3)))
        updates.append(it.ema.updates)
    assert updates == [0, 0, 1, 1, 1, 2]


# what cannot work


@pytest.mark.parametrize(
    ("player", "options", "said"),
    [
        (BigGAN, {"latent": 2}, "cannot be shared among the 3 parts"),
        (BigGAN, {"hierarchical": True, "latent": 1}, "say at least 3, or artist.hierarchical=false"),
    ],
)
def test_parts_that_do_not_fit_are_refused(player: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        player(player.Options(**options), Studio((1, 16, 16), batch=8)).check()


def test_options_that_would_do_nothing_are_refused(tmp_path: Path) -> None:
    for artist, options, needed in (
        ("biggan", {"class_norm": True}, "artist.conditional"),
        ("mlp", {"standing_statistics": 4}, "artist.batch_norm"),
    ):
        with pytest.raises(ConfigError, match=f"would have no effect: it needs {needed}"):
            coevo.run(artist=artist, critic="dcnn", rounds=1, runs_dir=tmp_path, options={"artist": options})


# the whole


def test_the_recipe_resumes_exactly_in_the_middle_of_an_accumulated_step(tmp_path: Path) -> None:
    options = {
        "artist": {"width": 4, "latent": 6, "ema_start": 1, "accumulate": 2},
        "critic": {"width": 4, "accumulate": 4},
        "data": {"size": 16},
        "run": {"batch": 8, "save_every": 1, "log_every": 1},
        "phases": {"critic": {"steps": 2}},
    }
    play: dict[str, Any] = {"name": "run", "options": options}
    whole = coevo.run("biggan", rounds=6, runs_dir=tmp_path / "whole", **play)
    first = coevo.run("biggan", rounds=3, runs_dir=tmp_path / "parts", **play)
    assert first.artist.optimiser.gathered and first.critic.optimiser.gathered  # type: ignore[attr-defined]
    rest = coevo.resume("run", runs_dir=tmp_path / "parts", rounds=6)
    assert equal_states(whole.session.state(), rest.session.state())
    assert whole.latest == rest.latest
