"""The command `coevo web` in a process of its own, as people start it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Server:
    """A server that can be killed and started again at the same address.

    Args:
        runs: the folder of all runs.
        words: of the command, after `coevo web`.
    """

    def __init__(self, runs: Path, *words: str):
        self.runs = runs
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.links: list[str] = []
        self.start(*words)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *words: str) -> None:
        command = [sys.executable, "-m", "coevo", "web", *words, "--port", str(self.port), "--share", "--no-browser"]
        environment = {**os.environ, "COEVO_RUNS": str(self.runs), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        said, self.links = "", []
        for line in self.process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                self.links = re.findall(r"http://\S+", said)
                break
        assert self.links, said
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the server does not answer")

    def kill(self) -> None:
        """Without a warning, as a power failure would."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> str:
        """By Ctrl-C; what it said."""
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=60)
        return said


@contextmanager
def served(runs: Path, *words: str) -> Iterator[Server]:
    server = Server(runs, *words)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
