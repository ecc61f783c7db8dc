"""The checks of a critic, beside an artist that makes whatever can be judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import torch
from pydantic import ValidationError

from coevo.contract.capabilities import Interactive
from coevo.contract.players import Artist, Critic
from coevo.data.batches import NoData
from coevo.errors import ConfigError, PairError
from coevo.interactive.commands import Command, Pick
from coevo.interactive.session import Session
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI
from coevo.loop import Phase, check_pair
from coevo.plugin.registry import registry
from coevo.storage.state_tools import copy_state, equal_states
from coevo.testing.bench import Bench, N, assert_equal, assert_metrics
from coevo.testing.standins import RandomArtist


class FirstWork(UI):
    """Picks the first work of every sheet."""

    def ask(self, sheet: Sheet) -> Command:
        return Pick((0,))


class CriticBench(Bench):
    """Tries a critic beside an artist of random works, or else the first installed artist that it accepts."""

    partner: type[Artist] | None = None

    def pair(self, seed: int = 7) -> tuple[Artist, Critic]:
        if self.partner is not None:
            return self.pair_with(self.partner, seed)
        refusal: PairError | None = None
        for partner in self.partners():
            try:
                pair = self.pair_with(partner, seed)
            except PairError as error:
                refusal = refusal or error
                continue
            self.partner = partner
            return pair
        assert refusal is not None
        raise refusal

    def partners(self) -> Iterator[type[Artist]]:
        """Artists that may suit the critic."""
        yield RandomArtist
        for name in registry().offers("artist"):
            with suppress(ConfigError):  # one that cannot be loaded
                yield registry().load("artist", name)

    def pair_with(self, partner: type[Artist], seed: int) -> tuple[Artist, Critic]:
        """The critic and a partner, built; an interactive critic gets a user interface that picks the first work."""
        studio = self.studio(seed)
        studio.reseed()
        try:
            artist = partner(partner.Options(), studio)
        except ValidationError as error:  # it has options without a default
            raise PairError(f"Artist {partner.name!r} needs options.") from error
        critic: Critic = self.player(self.player.Options(**self.given), studio)  # type: ignore[assignment]
        check_pair(artist, critic)
        artist.build()
        critic.build(artist)
        if isinstance(critic, Interactive):
            critic.ui = FirstWork()
            Session(artist, critic, NoData(N), [Phase("artist")], studio)
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
        works, reals = artist.exhibit(N, 1), self.reals(artist.studio)
        critic.judge(works, reals)
        fooled = critic.fooled(works, reals)
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
            assert_equal(
                rewards[0], rewards[1], "spec() says that real works are unused, but rewards with and without them"
            )
