"""A grid on the disk: what it is, its cells, and what each has shown to the others."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from coevo.errors import ConfigError, StoreError
from coevo.grid.exchange import Snapshot, as_state, from_state
from coevo.grid.topology import Topology, neighbours
from coevo.runs.config import Config, assignments, merge
from coevo.runs.starting import new_config
from coevo.storage.atomic import write_whole
from coevo.storage.serialization import pack_text, unpack_text
from coevo.studio.random_streams import seed_of

RECORD = "grid.json"


@dataclass(frozen=True)
class Grid:
    """Cells that play legs of as many rounds, and look at their neighbours between two.

    Args:
        folder: of the grid.
        recipe: of the cells, if there is one.
        artists: their names; cells take them in turn. Empty for the recipe's.
        critic: of all cells; None for the recipe's.
        data: their real works; None for the recipe's.
        options: assignments, as -o has them.
        shape: rows and columns.
        topology: who is whose neighbour.
        every: rounds of a leg.
        legs: of each cell.
        staleness: legs that a neighbour may be behind when a cell looks at it; 0 waits for all, so that the grid is the
            same every time.
        lr_mutation: deviation of the logarithm of learning rates at every exchange.
        seed: everything random follows from it.
    """

    folder: Path
    recipe: str | None
    artists: tuple[str, ...]
    critic: str | None
    data: Mapping[str, str]
    options: tuple[str, ...]
    shape: tuple[int, int]
    topology: Topology
    every: int
    legs: int
    staleness: int = 0
    lr_mutation: float = 0.0
    seed: int = 0

    @property
    def cells(self) -> range:
        return range(self.shape[0] * self.shape[1])

    @cached_property
    def around(self) -> list[tuple[int, ...]]:
        """The neighbours of each cell."""
        return neighbours(self.topology, self.shape, self.seed)

    @property
    def runs(self) -> Path:
        """The folder of its cells, which are runs."""
        return self.folder / "cells"

    def name(self, cell: int) -> str:
        """The name of a cell's run."""
        return f"cell-{cell}"

    def config(self, cell: int) -> Config:
        """The options of a cell's run.

        Raises:
            ConfigError: they do not fit.
        """
        artist = self.artists[cell % len(self.artists)] if self.artists else None
        own = {"run": {"seed": seed_of(self.seed, "cell", cell) % 2**31, "threads": 1}, "data": dict(self.data)}
        named = {role: {"name": name} for role, name in (("artist", artist), ("critic", self.critic)) if name}
        asked = merge(named, assignments(self.options), own)
        config, _ = new_config(self.recipe, asked, self.runs)
        return config

    def record(self) -> dict[str, Any]:
        """What it is, but for its length, as its record has it."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("folder", "legs")}
        kept: dict[str, Any] = json.loads(json.dumps(fields))
        return kept

    def keep(self) -> None:
        """Write its record, or check that it is the grid that the folder has.

        Raises:
            ConfigError: the folder has another grid, or is something else.
        """
        path = self.folder / RECORD
        if path.is_file():
            kept = json.loads(path.read_text())
            other = [name for name, value in self.record().items() if kept.get(name) != value]
            if other:
                raise ConfigError(
                    f"{self.folder} has a grid with another {other[0]}: {kept.get(other[0])!r}, not "
                    f"{self.record()[other[0]]!r}; choose another --name."
                )
            return
        if self.folder.is_dir() and any(self.folder.iterdir()):
            raise ConfigError(f"{self.folder} is no grid; choose another --name.")
        self.runs.mkdir(parents=True, exist_ok=True)
        self.shown.mkdir(exist_ok=True)
        write_whole(path, json.dumps(self.record(), indent=2).encode())

    # snapshots

    @property
    def shown(self) -> Path:
        """The folder of snapshots."""
        return self.folder / "snapshots"

    def path(self, cell: int, leg: int) -> Path:
        """The snapshot that a cell made after that many legs; its tensors are in a file beside it."""
        return self.shown / f"{cell}-{leg:06d}.json"

    def done(self, cell: int) -> int:
        """The legs that a cell has played, and shown to the others."""
        found = [int(path.stem.split("-")[1]) for path in self.shown.glob(f"{cell}-*.json")]
        return max(found, default=0)

    def show(self, one: Snapshot, leg: int) -> None:
        """Keep a cell's snapshot, for the others."""
        text, tensors = pack_text(as_state(one))
        write_whole(self.path(one.cell, leg).with_suffix(".safetensors"), tensors)
        write_whole(self.path(one.cell, leg), text.encode())  # the last: with it, the snapshot is there

    def read(self, cell: int, leg: int) -> Snapshot:
        """A snapshot.

        Raises:
            StoreError: it is missing or damaged.
        """
        path = self.path(cell, leg)
        try:
            return from_state(unpack_text(path.read_text(), path.with_suffix(".safetensors").read_bytes()))
        except (OSError, StoreError, TypeError) as error:
            raise StoreError(f"The snapshot {path} of cell {cell} cannot be read: {error}.") from error

    def tidy(self, wanted: Mapping[int, Collection[int]]) -> None:
        """Delete snapshots that are not wanted: of each cell, the legs after which those were made that are. What is
        newer stays: a worker has just made it, and nobody knows of it yet."""
        for cell in self.cells:
            for path in self.shown.glob(f"{cell}-*.json"):
                leg = int(path.stem.split("-")[1])
                if leg < max(wanted[cell]) and leg not in wanted[cell]:
                    path.unlink(missing_ok=True)
                    path.with_suffix(".safetensors").unlink(missing_ok=True)
