"""What is said while a command starts: that torch is loaded, what was read. Ctrl-C ends it at any moment."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click


def is_quiet() -> bool:
    """Whether another process of the same run says everything."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and int(os.environ.get("RANK", "0")) > 0


def say(*sentences: str) -> None:
    """Print sentences on stderr, so that what a program reads stays clean; empty ones are left out."""
    if is_quiet():
        return
    for sentence in filter(None, sentences):
        click.echo(f"coevo: {sentence}", err=True)


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Show on a terminal what takes a moment, and take it away when it is done."""
    if not sys.stderr.isatty() or is_quiet():
        yield
        return
    sys.stderr.write(what)
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Import something large. Ctrl-C ends the process at once: a KeyboardInterrupt may get lost inside an import, and
    there is nothing yet to save or to clear away."""

    def stop(*_: Any) -> None:
        os.write(2, b"\ncoevo: Stopped before anything was made.\n")
        os._exit(130)

    try:
        old = signal.signal(signal.SIGINT, stop)
    except ValueError:  # not in the main thread: whoever started this one handles Ctrl-C
        old = None
    try:
        with saying(f"Loading {what} …"):
            yield
    finally:
        if old is not None:
            signal.signal(signal.SIGINT, old)
