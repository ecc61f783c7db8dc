"""The adversarial games: values worked out by hand, gradients against finite differences."""

from math import exp, log

import pytest
import torch

from coevo.plugin.registry import registry

GAMES = list(registry().offers("game"))
REAL, MADE = torch.tensor([0.0, 2.0]), torch.tensor([-1.0, 0.0, 1.0])


def game(name):
    return registry().load("game", name)()


def sp(x):
    """softplus(x) = -log sigmoid(-x)"""
    return log(1 + exp(x))


# -log D(x) - log(1 - D(g)) = mean sp(-s(x)) + mean sp(s(g))
CROSS_ENTROPY = (sp(0) + sp(-2)) / 2 + (sp(-1) + sp(0) + sp(1)) / 3


@pytest.mark.parametrize(
    ("name", "loss", "rewards"),
    [
        ("non-saturating", CROSS_ENTROPY, [-sp(1), -sp(0), -sp(-1)]),  # log D(g)
        ("minimax", CROSS_ENTROPY, [sp(-1), sp(0), sp(1)]),  # -log(1 - D(g))
        # ½ mean((0-1)², (2-1)²) + ½ mean((-1)², 0², 1²); -(s-1)²
        ("least-squares", 0.5 * 1 + 0.5 * 2 / 3, [-4, -1, 0]),
        # mean(max(0, 1-0), max(0, 1-2)) + mean(max(0, 1-1), 1+0, 1+1)
        ("hinge", 0.5 + 1, [-1, 0, 1]),
        # E s(g) = 0, E s(x) = 1
        (
            "relativistic",
            (sp(0) + sp(-2)) / 2 + (sp(-2) + sp(-1) + sp(0)) / 3,
            [-sp(-(s - 1)) - (sp(0) + sp(2)) / 2 for s in (-1, 0, 1)],
        ),
        # mean of sp(s(g) - s(x)) over all pairs; of -sp(s(x) - s(g)) over the real works
        (
            "relativistic-pairing",
            (sp(-1) + sp(0) + sp(1) + sp(-3) + sp(-2) + sp(-1)) / 6,
            [-(sp(0 - s) + sp(2 - s)) / 2 for s in (-1, 0, 1)],
        ),
    ],
)
def test_values_worked_out_by_hand(name, loss, rewards):
    assert game(name).critic_loss(REAL, MADE).item() == pytest.approx(loss, rel=1e-5)
    assert game(name).reward(MADE, REAL).tolist() == pytest.approx(rewards, rel=1e-5)


@pytest.mark.parametrize("name", GAMES)
def test_gradients_are_those_of_finite_differences(name):
    draw = torch.Generator().manual_seed(0)
    real = torch.randn(4, generator=draw, dtype=torch.float64, requires_grad=True)
    made = torch.randn(3, generator=draw, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(game(name).critic_loss, (real, made))
    assert torch.autograd.gradcheck(game(name).reward, (made, real.detach()))


@pytest.mark.parametrize("name", GAMES)
def test_the_two_sides_have_opposite_gradients(name):
    """A critic's step raises the scores of real works and lowers those of made ones; an artist's raises."""
    real, made = torch.zeros(4, requires_grad=True), torch.zeros(3, requires_grad=True)
    game(name).critic_loss(real, made).backward()
    assert (real.grad < 0).all()
    assert (made.grad >= 0).all()
    made.grad = None
    game(name).reward(made, real.detach()).mean().backward()
    assert (made.grad > 0).all()


@pytest.mark.parametrize("name", GAMES)
def test_made_and_real_works_may_differ_in_number(name):
    made, real = torch.linspace(-2, 2, 5), torch.linspace(-1, 3, 2)
    assert game(name).critic_loss(real, made).shape == ()
    assert game(name).reward(made, real).shape == (5,)
    fooled = game(name).fooled(made, real)
    assert fooled.dtype == torch.bool
    assert fooled.tolist() == sorted(fooled.tolist())  # a higher score fools sooner


@pytest.mark.parametrize("name", GAMES)
def test_scores_of_any_size_stay_finite(name):
    huge = torch.tensor([-1e4, 1e4])
    assert game(name).critic_loss(huge, huge.flip(0)).isfinite()
    assert game(name).reward(huge, huge).isfinite().all()


@pytest.mark.parametrize("name", GAMES)
def test_only_a_game_that_uses_reals_needs_their_scores(name):
    if not game(name).uses_reals:
        assert torch.equal(game(name).reward(MADE, None), game(name).reward(MADE, REAL))
        assert torch.equal(game(name).fooled(MADE, None), game(name).fooled(MADE, REAL))
    else:
        assert not torch.equal(game(name).reward(MADE, REAL), game(name).reward(MADE, REAL + 1))


@pytest.mark.parametrize(
    ("name", "fooled"),
    [
        ("hinge", [0, 0, 1]),
        ("non-saturating", [0, 0, 1]),
        ("least-squares", [0, 0, 1]),
        ("relativistic", [0, 0, 0]),
        ("relativistic-pairing", [0, 0, 0]),
    ],
)
def test_works_above_the_threshold_fool_the_critic(name, fooled):
    assert game(name).fooled(MADE, REAL).tolist() == fooled


@pytest.mark.parametrize("name", GAMES)
def test_probabilities_are_in_the_unit_interval_and_monotonic(name):
    shown = game(name).probability(torch.tensor([-9.0, 0.3, 9.0]))
    assert (shown >= 0).all()
    assert (shown <= 1).all()
    assert shown.tolist() == sorted(shown.tolist())


def test_pairs_by_position_have_the_mean_that_all_pairs_have():
    """Over every order of the made works, position by position."""
    from itertools import permutations

    real, made = torch.tensor([0.3, -1.0, 2.0]), torch.tensor([0.5, 1.5, -0.7])
    by_position = [torch.nn.functional.softplus(made[list(order)] - real).mean() for order in permutations(range(3))]
    wanted = torch.stack(by_position).mean().item()
    assert game("relativistic-pairing").critic_loss(real, made).item() == pytest.approx(wanted, rel=1e-5)


def test_heads_of_a_critic_play_pairs_of_their_own():
    real, made = torch.randn(5, 2), torch.randn(4, 2)
    pairs = game("relativistic-pairing")
    each = [pairs.critic_loss(real[:, head], made[:, head]) for head in (0, 1)]
    assert torch.isclose(pairs.critic_loss(real, made), torch.stack(each).mean())
    alone = torch.stack([pairs.fooled(made[:, head], real[:, head]) for head in (0, 1)], 1)
    assert torch.equal(pairs.fooled(made, real), alone)


@pytest.mark.parametrize("name", GAMES)
def test_soft_labels_mix_the_two_costs(name):
    """A label of ½ on both sides says nothing: swapping the sides costs the same."""
    half = game(name).critic_loss(REAL, MADE, 0.5, 0.5)
    each = game(name).critic_loss(REAL, MADE, torch.full((2,), 0.5), torch.full((3,), 0.5))
    assert torch.allclose(half, each)
    if name == "relativistic-pairing":
        assert torch.allclose(half, game(name).critic_loss(MADE, REAL, 0.5, 0.5))
