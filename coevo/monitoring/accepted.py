"""accepted.jsonl: a line for every evolved work that fooled its critic, with score, parents and genome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from coevo.coevolution.past_critics import PastCritics
from coevo.coevolution.society import Members
from coevo.contract.players import Player, State
from coevo.contract.works import Genome, Works
from coevo.loop import Turn, checks
from coevo.monitoring.observer import ObservedRun, Observer
from coevo.storage.jsonl import Log, log_problem, read_log
from coevo.studio import Studio

FILE = "accepted.jsonl"


@contextmanager
def unchanged(player: Player, studio: Studio) -> Iterator[None]:
    """Put back what a look at a player changes: random streams (dropout draws from them), and buffers of its networks
    (power iterations, running averages). Whoever watches a run must not change it."""
    streams = studio.state()
    buffers = [(buffer, buffer.clone()) for network in networks_of(player) for buffer in network.buffers()]
    try:
        yield
    finally:
        studio.restore(streams)
        for buffer, before in buffers:
            buffer.copy_(before)


def networks_of(player: Player) -> Iterator[nn.Module]:
    """The networks of a player, of its past selves, and of the members of a society."""
    for part in vars(player).values():
        if isinstance(part, nn.Module):
            yield part
        elif isinstance(part, PastCritics):
            yield from part.networks
    if isinstance(player, Members):
        for member in player.members:
            yield from networks_of(member)


class AcceptedWorks(Observer):
    """Records the works of each round that the critic accepts: the best that were not accepted before.

    Args:
        folder: the run's folder.
        limit: the number of works of a round that are recorded, at most; with 0 it only keeps what is there.
    """

    name = "accepted"

    def __init__(self, folder: Path, limit: int):
        self.path, self.limit = folder / FILE, limit
        self.problems: list[str] = []
        self._length: int | None = 0
        self._crc: int | None = 0
        self._known: set[str] = set()  # of those still alive: an elite is accepted once
        self._log: Log | None = None

    def begin(self, run: ObservedRun) -> None:
        """Take back what was written after the checkpoint that the run goes on from."""
        if self.path.exists():
            self._open()

    @torch.no_grad()
    def see(self, turn: Turn, run: ObservedRun) -> None:
        """Record the accepted works of a round's last turn."""
        works, rewards = turn.works, turn.rewards
        if not turn.ends_round or works.genomes is None or rewards is None:
            return
        ids = [genome.id for genome in works.genomes]
        self._known &= set(ids)
        if not self.limit:
            return
        with unchanged(run.critic, run.studio):
            fooled, scores = checks.fooled(run.critic, works, turn.reals).tolist(), rewards.tolist()
        new = [i for i, accepted in enumerate(fooled) if accepted and ids[i] not in self._known]
        for i in sorted(new, key=scores.__getitem__, reverse=True)[: self.limit]:
            one = works.genomes[i]
            self._known.add(one.id)
            self._open().append(
                {"id": one.id, "parents": one.parents, "round": turn.next.round, "score": scores[i], "genome": one.text}
            )

    def state(self) -> State:
        length = self._log.length if self._log else self._length
        return {"length": length, "crc": self._log.crc if self._log else self._crc, "known": sorted(self._known)}

    def restore(self, state: State) -> None:
        self._length, self._known = state["length"], set(state["known"])
        self._crc = state.get("crc")
        if problem := log_problem(self.path, self._length, self._crc):
            self.problems.append(problem)

    def close(self) -> None:
        if self._log:
            self._crc = self._log.crc
            self._length, self._log = self._log.close(), None

    def _open(self) -> Log:
        if self._log is None:
            self._log = Log(self.path, self._length)
        return self._log


def read_accepted(folder: Path) -> list[dict[str, Any]]:
    """Every accepted work of a run's folder, oldest first: id, parents, round, score, genome."""
    return [row for row in read_log(folder / FILE, "round") if _is_whole(row)]


def _is_whole(row: dict[str, Any]) -> bool:
    texts, parents = (row.get("id"), row.get("genome")), row.get("parents")
    is_text = all(isinstance(text, str) for text in texts) and isinstance(row.get("score"), int | float)
    return is_text and isinstance(parents, list) and all(isinstance(parent, str) for parent in parents)


def works_of_rows(rows: Sequence[dict[str, Any]]) -> Works:
    """Accepted works, without pictures."""
    return Works(genomes=tuple(Genome(row["id"], tuple(row["parents"]), row["genome"]) for row in rows))
