"""Penalties on a critic's gradient, for critics whose gradient is known."""

import pytest
import torch

from coevo.adversarial.penalties import gradient_penalty, input_gradients, zero_centred

DRAW = torch.Generator().manual_seed(0)
REAL, MADE = torch.randn(5, 4, generator=DRAW), torch.randn(3, 4, generator=DRAW)
WEIGHT = torch.tensor([0.5, 0.5, 0.5, 0.5])  # of length 1


def test_the_gradient_penalty_is_zero_for_a_linear_critic_of_unit_norm():
    assert gradient_penalty(lambda x: x @ WEIGHT, REAL, MADE, torch.rand(5)).item() == pytest.approx(0, abs=1e-10)


def test_the_gradient_penalty_is_the_squared_distance_of_the_norm_from_one():
    assert gradient_penalty(lambda x: x @ (3 * WEIGHT), REAL, MADE, torch.rand(5)).item() == pytest.approx(4)


def test_the_gradient_penalty_is_taken_between_the_two_sides():
    """The gradient of ½x² is x: with u = 1 at the real works, with u = 0 at the made ones."""

    def bowl(x):
        return 0.5 * x.square().sum(1)

    for mix, place in ((1.0, REAL[:3]), (0.0, MADE), (0.25, 0.25 * REAL[:3] + 0.75 * MADE)):
        wanted = (place.norm(dim=1) - 1).square().mean().item()
        assert gradient_penalty(bowl, REAL, MADE, torch.full((5,), mix)).item() == pytest.approx(wanted, rel=1e-5)


def test_zero_centred_is_half_the_squared_gradient():
    x = REAL.clone().requires_grad_()
    (gradients,) = input_gradients([x @ (2 * WEIGHT)], [x])
    assert zero_centred(gradients).item() == pytest.approx(2)


def test_gradients_are_those_of_finite_differences():
    weight = torch.randn(4, dtype=torch.float64, generator=DRAW)
    x = REAL.double().requires_grad_()
    (gradients,) = input_gradients([(x @ weight).sin()], [x])
    assert torch.allclose(gradients, (x @ weight).cos()[:, None] * weight)


def test_gradients_of_two_batches_are_those_of_each_alone():
    x, g = REAL.clone().requires_grad_(), MADE.clone().requires_grad_()
    at_x, at_g = input_gradients([x.square().sum(1), g.pow(3).sum(1)], [x, g])
    assert torch.allclose(at_x, 2 * x) and torch.allclose(at_g, 3 * g.square())


def test_the_gradient_of_a_zero_centred_penalty_is_that_of_finite_differences():
    """Of ½ E‖∇s‖², as the critic's weights get it: a gradient of a gradient."""
    x = REAL.double().requires_grad_()

    def penalty(weight):
        return zero_centred(input_gradients([(x @ weight).tanh()], [x])[0])

    weight = torch.randn(4, dtype=torch.float64, generator=DRAW).requires_grad_()
    assert torch.autograd.gradcheck(penalty, weight)


def test_a_penalty_reaches_the_weights():
    weight = WEIGHT.clone().mul(2).requires_grad_()
    gradient_penalty(lambda x: x @ weight, REAL, MADE, torch.rand(5)).backward()
    assert torch.allclose(weight.grad, 2 * (2 - 1) * WEIGHT)  # d/dw (‖w‖ - 1)² = 2 (‖w‖ - 1) w / ‖w‖
