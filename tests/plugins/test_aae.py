"""Adversarial autoencoders: codes near their prior, the variants that use labels or find clusters, and ALAE."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import coevo
from coevo import CodeBlock, ConfigError, DataError, PairError, Studio, Works
from coevo.contract.players import Artist
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.codes import cluster_labels
from coevo.evaluation.metrics import discrepancy
from coevo.images.rendering import reconstruct
from coevo.plugin.registry import registry
from coevo.testing.kit import conform
from coevo_aae.aae import AAE
from coevo_aae.alae import ALAE
from coevo_aae.clustering import ClusteringAAE
from coevo_aae.labelled_prior import LabelledPriorAAE
from coevo_aae.latent import Heads, LatentCritic
from coevo_aae.mixture import MixtureAAE
from coevo_aae.semi_supervised import SemiSupervisedAAE
from coevo_aae.supervised import SupervisedAAE

SMALL: dict[str, Any] = {"hidden": [32], "latent": 4}
HEAD: dict[str, Any] = {"hidden": [32]}


@pytest.mark.parametrize(
    ("artist", "options"),
    [
        (AAE, SMALL),
        (AAE, {"network": "convolution", "width": 4, "latent": 4, "prior": "uniform"}),
        (SupervisedAAE, {**SMALL, "posterior": "gaussian", "input_noise": 0.1}),
        (SemiSupervisedAAE, {**SMALL, "batch_norm": True, "ema": 0.9}),
        (ClusteringAAE, {**SMALL, "categories": 5, "posterior": "universal", "input_noise": 0.1, "input_mask": 0.2}),
        (ClusteringAAE, {**SMALL, "categories": 5, "logit_scale": 2.0, "ema": 0.9}),
        (MixtureAAE, {**SMALL, "categories": 5}),
        (LabelledPriorAAE, {"hidden": [32]}),
        (ALAE, {"hidden": [32], "latent": 4, "style_size": 4}),
    ],
)
def test_every_artist_conforms(artist: type[Artist], options: dict[str, Any]) -> None:
    conform("artist", artist, options)


@pytest.mark.parametrize(
    "options", [HEAD, {**HEAD, "game": "relativistic", "dropout": 0.2, "instance_noise": 0.1, "r1": 0.1}]
)
def test_the_critic_of_codes_conforms(options: dict[str, Any]) -> None:
    conform("critic", LatentCritic, options)


def studio(size: int = 16) -> Studio:
    place = Studio((1, size, size), tuple("0123456789"))
    place.reseed()
    return place


def build(artist: type[Any] = AAE, size: int = 16, **options: Any) -> Any:
    it = artist(artist.Options(**{**SMALL, **options}), studio(size))
    it.check()
    it.build()
    return it


def critic_of(artist: Artist, **options: Any) -> LatentCritic:
    critic = LatentCritic(LatentCritic.Options(**{**HEAD, **options}), artist.studio)
    critic.check()
    critic.build(artist)
    return critic


def reals(n: int = 12) -> Works:
    return digits(DataOptions(size=16)).works(slice(0, n))


# codes


def test_every_variant_has_its_block_beside_z() -> None:
    z = CodeBlock("z", 4)
    assert build().code.blocks == (z,)
    assert build(SupervisedAAE).code.blocks == (z, CodeBlock("class", 10, "categorical", "label", conditioning=True))
    assert build(SemiSupervisedAAE).code.blocks == (z, CodeBlock("class", 10, "categorical", "label"))
    assert build(ClusteringAAE, categories=7).code.blocks == (z, CodeBlock("cluster", 7, "categorical", "cluster"))
    assert build(MixtureAAE, categories=7).code.blocks == (z, CodeBlock("cluster", 7, "categorical", "cluster"))


def test_the_label_is_given_to_the_decoder_or_inferred_by_the_encoder() -> None:
    given, inferred = build(SupervisedAAE), build(SemiSupervisedAAE)
    assert torch.equal(given.encode(reals())[:, 4:].argmax(1), reals().labels)
    probabilities = inferred.encode(Works(reals().images))[:, 4:]
    assert torch.allclose(probabilities.sum(1), torch.ones(12)) and (probabilities < 1).all()


@pytest.mark.parametrize(("logit_scale", "inferred"), [(0.0, 4), (3.0, 5)])
def test_normalised_logits_leave_no_cluster_out(logit_scale: float, inferred: int) -> None:
    it = build(ClusteringAAE, categories=5, logit_scale=logit_scale)
    last = [layer for layer in it.encoder if isinstance(layer, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.bias[-1] = -100.0  # of the last cluster
    clusters = it.make(200, reals(200)).latents[:, 4:].argmax(1)
    assert (4 in clusters) == (inferred == 5)
    assert clusters.unique().numel() <= inferred


def test_a_mixture_of_z_reconstructs_as_z_does() -> None:
    it, works = build(MixtureAAE, categories=3, mixture_after=40), reals(200)
    assert torch.equal(it.encode(works)[:, 4:], torch.full((200, 3), 1 / 3))  # no cluster is known yet
    for _ in range(40):
        it.learn(it.make(200, works), torch.zeros(200))
    codes = it.encode(works)
    assert codes.shape == (200, 7) and len(codes[:, 4:].argmax(1).unique()) == 3
    with torch.no_grad(), it.eval_networks() as (_, decoder):
        direct = it.likelihood.mean(decoder(it.latents(works.images)))
    torch.testing.assert_close(reconstruct(it, works).images, direct, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("posterior", "varies"), [("deterministic", False), ("gaussian", True), ("universal", True)])
def test_codes_are_sampled_for_learning_only(posterior: str, varies: bool) -> None:
    it = build(posterior=posterior)
    once, again = (it.make(12, reals()).latents for _ in range(2))
    assert torch.equal(once, again) != varies
    assert torch.equal(it.encode(reals()), it.encode(reals()))


def test_latents_have_gradients_to_the_images() -> None:
    images = reals().pixels.clone().requires_grad_()
    build(posterior="gaussian").latents(images).sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0


# the critic


def test_the_critic_has_a_head_for_every_inferred_block() -> None:
    artist = build(SupervisedAAE)
    assert critic_of(artist).scorer(artist.exhibit(3, 0).codes).shape == (3, 1)
    artist = build(SemiSupervisedAAE)
    critic = critic_of(artist)
    assert critic.scorer(artist.exhibit(3, 0).codes).shape == (3, 2)
    assert critic.judge(artist.make(12, reals()), reals()).shape == (12,)


def test_a_head_sees_its_own_block_only() -> None:
    heads = Heads([slice(0, 2), slice(2, 5)], 0, [8], 0.0)
    codes = torch.randn(4, 5)
    other = torch.cat([codes[:, :2], torch.randn(4, 3)], 1)
    same = [torch.equal(heads(codes)[:, head], heads(other)[:, head]) for head in range(2)]
    assert same == [True, False]


def test_a_head_sees_the_label_or_that_there_is_none() -> None:
    heads = Heads([slice(0, 2)], 3, [8], 0.0)
    scores = heads(torch.zeros(4, 2), torch.tensor([-1, 0, 1, 2]))[:, 0]
    assert scores.unique().numel() == 4


def test_a_joint_head_tells_dependent_blocks_from_independent_ones() -> None:
    class Dependent(ClusteringAAE):  # each block follows its prior, but the cluster is the sign of z
        def make(self, n: int, reals: Works | None) -> Works:
            z = torch.randn(n, 1)
            return Works(codes=torch.cat([z, (z > 0).float(), (z <= 0).float()], 1))

    accuracy, works = {}, reals(200)
    for joint in (False, True):
        artist = build(Dependent, latent=1, categories=2)
        critic = critic_of(artist, learning_rate=1e-2, joint_head=joint)
        for _ in range(200):
            accuracy[joint] = critic.learn(artist.make(200, None), works)["accuracy"]
    assert accuracy[True] > accuracy[False] + 0.05


def test_a_joint_head_needs_two_blocks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="infers only one"):
        coevo.run("aae", rounds=1, runs_dir=tmp_path, options={"critic": {"joint_head": True}})
    assert not list(tmp_path.iterdir())


def test_a_categorical_prior_adapts_to_the_inferred_shares() -> None:
    artist = build(SemiSupervisedAAE)
    critic = critic_of(artist, prior_adaptation=0.1)
    columns = artist.code.slices["class"]
    codes = torch.zeros(20, artist.code.size)
    codes[:, columns][:, 3] = 1  # all of them threes
    works = reals()
    for _ in range(60):
        critic.learn(Works(codes=codes), works)
    torch.testing.assert_close(critic.shares[columns][3], torch.tensor(1.0), atol=0.01, rtol=0)
    drawn = torch.cat([critic.prior_draws(works).latents for _ in range(50)])[:, columns].mean(0)
    assert 0.75 < drawn[3] < 0.95  # the others are drawn too, a fifth as often as an equal share
    assert drawn[:3].min() > 0


def test_codes_come_to_follow_their_prior() -> None:
    artist = build(reconstruction_weight=0.2, learning_rate=3e-3)
    critic = critic_of(artist, instance_noise=0.3)
    works = reals(200)
    draws = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    before = discrepancy(artist.encode(works), draws).item()
    for _ in range(300):
        made = artist.make(200, works)
        critic.learn(made.detach(), works)
        artist.learn(made, critic.judge(made, works))
    assert discrepancy(artist.encode(works), draws).item() < 0.5 * before


# labels


@pytest.mark.slow
def test_a_hundred_labels_are_enough_to_infer_the_rest(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data": {"size": 16}, "artist": {"hidden": [128], "latent": 2}, "critic": HEAD}
    run = coevo.run("aae-semi-supervised", rounds=500, runs_dir=tmp_path, options=options)
    works = digits(DataOptions(size=16)).works(slice(None))
    inferred = run.artist.encode(works)[:, -10:].argmax(1)
    assert (inferred == works.labels).float().mean() > 0.8
    sevens = run.artist.exhibit(20, 0, torch.full((20,), 7))
    assert (run.artist.encode(sevens)[:, -10:].argmax(1) == 7).float().mean() > 0.8


def test_hidden_labels_are_not_used() -> None:
    known, hidden = reals(24)[:12], reals(24)[12:]
    losses = []
    for labels in (hidden.labels, -torch.ones(12).long()):
        it = build(SemiSupervisedAAE)
        works = it.make(12, Works(hidden.images, labels=labels, labelled=known))
        losses.append(float(it.learn(works, torch.zeros(12))["supervision"]))
        assert works.latents.shape == (12, 14)
    assert losses[0] == losses[1]


@pytest.mark.slow
def test_a_labelled_prior_gives_every_class_its_region(tmp_path: Path) -> None:
    artist = {"hidden": [128], "prior": "mixture"}
    run = coevo.run(
        "aae-swiss-roll", rounds=700, runs_dir=tmp_path,
        options={"data": {"size": 16}, "artist": artist, "critic": {"hidden": [128, 128]}},
    )  # fmt: skip
    works = digits(DataOptions(size=16)).works(slice(None))
    codes = run.artist.encode(works)
    petal = torch.atan2(codes[:, 1], codes[:, 0]) * 10 / (2 * torch.pi)
    assert (petal.round() % 10 == works.labels).float().mean() > 0.5  # by chance a tenth


# clusters


@pytest.mark.slow
def test_clusters_are_digits_without_a_label(tmp_path: Path) -> None:
    artist = {"hidden": [128], "mixture_after": 150}
    run = coevo.run("aae-clustering", rounds=200, runs_dir=tmp_path, options={"data": {"size": 16}, "artist": artist})
    works = digits(DataOptions(size=16)).works(slice(None))
    probabilities = run.artist.encode(works)[:, 10:]
    names = cluster_labels(probabilities, works.labels)[probabilities.argmax(1)]
    assert (names == works.labels).float().mean() > 0.6  # by chance a tenth


@pytest.mark.slow
def test_a_run_resumes_exactly_after_clusters_were_found(tmp_path: Path) -> None:
    small: dict[str, Any] = {"data": {"size": 16}, "artist": {"mixture_after": 3, "hidden": [32]}}
    whole = coevo.run("aae-clustering", name="whole", rounds=6, runs_dir=tmp_path, options=small)
    coevo.run("aae-clustering", name="parts", rounds=4, runs_dir=tmp_path, options=small)
    parts = coevo.resume("parts", rounds=6, runs_dir=tmp_path)
    assert torch.equal(whole.artist.encode(reals()), parts.artist.encode(reals()))
    assert not torch.allclose(whole.artist.encode(reals())[:, 10:], torch.tensor(1 / 16))


# ALAE


def test_its_critic_teaches_the_encoder(tmp_path: Path) -> None:
    small = {"data": {"size": 16}, "artist": {"hidden": [32], "latent": 4, "style_size": 4}, "critic": {"hidden": [16]}}
    run = coevo.run("alae", rounds=3, runs_dir=tmp_path, batch=12, options=small)
    artist, critic = run.artist, run.critic
    before = [p.clone() for p in artist.e.parameters()]
    made = artist.make(12, reals())
    critic.learn(made.detach(), reals())
    assert any(not torch.equal(p, old) for p, old in zip(artist.e.parameters(), before, strict=True))
    assert reconstruct(artist, reals()).pixels.shape == (12, 1, 16, 16)


def test_only_alae_shares_its_encoder(tmp_path: Path) -> None:
    with pytest.raises(PairError, match="Critic 'alae' shares the encoder of artist 'alae', and 'dcgan' has none"):
        coevo.run(artist="dcgan", critic="alae", rounds=1, runs_dir=tmp_path)
    assert not list(tmp_path.iterdir())


# what does not fit


@pytest.mark.parametrize(
    ("artist", "options", "message"),
    [
        (AAE, {"prior": "swiss-roll"}, "has 2 dimensions, but the code has 4"),
        (AAE, {"prior": "gausian"}, "did you mean 'gaussian'"),
        (AAE, {"network": "convolution", "posterior": "universal"}, "choose artist.network=dense"),
        (LabelledPriorAAE, {"prior": "gaussian"}, "artist.prior=gaussian has none; choose mixture or swiss-roll"),
        (MixtureAAE, {"mixture_after": 1, "categories": 1000}, "too few for 1000 clusters"),
    ],
)
def test_options_that_do_not_fit_are_refused(artist: type[Artist], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(artist, **options)


def test_more_labels_than_works_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.labelled=5000 is more than the 1797 works"):
        coevo.run("aae-semi-supervised", rounds=1, runs_dir=tmp_path, options={"data": {"labelled": 5000}})


def test_the_supervised_variant_refuses_hidden_labels(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'aae-supervised' needs the label of every work"):
        coevo.run("aae-supervised", rounds=1, runs_dir=tmp_path, options={"data": {"labelled": 50}})
    assert not list(tmp_path.iterdir())


# options of older versions


OLD = {  # an artist `aae` of format 1, without the options that were not renamed
    "latent": 4, "hidden": [16], "normalise": True, "deviation": 1.0, "prior": "gaussian", "posterior": "deterministic",
    "labels": "none", "categories": 0, "split": 0, "balance": 0.0, "supervision": 1.0, "labelled": 0,
    "noise": 0.3, "mask": 0.2, "blur": 0.5, "reconstruction": 2.0,
}  # fmt: skip
SAME = {
    "latent": 4, "hidden": [16], "batch_norm": True, "pixel_std": 1.0, "prior": "gaussian",
    "posterior": "deterministic", "input_noise": 0.3, "input_mask": 0.2, "latent_noise": 0.5,
    "reconstruction_weight": 2.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"name": "aae"}),
        (
            {"labels": "prior", "latent": 2, "prior": "mixture"},
            {"name": "aae-labelled-prior", "latent": 2, "prior": "mixture"},
        ),
        ({"labels": "told"}, {"name": "aae-supervised"}),
        (
            {"labels": "learnt", "supervision": 2.0, "labelled": 32},
            {"name": "aae-semi-supervised", "supervision_weight": 2.0, "labelled_batch": 32, "logit_scale": 0.0},
        ),
        ({"categories": 5, "balance": 2.0}, {"name": "aae-clustering", "categories": 5, "logit_scale": 2.0}),
        ({"categories": 5, "split": 100}, {"name": "aae-mixture", "categories": 5, "mixture_after": 100}),
    ],
)
def test_an_old_aae_becomes_the_variant_that_its_options_chose(old: dict[str, Any], new: dict[str, Any]) -> None:
    options = AAE.upgrade({**OLD, **old})
    assert options == {**SAME, **new}
    name = options.pop("name")
    artist = registry().load("artist", name)
    artist(artist.Options(**options), studio()).check()


@pytest.mark.parametrize(
    ("artist", "option", "message"),
    [
        (AAE, {"labels": "told"}, "is now a choice of --artist: .* aae-supervised"),
        (AAE, {"categories": 16}, "is an option of --artist aae-clustering"),
        (ClusteringAAE, {"split": 2000}, "now called artist.mixture_after, of --artist aae-mixture"),
        (AAE, {"labelled": 32}, "now called artist.labelled_batch, of --artist aae-semi-supervised"),
    ],
)
def test_old_options_are_answered_with_the_new_artist(artist: type[Artist], option: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        artist.Options(**option)


def test_an_old_alae_is_upgraded() -> None:
    assert ALAE.upgrade({"code": 5, "reciprocity": 2.0}) == {"style_size": 5, "reciprocity_weight": 2.0}
    assert ALAE.upgrade_state({"making": 1, "undoing": 2}) == {"generator_optimiser": 1, "reciprocity_optimiser": 2}


# recipes


RECIPES = [
    name for name, offer in registry().offers("recipe").items() if offer.path.startswith(("coevo_aae", "coevo_vae"))
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_plays_offline_and_resumes_exactly(recipe: str, tmp_path: Path) -> None:
    small: dict[str, Any] = {"data": {"size": 16}, "artist": {"width": 4} if recipe == "vae-gan" else {"hidden": [32]}}
    if recipe.startswith(("aae", "alae")):
        small["critic"] = HEAD
    whole = coevo.run(recipe, name="whole", rounds=3, batch=20, runs_dir=tmp_path, options=small)
    coevo.run(recipe, name="parts", rounds=1, batch=20, runs_dir=tmp_path, options=small)
    parts = coevo.resume("parts", rounds=3, runs_dir=tmp_path)
    for one, other in ((whole.artist, parts.artist), (whole.critic, parts.critic)):
        for p, q in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(p, q)
