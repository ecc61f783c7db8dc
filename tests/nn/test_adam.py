"""The players' Adam is torch's, and its learning rate halves as the options say, also over a restart."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from coevo.nn.adam import Adam, AdamOptions


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
from coevo.nn.adam import Adam, AdamOptions
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
