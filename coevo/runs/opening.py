"""Runs that are only looked at: their options, the state that they saved, and their artist."""

from __future__ import annotations

from functools import cached_property

from coevo.contract.players import Artist, State
from coevo.interactive.session_db import FILE, SessionDB
from coevo.loop import Position
from coevo.loop.coevolve import START
from coevo.plugin.registry import registry
from coevo.runs.build import Setup
from coevo.runs.config import Config, read_toml, resolve
from coevo.runs.migrations import migrate_config, migrate_state
from coevo.storage.run_folder import RunFolder
from coevo.studio.random_streams import preserve_rng


def read_config(folder: RunFolder) -> Config:
    """The options of a run, whatever version made it."""
    return resolve(migrate_config(read_toml(folder.folder / "config.toml"), registry()), registry())


def load_artist(folder: RunFolder, remember: bool = True) -> Artist:
    """The artist of a run as its newest whole checkpoint left it. See `SavedRun`."""
    return SavedRun(folder, remember).artist


class SavedRun:
    """A run as it was saved, read without playing or locking it, and without an effect on other runs.

    Args:
        folder: the run's folder.
        remember: False to leave a session's database alone; the run then stands at its first sheet.
    """

    def __init__(self, folder: RunFolder, remember: bool = True):
        self.folder, self.remember = folder, remember
        self.config = read_config(folder)
        self.setup = Setup(self.config, folder.folder)

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
        if not self.folder.names():
            return START, {}
        checkpoint, _ = self.folder.load()
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
        """The artist as it was saved; as it starts, if the run was never saved."""
        with preserve_rng():
            self.setup.build_artist()
            if self.state:
                self.setup.artist.restore(self.state["artist"])
        return self.setup.artist

    def _migrated(self, state: State, format: int) -> State:
        return migrate_state(state, format, self.setup.artist, self.setup.critic)
