"""What an evaluation is doing, for whoever waits for it."""

from __future__ import annotations


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


SILENT = Progress()
