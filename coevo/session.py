"""Undo, redo and branch: a session restores a saved turn and starts the loop there, just as resume does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from coevo.errors import CoevoError
from coevo.loop import Batches, Phase, Position, Rewind, Turn, coevolve
from coevo.roles import Artist, Critic, State
from coevo.studio import Studio


@dataclass(frozen=True)
class Moment:
    """A state that one can come back to, and the moment before it."""

    id: int
    before: int | None
    position: Position
    state: State


class Session:
    """A pair at work on data. It is all that a checkpoint must hold.

    remembers: keep every safe moment, so that a Critic may raise Rewind. Breeding again after an undo
    gives new children: the random streams start anew; a redo gives the same sheet again.
    """

    def __init__(
        self,
        artist: Artist,
        critic: Critic,
        data: Batches,
        phases: Sequence[Phase],
        studio: Studio,
        *,
        fresh: bool = False,
        remembers: bool = False,
    ):
        self.artist, self.critic, self.data, self.phases, self.studio = artist, critic, data, phases, studio
        self.fresh, self.remembers = fresh, remembers
        self.position = Position()
        self.moments: list[Moment] = []
        self.now: int | None = None
        self._undone: list[int] = []
        self._rewinds = 0

    def turns(self) -> Iterator[Turn]:
        """The loop's turns from the session's position on, through every rewind."""
        if self.remembers and self.now is None:
            self._remember()
        while True:
            turns = coevolve(self.artist, self.critic, self.data, self.phases, start=self.position, fresh=self.fresh)
            try:
                for turn in turns:
                    self.position = turn.next
                    if self.remembers and turn.safe:
                        self._remember()
                        self._undone.clear()
                    yield turn
            except Rewind as rewind:
                self._rewind(rewind)

    def state(self) -> State:
        """Everything that changes; exact after a safe turn."""
        return {
            "artist": self.artist.state(),
            "critic": self.critic.state(),
            "studio": self.studio.state(),
            "rewinds": self._rewinds,
        }

    def restore(self, position: Position, state: State) -> None:
        """Take back a state made by `state()`, to go on at a position."""
        self.artist.restore(state["artist"])
        self.critic.restore(state["critic"])
        self.studio.restore(state["studio"])
        self._rewinds = max(self._rewinds, state["rewinds"])
        self.position = position

    def _remember(self) -> None:
        self.moments.append(Moment(len(self.moments), self.now, self.position, copied(self.state())))
        self.now = len(self.moments) - 1

    def _rewind(self, rewind: Rewind) -> None:
        if self.now is None:
            raise CoevoError(f"Critic {self.critic.name!r} asked to rewind, but this session keeps no moments.")
        target, redo = self.now, False
        if rewind.to is not None:
            if not 0 <= rewind.to < len(self.moments):
                raise CoevoError(
                    f"There is no moment {rewind.to} to branch from; there are 0 to {len(self.moments) - 1}."
                )
            target = rewind.to
            self._undone.clear()
        for _ in range(-rewind.by):
            before = self.moments[target].before
            if before is None:
                break
            self._undone.append(target)
            target = before
        for _ in range(rewind.by):
            if self._undone:
                target, redo = self._undone.pop(), True
        moment = self.moments[target]
        changes = target != self.now
        self.now = target
        self.restore(moment.position, copied(moment.state))
        if changes and not redo:
            self._rewinds += 1
            self.studio.reseed(self._rewinds)


def copied(value: Any) -> Any:
    """The same nested state, with tensors of its own."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(part) for part in value)
    return value
