"""General Boltzmann machines beside brute force, and the artist that learns one."""

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
from coevo_boltzmann.bm import BM
from coevo_boltzmann.general import GeneralMachine
from coevo_boltzmann.likelihood import bounds, even_betas

KINDS: list[dict[str, Any]] = [
    {"reach": 0, "lateral": False},
    {"reach": 0, "lateral": True},
    {"reach": 1, "lateral": False},
    {"reach": 1, "lateral": True},
    {"reach": 2, "lateral": True},
]
PIXELS, HIDDEN = 6, 4


def machine(scale: float = 0.6, hidden: int = HIDDEN, **kind: Any) -> GeneralMachine:
    """A machine of 2 × 3 pixels."""
    torch.manual_seed(0)
    made = GeneralMachine(2, 3, hidden, **kind)
    with torch.no_grad():
        made.weight.normal_(0, scale)
        made.bias.normal_(0, scale)
    return made


def states(units: int) -> Tensor:
    return torch.tensor(list(product([0.0, 1.0], repeat=units)))


def joint(of: GeneralMachine) -> Tensor:
    """-E(v, h) of every state, [2^V, 2^H]."""
    return -of.energy(states(PIXELS + HIDDEN)).view(2**PIXELS, 2**HIDDEN)


# the machine


def test_the_energy_is_that_of_the_formula() -> None:
    it, x = machine(reach=1, lateral=True), states(PIXELS + HIDDEN)[777]
    weights, total = it.connections(), 0.0
    for i in range(len(x)):
        total -= (it.bias[i] * x[i]).item()
        for j in range(i):
            total -= (weights[i, j] * x[i] * x[j]).item()
    assert it.energy(x).item() == pytest.approx(total, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_connections_are_symmetric_and_where_they_should_be(kind: dict[str, Any]) -> None:
    it = machine(**kind)
    weights = it.connections()
    assert torch.equal(weights, weights.T) and not weights.diagonal().any()
    assert (weights[:PIXELS, PIXELS:] != 0).all()
    assert (weights[PIXELS:, PIXELS:] != 0).any() == kind["lateral"]
    places = [(number // 3, number % 3) for number in it.order.tolist()]
    for (i, one), (j, other) in product(enumerate(places), repeat=2):
        apart = max(abs(one[0] - other[0]), abs(one[1] - other[1]))
        assert (weights[i, j] != 0) == (0 < apart <= kind["reach"])


@pytest.mark.parametrize("kind", KINDS)
def test_units_of_a_group_are_not_connected(kind: dict[str, Any]) -> None:
    it = machine(**kind)
    assert [unit for group in it.groups for unit in range(PIXELS + HIDDEN)[group]] == list(range(PIXELS + HIDDEN))
    for group in it.groups:
        assert not it.connections()[group, group].any()


def test_pixels_come_back_in_their_places() -> None:
    it, pixels = machine(reach=1), torch.arange(12.0).view(2, 6)
    units = torch.cat([it.visible_units(pixels), torch.zeros(2, HIDDEN)], 1)
    assert torch.equal(it.to_pixels(units), pixels)


def test_a_pixel_has_the_mean_that_it_has_given_all_other_units() -> None:
    it, x = machine(reach=2, lateral=True), states(PIXELS + HIDDEN)[[3, 333, 901]]
    on, off = (torch.stack([flipped(x, unit, value) for unit in range(PIXELS)]) for value in (1.0, 0.0))
    expected = torch.sigmoid(it.energy(off) - it.energy(on)).T
    assert torch.allclose(it.visible_mean(x), it.to_pixels(expected), atol=1e-5)


def flipped(x: Tensor, unit: int, value: float) -> Tensor:
    return x.index_fill(1, torch.tensor([unit]), value)


@pytest.mark.parametrize("kind", KINDS)
def test_gibbs_sampling_has_the_machine_as_its_stationary_distribution(kind: dict[str, Any]) -> None:
    it, generator = machine(**kind), torch.Generator().manual_seed(0)
    x = it.gibbs(torch.zeros(40_000, PIXELS + HIDDEN), 40, generator)
    found = torch.bincount((x[:, :PIXELS] @ torch.tensor([32.0, 16, 8, 4, 2, 1])).long(), minlength=64) / len(x)
    expected = joint(it).flatten().softmax(0).view(64, 16).sum(1)
    assert (found - expected).abs().sum() < 0.08


# learning


def test_mean_field_without_lateral_connections_is_the_posterior() -> None:
    it = machine(reach=1, lateral=False)
    expected = joint(it).softmax(1) @ states(HIDDEN)
    assert torch.allclose(it.mean_field(states(PIXELS), 0, 0.0), expected, atol=1e-5)


def test_mean_field_is_the_best_of_the_factorial_distributions_nearby() -> None:
    """Its means are where the gradient of the bound E_q[-E] + H(q) is zero."""
    it = machine(scale=0.4, reach=1, lateral=True)
    mean = it.mean_field(states(PIXELS), 200, 0.3).double().requires_grad_()
    it.double()
    entropy = (torch.special.entr(mean) + torch.special.entr(1 - mean)).sum()
    bound = entropy - it.energy(torch.cat([states(PIXELS).double(), mean], 1)).sum()
    (slope,) = torch.autograd.grad(bound, mean)
    assert slope.abs().max() < 1e-4


def test_the_gradient_of_energies_is_that_of_the_likelihood() -> None:
    """By exact sums in both phases, where mean field is exact."""
    it, data = machine(reach=2, lateral=False), states(PIXELS)[[3, 17, 40]]
    likelihood = (joint(it)[[3, 17, 40]].logsumexp(1)).mean() - joint(it).flatten().logsumexp(0)
    expected = torch.autograd.grad(likelihood, list(it.parameters()))
    p = joint(it).flatten().softmax(0).detach()
    low = it.energy(torch.cat([data, it.mean_field(data, 0, 0.0)], 1)).mean()
    found = torch.autograd.grad((p * it.energy(states(PIXELS + HIDDEN))).sum() - low, list(it.parameters()))
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))


# likelihood


@pytest.mark.parametrize("kind", KINDS)
def test_annealed_importance_sampling_is_within_a_tenth_of_a_nat(kind: dict[str, Any]) -> None:
    it = machine(**kind)
    found = it.log_partition(torch.zeros(PIXELS), torch.Generator().manual_seed(0), 200, even_betas(200))
    assert found.value.item() == pytest.approx(joint(it).flatten().logsumexp(0).item(), abs=0.1)


def test_bounds_lie_below_the_likelihood_and_draws_close_the_gap() -> None:
    it, v, generator = machine(reach=1, lateral=True), states(PIXELS), torch.Generator().manual_seed(0)
    log_z = joint(it).flatten().logsumexp(0).double()
    exact = joint(it).logsumexp(1) - log_z
    mean = it.mean_field(v, 50, 0.3)
    q = torch.stack([torch.where(h > 0, mean, 1 - mean).prod(1) for h in states(HIDDEN)], 1)
    elbo = (q * (joint(it) - q.log())).sum(1) - log_z

    def log_weights(some: Tensor, draws: int) -> Tensor:
        return it.log_weights(some, it.mean_field(some, 50, 0.3), draws, generator)

    found = bounds(log_weights, v, 5000, log_z)
    assert (elbo < exact + 1e-5).all() and (elbo - exact).abs().max() > 0.02
    assert (found.elbo - elbo).abs().max() < 0.06
    assert (found.weighted - exact).abs().max() < 0.06


# the artist


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"hidden": 4, "exhibit_steps": 2, "mean_field_steps": 2},
        {"hidden": 0, "exhibit_steps": 2, "reach": 2, "ema": 0.0, "lr_half_life": 5},
    ],
)
def test_every_general_machine_conforms(options: dict[str, Any]) -> None:
    conform("artist", BM, options)


