"""Who plays next: cells whose neighbours are far enough, given out to worker processes. One that dies is replaced, and
its leg is given out again: a cell goes on from its last checkpoint."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping

from coevo.errors import ConfigError
from coevo.evaluation.progress import SILENT, Progress
from coevo.grid.grid import Grid

DEATHS = 5  # workers that one leg may cost


class Schedule:
    """The legs that may be played now.

    A cell begins its leg k when each of its neighbours has played k - staleness legs; without staleness it looks at
    what they were after k legs exactly, so that the grid is the same whoever is quicker.
    """

    def __init__(self, grid: Grid):
        self.grid = grid
        self.done = [grid.done(cell) for cell in grid.cells]
        self.playing: dict[int, dict[int, int]] = {}
        """Cells that play, and the versions of their neighbours that they look at."""

    @property
    def is_over(self) -> bool:
        return min(self.done) >= self.grid.legs

    def take(self) -> tuple[int, int, dict[int, int]] | None:
        """A cell, the legs that it has played and the versions of its neighbours to look at; None if all have to wait.
        The cell that is furthest behind comes first."""
        may = [cell for cell in self.grid.cells if cell not in self.playing and self._may(cell)]
        if not may:
            return None
        cell = min(may, key=lambda one: (self.done[one], one))
        leg = self.done[cell]
        exact = self.grid.staleness == 0
        seen = {other: leg if exact else self.done[other] for other in self.grid.around[cell]}
        self.playing[cell] = {other: version for other, version in seen.items() if version}
        return cell, leg, self.playing[cell]

    def give_back(self, cell: int, played: bool) -> None:
        """A leg of a cell has ended, or its worker has."""
        self.playing.pop(cell)
        if played:
            self.done[cell] += 1
            self.grid.tidy({one: self._wanted(one) for one in self.grid.cells})

    def _wanted(self, cell: int) -> set[int]:
        """The versions of a cell that somebody looks at now or may ask for: the newest, and without staleness those
        that a neighbour has still to reach."""
        newest = self.done[cell]
        looked_at = {versions[cell] for versions in self.playing.values() if cell in versions}
        if self.grid.staleness:
            return {newest, *looked_at}
        behind = min([newest, *(self.done[other] for other in self.grid.around[cell])])
        return {*range(behind, newest + 1), *looked_at}

    def _may(self, cell: int) -> bool:
        leg = self.done[cell]
        behind = min((self.done[other] for other in self.grid.around[cell]), default=leg)
        return leg < self.grid.legs and behind >= leg - self.grid.staleness


class Worker:
    """A worker process."""

    def __init__(self, grid: Grid):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "coevo.grid.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._send({**grid.record(), "folder": str(grid.folder), "legs": grid.legs})

    def play(self, leg: tuple[int, int, Mapping[int, int]]) -> str | None:
        """Play a leg: "" if it is played, a sentence if the cell refuses, None if the process has ended."""
        try:
            self._send(leg)
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        except OSError:  # a pipe that nobody reads any more
            line = ""
        return json.loads(line) if line.endswith("\n") else None

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _send(self, value: object) -> None:
        assert self._process.stdin is not None
        print(json.dumps(value), file=self._process.stdin, flush=True)


def play(grid: Grid, workers: int, progress: Progress = SILENT) -> None:
    """Play what is left of a grid.

    Args:
        grid: the grid, whose record is kept.
        workers: processes that play legs.
        progress: sees every leg.

    Raises:
        ConfigError: a cell refuses, or one leg costs one worker after another its life.
        KeyboardInterrupt: Ctrl-C; cells are kept as their last checkpoints have them.
    """
    schedule = Schedule(grid)
    changed = threading.Condition()
    problems: list[str] = []
    deaths: dict[int, int] = {}
    total = grid.legs * len(grid.cells)
    progress.begin(f"{len(grid.cells)} cells in {grid.folder}", total)
    progress.advance(sum(schedule.done))

    def over() -> bool:
        return schedule.is_over or bool(problems)

    def work(place: int) -> None:
        while True:
            with changed:
                while not over() and (leg := schedule.take()) is None:
                    changed.wait(1.0)
                if over():
                    return
                assert leg is not None
            said = held[place].play(leg)
            with changed:
                if said is None and not over():
                    held[place].end()
                    held[place] = Worker(grid)
                cell = leg[0]
                schedule.give_back(cell, said == "")
                deaths[cell] = deaths.get(cell, 0) + 1 if said is None else 0
                if said:
                    problems.append(f"Cell {cell}: {said}")
                elif deaths[cell] >= DEATHS:
                    problems.append(
                        f"{DEATHS} workers have ended over leg {leg[1]} of cell {cell}; is there memory for all?"
                    )
                elif said == "":
                    progress.advance(note=f"cell {cell}, round {grid.every * (leg[1] + 1)}")
                changed.notify_all()

    held = [Worker(grid) for _ in range(workers)]
    threads = [threading.Thread(target=work, args=(place,), daemon=True) for place in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    finally:
        with changed:
            problems.append("It was stopped.")
        for worker in held:
            worker.end()
    if len(problems) > 1:
        raise ConfigError(problems[0])
