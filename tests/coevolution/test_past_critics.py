"""Critics of the past beside today's: falling weights, bounded seats; and the gallery that a critic learns from."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from coevo import ConfigError, Studio, Works
from coevo.adversarial.critic import Adversary
from coevo.coevolution.past_critics import Panel
from coevo.contract.players import Artist
from coevo.testing import RandomArtist, conform


def constant(value: float) -> nn.Linear:
    net = nn.Linear(1, 1)
    nn.init.zeros_(net.weight)
    nn.init.constant_(net.bias, value)
    return net


def test_weights_fall_with_age_and_are_one_in_all() -> None:
    panel = Panel(2, 0.5, lambda: nn.Linear(1, 1))
    assert panel.weights() == [1]
    for value in (1.0, 2.0, 3.0):
        panel.remember(constant(value))
    assert panel.weights() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    said = panel.mean(constant(10.0), lambda net: net(torch.zeros(1)))
    assert said.item() == pytest.approx((4 * 10 + 2 * 3 + 2) / 7)  # the first of three has left


def test_a_panel_comes_back_from_its_state_and_an_empty_one_says_nothing() -> None:
    panel, again = (Panel(2, 0.5, lambda: nn.Linear(1, 1)) for _ in range(2))
    panel.remember(constant(4.0))
    again.load_state_dict(panel.state_dict())
    assert again.mean(constant(1.0), lambda net: net(torch.zeros(1))).item() == pytest.approx(2.0)
    none = Panel(0, 0.5, lambda: nn.Linear(1, 1))
    none.remember(constant(4.0))
    assert len(none) == 0 and none.mean(constant(1.0), lambda net: net(torch.zeros(1))).item() == 1


class Mean(nn.Module):
    """Scores [N]: how bright works are, less a threshold that is learnt."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, 1)
        nn.init.ones_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(images.flatten(1).mean(1, keepdim=True))[:, 0]


class Dim(Adversary):
    """Likes bright pictures."""

    name = "dim"

    def network(self, artist: Artist) -> nn.Module:
        return Mean()


def dim(**options: object) -> Dim:
    studio = Studio((1, 16, 16), batch=4)
    critic = Dim(Dim.Options(**options), studio)  # type: ignore[arg-type]
    critic.check()
    critic.build(RandomArtist(RandomArtist.Options(), studio))
    return critic


def greys(*values: float) -> Works:
    return Works(torch.tensor(values)[:, None, None, None].expand(-1, 1, 16, 16).clone())


REALS = greys(0.2, 0.4, 0.6, 0.8)


def test_what_was_accepted_joins_the_gallery_when_a_round_is_over() -> None:
    critic = dim(gallery=4)
    critic.learn(greys(-0.9, -0.9, -0.9, -0.9), REALS)
    assert not len(critic.gallery)  # nobody has been judged yet
    works = greys(-0.9, 0.5, 0.9, -0.5)
    critic.judge(works, REALS)
    critic.learn(works, REALS)
    assert sorted(round(g, 3) for g in critic.gallery["works"].mean((1, 2, 3)).tolist()) == [0.5, 0.9]
    critic.learn(works, REALS)
    assert len(critic.gallery) == 2  # once a round


def test_a_new_work_must_differ_from_all_in_the_gallery() -> None:
    critic = dim(gallery=4, apart=0.5)
    works = greys(0.5, -0.9)
    assert critic.fooled(works, REALS).tolist() == [True, False]
    critic.judge(works, REALS)
    critic.learn(works, REALS)
    again = greys(0.5, 0.95, -0.9)
    assert critic.fooled(again, REALS).tolist() == [False, True, False]
    rewards = critic.judge(again, REALS)
    assert rewards[0] == rewards[2] == rewards.min()


def test_critics_of_the_past_judge_beside_todays() -> None:
    critic = dim(panel=3, fade=1.0)
    works = greys(0.1, -0.1)
    first = critic.judge(works, REALS).detach()
    critic.learn(works, REALS)
    with torch.no_grad():
        critic.scorer.head.bias += 5  # type: ignore[operator, union-attr]
    second = critic.judge(works, REALS)
    alone = dim()
    alone.scorer.load_state_dict(critic.scorer.state_dict())
    assert torch.allclose(second, (alone.judge(works, REALS) + first) / 2)
    assert critic.gives_gradients and second.requires_grad


@pytest.mark.parametrize("options", [{"gallery": 64, "apart": 0.2}, {"panel": 2}, {"gallery": 64, "panel": 3}])
def test_critics_with_a_memory_conform(options: dict) -> None:
    conform("critic", Dim, options | {"learning_rate": 0.01})


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"critic.gallery=2 is smaller than a batch of 4"):
        dim(gallery=2)
    with pytest.raises(ConfigError, match=r"say critic.gallery=512, too"):
        dim(apart=0.1)
    with pytest.raises(ConfigError, match=r"critic.apart looks at works one by one"):
        dim(apart=0.1, gallery=8, pack=2)
