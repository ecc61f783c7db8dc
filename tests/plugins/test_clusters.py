"""Clusters of latents: join inverts split, and the mixture finds and follows groups."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from coevo_aae import clusters
from coevo_aae.clusters import Clusters

CPU = torch.device("cpu")
AWAY = torch.tensor([[-3.0, 0.0], [3.0, 0.0], [0.0, 3.0]])


def three(n: int, generator: torch.Generator, moved: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents [n, 2] of three groups, long in one direction, and the group of each."""
    which = torch.arange(n) % 3
    return AWAY[which] + moved + torch.tensor([0.3, 0.6]) * torch.randn(n, 2, generator=generator), which


def followed(steps: int, after: int = 3, moved: float = 0.0) -> Clusters:
    """Three clusters that have followed the latents of some steps, 300 each."""
    it, generator = Clusters(2, 3, after, CPU), torch.Generator().manual_seed(0)
    for step in range(steps):
        it.follow(three(300, generator, moved * step)[0])
    return it


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits at every step, to the last two of them."""
    monkeypatch.setattr(clusters, "EVERY", 1)
    monkeypatch.setattr(clusters, "RECENT", 600)


def test_before_the_first_fit_s_is_z_and_all_clusters_are_equally_likely() -> None:
    z = torch.randn(5, 2)
    codes = followed(2).split(z)
    assert torch.allclose(codes[:, :2], z)
    assert torch.allclose(codes[:, 2:], torch.full((5, 3), 1 / 3))


def test_join_inverts_split_everywhere() -> None:
    it, z = followed(3), 4 * torch.randn(500, 2, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(it.join(it.split(z)), z, atol=1e-3)


def test_groups_are_found_and_s_is_standard_normal_in_each() -> None:
    it = followed(20, after=20)
    z, which = three(3000, torch.Generator().manual_seed(1))
    codes = it.split(z)
    names = [codes[which == group, 2:].argmax(1).mode().values.item() for group in range(3)]
    assert sorted(names) == [0, 1, 2]
    assert (codes[:, 2:].argmax(1) == torch.tensor(names)[which]).float().mean() > 0.99
    for group in range(3):
        s = codes[which == group, :2]
        assert torch.allclose(s.mean(0), torch.zeros(2), atol=0.1)
        assert torch.allclose(s.T.cov(), torch.eye(2), atol=0.15)


def test_probabilities_are_those_of_torchs_mixture() -> None:
    it = followed(3)
    z = three(20, torch.Generator().manual_seed(2))[0]
    mixture = MixtureSameFamily(Categorical(it.shares), MultivariateNormal(it.means, scale_tril=it.roots))
    each = mixture.component_distribution.log_prob(z[:, None]) + it.shares.log() - mixture.log_prob(z)[:, None]
    assert torch.allclose(it.split(z)[:, 2:].log().clamp_min(-20), each.clamp_min(-20), atol=1e-3)


def test_joined_draws_of_the_priors_follow_the_mixture() -> None:
    it, generator = followed(3), torch.Generator().manual_seed(3)
    y = torch.nn.functional.one_hot(torch.multinomial(it.shares, 4000, True, generator=generator), 3).float()
    z = it.join(torch.cat([torch.randn(4000, 2, generator=generator), y], 1))
    latents, _ = three(4000, generator)
    assert torch.allclose(z.mean(0), latents.mean(0), atol=0.15)
    assert torch.allclose(z.T.cov(), latents.T.cov(), atol=0.4)


def test_gradients_pass_through_split_and_join() -> None:
    it = followed(3)
    z = torch.randn(4, 2, dtype=torch.float32, requires_grad=True)
    it.join(it.split(z)).sum().backward()
    assert z.grad is not None and torch.allclose(z.grad, torch.ones(4, 2), atol=1e-3)  # join inverts split


def test_the_mixture_follows_groups_that_move(soon: None) -> None:
    moving = followed(40, moved=0.1)
    assert torch.allclose(moving.means.mean(0), AWAY.mean(0) + 3.85, atol=0.1)  # where the last two steps were
    assert torch.allclose(followed(3).means.mean(0), AWAY.mean(0), atol=0.1)


def test_a_restored_state_goes_on_exactly(soon: None) -> None:
    it, again = followed(5), Clusters(2, 3, 3, CPU)
    again.load_state_dict({name: torch.clone(v) if torch.is_tensor(v) else v for name, v in it.state_dict().items()})
    latents, _ = three(300, torch.Generator().manual_seed(4))
    for one in (it, again):
        one.follow(latents)
    z = torch.randn(9, 2)
    assert torch.equal(it.split(z), again.split(z))
    assert torch.equal(it.recent, again.recent)


def test_latents_that_are_not_finite_are_not_fitted(soon: None) -> None:
    it = followed(4)
    before = it.means.clone()
    it.follow(torch.full((300, 2), torch.nan))
    assert torch.equal(it.means, before)


def test_a_seed_of_more_than_32_bits_is_taken() -> None:
    it = Clusters(2, 3, 1, CPU, seed=2**40 + 1)
    it.follow(three(300, torch.Generator().manual_seed(0))[0])
    assert it.roots.isfinite().all()
