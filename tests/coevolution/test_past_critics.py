"""Past critics beside the present one, and the memory of accepted works that a critic goes on learning from."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from coevo import ConfigError, Studio, Works
from coevo.adversarial.critic import AdversarialCritic
from coevo.coevolution.past_critics import PastCritics
from coevo.contract.players import Artist
from coevo.testing import RandomArtist, conform


def constant(value: float) -> nn.Linear:
    net = nn.Linear(1, 1)
    nn.init.zeros_(net.weight)
    nn.init.constant_(net.bias, value)
    return net


def test_weights_fall_with_age_and_sum_to_one() -> None:
    past = PastCritics(2, 0.5, lambda: nn.Linear(1, 1))
    assert past.weights() == [1]
    for value in (1.0, 2.0, 3.0):
        past.remember(constant(value))
    assert past.weights() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    said = past.mean(constant(10.0), lambda net: net(torch.zeros(1)))
    assert said.item() == pytest.approx((4 * 10 + 2 * 3 + 2) / 7)  # the first of three has left


def test_past_critics_are_restored_from_their_state_and_none_change_nothing() -> None:
    past, again = (PastCritics(2, 0.5, lambda: nn.Linear(1, 1)) for _ in range(2))
    past.remember(constant(4.0))
    again.load_state_dict(past.state_dict())
    assert again.mean(constant(1.0), lambda net: net(torch.zeros(1))).item() == pytest.approx(2.0)
    none = PastCritics(0, 0.5, lambda: nn.Linear(1, 1))
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


class Dim(AdversarialCritic):
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


def test_accepted_works_are_remembered_when_a_round_is_over() -> None:
    critic = dim(memory=4)
    critic.learn(greys(-0.9, -0.9, -0.9, -0.9), REALS)
    assert not len(critic.memory)  # it has not judged any work yet
    works = greys(-0.9, 0.5, 0.9, -0.5)
    critic.judge(works, REALS)
    critic.learn(works, REALS)
    assert sorted(round(g, 3) for g in critic.memory["works"].mean((1, 2, 3)).tolist()) == [0.5, 0.9]
    critic.learn(works, REALS)
    assert len(critic.memory) == 2  # once a round


def test_a_new_work_must_differ_from_all_remembered_ones() -> None:
    critic = dim(memory=4, novelty_threshold=0.5)
    works = greys(0.5, -0.9)
    assert critic.fooled(works, REALS).tolist() == [True, False]
    critic.judge(works, REALS)
    critic.learn(works, REALS)
    again = greys(0.5, 0.95, -0.9)
    assert critic.fooled(again, REALS).tolist() == [False, True, False]
    rewards = critic.judge(again, REALS)
    assert rewards[0] == rewards[2] == rewards.min()


def test_past_critics_judge_beside_the_present_one() -> None:
    critic = dim(past_critics=3, past_decay=1.0)
    works = greys(0.1, -0.1)
    first = critic.judge(works, REALS).detach()
    critic.learn(works, REALS)
    with torch.no_grad():
        critic.scorer.head.bias += 5  # type: ignore[operator, union-attr]
    second = critic.judge(works, REALS)
    alone = dim()
    alone.scorer.load_state_dict(critic.scorer.state_dict())
    assert torch.allclose(second, (alone.judge(works, REALS) + first) / 2)
    assert critic.spec().gradients and second.requires_grad


@pytest.mark.parametrize(
    "options", [{"memory": 64, "novelty_threshold": 0.2}, {"past_critics": 2}, {"memory": 64, "past_critics": 3}]
)
def test_critics_with_a_memory_conform(options: dict) -> None:
    conform("critic", Dim, options | {"learning_rate": 0.01})


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"critic.memory=2 is smaller than a batch of 4"):
        dim(memory=2)
    with pytest.raises(ConfigError, match=r"say critic.memory=512 with it"):
        dim(novelty_threshold=0.1)
    with pytest.raises(ConfigError, match=r"critic.novelty_threshold looks at works one by one"):
        dim(novelty_threshold=0.1, memory=8, pack=2)
