"""What a worker does: it makes the player that a task names, once, and calls its method on chunks."""

from __future__ import annotations

from typing import Any

import torch

from coevo.cluster.versions import Versions
from coevo.plugin.registry import registry
from coevo.studio import Studio
from coevo.studio.workers import Task


class Worker:
    """Draws and measures with one thread, so that the digits are the same on all workers."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._players: dict[str, Any] = {}

    def versions(self) -> Versions:
        """The versions of coevo and of its plugins in this process."""
        return Versions.here()

    def work(self, task: Task, chunk: Any) -> Any:
        """What the task's method returns for a chunk."""
        return getattr(self._player(task), task.method)(chunk)

    def _player(self, task: Task) -> Any:
        key = repr(task[:-1])
        if key not in self._players:
            kind = registry().load(task.role, task.name)
            studio = Studio(image=task.image, threads=1)
            self._players[key] = kind(kind.Options.model_validate(dict(task.options)), studio)
        return self._players[key]
