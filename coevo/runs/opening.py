"""Runs that are only looked at: their options, the state that they saved, and their artist."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from coevo.contract.players import Artist, Critic, State
from coevo.errors import CoevoError, DamageWarning, StoreError, command
from coevo.interactive.session_db import FILE, SessionDB
from coevo.loop import Position
from coevo.loop.coevolve import START
from coevo.plugin.own import Role
from coevo.plugin.registry import registry
from coevo.runs.build import Setup, one_pair, uses_reals
from coevo.runs.config import Config, parse_toml, resolve
from coevo.runs.migrations import migrate_config, migrate_state
from coevo.runs.players import changes_of, opened_players
from coevo.storage.jsonl import read_log
from coevo.storage.run_folder import RunFolder
from coevo.studio import Studio


def read_config(folder: RunFolder, own: Mapping[Role, str] | None = None) -> Config:
    """The options of a run, whatever version made it.

    Args:
        folder: the run's folder.
        own: names of classes to play in the place of those that it was made with.
    """
    tree = parse_toml(folder.read_config(), folder.folder / "config.toml")
    named = opened_players(tree, folder, own or {}, registry())
    return resolve(migrate_config(named, registry()), registry())


def reads_no_data(folder: RunFolder) -> bool:
    """Whether neither player of a run looks at real works; False if that cannot be known."""
    try:
        return not uses_reals(*one_pair(read_config(folder), Studio()))
    except CoevoError:
        return False


def check_kept(folder: RunFolder) -> None:
    """Raise StoreError if a run was played and all its checkpoints are gone."""
    lost = "has lost its folder of checkpoints" if not folder.checkpoints.is_dir() else ""
    if not lost and not folder.names() and read_log(folder.folder / "timing.jsonl"):
        lost = "was played, and all its checkpoints are gone"
    if lost:
        again = command("coevo run --config", str(folder.folder / "config.toml"), runs=folder.folder.parent)
        raise StoreError(f"Run {folder.name!r} {lost}, so it cannot go on. Start it anew with: {again}")


@contextmanager
def restoring(name: str) -> Iterator[None]:
    """Say in one sentence that a state is not of a run's players, whatever they raise when they take it."""
    try:
        yield
    except CoevoError:
        raise
    except Exception as error:
        raise StoreError(f"The checkpoint of run {name!r} is not of this pair with these options: {error}") from error


def load_artist(folder: RunFolder, remember: bool = True) -> Artist:
    """The artist of a run as its newest whole checkpoint left it. See `SavedRun`."""
    return SavedRun(folder, remember).artist


class SavedRun:
    """A run as it was saved, read without playing or locking it, and without an effect on other runs.

    Args:
        folder: the run's folder.
        remember: False to leave a session's database alone; the run then stands at its first sheet.
        changes: options of [run] that differ, such as the device.
    """

    def __init__(self, folder: RunFolder, remember: bool = True, **changes: Any):
        self.folder, self.remember = folder, remember
        self.config = read_config(folder).changed(**changes)
        self.setup = Setup(self.config, folder.folder)
        self._problems: list[str] = []

    @property
    def state(self) -> State:
        """The states of both players and the studio, as the newest checkpoint or the session has them."""
        return self._saved[1]

    @property
    def round(self) -> int:
        """The round that it stands at."""
        return self._saved[0].round

    @cached_property
    def _saved(self) -> tuple[Position, State]:
        position, state = self._newest
        for change in changes_of(self.config, self.folder):
            warnings.warn(change, DamageWarning, stacklevel=2)
        for problem in self._problems:
            warnings.warn(f"{problem} Round {position.round} is used instead.", DamageWarning, stacklevel=2)
        return position, state

    @cached_property
    def _newest(self) -> tuple[Position, State]:
        if not self.folder.names():
            return START, {}
        checkpoint, self._problems = self.folder.load(self.config.run.seed)
        state = self._migrated(checkpoint.state, checkpoint.format)
        path = self.folder.folder / FILE
        if not self.remember or not path.is_file():
            return Position(*checkpoint.position), state
        with SessionDB(path) as db:
            if db.head.snapshot is None:
                return Position(*checkpoint.position), state
            position, newest = db.snapshot(db.head.snapshot)
            newest = self._migrated(newest, db.format)
        return position, {role: {**state[role], **part} for role, part in newest.items()}

    @cached_property
    def artist(self) -> Artist:
        """The artist as it was saved.

        Raises:
            StoreError: its checkpoints are gone, or there is nothing yet that it has learnt.
        """
        check_kept(self.folder)
        if not self.state or (self._saved[0] == START and self._is_untrained):
            again = self.folder.command("coevo resume")
            lost = [f"Of run {self.folder.name!r} only round 0 is whole; start again from there with: {again}"]
            new = f"The artist of run {self.folder.name!r} has learnt nothing yet; play it with: {again}"
            raise StoreError("\n".join([*lost, *self._problems] if self._problems else [new]))
        with self.setup.studio.playing():
            self.setup.build_artist()
            with restoring(self.folder.name):
                self.setup.artist.restore(self.state["artist"])
        return self.setup.artist

    @cached_property
    def critic(self) -> Critic:
        """The critic as it was saved. Raises as `artist` does."""
        artist, critic = self.artist, self.setup.critic
        with self.setup.studio.playing():
            critic.build(artist)
            with restoring(self.folder.name):
                critic.restore(self.state["critic"])
        return critic

    @property
    def _is_untrained(self) -> bool:
        """Whether the artist has networks that start from nothing. A first population is something to look at."""
        return not self.setup.artist.spec().population and not self.config.run.start

    def _migrated(self, state: State, format: int) -> State:
        with restoring(self.folder.name):
            return migrate_state(state, format, self.setup.artist, self.setup.critic)
