"""Jobs of the players' thread: everything that touches a session, one after another, while it waits for an answer.

So nothing that pages ask for needs to know what the players are doing. A job that gives a command is the answer; who
asked for it learns what follows.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from coevo.errors import CoevoError
from coevo.interactive.commands import Command, Quit
from coevo.interactive.sheet import Sheet
from coevo.interactive.ui import UI

JOBS = 500  # that may wait
PLAYERS = Lock()
"""Held by the one session whose players or artist are at work: they share the process's random streams."""

Work = Callable[[Sheet], Any]


class Closed(CoevoError):
    """The session has ended."""


@dataclass(frozen=True)
class Job:
    """Something to do with the sheet, and who asked for it: by name, and as a visitor."""

    work: Work
    result: Future[Any]
    user: str = ""
    visitor: str = ""


class JobUI(UI):
    """A user interface that does jobs until one gives a command. A subclass says what people see."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.failure, self.closed, self.user = "", False, ""
        self._asked: Job | None = None  # the job whose command is being followed

    # what a subclass does, in the players' thread

    def show(self, sheet: Sheet) -> Command | None:
        """Show a sheet; or give a command, if it was only on the way to another."""
        raise NotImplementedError

    def answer(self, job: Job) -> Any:
        """What the job learns whose command led to the sheet that is shown."""
        raise NotImplementedError

    def begin(self, job: Job) -> None:
        """The players begin to follow a job's command."""
        raise NotImplementedError

    def refine(self, sheet: Sheet) -> bool:
        """Do a little of what can be done while nobody asks for anything; False if there is nothing."""
        raise NotImplementedError

    def end(self, said: Closed) -> None:
        """The session has ended."""
        raise NotImplementedError

    # in the players' thread

    def ask(self, sheet: Sheet) -> Command:
        """Show a sheet, and do jobs until one gives a command."""
        if then := self.show(sheet):
            return then
        if self._asked:
            self._asked.result.set_result(self.answer(self._asked))
        while True:
            job = self._next_job(sheet)
            if not job.result.set_running_or_notify_cancel():
                continue
            try:
                done = job.work(sheet)
            except Exception as error:  # it is theirs who asked; the players go on
                job.result.set_exception(error)
                continue
            if isinstance(done, Command):
                self._asked, self.user = job, job.user or self.user
                self.begin(job)
                return done
            job.result.set_result(done)

    def play(self, play: Callable[[], None]) -> None:
        """Let the players play, and tell all how it ended."""
        try:
            with PLAYERS:
                play()
        except CoevoError as error:
            self.failure = str(error)
            raise
        except Exception as error:
            self.failure = f"The players failed with {type(error).__name__}; the terminal says more."
            raise
        finally:
            self._end()

    def _next_job(self, sheet: Sheet) -> Job:
        with suppress(queue.Empty):
            return self.jobs.get_nowait()
        while self.refine(sheet):
            with suppress(queue.Empty):
                return self.jobs.get_nowait()
        PLAYERS.release()
        try:
            return self.jobs.get()
        finally:
            PLAYERS.acquire()

    def _end(self) -> None:
        self.closed = True
        said = Closed(self.failure or "This session was closed; everything is kept.")
        self.end(said)
        waiting = [self._asked] if self._asked else []
        with suppress(queue.Empty):
            while True:
                waiting.append(self.jobs.get_nowait())
        for job in waiting:
            if not job.result.done():
                job.result.set_exception(said)

    # for those who ask, from any thread

    def submit(self, work: Work, user: str = "", visitor: str = "") -> Future[Any]:
        """Have something done with the sheet. Raises Closed if the session has ended."""
        if self.closed:
            raise Closed(self.failure or "This session was closed; everything is kept.")
        if self.jobs.qsize() >= JOBS:
            raise CoevoError("The artist has more to do than it can; try again in a moment.")
        job = Job(work, Future(), user, visitor)
        self.jobs.put(job)
        if self.closed:  # it ended meanwhile
            self._end()
        return job.result

    async def do(self, work: Work, user: str = "", visitor: str = "") -> Any:
        """The same, and wait for what it gives: of a command what follows it."""
        return await asyncio.wrap_future(self.submit(work, user, visitor))

    def leave(self) -> None:
        """End the session, which keeps everything."""
        with suppress(CoevoError):
            self.submit(lambda sheet: Quit())
