"""A run that several processes share: the first makes or resumes it, and the others open the same folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError
from coevo.runs.run import Run
from coevo.storage.run_folder import RunFolder
from coevo.studio import processes
from coevo.studio.links import ProcessLostError, make_memory

PARENT = "COEVO_PARENT"  # the process that started these, which they do not outlive
GRACE = 20.0  # seconds in which the first may still end by itself, if another has failed or a signal came twice


class NotFirst(SystemExit):
    """A process that is not the first has nothing to do, as the first was refused; that one says why."""


def shared(make: Callable[[], Run], **changes: Any) -> Run:
    """A run that this process shares with others, or has for itself.

    Args:
        make: makes or resumes it; the first process asks for it.
        changes: options of [run] that differ while it is played, as `Run.resume` takes them; for the others.
    """
    if processes.count() == 1:
        return make()
    if processes.is_first():
        try:
            run = make()
        except BaseException:
            processes.first_says("")
            raise
        processes.first_says(str(run.store.folder))
        return run
    folder = processes.first_says()
    if not folder:
        raise NotFirst(2)
    with speaking():
        return Run.resume(RunFolder(Path(folder)), lock=False, **changes)


@contextmanager
def speaking() -> Iterator[None]:
    """Within the block a process that is not the first says why it fails; the first knows only that it is lost."""
    try:
        yield
    except ProcessLostError:
        raise
    except CoevoError as error:
        print(f"coevo: Process {processes.number()} of {processes.count()}: {error}", file=sys.stderr)
        raise


def start(n: int, words: Sequence[str]) -> int:
    """Start n processes of coevo on this machine, and wait until they have ended.

    Args:
        n: their number; they share the threads of the machine.
        words: the command, as it was typed.

    Returns:
        The exit code of the first; if another one ended before it in disorder, a code that is not 0.
    """
    with tempfile.TemporaryDirectory(prefix="coevo-") as folder:
        meeting = Path(folder, "meeting")
        make_memory(meeting, n)
        place = {processes.MEETING: str(meeting), PARENT: str(os.getpid()), "WORLD_SIZE": str(n)}
        if sys.platform == "linux":
            place |= {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}  # no other machine can reach them
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "coevo", *words],
                env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdout=None if rank == 0 else subprocess.DEVNULL,
                stdin=None if rank == 0 else subprocess.DEVNULL,
                start_new_session=True,  # so that Ctrl-C reaches the first once, through this process
            )
            for rank in range(n)
        ]
        first, *others = started
        signals: list[int] = []

        def forward(number: int, _: Any) -> None:
            signals.append(number)
            first.send_signal(number)

        old = {number: signal.signal(number, forward) for number in STOPS}
        try:
            while first.poll() is None and not any(process.poll() for process in others) and len(signals) < 2:
                time.sleep(0.1)
            until = time.monotonic() + GRACE
            while first.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
            codes = [process.poll() for process in started]
        finally:  # the first keeps everything: without it the others have nothing to do
            for process in started:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            for number, handler in old.items():
                signal.signal(number, handler)
    return outcome(codes)


STOPS = (signal.SIGINT, signal.SIGTERM)


def outcome(codes: Sequence[int | None]) -> int:
    """One exit code for processes that have these; a negative one is the signal that killed it, and None is that of one
    that had not ended by itself."""
    for number, code in enumerate(codes):
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            print(
                f"coevo: Process {number} of {len(codes)} was ended by {name}, and all others with it. The run is "
                "kept as it was at its last checkpoint; go on with coevo resume.",
                file=sys.stderr,
            )
            return 1
    if codes[0] is None:
        print(
            "coevo: The run did not end in order; it goes on from its last checkpoint with coevo resume.",
            file=sys.stderr,
        )
        return 1
    return next((code for code in codes if code), 0)


def end_with_parent() -> None:
    """Stop in order when the process that started this one has ended: coevo's own, or torchrun's."""
    parent = os.getppid() if "TORCHELASTIC_RUN_ID" in os.environ else int(os.environ.get(PARENT, "0"))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)

    if parent:
        threading.Thread(target=watch, daemon=True, name="coevo-parent").start()
