"""Signals that end a run in order: it is saved at its next safe turn."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from coevo.runs.run import Run

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def leave_stopping_to_the_first() -> None:
    """Let only the first of several processes hear of signals: all end with it, after the same step."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def stoppable(run: Run, signals: Sequence[signal.Signals] = SIGNALS) -> Iterator[Callable[[], bool]]:
    """Within the block a signal ends the run at its next safe turn, and a second one ends it at once.

    Args:
        run: the run.
        signals: Ctrl-C, which a notebook's stop button sends too, and a plain kill. Threads get none.

    Yields:
        Whether the run was stopped.
    """

    def stop(*_: Any) -> None:
        if run.stopping:
            raise KeyboardInterrupt
        run.stopping = True

    main = threading.current_thread() is threading.main_thread()
    old = {number: signal.signal(number, stop) for number in signals if main}
    try:
        yield lambda: run.stopping
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
