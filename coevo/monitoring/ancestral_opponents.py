"""Today's players against those of the past: what coevolution forgets, and whether it runs in circles.

Ever more rarely a run keeps its critic and some works of its artist. Each critic then meets the works of each
generation: the shares that fool it are a CIAO plot (current individual against ancestral opponents).

Reference:
    Cliff & Miller (1995), Tracking the Red Queen: measurements of adaptive progress in co-evolutionary simulations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch.optim import Optimizer

from coevo.contract.players import Artist, Critic, State
from coevo.contract.works import Works
from coevo.errors import StoreError, reason
from coevo.images.png import save_png
from coevo.images.sheets import captioned
from coevo.loop import Turn, checks
from coevo.monitoring.observer import ObservedRun, Observer
from coevo.storage.atomic import write_whole, writing
from coevo.storage.serialization import pack_text, unpack_text
from coevo.studio import Studio

FOLDER, PICTURE = "ancestral_opponents", "ancestral-opponents.png"
WORKS = 32  # of a generation that are kept
SPACING = 1.5  # a critic is kept when the run is 1.5 times as old as at the last
LIMIT = 16  # critics that are kept; beyond, every second one goes
CELL, MARGIN, KEY = 30, 90, 130  # px of the picture

MEANING = (
    "Dark below the diagonal: critics still see through the works of the past.\n"
    "Bright above it: works still fool the critics of the past."
)

Table = dict[tuple[int, int], float]


class AncestralOpponents(Observer):
    """Critics and works of past rounds, in files of a run's folder, and the table of their encounters.

    Args:
        folder: the run's folder.
        pair: makes a new pair of the same kind, not built.
    """

    name = "ancestral_opponents"

    def __init__(self, folder: Path, pair: Callable[[Studio], tuple[Artist, Critic]]):
        self.folder, self.picture = folder / FOLDER, folder / PICTURE
        self._pair = pair
        self._twin: Critic | None = None
        self.problems: list[str] = []
        """Sentences about files that were left out."""
        self.rounds: list[int] = []
        self.table: Table = {}
        """The share of a generation's works that fool a critic, by the rounds of critic and generation."""
        self.figures: dict[str, float] = {}
        """Figures of the last round; see `figures`."""

    def due(self, round: int) -> bool:
        """Whether the critic and works of this round are to be kept."""
        return not self.rounds or round >= max(self.rounds[-1] + 1, SPACING * self.rounds[-1])

    @torch.no_grad()
    def see(self, turn: Turn, run: ObservedRun) -> None:
        """Keep the critic and works of a round that is due, and let them meet those of the past."""
        now, critic = turn.next.round, run.critic
        if not turn.ends_round or not self.due(now):
            return
        works, reals = spread_out(turn.works, critic.spec().group), turn.reals
        twin = self._twin = self._twin or self._build(run.studio)
        with twin.studio.playing():  # the run's random streams feel nothing of all this
            twin.studio.reseed(now)
            self._keep(now, judging_state(critic), works)
            restore_judging(twin, judging_state(critic))
            for then in (*self.rounds, now):  # files are read one at a time: all of them may not fit into the memory
                self.table[now, then] = share_fooled(twin, self._read(then, run.studio.device)[1], reals)
            for then in self.rounds:
                self._recall(twin, then, run.studio.device)
                self.table[then, now] = share_fooled(twin, works, reals)
        self.rounds.append(now)
        if len(self.rounds) > LIMIT:
            self.rounds = self.rounds[(len(self.rounds) - 1) % 2 :: 2]  # the newest stays
            self.table = {at: share for at, share in self.table.items() if set(at) <= set(self.rounds)}
        self.figures = figures(self.rounds, self.table)
        caption = f"Which works fool which critics of run {run.store.name}, up to round {now:,}\n{MEANING}"
        save_png(self.picture, captioned(ciao_plot(self.rounds, self.table), caption), {"round": now})

    def tidy(self) -> None:
        """Remove the files of rounds that are left out; not before a checkpoint knows that they are."""
        kept = set(map(_stem, self.rounds))
        for path in self.folder.glob("*.*"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)

    def state(self) -> State:
        table = [[*at, share] for at, share in self.table.items()]
        return {"rounds": list(self.rounds), "table": table, "figures": dict(self.figures)}

    def restore(self, state: State) -> None:
        """Take back what `state()` gave; rounds of an older checkpoint whose files are gone or damaged are left out."""
        self.rounds = list(filter(self._is_whole, state["rounds"]))
        self.figures = dict(state["figures"])
        there = set(self.rounds)
        self.table = {(c, g): share for c, g, share in state["table"] if {c, g} <= there}

    def _build(self, studio: Studio) -> Critic:
        artist, twin = self._pair(replace(studio))
        with twin.studio.playing():
            artist.build()
            twin.build(artist)
        return twin

    def _keep(self, round: int, state: State, works: Works) -> None:
        kept = {"images": works.images, "codes": works.codes, "labels": works.labels, "given": works.given}
        text, tensors = pack_text({"critic": state, "works": kept, "round": round})
        with writing(self.folder):
            self.folder.mkdir(exist_ok=True)
        write_whole(self.folder / f"{_stem(round)}.safetensors", tensors)
        write_whole(self.folder / f"{_stem(round)}.json", text.encode())

    def _read(self, round: int, device: torch.device) -> tuple[State, Works]:
        path = self.folder / f"{_stem(round)}.json"
        try:
            kept = unpack_text(path.read_bytes(), path.with_suffix(".safetensors").read_bytes())
            if kept.get("round", round) != round:
                raise StoreError(f"it is of round {kept['round']}")
            return kept["critic"], Works(**{k: v if v is None else v.to(device) for k, v in kept["works"].items()})
        except OSError as error:
            raise StoreError(f"The ancestral opponent {path} cannot be read: {reason(error)}.") from error
        except (StoreError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"The ancestral opponent {path} is damaged: {error}.") from error

    def _is_whole(self, round: int) -> bool:
        try:
            self._read(round, torch.device("cpu"))
        except StoreError as error:
            self.problems.append(f"{error} It is left out.")
            return False
        return True

    def _recall(self, twin: Critic, round: int, device: torch.device) -> None:
        """Let the twin be the critic of a past round."""
        try:
            restore_judging(twin, self._read(round, device)[0])
        except (KeyError, RuntimeError, ValueError) as error:
            raise StoreError(f"The ancestral opponent of round {round} is of another critic: {error}") from error