def build(**options: Any) -> BM:
    studio = Studio((1, 8, 8), seed=0, batch=50)
    studio.reseed()
    it = BM(BM.Options(**{"hidden": 12, "exhibit_steps": 20, **options}), studio)
    it.check()
    it.build()
    return it


@pytest.mark.parametrize("options", [{}, {"hidden": 0, "reach": 2}, {"reach": 0}])
def test_learning_makes_real_works_likelier(options: dict[str, Any]) -> None:
    it, data = build(ema=0.9, **options), digits(DataOptions(size=8)).works(slice(0, 300))
    before = it.evaluate(data, 20)
    for step in range(150):
        some = data[torch.arange(step * 50, step * 50 + 50) % len(data)]
        it.learn(it.make(50, some), torch.zeros(50))
    after = it.evaluate(data, 20)
    assert after["nll_of_20_draws"] < before["nll_of_20_draws"] - 8
    assert after["elbo"] <= -after["nll_of_20_draws"] + 0.05


def test_its_bounds_are_among_the_figures_of_an_evaluation() -> None:
    figures = code_figures(build(), digits(DataOptions(size=8)), None, 3)
    assert figures.keys() == {"elbo", "nll_of_3_draws", "log_partition", "log_partition_error"}


def test_energy_is_minus_the_log_of_all_hidden_states_where_mean_field_is_exact() -> None:
    it = build(reach=1, lateral=False, ema=0.0)
    with torch.no_grad():
        it.machine.weight.normal_(0, 0.3)
    images = (torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0)) > 0.5).float() * 2 - 1
    v = it.machine.visible_units((images.flatten(1) + 1) / 2)
    everything = torch.stack([-it.machine.energy(torch.cat([v, h.expand(5, -1)], 1)) for h in states(12)])
    assert torch.allclose(it.energies(images), -everything.logsumexp(0), atol=1e-4)


@pytest.mark.parametrize(
    ("image", "said"), [((3, 16, 16), "colours are not; say --channels 1"), ((1, 64, 64), "at most 4,096 units")]
)
def test_what_does_not_fit_is_refused(image: tuple[int, int, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        BM(BM.Options(), Studio(image)).check()


def test_works_without_a_batch_of_the_same_size_start_chains_anew() -> None:
    it, data = build(), digits(DataOptions(size=8)).works(slice(0, 20))
    for n in (20, 7):
        assert len(it.make(n, data)) == n and it.chains.shape == (1, n, 64 + 12)
    assert isinstance(it.exhibit(130, 0), Works)
