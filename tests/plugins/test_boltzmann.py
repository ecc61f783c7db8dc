"""Boltzmann machines beside brute force: energies, conditionals, gradients, likelihoods and chains of few units."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo import ConfigError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.codes import code_figures
from coevo.testing.kit import conform
from coevo_boltzmann.artist import RBM
from coevo_boltzmann.chains import gibbs, temper
from coevo_boltzmann.critic import RBM as EnergyCritic
from coevo_boltzmann.likelihood import base_bias, exact_log_partition, log_likelihood, log_partition
from coevo_boltzmann.machine import Machine


def machine(pixels: int = 6, hidden: int = 4, **options: Any) -> Machine:
    torch.manual_seed(0)
    made = Machine(pixels, hidden, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.8)
    return made


def states(units: int) -> Tensor:
    return torch.tensor(list(product([0.0, 1.0], repeat=units)))


def joint(of: Machine) -> Tensor:
    """-E(v, h) of every state of a small machine, [2^V, 2^H]."""
    v, h = states(6), states(4)
    return torch.stack([-of.energy(v, one.expand(len(v), -1)) for one in h], 1)


# the machine


def test_the_energy_is_that_of_the_formula() -> None:
    it, v, h = machine(), torch.tensor([1.0, 0, 1, 1, 0, 0]), torch.tensor([0.0, 1, 1, 0])
    expected = -(it.visible_bias @ v) - it.hidden_bias @ h - v @ it.weight @ h
    assert torch.allclose(it.energy(v, h), expected)


def test_the_free_energy_sums_over_all_hidden_states() -> None:
    it = machine()
    assert torch.allclose(it(states(6)), -joint(it).logsumexp(1), atol=1e-5)


def test_conditionals_are_those_of_the_joint_distribution() -> None:
    it = machine()
    p = joint(it).flatten().softmax(0).view(64, 16)
    of_hidden, of_visible = (p / p.sum(1, keepdim=True)) @ states(4), (p / p.sum(0)).T @ states(6)
    assert torch.allclose(it.hidden_mean(states(6)), of_hidden, atol=1e-5)
    assert torch.allclose(it.visible_mean(states(4)), of_visible, atol=1e-5)


def test_the_gradient_of_free_energies_is_that_of_the_likelihood() -> None:
    it, data = machine(), states(6)[[3, 17, 40]]
    likelihood = (-it(data)).mean() - joint(it).flatten().logsumexp(0)
    expected = torch.autograd.grad(likelihood, list(it.parameters()))
    p = (-it(states(6))).softmax(0).detach()
    found = torch.autograd.grad((p * it(states(6))).sum() - it(data).mean(), list(it.parameters()))
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))


def test_of_a_label_one_class_is_on() -> None:
    it = machine(classes=3)
    v = it.sample_visible(torch.ones(50, 4), torch.Generator().manual_seed(0))
    assert v.shape == (50, 9) and (v[:, 6:].sum(1) == 1).all()
    assert torch.allclose(it.visible_mean(states(4))[:, 6:].sum(1), torch.ones(16))


def test_gaussian_pixels_have_the_mean_b_plus_wh_and_standard_deviation_1() -> None:
    it, h = machine(visible="gaussian"), torch.tensor([[1.0, 0, 1, 1]])
    draws = it.sample_visible(h.repeat(20_000, 1), torch.Generator().manual_seed(0))
    assert torch.allclose(draws.mean(0), it.visible_bias + it.weight @ h[0], atol=0.03)
    assert torch.allclose(draws.std(0), torch.ones(6), atol=0.03)


# likelihood


def test_the_partition_function_is_the_sum_over_all_states() -> None:
    it = machine()
    assert exact_log_partition(it).item() == pytest.approx(joint(it).flatten().logsumexp(0).item(), abs=1e-5)
    total = log_likelihood(it, states(6), exact_log_partition(it)).exp().sum()
    assert total.item() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="too many to sum"):
        exact_log_partition(machine(4, 21))


@pytest.mark.parametrize("hidden", [4, 12])
def test_annealed_importance_sampling_is_within_a_tenth_of_a_nat(hidden: int) -> None:
    it = machine(30, hidden)
    found = log_partition(it, torch.zeros(30), torch.Generator().manual_seed(0), chains=200, temperatures=500)
    assert found.item() == pytest.approx(exact_log_partition(it).item(), abs=0.1)


def test_the_base_has_the_smoothed_means_of_the_data() -> None:
    means = torch.sigmoid(base_bias(torch.tensor([[1.0, 0, 1], [1, 0, 0]])))
    assert torch.allclose(means, torch.tensor([0.975, 0.025, 0.5]))


# chains


def frequencies(v: Tensor) -> Tensor:
    """How often each of the 64 states of six units is there."""
    return torch.bincount((v @ torch.tensor([32.0, 16, 8, 4, 2, 1])).long(), minlength=64) / len(v)


def test_gibbs_sampling_has_the_machine_as_its_stationary_distribution() -> None:
    it, generator = machine(), torch.Generator().manual_seed(0)
    v = gibbs(it, torch.zeros(40_000, 6), 60, generator)
    expected = (-it(states(6))).softmax(0)
    assert (frequencies(v) - expected).abs().sum() < 0.08
    assert (frequencies(gibbs(it, v, 1, generator)) - expected).abs().sum() < 0.08


def test_a_clamped_label_stays() -> None:
    label = torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    v = gibbs(machine(classes=3), torch.zeros(4, 9), 5, torch.Generator().manual_seed(0), label)
    assert torch.equal(v[:, 6:], label)


def test_exchanges_of_temperatures_leave_the_distribution_as_it_is() -> None:
    it, generator = machine(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        it.weight *= 3  # two deep modes, between which plain chains hardly move
    v = temper(it, torch.zeros(8, 8_000, 6), 40, generator)
    assert (frequencies(v[-1]) - (-it(states(6))).softmax(0)).abs().sum() < 0.08
    assert (frequencies(v[0]) - 1 / 64).abs().sum() < 0.1  # at β = 0 every state is as likely


# players


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": 8, "exhibit_steps": 2},
        {"hidden": 8, "exhibit_steps": 2, "fantasies": "contrastive", "conditional": True, "ema": 0.0},
        {"hidden": 8, "exhibit_steps": 2, "fantasies": "tempered", "temperatures": 3, "momentum": 0.0},
        {"hidden": 8, "exhibit_steps": 2, "visible": "gaussian", "lr_half_life": 5},
    ],
)
def test_every_machine_conforms(options: dict[str, Any]) -> None:
    conform("artist", RBM, options)


@pytest.mark.parametrize("options", [{"hidden": 8}, {"hidden": 8, "visible": "gaussian"}])
def test_the_energy_conforms_as_a_critic(options: dict[str, Any]) -> None:
    conform("critic", EnergyCritic, options)


def build(**options: Any) -> RBM:
    studio = Studio((1, 16, 16), tuple("0123456789"), seed=0, batch=50)
    studio.reseed()
    it = RBM(RBM.Options(**{"hidden": 32, "exhibit_steps": 20, **options}), studio)
    it.check()
    it.build()
    return it


def reals(n: int = 500) -> Works:
    return digits(DataOptions(size=16)).works(slice(0, n))


@pytest.mark.parametrize("fantasies", ["contrastive", "persistent", "tempered"])
def test_learning_makes_real_works_likelier(fantasies: str) -> None:
    it, data = build(fantasies=fantasies, ema=0.9), reals()
    before = it.evaluate(data, 50)["nll_of_50_chains"]
    for step in range(150):
        some = data[torch.arange(step * 50, step * 50 + 50) % len(data)]
        it.learn(it.make(50, some), torch.zeros(50))
    assert it.evaluate(data, 50)["nll_of_50_chains"] < before - 30


def test_its_likelihood_is_among_the_figures_of_an_evaluation() -> None:
    known = digits(DataOptions(size=16))
    figures = code_figures(build(), known, None, 5)
    assert figures.keys() == {"nll_of_5_chains", "log_partition"}
    assert code_figures(build(visible="gaussian"), known, None, 5) == {}


def test_a_class_can_be_asked_for() -> None:
    it, data = build(conditional=True), reals()
    for step in range(30):
        it.learn(it.make(50, data[torch.arange(step * 50, step * 50 + 50) % len(data)]), torch.zeros(50))
    made = it.exhibit(4, 0, torch.tensor([3, 3, 1, 0]))
    assert made.classes.tolist() == [3, 3, 1, 0] and made.pixels.shape == (4, 1, 16, 16)


def test_a_critic_of_energy_prefers_what_it_learnt() -> None:
    studio = Studio((1, 16, 16), seed=0)
    studio.reseed()
    critic = EnergyCritic(EnergyCritic.Options(hidden=32), studio)
    critic.build(build())
    data, noise = reals(), Works(torch.rand(100, 1, 16, 16) * 2 - 1)
    for step in range(60):
        critic.learn(noise, data[torch.arange(step * 50, step * 50 + 50) % len(data)])
    assert critic.judge(data, None).mean() > critic.judge(noise, None).mean() + 1
    assert not critic.fooled(noise, None).any()


@pytest.mark.parametrize(
    ("options", "image", "said"),
    [
        ({"visible": "gaussian", "fantasies": "tempered"}, (1, 16, 16), "infinite temperature"),
        ({}, (3, 16, 16), "colours are not"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], image: tuple[int, int, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        RBM(RBM.Options(**options), Studio(image)).check()