def judging_state(critic: Critic) -> State:
    """A critic's state without optimisers and `learning_state`; of a society, its members' by number."""
    if members := getattr(critic, "members", ()):
        return {str(number): judging_state(member) for number, member in enumerate(members)}
    only_learning = {name for name, part in vars(critic).items() if isinstance(part, Optimizer)}
    return {name: part for name, part in critic.state().items() if name not in only_learning | {*critic.learning_state}}


def restore_judging(critic: Critic, state: State) -> None:
    """Take back a state made by `judging_state`; what only learning needs stays as it is."""
    for number, member in enumerate(getattr(critic, "members", ())):
        restore_judging(member, state[str(number)])
    if not hasattr(critic, "members"):
        critic.restore({**critic.state(), **critic.upgrade_state(state)})


def spread_out(works: Works, group: int) -> Works:
    """At most WORKS of the works, spread evenly over all, and a multiple of `group`."""
    n = max(1, min(WORKS, len(works)) // group) * group
    return works[torch.arange(n) * len(works) // n]


def share_fooled(critic: Critic, works: Works, reals: Works | None) -> float:
    """The share of works that fool a critic."""
    return checks.fooled(critic, works, reals).float().mean().item()


def figures(rounds: Sequence[int], table: Mapping[tuple[int, int], float]) -> dict[str, float]:
    """Figures of the last round of a table; empty if it is the first.

    Returns:
        ancestors.works: the share of past works that fool today's critic.
        ancestors.critics: the share of today's works that fool a critic of the past.
        ancestors.critic_forgets: how many more past works fool it than the strictest critic since they were made.
        ancestors.artist_forgets: how many fewer of today's works fool a critic of the past than of the best generation
            since.
    """
    *before, now = rounds
    if not before:
        return {}
    forgot = [table[now, g] - min(table[c, g] for c in rounds if c >= g) for g in before]
    lost = [max(table[c, g] for g in rounds if g >= c) - table[c, now] for c in before]
    found = {
        "ancestors.works": [table[now, g] for g in before],
        "ancestors.critics": [table[c, now] for c in before],
        "ancestors.critic_forgets": forgot,
        "ancestors.artist_forgets": lost,
    }
    return {name: sum(shares) / len(shares) for name, shares in found.items()}


def ciao_plot(rounds: Sequence[int], table: Mapping[tuple[int, int], float]) -> Image.Image:
    """Generations from left to right, critics from top to bottom: dark if no work fools a critic, bright if all do."""
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
    pen.text((8, MARGIN - 38), "critic of", "#333333", font)
    pen.text((8, MARGIN - 22), "round", "#333333", font)
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
