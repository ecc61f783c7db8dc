"""What a critic measures of individuals, kept while they live."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from coevo.contract.works import Works


class MeasureCache:
    """Measures works, but not again those individuals that were among the last works.

    Args:
        measure: pictures [N, C, H, W] → measures [N, F]; N may be 0.

    Example:
        >>> from coevo import Genome
        >>> measures = MeasureCache(lambda pictures: pictures.mean((2, 3)))
        >>> works = Works(torch.ones(2, 1, 8, 8), genomes=(Genome("1", (), "x"), Genome("2", (), "y")))
        >>> measures(works).tolist()
        [[1.0], [1.0]]
    """

    def __init__(self, measure: Callable[[Tensor], Tensor]):
        self.measure = measure
        self._rows: dict[str, Tensor] = {}

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
