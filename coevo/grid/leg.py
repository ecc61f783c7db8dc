"""One leg of a cell: take from the neighbours, play some rounds, show the others what became of it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from coevo.grid.exchange import exchange, snapshot
from coevo.grid.grid import Grid
from coevo.loop import Position
from coevo.runs.run import Run
from coevo.storage.atomic import write_whole
from coevo.storage.run_folder import RunFolder
from coevo.studio.random_streams import seed_of

EXCHANGES = "exchanges.json"  # in a cell's folder: what it took at each exchange


def play_leg(grid: Grid, cell: int, leg: int, versions: Mapping[int, int]) -> None:
    """Play a leg of a cell, or what is left of one after its process was killed: the same either way.

    Args:
        grid: the grid.
        cell: its number.
        leg: legs that it has played.
        versions: of each neighbour, the legs that it had played when it made the snapshot to look at; neighbours
            without one are left out.
    """
    upto = grid.every * (leg + 1)
    with opened(grid, cell, upto) as run:
        if leg and run.session.position == Position(grid.every * leg):
            others = [grid.read(other, version) for other, version in sorted(versions.items())]
            seed = seed_of(grid.seed, "exchange", cell, leg)
            taken = exchange(run, grid.read(cell, leg), others, grid.lr_mutation, seed)
            remember(run.store, leg, taken._asdict())
        if run.round < upto:
            deque(run.turns(), maxlen=0)
        grid.show(snapshot(run, cell), leg + 1)


def opened(grid: Grid, cell: int, rounds: int) -> Run:
    """A cell's run: made, or as its newest checkpoint left it."""
    name = grid.name(cell)
    if (grid.runs / name).is_dir():
        run = Run.resume(RunFolder.open(name, grid.runs), rounds=rounds)
    else:
        run = Run.create(grid.config(cell).changed(rounds=rounds), grid.runs, name)
    run.read()
    return run


def remember(store: RunFolder, leg: int, taken: Mapping[str, Any]) -> None:
    """Keep what a cell took at an exchange."""
    rows = [row for row in exchanges(store) if row["leg"] < leg]
    write_whole(store.folder / EXCHANGES, json.dumps([*rows, {"leg": leg, **taken}]).encode())


def exchanges(store: RunFolder) -> list[dict[str, Any]]:
    """What a cell took at each exchange, the oldest first."""
    path = store.folder / EXCHANGES
    return json.loads(path.read_text()) if path.is_file() else []
