"""Boltzmann machines beside brute force: energies, conditionals, gradients, likelihoods and chains of few units."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from conftest import CommandLine
from PIL import Image
from torch import Tensor

from coevo import ConfigError, Studio, Works
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.codes import code_figures
from coevo.testing.kit import conform
from coevo_boltzmann.base import SGD, DescentOptions
from coevo_boltzmann.chains import gibbs, temper
from coevo_boltzmann.critic import RBM as EnergyCritic
from coevo_boltzmann.draws import bernoulli
from coevo_boltzmann.likelihood import (
    base_bias,
    even_betas,
    exact_log_partition,
    late_betas,
    log_likelihood,
    log_partition,
)
from coevo_boltzmann.machine import Machine
from coevo_boltzmann.rbm import RBM


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


def test_one_class_of_a_label_is_on() -> None:
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
@pytest.mark.parametrize("betas", [even_betas(500), late_betas(500)], ids=["even", "late"])
def test_annealed_importance_sampling_is_within_a_tenth_of_a_nat(hidden: int, betas: Tensor) -> None:
    it = machine(30, hidden)
    found = log_partition(it, torch.zeros(30), torch.Generator().manual_seed(0), 200, betas)
    assert found.value.item() == pytest.approx(exact_log_partition(it).item(), abs=0.1)


def test_the_error_of_log_z_is_that_of_repeated_estimates() -> None:
    it = machine(30, 12)
    found = [
        log_partition(it, torch.zeros(30), torch.Generator().manual_seed(seed), 50, even_betas(100))
        for seed in range(30)
    ]
    spread = torch.stack([one.value for one in found]).std()
    assert spread.item() == pytest.approx(torch.stack([one.error for one in found]).mean().item(), rel=0.4)


@pytest.mark.parametrize("betas", [even_betas(145), late_betas(145), late_betas(3)])
def test_temperatures_rise_from_0_to_1(betas: Tensor) -> None:
    assert betas[0] == 0 and betas[-1] == 1 and (betas.diff() > 0).all()
    assert len(betas) in (4, 146)


def test_the_base_has_the_smoothed_means_of_the_data() -> None:
    means = torch.sigmoid(base_bias(torch.tensor([[1.0, 0, 1], [1, 0, 0]])))
    assert torch.allclose(means, torch.tensor([0.975, 0.025, 0.5]))


# draws and descent


def test_units_are_on_with_their_probabilities() -> None:
    p = torch.tensor([0.0, 1e-4, 0.3, 0.5, 0.9, 1.0])
    draws = bernoulli(p.expand(200_000, -1), torch.Generator().manual_seed(0))
    assert set(draws.unique().tolist()) == {0, 1}
    assert (draws.mean(0) - p).abs().max() < 0.004 and draws[:, 0].sum() == 0 and draws[:, -1].min() == 1
    assert torch.corrcoef(draws[:, 1:5].T).fill_diagonal_(0).abs().max() < 0.02


@pytest.mark.parametrize("decays", [True, False])
def test_weights_decay_and_biases_only_if_they_should(decays: bool) -> None:
    it = machine()
    optimiser = SGD(it, DescentOptions(weight_decay=0.5, momentum=0.0), 0.1, decays=decays)
    before = [parameter.detach().clone() for parameter in it.parameters()]
    optimiser.minimise(0.0 * sum(parameter.sum() for parameter in it.parameters()))
    shrunk = [0.95, 0.95 if decays else 1.0, 0.95 if decays else 1.0]
    for now, was, factor in zip(it.parameters(), before, shrunk, strict=True):
        assert torch.allclose(now, factor * was)


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


def test_a_clamped_label_holds_from_the_first_draw_on() -> None:
    label = torch.eye(3)[2].expand(8, -1)
    right = torch.cat([torch.zeros(8, 6), label], 1)
    wrong = torch.cat([torch.zeros(8, 6), torch.eye(3)[0].expand(8, -1)], 1)
    one, other = (gibbs(machine(classes=3), v, 1, torch.Generator().manual_seed(0), label) for v in (right, wrong))
    assert torch.equal(one, other)
    assert torch.equal(gibbs(machine(classes=3), wrong, 0, torch.Generator(), label), right)


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
        {
            "hidden": 8,
            "exhibit_steps": 2,
            "fantasies": "contrastive",
            "conditional": True,
            "ema": 0.0,
        },
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
    before = it.evaluate(data, 50)["nll_of_50_draws"]
    for step in range(150):
        some = data[torch.arange(step * 50, step * 50 + 50) % len(data)]
        it.learn(it.make(50, some), torch.zeros(50))
    assert it.evaluate(data, 50)["nll_of_50_draws"] < before - 30


def test_its_likelihood_is_among_the_figures_of_an_evaluation() -> None:
    known = digits(DataOptions(size=16))
    figures = code_figures(build(), known, None, 5)
    assert figures.keys() == {"nll_of_5_draws", "log_partition", "log_partition_error"}
    assert code_figures(build(visible="gaussian"), known, None, 5) == {}


def test_a_class_can_be_asked_for() -> None:
    it, data = build(conditional=True), reals()
    for step in range(30):
        it.learn(it.make(50, data[torch.arange(step * 50, step * 50 + 50) % len(data)]), torch.zeros(50))
    made = it.exhibit(4, 0, torch.tensor([3, 3, 1, 0]))
    assert made.classes.tolist() == [3, 3, 1, 0] and made.pixels.shape == (4, 1, 16, 16)


def test_its_free_energy_sums_out_the_label() -> None:
    it = machine(classes=3)
    each = [it(torch.cat([states(6), torch.eye(3)[label].expand(64, -1)], 1)) for label in range(3)]
    assert torch.allclose(it.energy_of_pixels(states(6)), -(-torch.stack(each)).logsumexp(0), atol=1e-5)


def critic_of(**options: Any) -> EnergyCritic:
    studio = Studio((1, 16, 16), seed=0)
    studio.reseed()
    critic = EnergyCritic(EnergyCritic.Options(**{"hidden": 32, **options}), studio)
    critic.build(build())
    return critic


def test_what_is_taken_for_real_has_less_energy_than_real_works_had() -> None:
    critic, data, noise = critic_of(), reals(50), Works(torch.rand(50, 1, 16, 16) * 2 - 1)
    assert not critic.fooled(data, None).any()  # before the first step it has seen nothing
    critic.learn(noise, data)
    assert critic.level.item() == pytest.approx(-critic.judge(data, None).mean().item(), abs=2)
    assert 0.2 < critic.fooled(data, None).float().mean() < 0.9
    first = critic.level.item()
    critic.learn(noise, data)
    assert critic.level.item() == pytest.approx(0.9 * first - 0.1 * critic.judge(data, None).mean().item(), abs=0.5)


def test_a_critic_of_energy_prefers_what_it_learnt() -> None:
    critic = critic_of()
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


def test_colours_are_refused_by_the_role_that_was_given_the_option() -> None:
    with pytest.raises(ConfigError, match=r"^critic\.visible=bernoulli"):
        EnergyCritic(EnergyCritic.Options(), Studio((3, 16, 16))).check()
    with pytest.raises(ConfigError, match=r"^artist\.visible=bernoulli"):
        RBM(RBM.Options(), Studio((3, 16, 16))).check()


def test_works_are_the_means_of_the_last_half_step() -> None:
    it, data = build(), reals(50)
    with torch.no_grad():
        it.machine.weight.normal_(0, 0.5)
    works = it.make(50, data)
    drawn = it.chains[0].unflatten(1, (1, 16, 16)) * 2 - 1
    assert works.pixels.requires_grad
    assert (works.pixels.detach() * drawn).mean() > 0.2  # pixels follow their means
    assert torch.equal(works.ctx[1], it.chains[0])


# the command


@pytest.mark.parametrize("words", [("rbm",), ("gp-rbm", "-o", "artist.population=16", "-o", "artist.elites=2")])
def test_energies_are_drawn_of_an_artist_or_of_a_critic(words: tuple[str, ...], coevo_command: CommandLine) -> None:
    picture = coevo_command.runs / "energies.png"
    role = "artist" if words == ("rbm",) else "critic"
    small = ("--size", 16, "--batch", 16, "--rounds", 2, "-o", f"{role}.hidden=20", "--name", "it")
    assert coevo_command("run", *words, *small).code == 0
    answer = coevo_command("energies", "it", "-n", 20, "-o", picture)
    assert answer.code == 0 and "Filters, fantasies and energies in" in answer.out, answer.err
    with Image.open(picture) as drawn:
        assert drawn.width >= 900 and drawn.height > 700


def test_energies_of_a_pair_without_a_machine_are_refused(played: CommandLine) -> None:
    said = played.refuses("energies", "small", "-o", played.runs / "x.png")
    assert "Neither artist 'dcgan' nor critic 'dcnn' of run 'small' is a Boltzmann machine" in said
