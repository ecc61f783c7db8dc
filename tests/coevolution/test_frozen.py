"""A critic that learns no more, and judges as a whole or by one of its units."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conftest import CommandLine
from standins import SHAPE, built, studio
from torch import Tensor, nn

from coevo import ConfigError, Critic, CriticSpec, Metrics, Studio, Works
from coevo.coevolution.frozen import FrozenCritic, recording, unit_rewards
from coevo.coevolution.past_critics import PastCritics
from coevo.loop import Phase
from coevo.loop.phases import phases_of
from coevo.plugin.registry import registry
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.storage.state_tools import equal_states
from coevo.testing.standins import GradientArtist, GradientCritic, RandomArtist, ScriptedPicker


class Eyes(Critic):
    """A critic of two layers: three maps, and five units."""

    name = "eyes"

    def spec(self) -> CriticSpec:
        return CriticSpec(gradients=True, reals="required", pretraining=7)

    def build(self, artist: Any) -> None:
        self.network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Dropout(0.5), nn.Flatten(), nn.Linear(12, 5))

    def learn(self, works: Works, reals: Works) -> Metrics:
        return {}

    def judge(self, works: Works, reals: Works | None) -> Tensor:
        return self.network(works.pixels).mean(1)

    def fooled(self, works: Works, reals: Works | None) -> Tensor:
        return self.judge(works, reals) > 0


def frozen(**options: Any) -> FrozenCritic:
    critic = FrozenCritic(Eyes(Eyes.Options(), studio()), FrozenCritic.Options(**options))
    critic.build(RandomArtist(RandomArtist.Options(), critic.studio))
    return critic


def works(n: int = 6) -> Works:
    return Works(images=torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1)


def test_it_judges_as_the_critic_does_and_has_its_name_and_its_state() -> None:
    critic = frozen()
    assert critic.name == "eyes" and critic.state().keys() == critic.critic.state().keys()
    assert torch.equal(critic.judge(works(), None), critic.critic.judge(works(), None))


def test_it_gets_no_phase_and_its_networks_are_in_inference_mode() -> None:
    critic = frozen()
    assert not critic.spec().learns and critic.spec().gradients and phases_of(critic) == (Phase("artist"),)
    assert torch.equal(critic.judge(works(), None), critic.judge(works(), None))  # dropout draws nothing


def test_a_unit_rewards_works_by_its_share_of_the_softmax_over_its_layer() -> None:
    critic = frozen(layer="network.3", unit=2)
    expected = critic.critic.network(works().pixels).log_softmax(1)[:, 2]
    assert torch.allclose(critic.judge(works(), None), expected)
    pixels = works().pixels.requires_grad_()
    (slope,) = torch.autograd.grad(critic.judge(Works(images=pixels), None).sum(), pixels)
    assert slope.abs().sum() > 0


def test_a_unit_is_a_map_or_a_place_on_a_map() -> None:
    maps = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(unit_rewards(maps, (1,)), maps.mean((2, 3)).log_softmax(1)[:, 1])
    assert torch.allclose(unit_rewards(maps, (1, 0, 3)), maps[:, :, 0, 3].log_softmax(1)[:, 1])
    assert frozen(layer="network.0", unit=[2, 1, 1]).judge(works(), None).shape == (6,)


def test_past_critics_are_in_inference_mode_too() -> None:
    eyes = Eyes(Eyes.Options(), studio())
    eyes.build(RandomArtist(RandomArtist.Options(), eyes.studio))
    eyes.past = PastCritics(2, 0.5, lambda: nn.Sequential(nn.Dropout(0.5)))
    eyes.past.remember(nn.Sequential(nn.Dropout(0.5)))
    critic = FrozenCritic(eyes, FrozenCritic.Options())
    critic.restore(critic.state())
    assert not eyes.past.networks[0].training


def test_an_activation_in_place_changes_nothing_of_what_a_layer_gave() -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.2, True))
    with recording(network[0]) as outputs:
        given = torch.randn(5, 3)
        network(given)
    assert torch.equal(outputs[0], network[0](given))


def test_what_is_no_layer_or_unit_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"frozen.layer: There is no layer of critic 'eyes' named 'network.9'"):
        frozen(layer="network.9")
    with pytest.raises(ConfigError, match=r"frozen.unit=5 is not a unit of layer 'network.3', which has 5: 0 to 4"):
        frozen(layer="network.3", unit=5)
    with pytest.raises(ConfigError, match=r"no place of outputs of \[5\]"):
        frozen(layer="network.3", unit=[1, 0, 0]).judge(works(), None)
    with pytest.raises(ValueError, match="from 0 on, or three"):
        FrozenCritic.Options(layer="x", unit=(1, 2))


def test_a_critic_without_scores_is_refused() -> None:
    picker = ScriptedPicker(ScriptedPicker.Options(), studio())
    with pytest.raises(ConfigError, match="gives no scores"):
        FrozenCritic(picker).check()


def test_an_artist_learns_from_it_and_it_stays_as_it_is() -> None:
    place = studio()
    artist, critic = GradientArtist(GradientArtist.Options(), place), GradientCritic(GradientCritic.Options(), place)
    still = FrozenCritic(critic)
    built(artist, still)
    before = {name: value.clone() for name, value in critic.net.state_dict().items()}
    for _ in range(3):
        made = artist.make(4, None)
        artist.learn(made, still.judge(made, None))
    assert all(torch.equal(value, critic.net.state_dict()[name]) for name, value in before.items())


def test_it_does_not_look_ahead_as_it_will_not_learn() -> None:
    place = Studio((1, 16, 16), batch=6)
    options = {"unroll": 3, "width": 4}
    dcnn = registry().load("critic", "dcnn")
    still, plain = (FrozenCritic(dcnn(dcnn.Options(**some), place)) for some in (options, {"width": 4}))
    for critic in (still, plain):
        place.reseed()
        built(GradientArtist(GradientArtist.Options(), place), critic)
    made, real = (Works(images=torch.rand(6, 1, 16, 16) * 2 - 1) for _ in range(2))
    pixels = made.pixels.clone().requires_grad_()
    rewards = still.judge(Works(images=pixels), real)
    assert torch.equal(rewards, plain.judge(made, real))
    (slope,) = torch.autograd.grad(rewards.sum(), pixels)
    assert slope.abs().sum() > 0


def test_a_layer_of_a_compiled_network_is_refused() -> None:
    place = studio()
    place.compile = True
    critic = FrozenCritic(Eyes(Eyes.Options(), place), FrozenCritic.Options(layer="network.3"))
    with pytest.raises(ConfigError, match="--compile makes one piece of it"):
        critic.check()


# --critic-from


def test_another_runs_critic_judges_and_learns_no_more(coevo_command: CommandLine) -> None:
    coevo_command.play("small", "--rounds", 2)
    words = ("--artist", "mlp", "-o", "artist.width=8", "--size", 16, "--batch", 8, "--rounds", 4)
    answer = coevo_command("run", *words, "--critic-from", "small", "--name", "judged")
    assert answer.code == 0, answer.err
    first, second = (SavedRun(RunFolder.open(name, coevo_command.runs)) for name in ("small", "judged"))
    assert second.config.critic.width == 4 and second.round == 4
    assert equal_states(first.state["critic"]["scorer"], second.state["critic"]["scorer"])
    assert not (coevo_command.runs / "judged" / "ancestral_opponents").exists()
    assert coevo_command("resume", "judged", "--rounds", 6).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--critic-from nothing", "There is no run named 'nothing'"),
        ("--critic-from small --critic dcnn", "leave out --critic and its options"),
        ("--critic-from small -o critic.width=8", "leave out --critic and its options"),
        ("--critic-from small --size 32", "judges pictures of 16 px"),
        ("--critic-from small -o frozen.layer=scorer.99", "There is no layer of critic 'dcnn'"),
        ("--critic dcnn -o frozen.layer=scorer.0", "frozen.layer would have no effect"),
    ],
)
def test_what_cannot_be_taken_is_refused(played: CommandLine, words: str, said: str) -> None:
    assert said in played.refuses("run", "--artist", "mlp", *words.split())
