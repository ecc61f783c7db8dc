"""The checks of a critic, beside an artist that makes whatever can be judged."""

from __future__ import annotations

import torch

from coevo.contract.players import Artist, Critic
from coevo.loop import check_pair
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing.bench import Bench, N, assert_equal, assert_metrics
from coevo.testing.standins import RandomArtist


class CriticBench(Bench):
    """Tries a critic."""

    def pair(self, seed: int = 7) -> tuple[Artist, Critic]:
        studio = self.studio(seed)
        studio.reseed()
        artist = RandomArtist(RandomArtist.Options(), studio)
        critic: Critic = self.player(self.player.Options(**self.given), studio)  # type: ignore[assignment]
        check_pair(artist, critic)
        artist.build()
        critic.build(artist)
        return artist, critic

    def check_judge(self) -> None:
        """judges N works beside M reals: rewards [N], float32, finite."""
        artist, critic = self.pair()
        rewards = critic.judge(artist.exhibit(N, 1), self.reals(artist.studio))
        assert rewards.shape == (N,), f"rewards have the shape {tuple(rewards.shape)}, not ({N},)"
        assert rewards.dtype == torch.float32, f"rewards are {rewards.dtype}, not float32"
        assert rewards.isfinite().all(), "some rewards are not finite"
        if critic.spec().rewards == "picks":
            assert ((rewards == 0) | (rewards == 1)).all(), "picks should be 0 or 1"
        if critic.spec().rewards == "constant":
            assert (rewards == rewards[0]).all(), "its spec says constant rewards, but they differ"

    def check_fooled(self) -> None:
        """says which works fool it: [N] bool."""
        artist, critic = self.pair()
        fooled = critic.fooled(artist.exhibit(N, 1), self.reals(artist.studio))
        assert fooled.shape == (N,) and fooled.dtype == torch.bool, (
            f"fooled() gives {fooled.dtype} {tuple(fooled.shape)}, not torch.bool ({N},)"
        )

    def check_gradients(self) -> None:
        """gives gradients to the works, if and only if its spec says so."""
        artist, critic = self.pair()
        works = artist.exhibit(N, 1)
        judged = works.latents if critic.spec().judges == "codes" else works.pixels
        judged.requires_grad_()
        rewards = critic.judge(works, self.reals(artist.studio))
        gives = rewards.requires_grad and bool(torch.autograd.grad(rewards.sum(), judged)[0].abs().sum() > 0)
        says = critic.spec().gradients
        assert gives == says, f"spec().gradients is {says}, but rewards carry {'' if gives else 'no '}gradients"

    def check_learn(self) -> None:
        """learns: works and reals change its state, if its spec says so."""
        artist, critic = self.pair()
        if critic.spec().learns:
            before = copy_state(critic.state())
            assert_metrics(critic.learn(artist.exhibit(N, 1), self.reals(artist.studio)))
            assert not equal_states(before, critic.state()), "its state is the same before and after learn()"

    def check_reals(self) -> None:
        """judges without real works, if its spec says that it does not use them."""
        spec = self.pair()[1].spec()
        if spec.reals == spec.labels == "unused":
            rewards = []
            for beside in (True, False):
                artist, critic = self.pair()
                rewards.append(critic.judge(artist.exhibit(N, 1), self.reals(artist.studio) if beside else None))
            assert_equal(rewards[0], rewards[1], "spec() says that real works are unused, but rewards with and without them")
