"""What a critic measures of individuals, kept while they live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from coevo.contract.works import Works
from coevo.studio import Studio
from coevo.studio.workers import Task


class Measuring(Protocol):
    """A critic whose measures workers can take."""

    name: str
    options: Any
    studio: Studio

    def measure_arrays(self, images: np.ndarray) -> np.ndarray:
        """Measures [N, F] of pictures [N, C, H, W] that depend on its options alone."""


class MeasureCache:
    """Measures works, but not again those individuals that were among the last works.

    Args:
        measure: pictures [N, C, H, W] → measures [N, F]; N may be 0.
        critic: whose `measure_arrays` does the same to arrays of pictures, and may do it on the run's workers; None
            if only `measure` can.

    Example:
        >>> from coevo import Genome
        >>> measures = MeasureCache(lambda pictures: pictures.mean((2, 3)))
        >>> works = Works(torch.ones(2, 1, 8, 8), genomes=(Genome("1", (), "x"), Genome("2", (), "y")))
        >>> measures(works).tolist()
        [[1.0], [1.0]]
    """

    def __init__(self, measure: Callable[[Tensor], Tensor], critic: Measuring | None = None):
        self._here, self._critic = measure, critic
        self._rows: dict[str, Tensor] = {}

    def measure(self, pictures: Tensor) -> Tensor:
        """Measures [N, F] of pictures [N, C, H, W], here or by workers; nothing is kept."""
        if self._critic is None or (workers := self._critic.studio.workers) is None or not len(pictures):
            return self._here(pictures)
        options = self._critic.options.model_dump(mode="json")
        task = Task("critic", self._critic.name, options, self._critic.studio.image, "measure_arrays")
        return torch.from_numpy(workers.call(task, lambda: self._here(pictures).numpy(), pictures.cpu().numpy()))

    def __call__(self, works: Works) -> Tensor:
        """Measures [N, F] of works; those of works without genomes are not kept."""
        if not works.genomes:
            return self.measure(works.pixels)
        ids = [genome.id for genome in works.genomes]
        rows = {id: self._rows[id] for id in ids if id in self._rows}
        new = [index for index, id in enumerate(ids) if id not in rows]
        if new:
            rows |= {ids[index]: row for index, row in zip(new, self.measure(works.pixels[new]), strict=True)}
        self._rows = rows
        return torch.stack([rows[id] for id in ids])
