"""An adversarial critic under any game with any remedy: exact resume, effects, and options that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import coevo
from coevo import ConfigError, Critic, PairError, Studio, Works
from coevo.adversarial.critic import AdversarialCritic
from coevo.plugin.registry import registry
from coevo.runs.run import Run
from coevo.storage.state_tools import copy_state, equal_states

GAMES = list(registry().offers("game"))
REMEDIES: dict[str, dict[str, Any]] = {
    "none": {},
    "unroll": {"unroll": 2},
    "pack": {"pack": 2},
    "std": {"minibatch": "std"},
    "discrimination": {"minibatch": "discrimination"},
    "spectral norm": {"spectral_norm": True},
    "penalties": {"gradient_penalty": 10.0, "r1": 1.0, "r2": 1.0, "penalty_interval": 2},
    "burn-in": {
        "r1": 1.0,
        "orthogonal": 1e-3,
        "accumulate": 2,
        "burn_in": 2,
        "final_penalty": 0.1,
        "final_learning_rate": 1e-4,
    },
    "noisy labels": {"label_smoothing": 0.1, "label_flip": 0.1},
    "instance noise": {"instance_noise": 0.5, "instance_noise_steps": 2},
    "augmentation": {"augmentation": "colour,translation,cutout"},
    "projection": {"conditioning": "projection"},
    "concatenation": {"conditioning": "concatenation"},
}


def play(folder: Path, game: str, remedy: dict[str, Any], rounds: int = 3) -> Run:
    artist = {"width": 4, "latent": 4, "conditional": "conditioning" in remedy}
    return coevo.run(
        artist="dcgan", critic="dcnn", rounds=rounds, runs_dir=folder, name="run",
        options={
            "artist": artist,
            "critic": {"width": 4, "game": game, **remedy},
            "data": {"size": 16},
            "run": {"batch": 8, "log_every": 1, "save_every": 1},
        },
    )  # fmt: skip


def pairs() -> list[Any]:
    """Every game with every remedy; a diagonal of them, with every game and every remedy once or twice, is quick."""
    return [
        pytest.param(game, remedy, marks=() if i % len(GAMES) == j else pytest.mark.slow)
        for j, game in enumerate(GAMES)
        for i, remedy in enumerate(REMEDIES)
        if (game, remedy) != ("wasserstein", "unroll")  # a clipped game cannot be unrolled
    ]


@pytest.mark.parametrize(("game", "remedy"), pairs())
def test_every_game_with_every_remedy_plays_three_rounds_and_resumes_exactly(
    game: str, remedy: str, tmp_path: Path
) -> None:
    whole = play(tmp_path / "whole", game, REMEDIES[remedy])
    play(tmp_path / "parts", game, REMEDIES[remedy], rounds=1)
    rest = resumed(tmp_path / "parts")
    assert all(torch.isfinite(torch.tensor(list(whole.latest.values()))))
    assert equal_states(whole.session.state(), rest.session.state())
    assert whole.latest == rest.latest


def test_a_critic_that_wants_novelty_resumes_exactly(tmp_path: Path) -> None:
    options = {"memory": 32, "novelty_threshold": 0.2, "spectral_norm": True, "past_critics": 2}
    whole = play(tmp_path / "whole", "hinge", options, rounds=12)
    assert len(play(tmp_path / "parts", "hinge", options, rounds=8).critic.memory)
    rest = resumed(tmp_path / "parts", rounds=12)
    assert equal_states(whole.session.state(), rest.session.state())


def resumed(folder: Path, rounds: int = 3) -> Run:
    return coevo.resume("run", runs_dir=folder, rounds=rounds)


# one critic by itself


def critic(seed: int = 0, **options: Any) -> Critic:
    studio = Studio((1, 16, 16), tuple("0123456789"), seed=seed, batch=8)
    studio.reseed()
    it: Critic = registry().load("critic", "dcnn")
    it = it(it.Options(**{"width": 4, **options}), studio)  # type: ignore[operator]
    it.check()
    it.build(None)  # type: ignore[arg-type]
    return it


def works(n: int = 8, seed: int = 1) -> Works:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(n, 1, 16, 16, generator=generator) * 2 - 1
    return Works(images, labels=torch.arange(n) % 10)


@pytest.mark.parametrize("option", ["unroll", "instance_noise", "label_smoothing", "label_flip", "gradient_penalty"])
def test_a_remedy_that_is_turned_off_changes_nothing(option: str) -> None:
    plain, other = critic(), critic(**{option: 0})
    for _ in range(2):
        assert equal_states(dict(plain.learn(works(), works(seed=2))), dict(other.learn(works(), works(seed=2))))
        assert torch.equal(plain.judge(works(), works(seed=2)), other.judge(works(), works(seed=2)))


def test_the_works_of_a_pack_share_their_reward() -> None:
    rewards = critic(pack=4).judge(works(8), None)
    assert rewards.shape == (8,) and rewards.unique().numel() == 2
    assert rewards[:4].unique().numel() == 1


def test_packs_reveal_works_that_are_alike() -> None:
    """A critic of pairs tells a set of two alternating pictures from one whose pairs are always the same two."""
    it = critic(pack=2, norm="none", learning_rate=2e-3)
    dark, light = torch.full((1, 1, 16, 16), -0.8), torch.full((1, 1, 16, 16), 0.8)
    alike_pairs = Works(torch.cat([dark, dark, light, light] * 2))
    mixed_pairs = Works(torch.cat([dark, light, light, dark] * 2))
    for _ in range(60):
        it.learn(alike_pairs, mixed_pairs)
    assert it.judge(mixed_pairs, None).mean() > it.judge(alike_pairs, None).mean() + 1


def test_an_unrolled_judgement_leaves_the_critic_as_it_is() -> None:
    it = critic(unroll=3)
    it.learn(works(), works(seed=2))
    before = copy_state([dict(it.scorer.named_parameters()), it.optimiser.state_dict()])
    it.judge(works(), works(seed=2)).sum()
    assert equal_states(before, [dict(it.scorer.named_parameters()), it.optimiser.state_dict()])


def test_an_unrolled_critic_judges_as_the_critic_that_has_learnt() -> None:
    """Three steps ahead on these works is what three steps on them lead to."""
    ahead, there = critic(unroll=3, norm="none"), critic(norm="none")
    for it in (ahead, there):
        it.learn(works(seed=5), works(seed=6))  # Adam has moments
    for _ in range(3):
        there.learn(works(), works(seed=2))
    rewards, wanted = ahead.judge(works(), works(seed=2)), there.judge(works(), works(seed=2))
    assert torch.allclose(rewards, wanted, atol=1e-4)


def test_gradients_flow_through_the_unrolled_steps() -> None:
    made = works()
    made.images.requires_grad_()
    gradients = []
    for unroll in (0, 2):
        rewards = critic(unroll=unroll, norm="none", learning_rate=0.01).judge(made, works(seed=2))
        gradients.append(torch.autograd.grad(rewards.sum(), made.images)[0])
    assert gradients[1].isfinite().all() and not torch.allclose(gradients[0], gradients[1], rtol=0.01)


def test_spectral_norm_keeps_the_largest_singular_value_of_every_layer_at_one() -> None:
    it = critic(spectral_norm=True)
    it.learn(works(), works(seed=2))
    for _ in range(300):  # with every look the power iteration comes nearer
        it.judge(works(), None)
    for layer in it.scorer.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_clipping_keeps_every_weight_within_bounds() -> None:
    it = critic(game="wasserstein")
    it.learn(works(), works(seed=2))
    assert max(p.abs().max().item() for p in it.parameters()) <= 0.01


def test_an_option_turns_the_clipping_of_a_game_off() -> None:
    it = critic(game="wasserstein", weight_clip=0)
    it.learn(works(), works(seed=2))
    assert max(p.abs().max().item() for p in it.parameters()) > 0.01


def test_instance_noise_fades_away() -> None:
    it = critic(instance_noise=1.0, instance_noise_steps=3, norm="none")
    seen = []
    for _ in range(4):
        one, two = it.judge(works(), None), it.judge(works(), None)
        seen.append((one - two).abs().mean().item())
        it.learn(works(), works(seed=2))
    assert seen[0] > seen[2] > seen[3] == 0


def test_lazy_penalties_are_rare_and_as_much_stronger() -> None:
    it = critic(r1=1.0, penalty_interval=3)
    taken = ["penalty" in it.learn(works(), works(seed=2)) for _ in range(6)]
    assert taken == [True, False, False, True, False, False]
    often, seldom = (
        critic(r1=1.0, penalty_interval=every).learn(works(), works(seed=2))["penalty"] for every in (1, 3)
    )
    assert seldom.item() == pytest.approx(3 * often.item(), rel=1e-4)


def test_penalties_weaken_along_a_cosine_over_the_burn_in() -> None:
    """With both sides and all else the same, a penalty is what is left of it: all, half way to a tenth, a tenth."""
    left = []
    for step in (0, 4, 8, 20):
        constant, weaker = (
            critic(r1=1.0, penalty_interval=1),
            critic(r1=1.0, penalty_interval=1, burn_in=8, final_penalty=0.1),
        )
        constant.steps = weaker.steps = step
        penalties = [it.learn(works(), works(seed=2))["penalty"].item() for it in (constant, weaker)]
        left.append(penalties[1] / penalties[0])
    assert left == pytest.approx([1, 0.55, 0.1, 0.1], rel=1e-4)


def test_r2_is_the_squared_gradient_at_made_works() -> None:
    """With both sides swapped, R2 is R1."""
    one, other = critic(r1=1.0, r2=0.0), critic(r1=0.0, r2=1.0)
    r1 = one.learn(works(), works(seed=2))["penalty"]
    assert torch.allclose(r1, other.learn(works(seed=2), works())["penalty"])


def test_orthogonal_regularisation_turns_filters_apart() -> None:
    from coevo.nn.orthogonal import orthogonal_penalty

    left = []
    for weight in (0.0, 1.0):
        it = critic(orthogonal=weight, r1=0.0, penalty_interval=1)
        for _ in range(20):
            it.learn(works(), works(seed=2))
        left.append(orthogonal_penalty(it.scorer).item())
    assert left[1] < 0.2 * left[0]


def test_accumulated_steps_take_one_of_all_their_works() -> None:
    """Four steps of two works each are one step of the eight, up to rounding."""
    whole, parts = critic(r1=0.0), critic(r1=0.0, accumulate=4)
    whole.learn(works(8), works(8, seed=2))
    before = copy_state(dict(parts.scorer.named_parameters()))
    for start in range(0, 8, 2):
        assert equal_states(before, dict(parts.scorer.named_parameters()))
        parts.learn(works(8)[start : start + 2], works(8, seed=2)[start : start + 2])
    pairs = zip(whole.scorer.parameters(), parts.scorer.parameters(), strict=True)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)
    assert not equal_states(before, dict(parts.scorer.named_parameters()))


@pytest.mark.parametrize("how", ["projection", "concatenation"])
def test_a_conditional_critic_judges_works_as_works_of_their_class(how: str) -> None:
    it = critic(conditioning=how, norm="none", learning_rate=2e-3)
    picture = torch.full((8, 1, 16, 16), 0.5)
    right, wrong = Works(picture, labels=torch.full((8,), 3)), Works(picture, labels=torch.full((8,), 4))
    for _ in range(60):
        it.learn(wrong, right)  # the pictures are the same: only labels tell them apart
    assert it.judge(right, None).mean() > it.judge(wrong, None).mean() + 1


def test_batch_statistics_see_a_collapse() -> None:
    """The same pictures on both sides, on one of them each alone in its batch: only the batch tells them apart."""
    varied = works(seed=3)

    def separation(kind: str) -> float:
        it = critic(minibatch=kind, learning_rate=0.02)
        for step in range(160):
            alone = varied.images[[step % 8]].repeat(8, 1, 1, 1)
            it.learn(Works(alone), varied)
        alone = [it.judge(Works(picture.repeat(8, 1, 1, 1)), None).mean() for picture in varied.images]
        return (it.judge(varied, None).mean() - sum(alone) / 8).item()

    assert abs(separation("none")) < 0.05
    assert separation("std") > 0.08 and separation("discrimination") > 0.08


# options that are refused before anything is built


@pytest.mark.parametrize(
    ("critic", "message"),
    [
        ({"pack": 3}, "critic.pack=3 does not divide the batch of 8"),
        ({"pack": 2, "conditioning": "projection"}, "have no one label"),
        ({"game": "wasserstein", "unroll": 5}, "game 'wasserstein' clips weights at 0.01"),
        ({"unroll": 2, "accumulate": 2}, "critic.unroll looks ahead by steps of its own"),
        ({"burn_in": 100}, "needs critic.final_learning_rate or critic.final_beta2 or critic.final_penalty"),
        ({"final_penalty": 0.1}, "needs critic.burn_in"),
        ({"augmentation": "colour,rotation"}, "rotation"),
        ({"game": "hinge", "unroll": -1}, "unroll"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_sentence(
    critic: dict[str, Any], message: str, tmp_path: Path
) -> None:
    options = {
        "critic": critic,
        "data": {"size": 16},
        "run": {"batch": 8},
        "artist": {"conditional": "conditioning" in critic},
    }
    with pytest.raises(ConfigError, match=message) as refusal:
        coevo.run(artist="dcgan", critic="dcnn", rounds=1, runs_dir=tmp_path, options=options)
    assert len(str(refusal.value).splitlines()) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("device", "deterministic", "refused"), [("cuda", True, True), ("cuda", False, False), ("cpu", True, False)]
)
def test_affine_augmentation_is_refused_where_it_has_no_deterministic_gradient(
    device: str, deterministic: bool, refused: bool
) -> None:
    studio = Studio((1, 16, 16), device=torch.device(device), deterministic=deterministic, batch=8)
    dcnn = registry().load("critic", "dcnn")
    problems = dcnn(dcnn.Options(augmentation="colour,affine"), studio).problems()
    assert ["affine has no deterministic gradient on CUDA" in one for one in problems] == [True] * refused


def test_compiled_networks_have_no_second_derivatives(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"critic\.r1 takes gradients of gradients.*leave out --compile, or say -o"):
        options = {"run": {"compile": True}}
        coevo.run(artist="dcgan", critic="dcnn", rounds=1, runs_dir=tmp_path, options=options)


def test_a_critic_of_labels_needs_an_artist_that_gives_them(tmp_path: Path) -> None:
    with pytest.raises(PairError, match="judges works by their labels and dcgan gives them none"):
        options = {"critic": {"conditioning": "projection"}}
        coevo.run(artist="dcgan", critic="dcnn", rounds=1, runs_dir=tmp_path, options=options)


def test_labels_of_unlabelled_data_are_refused(tmp_path: Path) -> None:
    from PIL import Image

    for number in range(8):
        Image.new("L", (16, 16), number * 30).save(tmp_path / f"{number}.png")
    with pytest.raises(PairError, match="needs labels, and this data has none"):
        coevo.run(
            artist="dcgan", critic="dcnn", data=str(tmp_path), rounds=1, runs_dir=tmp_path / "runs",
            options={"artist": {"conditional": True}, "critic": {"conditioning": "projection"}, "data": {"size": 16}},
        )  # fmt: skip


class Line(AdversarialCritic):
    """A linear score, so that everything can be worked out."""

    name = "line"

    def network(self, artist: Any) -> nn.Module:
        return Weighted()


class Weighted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((256,), 1 / 16))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return images.flatten(1) @ self.weight


@pytest.fixture
def lines() -> Iterator[Line]:
    studio = Studio((1, 16, 16), batch=8)
    studio.reseed()
    it = Line(Line.Options(game="wasserstein-gp"), studio)
    it.build(None)  # type: ignore[arg-type]
    yield it


def test_a_subclass_implements_only_its_network(lines: Line) -> None:
    metrics = lines.learn(works(), works(seed=2))
    assert metrics["penalty"].item() == pytest.approx(0, abs=1e-6)  # ‖w‖ = 1: nothing to pay
    wanted = works().images.flatten(1).mean(1) * 16 - works(seed=2).images.flatten(1).mean(1) * 16
    assert metrics["loss"].item() == pytest.approx(wanted.mean().item(), abs=1e-4)
