"""Standing statistics: batch normalisation as the exhibited network would have gathered it."""

from __future__ import annotations

import torch
from torch import nn

from coevo.nn.standing import with_standing_statistics
from coevo.storage.state_tools import copy_state, equal_states


def test_they_are_the_mean_of_the_batches_that_are_given() -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    batches = [torch.randn(16, 3) + shift for shift in (0.0, 1.0, 2.0)]
    it = with_standing_statistics(network, batches)
    means = torch.stack([network[0](batch).mean(0) for batch in batches]).mean(0)
    variances = torch.stack([network[0](batch).var(0) for batch in batches]).mean(0)
    assert torch.allclose(it[1].running_mean, means, atol=1e-5)  # type: ignore[arg-type]
    assert torch.allclose(it[1].running_var, variances, atol=1e-5)  # type: ignore[arg-type]
    assert not it[1].training and it[1].momentum == 0.1


def test_the_network_itself_stays_as_it_is() -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).train()
    before = copy_state(network.state_dict())
    with_standing_statistics(network, [torch.randn(16, 3)])
    assert equal_states(before, dict(network.state_dict())) and network.training
