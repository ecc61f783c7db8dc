"""Workers: other processes, here or on other machines, that draw and measure the works of a population.

What they give of a work depends on nothing else, so a run is the same with any number of workers, or without, and
whoever is quicker may do it: a few quick works are done here, as a message costs more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np


class Task(NamedTuple):
    """A method of an installed player, to be called on workers."""

    role: Literal["artist", "critic"]
    name: str
    """The player's name in the registry."""
    options: Mapping[str, Any]
    """Its options, as JSON values."""
    image: tuple[int, int, int]
    """The shape of a picture, (channels, height, width)."""
    method: str
    """Takes N things, texts of genomes or pictures, and returns an array [N, …]."""


class Workers(Protocol):
    """Other processes that work for a run."""

    def call(self, task: Task, here: Callable[[], np.ndarray], things: Sequence[str] | np.ndarray) -> np.ndarray:
        """What a task's method returns for N things, at least one: an array [N, …].

        Args:
            task: the method.
            here: does the same to all of them in this process.
            things: a list of texts, or an array.
        """
