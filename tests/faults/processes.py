"""Runs in processes of their own: played, killed at random moments, and resumed to their end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from coevo.storage.run_folder import RunFolder

from .systems import CODES, ROUNDS, asks, events, script, small, walks

LIMIT = 300  # seconds in which a process must have ended
NAME = "it"
STOPPED = (130, -signal.SIGTERM, -signal.SIGKILL)


@dataclass
class Fresh:
    """Starts every process anew, as a user does."""

    environment: dict[str, str] | None = None

    def start(self, words: list[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "coevo", *words], stdout=out, stderr=out, env=self.environment
            )


class Forked:
    """Forks every process from one that has imported everything: a start takes no seconds, and is killed more often."""

    def __init__(self) -> None:
        self.context = get_context("forkserver")
        self.context.set_forkserver_preload(["coevo.cli.playing", "coevo.cli.display", "coevo.runs.run", __name__])

    def start(self, words: list[str], log: Path) -> ForkedProcess:
        process = self.context.Process(target=command, args=(words, str(log)))
        process.start()
        return ForkedProcess(process)


@dataclass
class ForkedProcess:
    """A process of multiprocessing with the names of `subprocess`."""

    process: Any

    def poll(self) -> int | None:
        self.process.join(0)
        return None if self.process.is_alive() else int(self.process.exitcode)

    def wait(self, seconds: float | None = None) -> int:
        self.process.join(seconds)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired("coevo", seconds or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.process.is_alive():
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.process.kill()


def command(words: list[str], log: str) -> None:
    """The command line in a forked process."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    from coevo.cli import main

    main(words)


@dataclass
class Story:
    """What became of one run of a recipe, in a folder of its own."""

    recipe: str
    folder: Path
    starter: Any = field(default_factory=Fresh)
    kills: int = 0
    troubles: list[str] = field(default_factory=list)

    @property
    def run(self) -> Path:
        return self.folder / NAME

    @property
    def log(self) -> Path:
        """What all its processes said."""
        return self.folder.with_suffix(".log")

    def start(self) -> Any:
        """A process that plays the run from its start, or on from where it stands."""
        if (self.run / "config.toml").exists():
            words = ["resume", NAME, *([] if asks(self.recipe) else ["--rounds", str(ROUNDS)])]
        else:
            words = ["run", *small(self.recipe), "--name", NAME]
        if asks(self.recipe):
            picks = self.folder.with_suffix(".picks")
            picks.write_text(script(self.recipe, self.run))
            words += ["--picks", str(picks)]
        self.folder.mkdir(exist_ok=True)
        if walks(self.recipe) and not (self.folder / CODES).exists():
            words_before = ["run", *small("vae"), "--name", CODES, "--runs-dir", str(self.folder)]
            self.starter.start(words_before, self.log).wait(LIMIT)
        return self.starter.start([*words, "--runs-dir", str(self.folder)], self.log)

    def play(self) -> float:
        """Play it to its end; the seconds that it took."""
        begun = time.perf_counter()
        process = self.start()
        code = process.wait(LIMIT)
        if code and not self.ended:
            self.trouble(f"stuck: exit code {code}")
        return time.perf_counter() - begun

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to play."""
        if asks(self.recipe):
            return script(self.recipe, self.run) == "q\n"
        return self.run.exists() and self.newest == f"{ROUNDS:08d}"

    def kill(self, after: float, number: signal.Signals) -> None:
        """Start a process, and send it a signal after some seconds, wherever it then is."""
        before = self.newest
        process = self.start()
        time.sleep(after)
        running = process.poll() is None
        if running:
            process.send_signal(number)
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.trouble(f"stuck: did not end within {LIMIT} s of {number.name}")
            return
        self.kills += running
        if code not in (0, *STOPPED) and not self.ended:
            self.trouble(f"stuck: exit code {code}")
        if self.newest < before:
            self.trouble(f"lost: it stood at {before}, and after {number.name} at {self.newest}")

    @property
    def newest(self) -> str:
        """The newest checkpoint, or the number of commands that a session has recorded."""
        if asks(self.recipe):
            return f"{events(self.run):08d}"
        return max(RunFolder(self.run).names(), default="")

    def trouble(self, what: str) -> None:
        self.troubles.append(what)

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def moment(rng: random.Random, seconds: float) -> tuple[float, signal.Signals]:
    """A random moment within the seconds that a whole run takes, and a random signal."""
    return rng.uniform(0, seconds), rng.choice((signal.SIGKILL, signal.SIGTERM))
