"""The players' Adam is torch's, and its learning rate halves as the options say, also over a restart."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from coevo.nn.adam import AccumulationOptions, Adam, AdamOptions, minimise
from coevo.storage.state_tools import copy_state, equal_states


def trained(steps: int, network: nn.Module, optimiser: Any) -> list[torch.Tensor]:
    for step in range(steps):
        optimiser.zero_grad()
        network(torch.ones(2, 3) * step).square().sum().backward()
        optimiser.step()
    return [p.detach().clone() for p in network.parameters()]


def network() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def test_it_is_torchs_adam_while_its_learning_rate_is_kept() -> None:
    ours, theirs = network(), network()
    trained(5, ours, Adam(ours.parameters(), AdamOptions(learning_rate=0.1, beta1=0.0, beta2=0.9)))
    trained(5, theirs, torch.optim.Adam(theirs.parameters(), 0.1, (0.0, 0.9), fused=True))
    assert torch.equal(ours.weight, theirs.weight)


def test_its_learning_rate_halves_again_and_again_and_is_part_of_its_state() -> None:
    net = network()
    optimiser = Adam(net.parameters(), options := AdamOptions(learning_rate=0.1, lr_half_life=4))
    rates = []
    for _ in range(3):
        trained(4, net, optimiser)
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.05, 0.025, 0.0125])
    another = Adam(network().parameters(), options)
    another.load_state_dict(optimiser.state_dict())
    assert another.param_groups[0]["lr"] == pytest.approx(0.0125)


def test_rates_go_along_a_cosine_to_their_final_values_and_stay_there() -> None:
    options = AdamOptions(learning_rate=0.1, beta2=0.9, burn_in=4, final_learning_rate=0.02, final_beta2=0.98)
    net = network()
    optimiser = Adam(net.parameters(), options)
    rates = []
    for _ in range(5):
        trained(1, net, optimiser)
        (group,) = optimiser.param_groups
        rates.append((group["lr"], group["betas"][1]))
    half = 0.5**0.5
    assert [rate for rate, _ in rates] == pytest.approx([0.06 + 0.04 * half, 0.06, 0.06 - 0.04 * half, 0.02, 0.02])
    assert [beta2 for _, beta2 in rates] == pytest.approx([0.94 - 0.04 * half, 0.94, 0.94 + 0.04 * half, 0.98, 0.98])


def test_a_rate_stays_then_falls_along_a_line_to_nothing() -> None:
    net = network()
    optimiser = Adam(net.parameters(), AdamOptions(learning_rate=0.1, lr_decay_start=2, lr_decay_steps=4))
    rates = []
    for _ in range(7):
        trained(1, net, optimiser)
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1, 0.1, 0.075, 0.05, 0.025, 0, 0])
    before = net.weight.detach().clone()
    trained(3, net, optimiser)
    assert torch.equal(net.weight, before)


@pytest.mark.parametrize(
    "schedule",
    [
        {"burn_in": 8, "final_learning_rate": 0.01, "lr_half_life": 5},
        {"lr_decay_start": 2, "lr_decay_steps": 5},
        {"burn_in": 3, "final_beta2": 0.9, "lr_decay_steps": 9},
    ],
)
def test_a_schedule_goes_on_from_its_state(schedule: dict[str, Any]) -> None:
    options = AdamOptions(learning_rate=0.1, **schedule)
    whole, parts = network(), network()
    trained(6, whole, Adam(whole.parameters(), options))
    first = Adam(parts.parameters(), options)
    trained(3, parts, first)
    second = Adam(parts.parameters(), options)
    second.load_state_dict(copy_state(first.state_dict()))
    for step in (3, 4, 5):
        second.zero_grad()
        parts(torch.ones(2, 3) * step).square().sum().backward()
        second.step()
    assert torch.equal(whole.weight, parts.weight)


# gathered gradients


class Gathering(AccumulationOptions, AdamOptions):
    """Options of a player whose steps are made of several."""


def test_gathered_gradients_take_the_step_of_the_whole_batch() -> None:
    batch, one, several = torch.randn(8, 3), network(), network()
    minimise(Adam(one.parameters(), AdamOptions()), one(batch).square().mean())
    optimiser = Adam(several.parameters(), Gathering(accumulate=4))
    stepped = [minimise(optimiser, several(part).square().mean()) for part in batch.split(2)]
    assert stepped == [False, False, False, True]
    assert torch.allclose(one.weight, several.weight, atol=1e-6)


def test_gradients_that_wait_are_part_of_the_state() -> None:
    batches, whole, parts = torch.randn(6, 4, 3), network(), network()
    optimiser = Adam(whole.parameters(), Gathering(accumulate=3))
    for batch in batches:
        minimise(optimiser, whole(batch).square().mean())
    first = Adam(parts.parameters(), Gathering(accumulate=3))
    for batch in batches[:4]:
        minimise(first, parts(batch).square().mean())
    state = copy_state(first.state_dict())
    assert state["gathered"] == 1
    second = Adam(parts.parameters(), Gathering(accumulate=3))
    parts.zero_grad()
    second.load_state_dict(state)
    for batch in batches[4:]:
        minimise(second, parts(batch).square().mean())
    assert torch.equal(whole.weight, parts.weight)
    assert equal_states(optimiser.state_dict(), second.state_dict()) and "gathered" not in second.state_dict()


def test_step_hooks_run_once_a_step() -> None:
    net, steps = network(), list[str]()
    torch.optim.Adam(network().parameters())  # torch wraps the step of a class when the first of it is made
    optimiser = Adam(net.parameters(), AdamOptions(lr_half_life=4))
    optimiser.register_step_pre_hook(lambda *_: steps.append("before"))
    optimiser.register_step_post_hook(lambda *_: steps.append("after"))
    everywhere = register_optimizer_step_post_hook(lambda *_: steps.append("everywhere"))
    trained(2, net, optimiser)
    everywhere.remove()
    assert steps == ["before", "after", "everywhere"] * 2
    assert optimiser.param_groups[0]["lr"] == pytest.approx(2e-4 * 0.5 ** (2 / 4))


def test_gradients_are_set_to_zero_where_that_is_asked_for() -> None:
    net = network()
    optimiser = Adam(net.parameters(), AdamOptions())
    trained(1, net, optimiser)
    optimiser.zero_grad(set_to_none=False)
    assert net.weight.grad is not None
    assert not net.weight.grad.any()


def test_learning_does_not_import_torchs_compiler() -> None:
    learns = """
import sys, torch
from coevo.nn.adam import AccumulationOptions, Adam, AdamOptions, minimise
from coevo.storage.state_tools import copy_state, equal_states
weight = torch.nn.Parameter(torch.ones(3))
optimiser = Adam([weight], AdamOptions(lr_half_life=4))
weight.sum().backward()
optimiser.step()
optimiser.load_state_dict(optimiser.state_dict())
optimiser.zero_grad()
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", learns], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
