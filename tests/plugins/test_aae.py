"""Adversarial autoencoders: their codes near the prior, and the four things that labels are for; and ALAE."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import coevo
from coevo import CodeBlock, ConfigError, DataError, PairError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.codes import cluster_names
from coevo.evaluation.metrics import discrepancy
from coevo.plugin.registry import registry
from coevo.testing.kit import conform
from coevo_aae.aae import AAE
from coevo_aae.alae import ALAE
from coevo_aae.latent import Heads, Latent

LITTLE: dict[str, Any] = {"hidden": [32], "latent": 4}
HEAD: dict[str, Any] = {"hidden": [32]}


@pytest.mark.parametrize(
    "options",
    [
        LITTLE,
        {**LITTLE, "posterior": "gaussian", "noise": 0.1, "labels": "told"},
        {**LITTLE, "posterior": "universal", "noise": 0.1, "mask": 0.2, "categories": 5},
        {**LITTLE, "labels": "learnt", "normalise": True, "ema": 0.9},
        {**LITTLE, "categories": 5, "balance": 2.0, "ema": 0.9},
        {**LITTLE, "latent": 2, "prior": "mixture", "labels": "prior"},
        {"network": "convolution", "width": 4, "latent": 4, "prior": "uniform"},
    ],
)
def test_every_adversarial_autoencoder_conforms(options: dict[str, Any]) -> None:
    conform("artist", AAE, options)


@pytest.mark.parametrize("options", [HEAD, {**HEAD, "game": "relativistic", "dropout": 0.2, "noise": 0.1, "r1": 0.1}])
def test_the_critic_of_codes_conforms(options: dict[str, Any]) -> None:
    conform("critic", Latent, options)


def test_alae_conforms() -> None:
    conform("artist", ALAE, {"hidden": [32], "latent": 4, "code": 4})


def studio(size: int = 16) -> Studio:
    place = Studio((1, size, size), tuple("0123456789"))
    place.reseed()
    return place


def build(size: int = 16, **options: Any) -> AAE:
    it = AAE(AAE.Options(**{**LITTLE, **options}), studio(size))
    it.check()
    it.build()
    return it


def pair(noise: float = 0.0, **options: Any) -> tuple[AAE, Latent]:
    """An artist with these options, and a critic that sees codes through so much noise."""
    artist = build(**options)
    critic = Latent(Latent.Options(**HEAD, noise=noise), artist.studio)
    critic.check()
    critic.build(artist)
    return artist, critic


def reals(n: int = 12) -> Works:
    return digits(DataOptions(size=16)).works(slice(0, n))


# what the encoder says


def test_codes_have_the_blocks_that_are_asked_for() -> None:
    z = CodeBlock("z", 4)
    assert build().codes == (z,)
    assert build(labels="told").codes == (z, CodeBlock("class", 10, "categorical", given=True))
    assert build(labels="learnt").codes == (z, CodeBlock("class", 10, "categorical"))
    assert build(categories=7).codes == (z, CodeBlock("cluster", 7, "categorical"))


def test_the_class_is_told_to_the_decoder_and_named_by_the_encoder() -> None:
    told, learnt = build(labels="told"), build(labels="learnt")
    assert torch.equal(told.encode(reals())[:, 4:].argmax(1), reals().labels)
    shares = learnt.encode(Works(reals().images))[:, 4:]
    assert torch.allclose(shares.sum(1), torch.ones(12)) and (shares < 1).all()


@pytest.mark.parametrize(("balance", "said"), [(0.0, 4), (3.0, 5)])
def test_balanced_logits_leave_no_cluster_out(balance: float, said: int) -> None:
    it = build(categories=5, balance=balance)
    last = [layer for layer in it.encoder if isinstance(layer, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.bias[-1] = -100.0  # of the last cluster
    codes = it.make(200, reals(200)).codes
    assert codes is not None
    clusters = codes[:, 4:].argmax(1)
    assert (4 in clusters) == (said == 5)
    assert clusters.unique().numel() <= said


def test_clusters_that_are_split_off_from_z_bring_back_what_z_does() -> None:
    it, works = build(categories=3, split=40), reals(200)
    assert torch.equal(it.encode(works)[:, 4:], torch.full((200, 3), 1 / 3))  # no cluster is known yet
    for _ in range(40):
        it.learn(it.make(200, works), torch.zeros(200))
    codes = it.encode(works)
    assert codes.shape == (200, 7) and len(codes[:, 4:].argmax(1).unique()) == 3
    with it.still() as (encoder, decoder):
        straight = it.likelihood.mean(decoder(encoder(it.seen(works.images))))
    torch.testing.assert_close(it.reconstruct(works).images, straight, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("posterior", "varies"), [("deterministic", False), ("gaussian", True), ("universal", True)])
def test_posteriors_are_points_or_vary_but_are_shown_without_chance(posterior: str, varies: bool) -> None:
    it = build(posterior=posterior)
    once, again = (it.make(12, reals()).codes for _ in range(2))
    assert torch.equal(once, again) != varies
    assert torch.equal(it.encode(reals()), it.encode(reals()))


# the critic


def test_every_block_has_a_head_but_what_is_given() -> None:
    artist, critic = pair(labels="told")
    scores = critic.scorer(artist.exhibit(3, 0).codes)
    assert scores.shape == (3, 1)
    artist, critic = pair(labels="learnt")
    assert critic.scorer(artist.exhibit(3, 0).codes).shape == (3, 2)
    assert critic.judge(artist.make(12, reals()), reals()).shape == (12,)


def test_heads_look_at_their_own_block() -> None:
    heads = Heads([slice(0, 2), slice(2, 5)], 0, [8], 0.0)
    codes = torch.randn(4, 5)
    other = torch.cat([codes[:, :2], torch.randn(4, 3)], 1)
    assert torch.equal(heads(codes)[:, 0], heads(other)[:, 0]) and not torch.equal(
        heads(codes)[:, 1], heads(other)[:, 1]
    )


def test_a_head_is_told_the_class_or_that_there_is_none() -> None:
    heads = Heads([slice(0, 2)], 3, [8], 0.0)
    codes = torch.zeros(4, 2)
    scores = heads(codes, torch.tensor([-1, 0, 1, 2]))[:, 0]
    assert scores.unique().numel() == 4


def test_a_joint_head_tells_blocks_that_hang_together_from_independent_ones() -> None:
    class Sign(AAE):  # each block as its prior has it, but the cluster is the sign of z
        def make(self, n: int, reals: Works | None) -> Works:
            z = torch.randn(n, 1)
            return Works(codes=torch.cat([z, (z > 0).float(), (z <= 0).float()], 1))

    said = {}
    for joint in (False, True):
        place = studio()
        artist = Sign(Sign.Options(hidden=(32,), latent=1, categories=2), place)
        artist.build()
        critic = Latent(Latent.Options(hidden=(32,), learning_rate=1e-2, joint=joint), place)
        critic.build(artist)
        for _ in range(200):
            said[joint] = critic.learn(artist.make(200, None), reals(200))["accuracy"]
    assert said[True] > said[False] + 0.05


def test_a_joint_head_needs_two_blocks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has but one that is judged"):
        coevo.run("aae", rounds=1, runs_dir=tmp_path, options={"critic": {"joint": True}})
    assert not list(tmp_path.iterdir())


def test_masked_pixels_are_not_read() -> None:
    it = build(mask=0.4)
    read = it.noisy(torch.ones(50, 1, 16, 16))
    assert abs((read == 0).float().mean() - 0.4) < 0.02 and set(read.unique().tolist()) == {0.0, 1.0}


def test_codes_near_their_prior() -> None:
    artist, critic = pair(noise=0.3, prior="gaussian", reconstruction=0.2, learning_rate=3e-3)
    works = reals(200)
    draws = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    before = discrepancy(artist.encode(works), draws).item()
    for _ in range(300):
        made = artist.make(200, works)
        critic.learn(made.detach(), works)
        artist.learn(made, critic.judge(made, works))
    assert discrepancy(artist.encode(works), draws).item() < 0.5 * before


# labels


def test_a_hundred_labels_name_the_rest(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data": {"size": 16}, "artist": {"hidden": [128], "latent": 2}, "critic": HEAD}
    run = coevo.run("aae-semi-supervised", rounds=500, runs_dir=tmp_path, options=options)
    works = digits(DataOptions(size=16)).works(slice(None))
    named = run.artist.encode(works)[:, -10:].argmax(1)
    assert (named == works.labels).float().mean() > 0.8
    sevens = run.artist.exhibit(20, 0, torch.full((20,), 7))
    assert (run.artist.encode(sevens)[:, -10:].argmax(1) == 7).float().mean() > 0.8


def test_hidden_labels_are_not_looked_at(tmp_path: Path) -> None:
    it = build(labels="learnt")
    known, hidden = reals(24)[:12], reals(24)[12:]
    batches = [
        Works(hidden.images, labels=labels, labelled=known) for labels in (hidden.labels, -torch.ones(12).long())
    ]
    metrics = []
    for batch in batches:
        twin = build(labels="learnt")
        metrics.append(float(twin.learn(twin.make(12, batch), torch.zeros(12))["supervision"]))
    assert metrics[0] == metrics[1] and it.make(12, batches[0]).codes.shape == (12, 14)


def test_clusters_are_digits_without_a_label(tmp_path: Path) -> None:
    artist = {"hidden": [128], "split": 150}
    run = coevo.run("aae-clustering", rounds=200, runs_dir=tmp_path, options={"data": {"size": 16}, "artist": artist})
    works = digits(DataOptions(size=16)).works(slice(None))
    shares = run.artist.encode(works)[:, 10:]
    named = cluster_names(shares, works.labels)[shares.argmax(1)]
    assert (named == works.labels).float().mean() > 0.6  # by chance a tenth


def test_a_run_goes_on_exactly_after_clusters_were_found(tmp_path: Path) -> None:
    small: dict[str, Any] = {"data": {"size": 16}, "artist": {"split": 3, "hidden": [32]}}
    whole = coevo.run("aae-clustering", name="whole", rounds=6, runs_dir=tmp_path, options=small)
    coevo.run("aae-clustering", name="parts", rounds=4, runs_dir=tmp_path, options=small)
    parts = coevo.resume("parts", rounds=6, runs_dir=tmp_path)
    works = reals()
    assert torch.equal(whole.artist.encode(works), parts.artist.encode(works))
    assert not torch.allclose(whole.artist.encode(works)[:, 10:], torch.tensor(1 / 16))


def test_a_labelled_prior_gives_every_class_its_petal(tmp_path: Path) -> None:
    artist = {"hidden": [128], "prior": "mixture"}
    run = coevo.run(
        "aae-swiss-roll", rounds=700, runs_dir=tmp_path,
        options={"data": {"size": 16}, "artist": artist, "critic": {"hidden": [128, 128]}},
    )  # fmt: skip
    works = digits(DataOptions(size=16)).works(slice(None))
    codes = run.artist.encode(works)
    turned = torch.atan2(codes[:, 1], codes[:, 0]) * 10 / (2 * torch.pi)
    assert (turned.round() % 10 == works.labels).float().mean() > 0.5  # by chance a tenth


# ALAE


def test_its_critic_teaches_the_encoder_and_the_artist_the_rest(tmp_path: Path) -> None:
    small = {"data": {"size": 16}, "artist": {"hidden": [32], "latent": 4, "code": 4}, "critic": {"hidden": [16]}}
    run = coevo.run("alae", rounds=3, runs_dir=tmp_path, batch=12, options=small)
    artist, critic = run.artist, run.critic
    before = [p.clone() for p in artist.e.parameters()]
    made = artist.make(12, reals())
    critic.learn(made.detach(), reals())
    assert any(not torch.equal(p, old) for p, old in zip(artist.e.parameters(), before, strict=True))
    back = artist.reconstruct(reals())
    assert back.images.shape == (12, 1, 16, 16)


def test_only_alae_is_looked_through(tmp_path: Path) -> None:
    with pytest.raises(PairError, match="'alae' looks through the encoder of artist 'alae', which 'dcgan' is not"):
        coevo.run(artist="dcgan", critic="alae", rounds=1, runs_dir=tmp_path)
    assert not list(tmp_path.iterdir())


# what does not fit


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prior": "swiss-roll"}, "has 2 dimensions, but the code has 4"),
        ({"labels": "prior"}, "'gaussian' has none; say artist.prior=mixture"),
        ({"labels": "learnt", "categories": 5}, "leave out artist.labels"),
        ({"network": "convolution", "posterior": "universal"}, "say artist.network=dense"),
        ({"split": 5}, "splits z into artist.categories clusters; say how many"),
        ({"split": 5, "categories": 3, "balance": 1.0}, "leave out artist.prior, artist.balance"),
        ({"split": 5, "categories": 3, "posterior": "gaussian"}, "leave out artist.prior, artist.balance"),
        ({"split": 1, "categories": 1000}, "too few for 1000 clusters; say a larger artist.split"),
        ({"prior": "gausian"}, "did you mean 'gaussian'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        build(**options)


def test_more_labels_than_pictures_and_labels_of_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.labelled=5000 is more than the 1797 works"):
        coevo.run("aae-semi-supervised", rounds=1, runs_dir=tmp_path, options={"data": {"labelled": 5000}})
    with pytest.raises(PairError, match=r"'aae' needs the label of every work; leave out data\.labelled"):
        coevo.run("aae-supervised", rounds=1, runs_dir=tmp_path, options={"data": {"labelled": 50}})
    assert not list(tmp_path.iterdir())


RECIPES = [
    name for name, offer in registry().offers("recipe").items() if offer.path.startswith(("coevo_aae", "coevo_vae"))
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_plays_offline_and_resumes_exactly(recipe: str, tmp_path: Path) -> None:
    small: dict[str, Any] = {"data": {"size": 16}}
    whole = coevo.run(recipe, name="whole", rounds=3, batch=20, runs_dir=tmp_path, options=small)
    coevo.run(recipe, name="parts", rounds=1, batch=20, runs_dir=tmp_path, options=small)
    parts = coevo.resume("parts", rounds=3, runs_dir=tmp_path)
    for one, other in ((whole.artist, parts.artist), (whole.critic, parts.critic)):
        for p, q in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(p, q)


def test_shares_of_categories_follow_those_that_are_found() -> None:
    studio_ = studio()
    artist = AAE(AAE.Options(**LITTLE, labels="learnt"), studio_)
    artist.build()
    critic = Latent(Latent.Options(**HEAD, follow=0.1), studio_)
    critic.build(artist)
    place = artist.code_slices["class"]
    codes = torch.zeros(20, artist.code_size)
    codes[:, place][:, 3] = 1  # all of them threes
    for _ in range(60):
        critic.learn(Works(codes=codes), reals())
    torch.testing.assert_close(critic.shares[place][3], torch.tensor(1.0), atol=0.01, rtol=0)
    asked = torch.cat([critic._drawn(reals()).codes for _ in range(50)])[:, place].mean(0)  # type: ignore[misc]
    assert 0.75 < asked[3] < 0.95  # the others are asked for too, a fifth as often as an equal share
    assert asked[:3].min() > 0
