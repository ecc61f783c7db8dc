"""What was made of runs and can be used again: the last few, and each until its run has saved a newer checkpoint."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Generic, TypeVar

from coevo.storage.run_folder import RunFolder
from coevo_web.rooms import run_named

KEPT = 4  # each holds networks in memory

T = TypeVar("T")


class Opened(Generic[T]):
    """Values by the name of a run, made when one is first asked for.

    Args:
        runs: the folder of all runs.
        make: makes one of a run's folder.
    """

    def __init__(self, runs: Path, make: Callable[[RunFolder], T]):
        self.runs, self.make = runs, make
        self._values: OrderedDict[str, tuple[str, T]] = OrderedDict()
        self._lock = RLock()

    def get(self, name: str) -> T:
        """That of a run. Raises StoreError if there is no run of that name, and what `make` raises."""
        store = run_named(name, self.runs)
        newest = next(reversed(store.names()), "")
        with self._lock:
            if name not in self._values or self._values[name][0] != newest:
                self._values[name] = newest, self.make(store)
            self._values.move_to_end(name)
            while len(self._values) > KEPT:
                self._values.popitem(last=False)
            return self._values[name][1]
