"""The rules of a critic, tried beside an artist that makes whatever can be judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

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
from coevo.testing.bench import N, PlayerBench, expect_equal, expect_metrics
from coevo.testing.rules import about, expect
from coevo.testing.standins import RandomArtist


class FirstWork(UI):
    """Picks the first work of every sheet."""

    def ask(self, sheet: Sheet) -> Command:
        return Pick((0,))


class CriticBench(PlayerBench):
    """Tries a critic beside an artist of random works, or else the first installed artist that it accepts."""

    partner: type[Artist] | None = None

    def pair(self, seed: int = 7, **studio: Any) -> tuple[Artist, Critic]:
        if self.partner is not None:
            return self.pair_with(self.partner, seed, **studio)
        refusal: PairError | None = None
        for partner in self.partners():
            try:
                pair = self.pair_with(partner, seed, **studio)
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

    def pair_with(self, partner: type[Artist], seed: int, **studio: Any) -> tuple[Artist, Critic]:
        """The critic and a partner, built; an interactive critic gets a user interface that picks the first work."""
        room = self.studio(seed, **studio)
        room.reseed()
        try:
            artist = partner(partner.Options(), room)
        except ValidationError as error:  # it has options without a default
            raise PairError(f"Artist {partner.name!r} needs options.") from error
        critic: Critic = self.player(self.player.Options(**self.given), room)  # type: ignore[assignment]
        check_pair(artist, critic)
        artist.build()
        critic.build(artist)
        if isinstance(critic, Interactive):
            critic.ui = FirstWork()
            Session(artist, critic, NoData(N), [Phase("artist")], room)
        return artist, critic

    def exercise(self) -> None:
        artist, critic = self.pair()
        works, _ = self.turn(artist, critic)
        critic.fooled(works, self.reals(artist.studio))
        critic.state()

    @about("judge")
    def check_judge(self) -> None:
        """judges N works beside M reals: rewards [N], float32, finite.

        Return one number a work, higher is better: a network of one output needs `[:, 0]` or Flatten(0).
        """
        artist, critic = self.pair()
        rewards = critic.judge(artist.exhibit(N, 1), self.reals(artist.studio))
        expect(rewards.shape == (N,), f"rewards have the shape {tuple(rewards.shape)}, not ({N},)")
        expect(rewards.dtype == torch.float32, f"rewards are {rewards.dtype}, not float32")
        expect(rewards.isfinite().all(), "some rewards are not finite")
        if critic.spec().rewards == "picks":
            expect(((rewards == 0) | (rewards == 1)).all(), "picks should be 0 or 1")
        if critic.spec().rewards == "constant":
            expect((rewards == rewards[0]).all(), "its spec says constant rewards, but they differ")

    @about("judge", "fooled", "learn")
    def check_batches(self) -> None:
        """judges any number of works, such as its smallest group, and learns from an odd number.

        Take the number from `len(works)`; works and real works need not be equally many.
        """
        artist, critic = self.pair()
        reals = self.reals(artist.studio)
        for n in (critic.spec().group, 3 * critic.spec().group):
            works = artist.exhibit(n, 1)
            rewards, fooled = critic.judge(works, reals), critic.fooled(works, reals)
            expect(rewards.shape == (n,), f"rewards of {n} works have the shape {tuple(rewards.shape)}")
            expect(fooled.shape == (n,), f"fooled() of {n} works has the shape {tuple(fooled.shape)}")
            expect(rewards.isfinite().all(), f"some rewards of {n} works are not finite")
        if critic.spec().learns:
            critic.learn(artist.exhibit(3 * critic.spec().group, 1), reals)

    @about("fooled")
    def check_fooled(self) -> None:
        """says which works fool it: [N] bool, and counts nothing by it.

        Return a comparison, such as `scores > 0`. It is asked as often as logs want to know.
        """
        artist, critic = self.pair()
        works, reals = artist.exhibit(N, 1), self.reals(artist.studio)
        critic.judge(works, reals)
        fooled = critic.fooled(works, reals)
        right = fooled.shape == (N,) and fooled.dtype == torch.bool
        expect(right, f"fooled() gives {fooled.dtype} {tuple(fooled.shape)}, not torch.bool ({N},)")
        before = copy_state([critic.state()[name] for name in critic.extra_state])
        critic.fooled(works, reals)
        after = [critic.state()[name] for name in critic.extra_state]  # networks may have power iterations and dropout
        expect(equal_states(before, after), f"fooled() changed {', '.join(critic.extra_state)}")

    @about("judge", "spec")
    def check_gradients(self) -> None:
        """gives gradients to the works, if and only if its spec says so.

        Compute rewards without `torch.no_grad` and `detach`, or leave `gradients` out of the spec.
        """
        artist, critic = self.pair()
        works = artist.exhibit(N, 1)
        judged = works.latents if critic.spec().judges == "codes" else works.pixels
        judged.requires_grad_()
        rewards = critic.judge(works, self.reals(artist.studio))
        gives = rewards.requires_grad and bool(torch.autograd.grad(rewards.sum(), judged)[0].abs().sum() > 0)
        says = critic.spec().gradients
        expect(gives == says, f"spec().gradients is {says}, but rewards carry {'' if gives else 'no '}gradients")

    @about("learn")
    def check_learn(self) -> None:
        """learns: works and reals change its state, if its spec says so.

        Take a step in learn(); what it changes must be a module, an optimiser, or named in `extra_state`.
        """
        artist, critic = self.pair()
        if critic.spec().learns:
            before = copy_state(critic.state())
            expect_metrics(critic.learn(artist.exhibit(N, 1), self.reals(artist.studio)))
            expect(not equal_states(before, critic.state()), "its state is the same before and after learn()")

    @about("judge", "spec")
    def check_reals(self) -> None:
        """judges without real works, if its spec says that it does not use them.

        Say `reals` in the spec, or leave real works alone: they are None where a run has none.
        """
        spec = self.pair()[1].spec()
        if spec.reals == spec.labels == "unused":
            rewards = []
            for beside in (True, False):
                artist, critic = self.pair()
                rewards.append(critic.judge(artist.exhibit(N, 1), self.reals(artist.studio) if beside else None))
            expect_equal(
                rewards[0], rewards[1], "spec() says that real works are unused, but rewards with and without them"
            )
