"""Today's players against those of the past: what coevolution forgets, and whether it runs in circles.

Every now and then, more and more rarely, a run keeps its critic as it is and some works of its artist. Each critic then
meets the works of each generation, as in the plots of Cliff & Miller (1995): a table of the shares that fool it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from coevo.contract.players import Artist, Critic, State
from coevo.contract.works import Works
from coevo.images.png import save_png
from coevo.loop import Turn
from coevo.storage.atomic import write_whole, writing
from coevo.storage.serialization import pack_text, unpack_text
from coevo.studio import Studio

WORKS = 32  # of a generation that are kept
SPACING = 1.5  # a critic is kept when the run is so many times as old as at the last
MOST = 16  # critics that are kept; then every second one goes
CELL, MARGIN, KEY = 30, 90, 130  # px of the picture

Table = dict[tuple[int, int], float]


class Past:
    """Critics and works of past rounds, in files of a run's folder, and the table of their meetings.

    folder: where they are; pair: a new pair of the same kind, not built; studio: the run's, whose random streams feel
    nothing of all this.
    """

    def __init__(self, folder: Path, pair: Callable[[Studio], tuple[Artist, Critic]], studio: Studio):
        self.folder, self.studio = folder, studio
        self._pair = pair
        self._twin: Critic | None = None
        self.rounds: list[int] = []
        self.table: Table = {}
        """The share of a generation's works that fool a critic, by the rounds of critic and generation."""
        self.figures: dict[str, float] = {}
        """What the table says of the last round; see `figures`."""

    def due(self, round: int) -> bool:
        return not self.rounds or round >= max(self.rounds[-1] + 1, SPACING * self.rounds[-1])

    @torch.no_grad()
    def meet(self, turn: Turn, critic: Critic) -> None:
        """Keep this turn's critic and works, and let them meet those of the past."""
        here, works, reals = turn.next.round, _some(turn.works), turn.reals
        streams = self.studio.state()
        try:
            if self._twin is None:
                self._twin = self._build()
            kept = {then: self._read(then) for then in self.rounds}
            self._keep(here, critic.state(), works)
            kept[here] = self._read(here)
            self._twin.restore(kept[here][0])
            for generation, (_, theirs) in kept.items():
                self.table[here, generation] = self._fools(theirs, reals)
            for then in self.rounds:
                self._twin.restore(kept[then][0])
                self.table[then, here] = self._fools(works, reals)
        finally:
            self.studio.restore(streams)
        self.rounds.append(here)
        if len(self.rounds) > MOST:
            self.rounds = self.rounds[(len(self.rounds) - 1) % 2 :: 2]  # the newest stays
            self.table = {at: share for at, share in self.table.items() if set(at) <= set(self.rounds)}
        self.figures = figures(self.rounds, self.table)
        save_png(self.folder.parent / "past.png", heat_map(self.rounds, self.table), {"round": here})

    def tidy(self) -> None:
        """Remove the files of rounds that are left out; not before a checkpoint knows that they are."""
        kept = set(map(_stem, self.rounds))
        for path in self.folder.glob("*.*"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)

    def state(self) -> State:
        table = [[*at, share] for at, share in self.table.items()]
        return {"rounds": list(self.rounds), "table": table, "figures": dict(self.figures)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave. An older checkpoint may name rounds whose files are gone: they are left out."""
        self.rounds = [round for round in state["rounds"] if (self.folder / f"{_stem(round)}.json").is_file()]
        self.figures = dict(state["figures"])
        there = set(self.rounds)
        self.table = {(c, g): share for c, g, share in state["table"] if {c, g} <= there}

    def _build(self) -> Critic:
        artist, twin = self._pair(replace(self.studio, _generators={}))
        artist.build()
        twin.build(artist)
        return twin

    def _fools(self, works: Works, reals: Works | None) -> float:
        assert self._twin is not None
        return self._twin.fooled(works, reals).float().mean().item()

    def _keep(self, round: int, state: State, works: Works) -> None:
        with writing(self.folder):
            self.folder.mkdir(exist_ok=True)
        kept = {"images": works.images, "codes": works.codes, "labels": works.labels}
        text, tensors = pack_text({"critic": state, "works": kept})
        write_whole(self.folder / f"{_stem(round)}.safetensors", tensors)
        write_whole(self.folder / f"{_stem(round)}.json", text.encode())

    def _read(self, round: int) -> tuple[State, Works]:
        path = self.folder / f"{_stem(round)}.json"
        kept = unpack_text(path.read_text(), path.with_suffix(".safetensors").read_bytes())
        return kept["critic"], Works(
            **{k: v if v is None else v.to(self.studio.device) for k, v in kept["works"].items()}
        )


def figures(rounds: Sequence[int], table: Mapping[tuple[int, int], float]) -> dict[str, float]:
    """What the table says of the last round; nothing where there is no past.

    past.works: the share of past works that fool today's critic; past.critics: of today's works that fool a critic of
    the past. past.critic_forgets: how many more past works fool it than fooled the strictest critic since they were
    made; past.artist_forgets: how many fewer of its works fool a critic of the past than the best generation since.
    """
    *before, now = rounds
    if not before:
        return {}
    forgot = [table[now, g] - min(table[c, g] for c in rounds if c >= g) for g in before]
    lost = [max(table[c, g] for g in rounds if g >= c) - table[c, now] for c in before]
    found = {
        "past.works": [table[now, g] for g in before],
        "past.critics": [table[c, now] for c in before],
        "past.critic_forgets": forgot,
        "past.artist_forgets": lost,
    }
    return {name: sum(shares) / len(shares) for name, shares in found.items()}


def heat_map(rounds: Sequence[int], table: Mapping[tuple[int, int], float]) -> Image.Image:
    """Generations from left to right, critics from top to bottom: dark where nobody is fooled, bright where all are."""
    n = len(rounds)
    wide, high = MARGIN + n * CELL + KEY, MARGIN + n * CELL + 20
    picture = Image.new("RGB", (max(wide, 360), max(high, 240)), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for y, critic in enumerate(rounds):
        for x, generation in enumerate(rounds):
            left, top = MARGIN + x * CELL, MARGIN + y * CELL
            pen.rectangle((left, top, left + CELL - 2, top + CELL - 2), _colour(table[critic, generation]))
    for place, label in enumerate(map(str, rounds)):
        middle = MARGIN + place * CELL + CELL // 2 - 1
        pen.text((MARGIN - 8, middle), label, "#333333", font, "rm")
        tall = Image.new("RGB", (52, 16), "white")
        ImageDraw.Draw(tall).text((0, 8), label, "#333333", font, "lm")
        picture.paste(tall.rotate(90, expand=True), (middle - 8, MARGIN - 56))
    pen.text((MARGIN, 12), "works of round", "#333333", font)
    pen.text((8, MARGIN - 24), "critic of", "#333333", font)
    left = MARGIN + n * CELL + 24
    for step in range(101):
        y = MARGIN + (100 - step)
        pen.line((left, y, left + 14, y), _colour(step / 100))
    for share in (0, 50, 100):
        pen.text((left + 20, MARGIN + 100 - share), f"{share} %", "#333333", font, "lm")
    pen.text((left, MARGIN - 24), "fooled", "#333333", font)
    return picture


def _colour(share: float) -> tuple[int, int, int]:
    """From dark blue over green to yellow, as viridis."""
    stops = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], float)
    at = share * (len(stops) - 1)
    low = min(int(at), len(stops) - 2)
    r, g, b = (stops[low] + (at - low) * (stops[low + 1] - stops[low])).round().astype(int).tolist()
    return r, g, b


def _stem(round: int) -> str:
    return f"{round:08d}"


def _some(works: Works) -> Works:
    """Works spread evenly over all, no more than are kept."""
    n = min(WORKS, len(works))
    return works[torch.arange(n) * len(works) // n]
