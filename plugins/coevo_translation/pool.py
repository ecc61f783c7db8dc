"""A pool of past works, which a critic goes on seeing (Shrivastava 2017, arXiv:1612.07828, §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from coevo import Works
from coevo.studio.processes import everyone, own

PARTS = ("images", "given", "labels")


class Pool:
    """Past works, mixed with new ones; part of a player's state like a module.

    Until the pool is full, works are kept and returned. Then half of the works, by chance, are exchanged for one of the
    pool each, and stay in its place (Zhu 2017, appendix 7.1). No value on the device is read. Processes that share a
    run have the same pool, of whole batches.

    Args:
        size: the number of works.
    """

    def __init__(self, size: int):
        self.size = size
        self.columns: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def exchange(self, works: Works, generator: Generator) -> Works:
        """As many works, half of them past ones once the pool is full; without gradients.

        Args:
            works: new ones, with images.
            generator: on their device.
        """
        new = {name: everyone(part.detach()) for name in PARTS if (part := getattr(works, name)) is not None}
        device, n = works.pixels.device, len(new["images"])
        self.columns = {name: column.to(device) for name, column in self.columns.items()}  # a checkpoint is on the CPU
        fresh = min(self.size - len(self), n)
        if fresh:
            self.columns = {name: torch.cat([*self._column(name), part[:fresh]]) for name, part in new.items()}
        count = min(n - fresh, self.size)
        if not count:
            return works
        mixed: dict[str, Tensor] = {}
        places = torch.randperm(self.size, generator=generator, device=device)[:count]
        coins = torch.rand(count, generator=generator, device=device) < 0.5
        for name, part in new.items():
            some, old = part[fresh : fresh + count], self.columns[name][places]
            coin = coins.view(-1, *[1] * (part.ndim - 1))
            mixed[name] = own(torch.cat([part[:fresh], torch.where(coin, old, some), part[fresh + count :]]))
            self.columns[name] = self.columns[name].index_copy(0, places, torch.where(coin, some, old))
        return replace(works, images=mixed.get("images"), given=mixed.get("given"), labels=mixed.get("labels"))

    def _column(self, name: str) -> list[Tensor]:
        return [self.columns[name]] if name in self.columns else []

    def state_dict(self) -> dict[str, Any]:
        return dict(self.columns)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.columns = dict(state)
