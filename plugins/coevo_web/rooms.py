"""All sessions that are open on the page: started, gone on with, and ended in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from coevo.errors import CoevoError, ConfigError, StoreError, unknown
from coevo.storage.run_folder import RunFolder
from coevo_web.jobs import PLAYERS
from coevo_web.pictures import Pictures
from coevo_web.room import Room

if TYPE_CHECKING:
    from coevo.runs.run import Run

OPEN = 32  # sessions at once
LOG = logging.getLogger("coevo.web")


class Rooms:
    """Sessions of one folder of runs.

    Args:
        runs: the folder of all runs.
        pictures: where their pictures are kept.
    """

    def __init__(self, runs: Path, pictures: Pictures):
        self.runs, self.pictures = runs, pictures
        self._rooms: dict[str, Room] = {}
        self._threads: list[Thread] = []
        self._opening = Lock()

    def open(self) -> list[Room]:
        return [room for room in self._rooms.values() if not room.closed]

    def add(self, room: Room) -> None:
        """Take in a room whose session is played by somebody else."""
        self._rooms[room.name] = room

    def get(self, name: str) -> Room:
        """An open room, or one that was closed and says why. Raises StoreError if there is none."""
        if name not in self._rooms:
            raise StoreError(f"Session {name[:100]!r} is not open.")
        return self._rooms[name]

    def resume(self, name: str) -> Room:
        """Go on with a session where it stood.

        Raises:
            StoreError: there is no run of that name, or another process plays it.
            ConfigError: no person breeds in it.
        """
        with self._opening:
            if name in self._rooms and not self._rooms[name].closed:
                return self._rooms[name]
            store = run_named(name, self.runs)
            check_interactive(store)
            from coevo.runs.run import Run

            return self._begin(lambda: Run.resume(store))

    def start(self, recipe: str | None = None, asked: Mapping[str, Any] | None = None, name: str | None = None) -> Room:
        """Begin a session.

        Args:
            recipe: the name of one in which a person breeds.
            asked: sections of options, as those of config.toml.
            name: of its run.

        Raises:
            ConfigError: there is no such recipe or artist, or no person breeds in it.
        """
        from coevo.runs.run import Run
        from coevo.runs.starting import is_interactive, new_config

        with self._opening:
            config, _ = new_config(recipe, dict(asked or {}), self.runs)
            if not is_interactive(config):
                raise ConfigError(
                    f"In {recipe or config.artist_class.name!r} no person breeds, but {config.critic_class.name!r}; "
                    f"play it with: coevo run {recipe or ''}".rstrip()
                )
            return self._begin(lambda: Run.create(config, self.runs, name, recipe))

    def _begin(self, make: Callable[[], Run]) -> Room:
        if len(self.open()) >= OPEN:
            raise CoevoError(f"There are {OPEN} open sessions; close one of them first.")
        with PLAYERS:
            run = make()
            try:
                run.read()
            except BaseException:
                run.close()
                raise
        room = Room(run.store.name, self.pictures)
        from coevo.api import give_ui

        give_ui(run, room)
        self.add(room)
        thread = Thread(target=played, args=(run, room), name=f"players of {room.name}", daemon=True)
        self._threads.append(thread)
        thread.start()
        return room

    def close(self, seconds: float = 30) -> None:
        """End all sessions; each keeps everything."""
        for room in self.open():
            room.leave()
        for thread in self._threads:
            thread.join(seconds)


def played(run: Run, room: Room) -> None:
    """Play a session to its end."""
    try:
        room.play(lambda: exhaust(run))
    except CoevoError as error:
        LOG.warning("Session %s ended: %s", room.name, error)
    except Exception:
        LOG.exception("Session %s failed", room.name)
    finally:
        run.close()


def exhaust(run: Run) -> None:
    deque(run.turns(), maxlen=0)


def run_named(name: str, runs: Path) -> RunFolder:
    """The folder of a run, by its name alone: a name that a page sends never becomes a path. Raises StoreError."""
    found = {store.name: store for store in RunFolder.all(runs)}
    if name not in found:
        raise StoreError(unknown("run", name[:100], found))
    return found[name]


def check_interactive(store: RunFolder) -> None:
    from coevo.runs.opening import read_config
    from coevo.runs.starting import is_interactive

    config = read_config(store)
    if not is_interactive(config):
        raise ConfigError(
            f"Run {store.name!r} is no session: its critic is {config.critic_class.name!r}, and asks no person."
        )
