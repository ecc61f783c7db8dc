"""R3GAN's pair: conformance, how its networks begin, shapes from 16 to 128 px, labels, exact resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import coevo
from coevo.storage.state_tools import equal_states
from coevo.testing import conform
from coevo_gan.r3gan import R3GAN, Block, Discriminator, Generator, R3GANCritic

LITTLE = {"width": 4, "latent": 4, "group_width": 4}


@pytest.mark.parametrize(
    "options", [LITTLE, {**LITTLE, "conditional": True, "blocks": 2, "orthogonal": 1e-4, "fine": True}]
)
def test_the_artist_conforms(options: dict[str, Any]) -> None:
    conform("artist", R3GAN, options)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 4},
        {
            "width": 4,
            "conditioning": "projection",
            "fine": True,
            "burn_in": 4,
            "final_penalty": 0.1,
            "final_beta2": 0.9,
        },
        {"width": 4, "game": "hinge", "r2": 0.0, "pack": 2},
    ],
)
def test_the_critic_conforms(options: dict[str, Any]) -> None:
    conform("critic", R3GANCritic, options)


def test_a_block_begins_as_the_identity_and_learns_from_its_first_step() -> None:
    block, x = Block(8, 4, 3), torch.randn(2, 8, 4, 4)
    assert torch.equal(block(x), x)
    (x * block(x)).sum().backward()
    *_, last = block.branch
    assert last.weight.grad.abs().sum() > 0  # type: ignore[union-attr, operator]


def test_groups_read_as_many_channels_as_is_said() -> None:
    assert [Block(16, width, 1).branch[2].groups for width in (1, 8, 16, 1000)] == [32, 4, 2, 1]


@pytest.mark.parametrize("fine", [False, True])
def test_what_passes_at_the_start_keeps_its_scale_at_every_size(fine: bool) -> None:
    torch.manual_seed(0)
    for size in (16, 32, 64, 128):
        *layers, _ = Generator(16, 8, 1, size, 1, 16, fine)
        before_tanh = torch.nn.Sequential(*layers)(torch.randn(8, 16))
        assert before_tanh.shape == (8, 1, size, size) and 0.2 < before_tanh.std() < 3
        scores = Discriminator(8, 1, size, 1, 16, fine)(torch.randn(8, 1, size, size))
        assert scores.shape == (8,) and 0.01 < scores.std() < 10


def test_a_critic_of_classes_scores_a_picture_as_one_of_its_class() -> None:
    torch.manual_seed(0)
    critic, picture = Discriminator(4, 1, 16, 1, 4, classes=3), torch.randn(1, 1, 16, 16).expand(3, -1, -1, -1)
    assert critic(picture, torch.tensor([0, 1, 2])).unique().numel() == 3
    assert critic(picture, torch.tensor([1, 1, 1])).unique().numel() == 1


def test_it_learns_and_resumes_exactly(tmp_path: Path) -> None:
    """With fresh real works for the artist's step, and settings that change in every round."""
    options = {
        "artist": {"width": 4, "latent": 4, "burn_in": 6, "accumulate": 2},
        "critic": {"width": 4, "burn_in": 6, "penalty_interval": 1},
        "data": {"size": 16},
        "run": {"batch": 8, "save_every": 1, "log_every": 1},
    }
    play: dict[str, Any] = {"name": "run", "options": options}
    whole = coevo.run("r3gan", rounds=6, runs_dir=tmp_path / "whole", **play)
    coevo.run("r3gan", rounds=3, runs_dir=tmp_path / "parts", **play)
    rest = coevo.resume("run", runs_dir=tmp_path / "parts", rounds=6)
    assert equal_states(whole.session.state(), rest.session.state())
    assert whole.latest == rest.latest and whole.latest["critic.penalty"] > 0


@pytest.mark.parametrize("other", ["dcnn", "mlp"])
def test_its_game_and_penalties_suit_any_critic_that_gives_gradients(other: str, tmp_path: Path) -> None:
    critic = {"game": "relativistic-pairing", "r1": 1.0, "r2": 1.0, "width": 4, "penalty_interval": 1}
    if other == "mlp":
        critic |= {"dropout": 0.0}
    run = coevo.run(
        artist="r3gan", critic=other, rounds=3, batch=8, runs_dir=tmp_path,
        options={"artist": LITTLE, "critic": critic, "data": {"size": 16}, "run": {"log_every": 1}},
    )  # fmt: skip
    assert run.latest["critic.penalty"] > 0


def test_programs_are_ranked_by_their_own_scores(tmp_path: Path) -> None:
    run = coevo.run(
        artist="gp", critic="r3gan", rounds=2, runs_dir=tmp_path,
        options={"artist": {"population": 12}, "critic": {"width": 4}, "data": {"size": 16}},
    )  # fmt: skip
    assert run.round == 2
