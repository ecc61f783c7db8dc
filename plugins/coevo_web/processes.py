"""Runs that play beside the page: begun again and stopped from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO

from coevo.errors import CoevoError, StoreError
from coevo.storage.run_folder import RunFolder
from coevo_web.rooms import run_named

LOCKS = Path("/proc/locks")  # Linux: who has locked which file
LINES = 5  # of what a run said last


class Processes:
    """The runs of a folder that were begun from the page.

    Args:
        runs: the folder.
    """

    def __init__(self, runs: Path):
        self.runs = runs
        self._begun: dict[str, tuple[subprocess.Popen[bytes], IO[bytes]]] = {}
        self._lock = Lock()

    def resume(self, name: str, minutes: float | None = None) -> None:
        """Go on with a run, as `coevo resume` does, in a process of its own.

        Raises:
            StoreError: there is no run of that name, or it plays already.
        """
        store = run_named(name, self.runs)
        with self._lock:
            if store.locked or self._is_begun(name):
                raise StoreError(f"Run {name!r} plays already.")
            command = [
                sys.executable,
                "-m",
                "coevo",
                "resume",
                name,
                "--runs-dir",
                str(self.runs.absolute()),
                "--plain",
            ]
            if minutes is not None:
                from coevo.tools.logs import played

                command += ["--minutes", f"{played(store)[1] / 60 + minutes:.2f}"]
            said = tempfile.TemporaryFile()  # noqa: SIM115 # closed with the process
            process = subprocess.Popen(  # a name that begins with - is no run's
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
            )
            self._begun[name] = process, said

    def stop(self, name: str) -> None:
        """Stop a run in order, as Ctrl-C does: it is saved at its next safe turn.

        Raises:
            StoreError: there is no run of that name, it does not play, or it cannot be found.
        """
        store = run_named(name, self.runs)
        with self._lock:
            if self._is_begun(name):
                self._begun[name][0].send_signal(signal.SIGINT)
                return
        if not store.locked:
            raise StoreError(f"Run {name!r} does not play.")
        process = player_of(store)
        if process is None or process == os.getpid():
            raise CoevoError(f"Run {name!r} was begun elsewhere; stop it there, with Ctrl-C.")
        os.kill(process, signal.SIGINT)

    def said(self, name: str) -> str:
        """The last lines that a run which was begun here has said; empty if it plays, or was not."""
        with self._lock:
            if name not in self._begun or self._is_begun(name):
                return ""
            _, said = self._begun[name]
            said.seek(0)
            lines = said.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-LINES:])

    def close(self) -> None:
        """Stop those that were begun here, and wait until they are saved."""
        with self._lock:
            for process, said in self._begun.values():
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                said.close()
            self._begun.clear()

    def _is_begun(self, name: str) -> bool:
        return name in self._begun and self._begun[name][0].poll() is None


def player_of(store: RunFolder) -> int | None:
    """The process that has locked a run, where the operating system says so."""
    try:
        inode = (store.folder / ".lock").stat().st_ino
        rows = [line.split() for line in LOCKS.read_text().splitlines()]
    except OSError:
        return None
    holders = [int(row[4]) for row in rows if len(row) > 5 and row[5].rpartition(":")[2] == str(inode)]
    return holders[0] if holders and holders[0] > 0 else None
