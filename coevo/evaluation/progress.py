"""What an evaluation is doing, for whoever waits for it."""

from __future__ import annotations

import sys


class Progress:
    """Sees the tasks of an evaluation, one after another; this one shows nothing."""

    def begin(self, task: str, total: int = 0) -> None:
        """A task begins, and the one before it has ended.

        Args:
            task: what is done, in a few words.
            total: the number of its steps; 0 if it is one.
        """

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Steps of the task are done.

        Args:
            steps: how many.
            note: where the task is, such as "epoch 2 of 4".
        """


class PlainProgress(Progress):
    """A line on stderr for every task, and for every quarter of a long one."""

    def __init__(self) -> None:
        self._total, self._done = 0, 0

    def begin(self, task: str, total: int = 0) -> None:
        self._total, self._done = total, 0
        print(task, file=sys.stderr)

    def advance(self, steps: int = 1, note: str = "") -> None:
        before, self._done = self._done, self._done + steps
        quarter = 4 * self._done // max(self._total, 1)
        if self._total >= 100 and quarter > 4 * before // self._total and quarter < 4:
            print(f"  {quarter * 25} %{', ' + note if note else ''}", file=sys.stderr)


SILENT = Progress()
