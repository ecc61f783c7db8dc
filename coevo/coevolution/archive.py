"""Archives: bounded memories of past works that any player may keep, by features, pictures or scores."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

Keep = Literal["sample", "latest", "best"]


class Archive:
    """At most `capacity` rows of named tensors; part of a player's state like a module.

    Args:
        capacity: the most rows.
        keep: what stays once it is full: a fair "sample" of all that were ever added (reservoir sampling, Vitter 1985,
            algorithm R, by Python's global stream, which the run saves), the "latest", or the "best" by the column
            `score`, which makes it a hall of fame.

    Example:
        >>> import torch
        >>> archive = Archive(3, keep="best")
        >>> archive.add(score=torch.tensor([5.0, 1.0, 4.0, 2.0, 3.0]))
        >>> archive["score"].tolist(), archive.seen
        ([5.0, 4.0, 3.0], 5)
    """

    def __init__(self, capacity: int, keep: Keep = "sample"):
        self.capacity, self.keep = capacity, keep
        self.columns: dict[str, Tensor] = {}
        self.seen = 0
        """Number of rows that were ever added."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def __getitem__(self, column: str) -> Tensor:
        """All rows of a column, [K, …]. Raises KeyError if it has no column of that name."""
        return self.columns[column]

    def add(self, **rows: Tensor) -> None:
        """Add N rows, [N, …] in every column.

        Raises:
            ValueError: the columns differ from those that it has, or are not equally long.
        """
        sizes = {len(some) for some in rows.values()}
        if len(sizes) != 1 or (self.columns and self.columns.keys() != rows.keys()):
            raise ValueError(f"an archive of {sorted(self.columns)} needs as many rows of each, not {sorted(rows)}")
        if self.keep == "best" and "score" not in rows:
            raise ValueError("a hall of fame needs a column named score")
        old, new = len(self), sizes.pop()
        places = self._places(old, new, rows)
        self.columns = {name: _joined(self.columns.get(name), some.detach())[places] for name, some in rows.items()}
        self.seen += new

    def sample(self, n: int) -> dict[str, Tensor]:
        """n random rows, each at most once if there are enough."""
        there = range(len(self))
        chosen = random.sample(there, n) if n <= len(self) else random.choices(there, k=n)
        return {name: rows[chosen] for name, rows in self.columns.items()}

    def _places(self, old: int, new: int, rows: Mapping[str, Tensor]) -> Tensor:
        """The indices of the rows to keep, of the old and then the new ones."""
        total = old + new
        if total <= self.capacity or self.keep == "latest":
            return torch.arange(max(0, total - self.capacity), total)
        if self.keep == "best":
            scores = _joined(self.columns.get("score"), rows["score"].detach())
            return scores.argsort(descending=True, stable=True)[: self.capacity].cpu()
        kept = list(range(old))
        for number in range(new):
            if len(kept) < self.capacity:
                kept.append(old + number)
            elif (place := random.randrange(self.seen + number + 1)) < self.capacity:
                kept[place] = old + number
        return torch.tensor(kept)

    def state_dict(self) -> dict[str, Any]:
        return {"columns": dict(self.columns), "seen": self.seen}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.columns, self.seen = dict(state["columns"]), state["seen"]


def _joined(old: Tensor | None, new: Tensor) -> Tensor:
    return new if old is None else torch.cat([old.to(new.device), new])


def nearest_distances(features: Tensor, others: Tensor) -> Tensor:
    """Distances [N] of features [N, D] to the nearest of others [M, D]; infinite if there are no others."""
    if not len(others):
        return features.new_full((len(features),), torch.inf)
    return torch.cdist(features, others.to(features)).amin(1)


def novelty(features: Tensor, archive: Tensor | None = None, k: int = 5) -> Tensor:
    """Novelty [N] of features [N, D]: the mean distance to the k nearest others, of these and of an archive [M, D].

    Reference: Lehman & Stanley 2011.
    """
    others = features if archive is None else torch.cat([features, archive.to(features)])
    distances = torch.cdist(features, others)
    distances.fill_diagonal_(torch.inf)  # oneself
    k = min(k, len(others) - 1)
    return distances.topk(k, largest=False).values.mean(1) if k else features.new_zeros(len(features))
