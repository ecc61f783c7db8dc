"""Deep belief networks beside brute force, their layers one after another, and autoencoders that start from them."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from conftest import CommandLine
from torch import Tensor

from coevo import ConfigError, PairError, Studio, Works
from coevo.contract.capabilities import LayerSource
from coevo.data.datasets import DataOptions, digits
from coevo.evaluation.codes import code_figures
from coevo.storage.run_folder import RunFolder
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing.kit import conform
from coevo_boltzmann.dbn import DBN
from coevo_boltzmann.likelihood import bounds, exact_log_partition
from coevo_boltzmann.machine import Machine
from coevo_boltzmann.stack import down, log_weights, up


def machine(pixels: int, hidden: int, seed: int) -> Machine:
    torch.manual_seed(seed)
    made = Machine(pixels, hidden)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.8)
    return made


STACK = [machine(5, 4, 0), machine(4, 3, 1), machine(3, 4, 2)]


def states(units: int) -> Tensor:
    return torch.tensor(list(product([0.0, 1.0], repeat=units)))


def conditional(p: Tensor, units: Tensor) -> Tensor:
    """The probability of each state [S, U] given independent units of these means [N, U]: [N, S]."""
    return torch.where(units > 0, p[:, None], 1 - p[:, None]).prod(-1)


def exact_likelihood() -> Tensor:
    """log p(v) of all 32 pictures under the three machines, by sums over every state."""
    one, two, top = STACK
    p = (-top.free_energy(states(3)) - exact_log_partition(top)).exp().float()
    p = p @ conditional(two.visible_mean(states(3)), states(4))
    return (p @ conditional(one.visible_mean(states(4)), states(5))).log()


# likelihood


def test_probabilities_sum_to_one() -> None:
    assert exact_likelihood().exp().sum().item() == pytest.approx(1, abs=1e-4)


def test_the_bound_is_that_of_all_states_and_below_the_likelihood() -> None:
    one, two, top = STACK
    v, log_z = states(5), exact_log_partition(top)
    q1 = conditional(one.hidden_mean(v), states(4))  # [32, 16]
    q2 = conditional(two.hidden_mean(states(4)), states(3))  # [16, 8]
    p1 = conditional(one.visible_mean(states(4)), v).T  # [32, 16]
    p2 = conditional(two.visible_mean(states(3)), states(4)).T  # [16, 8]
    last = -top.free_energy(states(3)) - log_z
    within = (q2 * (p2.log() - q2.log() + last)).sum(1)
    elbo = (q1 * (p1.log() - q1.log() + within)).sum(1)
    generator = torch.Generator().manual_seed(0)
    found = bounds(partial(log_weights, STACK, generator=generator), v, 5000, log_z)
    assert (elbo < exact_likelihood()).all()
    assert (found.elbo - elbo).abs().max() < 0.1
    assert (found.weighted - exact_likelihood()).abs().max() < 0.1


def test_a_network_of_one_machine_has_its_likelihood() -> None:
    (one, *_), v = STACK, states(5)
    log_z = exact_log_partition(one)
    found = bounds(partial(log_weights, [one], generator=torch.Generator()), v, 3, log_z)
    assert torch.allclose(found.elbo, -one.free_energy(v).double() - log_z)
    assert torch.allclose(found.weighted, found.elbo)


# up and down


def test_units_go_up_and_down_by_the_conditionals_of_each_machine() -> None:
    one, two, _ = STACK
    v, generator = states(5)[[19]].repeat(40_000, 1), torch.Generator().manual_seed(0)
    h = up([one, two], v, generator)
    expected = conditional(one.hidden_mean(v[:1]), states(4)) @ two.hidden_mean(states(4))
    assert (h.mean(0) - expected[0]).abs().max() < 0.02
    h = states(3)[[5]].repeat(40_000, 1)
    expected = conditional(two.visible_mean(h[:1]), states(4)) @ one.visible_mean(states(4))
    assert (down([one, two], h, generator).mean(0) - expected[0]).abs().max() < 0.02


# the artist


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": (8, 6), "exhibit_steps": 2, "layer_steps": 1},
        {"hidden": (8, 6, 5), "exhibit_steps": 2, "layer_steps": 1, "conditional": True, "ema": 0.0},
        {"hidden": (8,), "exhibit_steps": 2, "fantasies": "tempered", "temperatures": 3},
        {"hidden": (8, 6), "exhibit_steps": 2, "layer_steps": 2, "visible": "gaussian", "fantasies": "contrastive"},
    ],
)
def test_every_network_conforms(options: dict[str, Any]) -> None:
    conform("artist", DBN, options)


def build(seed: int = 0, **options: Any) -> DBN:
    studio = Studio((1, 16, 16), tuple("0123456789"), seed=seed, batch=50)
    studio.reseed()
    it = DBN(DBN.Options(**{"hidden": (32, 24), "layer_steps": 100, "exhibit_steps": 20, **options}), studio)
    it.check()
    it.build()
    return it


def reals(n: int = 500) -> Works:
    return digits(DataOptions(size=16)).works(slice(0, n))


def train(it: DBN, steps: int, data: Works) -> DBN:
    for step in range(steps):
        some = data[torch.arange(step * 50, step * 50 + 50) % len(data)]
        it.learn(it.make(50, some), torch.zeros(50))
    return it


def test_machines_learn_one_after_another_and_then_stay() -> None:
    it, data = build(layer_steps=3), reals()
    weights = [next(iter(one.parameters())) for one in it.machines]
    start = [weight.detach().clone() for weight in weights]
    train(it, 2, data)
    assert it.level == 0 and torch.equal(weights[1], start[1]) and not torch.equal(weights[0], start[0])
    average = it.exhibited[0].weight.clone()
    train(it, 1, data)
    assert it.level == 1 and not len(it.chains) and not torch.equal(weights[0], average)
    kept = weights[0].detach().clone()  # the average, which is what was exhibited
    assert torch.equal(kept, it.exhibited[0].weight)
    train(it, 4, data)
    assert torch.equal(weights[0], kept) and not torch.equal(weights[1], start[1])


@pytest.mark.parametrize("stop", [2, 3, 4])
def test_it_goes_on_bit_for_bit_from_before_and_after_a_change_of_layers(stop: int) -> None:
    it, data = train(build(layer_steps=3), stop, reals()), reals()
    state, streams = copy_state(it.state()), copy_state(it.studio.state())
    train(it, 3, data)
    twin = build(seed=1, layer_steps=3)
    twin.restore(state)
    twin.studio.restore(streams)
    assert equal_states(it.state(), train(twin, 3, data).state())


def test_learning_makes_real_works_likelier_machine_by_machine() -> None:
    it, data = build(ema=0.9, layer_steps=150), reals()
    found = [it.evaluate(data, 30)["nll_of_30_draws"]]
    for _ in range(2):
        train(it, 149, data)
        found.append(it.evaluate(data, 30)["nll_of_30_draws"])
        train(it, 1, data)
    assert found[1] < found[0] - 30 and found[2] < found[1] + 8
    after = it.evaluate(data, 30)
    assert after["elbo"] <= -after["nll_of_30_draws"]


def test_its_bounds_are_among_the_figures_of_an_evaluation() -> None:
    known = digits(DataOptions(size=16))
    figures = code_figures(build(), known, None, 3)
    assert figures.keys() == {"elbo", "nll_of_3_draws", "log_partition", "log_partition_error"}
    assert code_figures(build(conditional=True), known, None, 3) == {}


def test_a_class_can_be_asked_for() -> None:
    it = train(build(conditional=True, layer_steps=5), 10, reals())
    made = it.exhibit(4, 0, torch.tensor([3, 3, 1, 0]))
    assert made.classes.tolist() == [3, 3, 1, 0] and made.pixels.shape == (4, 1, 16, 16)
    assert it.machines[1].classes == 10 and it.machines[0].classes == 0


def test_works_have_labels_before_a_machine_knows_them() -> None:
    it = build(conditional=True, layer_steps=5)
    assert it.make(4, reals(4)).classes.shape == (4,)


def test_filters_are_seen_through_the_machines_below() -> None:
    it = train(build(layer_steps=2), 3, reals())
    one, two = it.exhibited
    assert torch.allclose(it.filters(), (one.weight @ two.weight).T)
    assert it.energies(reals(5).pixels).shape == (5,)


def test_gaussian_pixels_and_temperatures_are_refused() -> None:
    with pytest.raises(ConfigError, match="Artist 'dbn' has no Gaussian pixels at infinite temperature"):
        DBN(DBN.Options(visible="gaussian", fantasies="tempered"), Studio((1, 16, 16))).check()


# for others


def test_its_layers_are_those_of_its_machines() -> None:
    it = build(conditional=True, layer_steps=1)
    train(it, 2, reals())
    assert isinstance(it, LayerSource)
    first, second = it.pretrained_layers()
    assert first.weight.shape == (32, 256) and second.weight.shape == (24, 32) and second.back.shape == (32,)
    x = reals(3).pixels.flatten(1) / 2 + 0.5
    assert torch.allclose(torch.sigmoid(x @ first.weight.T + first.bias), it.exhibited[0].hidden_mean(x), atol=1e-5)
    with pytest.raises(PairError, match="Bernoulli"):
        build(visible="gaussian").pretrained_layers()


@pytest.mark.parametrize("words", [("ae", "artist.latent=24"), ("ae", "artist.latent=9"), ("vae", "artist.latent=9")])
def test_an_autoencoder_starts_from_its_layers(words: tuple[str, str], coevo_command: CommandLine) -> None:
    stack = ("run", "dbn", "--size", 16, "--batch", 20, "-o", "artist.hidden=[32,24]", "-o", "artist.layer_steps=2")
    assert coevo_command(*stack, "--rounds", 4, "--name", "stack").code == 0
    artist, latent = words
    network = ("-o", "artist.network=dense", "-o", "artist.activation=sigmoid", "-o", latent)
    run = ("run", "--artist", artist, "--critic", "none", "--from", "stack", *network, "--rounds", 1)
    answer = coevo_command(*run, "-o", "artist.hidden=[32]", "--name", "fine")
    assert answer.code == 0, answer.err
    stacked, started = (RunFolder(coevo_command.runs / name).load()[0].state["artist"] for name in ("stack", "fine"))
    encoder, decoder = started["encoder"], started["decoder"]
    machines, top = stacked["machines"], stacked["average"]["average"]["weight"][:32].T  # without the label
    assert near(encoder["1.weight"], machines["0.weight"].T) and near(decoder["2.bias"], machines["0.visible_bias"])
    assert near(encoder["3.weight"], top) == (latent == "artist.latent=24")
    said = coevo_command.refuses(*run, "-o", "artist.hidden=[30]")
    assert f"Artist '{artist}' cannot start from the layers of run 'stack'" in said
    assert "[32, 24] units, and artist.hidden is [30]" in said


def near(ours: Tensor, theirs: Tensor) -> bool:
    """Whether parameters are others' but for one step of Adam."""
    return ours.shape == theirs.shape and torch.allclose(ours, theirs, atol=3e-3)
