"""The walk of whole populations of colonies over their canvases: what `coevo/native/swarm.c` does, in NumPy.

The canvas is a torus of 128 × 128 cells, in which scents lie; ants are between them. In every step

1. an ant senses at the ends of three antennae how much there is of what it likes, Σ w · s / (1 + s), and turns to the
   best (Jones 2010; Greenfield 2005 has both attraction and repulsion), by its curl, and by chance;
2. it moves, and paints a stroke if its pen is down;
3. when all have moved, each lays its scents where it is;
4. turmites walk from cell to cell by their rule (Langton 1986);
5. every scent fades and spreads to the cells around.

Places are whole numbers of 32 bits, so that they wrap around and are the same on every machine, and draw number n is
the n-th of the colony's own stream (`coevo.native.Draws`). So both implementations give the same strokes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from coevo_swarm.genes import FIELDS, LONGEST_RULE, PENS, SCENTS, Colony

SIDE = 128  # cells
CELLS = SIDE * SIDE
SHIFT = 32 - 7  # bits of a place within a cell
TURN = 4096  # headings
UNIT = 14  # bits of a direction's length
NOTHING = np.float32(1e-6)  # a scent below this counts as none
INK = FIELDS.index("ink")
LINE, JOINED, CELL, BARE = range(4)  # kinds of strokes

CASTE = np.dtype(
    [
        *((name, "<i4") for name in ("begin", "end", "speed", "reach", "curl", "jitter", "turn", "angle", "pen")),
        *(("moves", "<i4"), ("states", "<i4"), ("rule", "<i4", LONGEST_RULE)),
        *(("likes", "<f4", len(FIELDS)), ("lays", "<f4", len(SCENTS))),
        *((name, "<f4") for name in ("pen_low", "pen_high", "ink")),
    ]
)
ANT = np.dtype([("x", "<u4"), ("y", "<u4"), *((name, "<i4") for name in ("heading", "caste", "dx", "dy"))])
STROKE = np.dtype(
    [
        *(("x", "<u4"), ("y", "<u4")),
        *((name, "<i4") for name in ("dx", "dy", "before_x", "before_y")),
        *((name, "u1") for name in ("caste", "kind", "tone", "unused")),
    ]
)
"""A stroke: from a place, so far; after another one that it goes on from; of a caste, and how far along its colours."""

_angles = np.arange(TURN) * (2 * np.pi / TURN)
DIRECTIONS = np.rint(np.stack([np.cos(_angles), np.sin(_angles)], 1) * 2**UNIT).astype(np.int32)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def caste_table(colony: Colony) -> np.ndarray:
    """The castes of a colony in the units of the walk, CASTE [K]."""
    table = np.zeros(len(colony.castes), CASTE)
    for row, its in zip(table, colony.castes, strict=True):
        row["begin"], row["end"] = its.walks(colony.steps)
        for name in ("speed", "reach"):
            row[name] = round(getattr(its, name) * 2**SHIFT)
        for name in ("curl", "jitter", "turn", "angle"):
            row[name] = round(getattr(its, name) * TURN / 360)
        row["pen"] = PENS.index(its.pen) - 1
        row["states"], row["moves"] = len(its.rule), its.moves if its.rule else 0
        row["rule"][: len(its.rule)] = ["NRUL".index(letter) * TURN // 4 for letter in its.rule]
        row["likes"], row["lays"] = its.likes, its.lays
        row["pen_low"], row["pen_high"], row["ink"] = its.pen_low, its.pen_high, its.opacity
    return table


def scent_table(colony: Colony) -> np.ndarray:
    """What is kept and what is shared of each scent in a step, float32 [3, 2]."""
    return np.array([(1 - scent.evaporation, scent.diffusion) for scent in colony.scents], np.float32)


def placed(colony: Colony) -> np.ndarray:
    """The ants where they begin, ANT [A], caste by caste. Their castes are mixed over the layout."""
    caste = np.repeat(np.arange(len(colony.castes)), [one.ants for one in colony.castes])
    count = len(caste)
    u, v, w, order = uniforms(colony.seed, 4 * count).reshape(4, count)
    number = order.argsort(kind="stable")
    part = (number + 0.5) / count
    half, round_trip = colony.extent / 2, 2 * math.pi * part
    match colony.layout:
        case "scattered":
            x, y = half * (2 * u - 1), half * (2 * v - 1)
        case "centre":
            radius = half * 0.2 * np.sqrt(u)
            x, y = radius * np.cos(2 * math.pi * v), radius * np.sin(2 * math.pi * v)
        case "ring":
            x, y = half * 0.9 * np.cos(round_trip), half * 0.9 * np.sin(round_trip)
        case "line":
            x, y = half * (2 * part - 1), 0.02 * (v - 0.5)
        case "grid":
            side = math.ceil(math.sqrt(count))
            x, y = (half * (2 * (place + 0.5) / side - 1) for place in (number % side, number // side))
        case _:  # clusters
            home = uniforms(colony.seed + 1, 8).reshape(4, 2)[number % 4] - 0.5
            radius = half * 0.25 * np.sqrt(u)
            x = colony.extent * home[:, 0] + radius * np.cos(2 * math.pi * v)
            y = colony.extent * home[:, 1] + radius * np.sin(2 * math.pi * v)
    away = np.arctan2(y, x)
    facing = {"out": away, "in": away + math.pi, "around": away + math.pi / 2}
    heading = facing.get(colony.facing, 2 * math.pi * w)
    ants = np.zeros(count, ANT)
    for name, place in (("x", x), ("y", y)):
        ants[name] = (np.rint((place + 0.5) * 2**32).astype(np.int64) & 0xFFFFFFFF).astype(np.uint32)
    ants["heading"] = np.rint(heading * TURN / (2 * math.pi)).astype(np.int64) % TURN
    turmite = np.array([bool(one.rule) for one in colony.castes])[caste]
    ants["heading"][turmite] = ants["heading"][turmite] // (TURN // 4) * (TURN // 4)
    ants["caste"] = caste
    return ants


def walk(colonies: Sequence[Colony]) -> list[np.ndarray]:
    """The strokes of each colony, STROKE, in the order in which they are made."""
    tables, ants = [caste_table(one) for one in colonies], [placed(one) for one in colonies]
    counts = np.array([len(some) for some in ants])
    whose = np.repeat(np.arange(len(colonies)), counts)
    swarm = Swarm(
        np.concatenate(ants),
        np.concatenate([table[some["caste"]] for table, some in zip(tables, ants, strict=True)]),
        whose,
        np.arange(len(whose)) - np.repeat(counts.cumsum() - counts, counts),
        np.repeat(counts, counts),
        np.array([one.seed for one in colonies], np.uint64)[whose],
        np.stack([scent_table(one) for one in colonies]),
    )
    for step in range(max(one.steps for one in colonies)):
        swarm.step(step)
    strokes, of = np.concatenate(swarm.strokes), np.concatenate(swarm.painters)
    order = of.argsort(kind="stable")
    ends = np.bincount(of, minlength=len(colonies)).cumsum()
    return np.split(strokes[order], ends[:-1])


class Swarm:
    """The ants of several colonies on their way.

    Args:
        ants: of all colonies, ANT [A].
        caste: of each, CASTE [A].
        whose: the number of its colony.
        number: its own number within its colony.
        count: how many ants its colony has.
        seed: of its colony.
        scents: float32 [N, 3, 2].
    """

    def __init__(
        self,
        ants: np.ndarray,
        caste: np.ndarray,
        whose: np.ndarray,
        number: np.ndarray,
        count: np.ndarray,
        seed: np.ndarray,
        scents: np.ndarray,
    ):
        self.ants, self.caste, self.whose, self.seed = ants, caste, whose, seed
        self.number, self.count = number.astype(np.uint64), count.astype(np.uint64)
        self.kept, self.shared = scents[..., 0, None, None], scents[..., 1, None, None]
        self.fields = np.zeros((len(scents), len(FIELDS), SIDE, SIDE), np.float32)
        self.states = np.zeros((len(scents), CELLS), np.uint8)
        self.strokes: list[np.ndarray] = [np.zeros(0, STROKE)]
        self.painters: list[np.ndarray] = [np.zeros(0, np.int64)]

    def step(self, step: int) -> None:
        active = (self.caste["begin"] <= step) & (step < self.caste["end"])
        walkers = np.flatnonzero(active & (self.caste["states"] == 0))
        if len(walkers):
            self._walk(walkers, step)
        turmites = np.flatnonzero(active & (self.caste["states"] > 0))
        for move in range(int(self.caste["moves"][turmites].max(initial=0))):
            self._move_cells(turmites[move < self.caste["moves"][turmites]])
        self._spread()

    def _walk(self, some: np.ndarray, step: int) -> None:
        ants, its, whose = self.ants[some], self.caste[some], self.whose[some]
        bits = bits_of(self.seed[some], np.uint64(step) * self.count[some] + self.number[some])
        ahead, left, right = (self._liking(ants, its, whose, side * its["angle"]) for side in (0, -1, 1))
        coin = np.where(bits & np.uint64(1), 1, -1)
        way = np.where(left > right, -1, np.where(right > left, 1, coin))
        way = np.where((ahead >= left) & (ahead >= right), 0, way)
        jitter = (bits >> np.uint64(32)) * (2 * its["jitter"] + 1).astype(np.uint64) >> np.uint64(32)
        turned = ants["heading"] + way * its["turn"] + its["curl"] + jitter.astype(np.int64) - its["jitter"]
        ants["heading"] = turned % TURN
        dx, dy = (along(its["speed"], DIRECTIONS[ants["heading"], axis]) for axis in (0, 1))
        scent = sensed(self.fields.reshape(-1, len(FIELDS), CELLS)[whose, np.maximum(its["pen"], 0), cells(ants)])
        down = (its["pen"] < 0) | ((its["pen_low"] <= scent) & (scent <= its["pen_high"]))
        strokes = np.zeros(len(some), STROKE)
        for name in ("x", "y", "caste"):
            strokes[name] = ants[name]
        strokes["dx"], strokes["dy"], strokes["before_x"], strokes["before_y"] = dx, dy, ants["dx"], ants["dy"]
        strokes["kind"] = np.where((ants["dx"] != 0) | (ants["dy"] != 0), JOINED, LINE)
        strokes["tone"] = 255 * (step - its["begin"]) // (its["end"] - its["begin"])
        self._paint(strokes[down], whose[down])
        ants["x"] += dx.astype(np.uint32)
        ants["y"] += dy.astype(np.uint32)
        ants["dx"], ants["dy"] = np.where(down, dx, 0), np.where(down, dy, 0)
        self.ants[some] = ants
        self._lay(whose, cells(ants), its, down)

    def _move_cells(self, some: np.ndarray) -> None:
        ants, its, whose = self.ants[some], self.caste[some], self.whose[some]
        at = cells(ants)
        state = self.states[whose, at] % its["states"]
        following = (state + 1) % its["states"]
        self.states[whose, at] = following  # of several in one cell the last has its way
        strokes = np.zeros(len(some), STROKE)
        for name in ("x", "y", "caste"):
            strokes[name] = ants[name]
        strokes["kind"] = np.where(following > 0, CELL, BARE)
        tone = 255 * (following - 1) // np.maximum(1, its["states"] - 2)
        strokes["tone"] = np.where(following > 0, tone, 0)
        self._paint(strokes, whose)
        self._lay(whose, at, its, np.ones(len(some), bool))
        ants["heading"] = (ants["heading"] + its["rule"][np.arange(len(some)), state]) % TURN
        for axis, name in enumerate("xy"):
            ants[name] += along(np.array(1 << SHIFT), DIRECTIONS[ants["heading"], axis]).astype(np.uint32)
        self.ants[some] = ants

    def _liking(self, ants: np.ndarray, its: np.ndarray, whose: np.ndarray, turned: np.ndarray) -> np.ndarray:
        """How much an ant likes what it smells at the end of an antenna, float32 [A]."""
        direction = DIRECTIONS[(ants["heading"] + turned) % TURN]
        ends = ants.copy()
        for axis, name in enumerate("xy"):
            ends[name] += along(its["reach"], direction[:, axis]).astype(np.uint32)
        found = sensed(self.fields.reshape(-1, len(FIELDS), CELLS)[whose, :, cells(ends)])
        total = np.zeros(len(ants), np.float32)
        for field in range(len(FIELDS)):
            total += its["likes"][:, field] * found[:, field]
        return total

    def _lay(self, whose: np.ndarray, at: np.ndarray, its: np.ndarray, painted: np.ndarray) -> None:
        flat = self.fields.reshape(-1)
        for scent in range(len(SCENTS)):
            np.add.at(flat, (whose * len(FIELDS) + scent) * CELLS + at, its["lays"][:, scent])
        np.add.at(flat, ((whose * len(FIELDS) + INK) * CELLS + at)[painted], its["ink"][painted])

    def _paint(self, strokes: np.ndarray, whose: np.ndarray) -> None:
        self.strokes.append(strokes)
        self.painters.append(whose)

    def _spread(self) -> None:
        """Every cell keeps its part, shares some with its four neighbours, and loses some."""
        scents = self.fields[:, :INK]
        above_below = np.roll(scents, 1, 2) + np.roll(scents, -1, 2)
        mean = (above_below + (np.roll(scents, 1, 3) + np.roll(scents, -1, 3))) * np.float32(0.25)
        following = self.kept * (scents + self.shared * (mean - scents))
        following[following < NOTHING] = 0
        self.fields[:, :INK] = following


def bits_of(seed: np.ndarray | np.uint64, number: np.ndarray) -> np.ndarray:
    """64 random bits: draw `number`, from 0 on, of the stream that begins with a seed (`coevo.native.Draws`)."""
    z = seed + (number + np.uint64(1)) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def uniforms(seed: int, n: int) -> np.ndarray:
    """n numbers from 0 to 1 where ants begin, float64; of a stream beside that of their walk."""
    bits = bits_of(np.uint64(~seed & (1 << 64) - 1), np.arange(n, dtype=np.uint64))
    return (bits >> np.uint64(11)) * 2.0**-53


def along(length: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """A length along one axis of a direction, int64."""
    return np.asarray((length.astype(np.int64) * unit) >> UNIT)


def sensed(scent: np.ndarray) -> np.ndarray:
    """How strong a scent seems to an ant: 0 if there is none, and never above 1."""
    return np.asarray(scent / (scent + np.float32(1)))


def cells(ants: np.ndarray) -> np.ndarray:
    """The numbers of the cells in which ants are."""
    return np.asarray((ants["y"] >> SHIFT).astype(np.int64) * SIDE + (ants["x"] >> SHIFT))
